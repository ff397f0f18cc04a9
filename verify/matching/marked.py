"""Regions that a person drew on a picture: what they are called and how easily the thing could have been moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from verify.errors import Refused
from verify.matching.features import Array
from verify.model import Portability


@dataclass(frozen=True, slots=True)
class Marked:
    """One region: `polygon` [N x 2] in upright pixels of the picture."""

    polygon: Array
    label: str
    portability: Portability
    drawn_by: str

    @property
    def fixed(self) -> bool:
        """Whether the thing cannot have been moved without traces."""
        return self.portability is Portability.FIXED

    @classmethod
    def of(cls, values: Sequence[Mapping[str, Any]], size: tuple[int, int]) -> list[Marked]:
        """From JSON: a list of {"polygon", "label", "portability", "drawn_by"}. Raises Refused."""
        return [cls._one(value, size) for value in values]

    @classmethod
    def _one(cls, value: Mapping[str, Any], size: tuple[int, int]) -> Marked:
        try:
            polygon = np.array(value["polygon"], np.float64).reshape(-1, 2)
            label, kind = str(value.get("label", "the region")), Portability(value.get("portability", "portable"))
        except (KeyError, TypeError, ValueError) as error:
            raise Refused(
                "a region needs a polygon of x, y pairs and a portability of fixed, semi-fixed or portable"
            ) from error
        if len(polygon) < 3:
            raise Refused(f"{label}: {len(polygon)} corners; expected at least 3")
        if not np.isfinite(polygon).all() or (polygon < 0).any() or (polygon > np.array(size)).any():
            raise Refused(f"{label}: the region lies outside the picture of {size[0]} x {size[1]} pixels")
        return cls(polygon, label, kind, str(value.get("drawn_by", "")))
