"""What speaks for two pictures showing one surface: a plane, its chance, its details and how irregular they are."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from verify.image import Image
from verify.matching import features
from verify.matching.agreement import Agreement, agreement
from verify.matching.detail import Edges, irregular_spots
from verify.matching.features import Array, Features
from verify.matching.geometry import Model, planes, spread
from verify.matching.matches import Matches, guarded, match

DESIGN = -3.0  # log10 of the number of false alarms from which a model is worth naming: one in a thousand comparisons
INDIVIDUAL = 7  # irregular spots from which a plane counts in full; twins of one design reach 6 where details disagree
AREA = 0.03  # share of the picture from which a plane counts in full; a wall plaque in a view of a room has 0.008


@dataclass(frozen=True)
class Surface:
    """One plane that both pictures may show, and what speaks for it being one surface."""

    model: Model
    found: Matches  # the matches among which it was found
    spread: float  # log10 of the number of false alarms with each spot counted once
    spots: int
    irregular: int  # spots on irregular detail
    gray: tuple[Array, Array] = field(repr=False)  # luma of both pictures at working size

    @cached_property
    def agreement(self) -> Agreement:
        """How much of the textured area around its matched points looks alike."""
        return agreement(*self.gray, self.model, self.found)

    @property
    def most(self) -> float:
        """What the score would be if everything agreed."""
        return max(0.0, -self.spread) * min(1.0, (1 + self.irregular) / (1 + INDIVIDUAL))

    @property
    def score(self) -> float:
        """-log10 of the number of false alarms, times the share of details that agree, reduced where there is little.

        A plane of few irregular details may be a design, one of small area a thing that was carried there.
        """
        individual = min(1.0, (1 + self.irregular) / (1 + INDIVIDUAL))
        return max(0.0, -self.spread) * self.agreement.share * individual * min(1.0, self.agreement.area / AREA) ** 2


def strongest_first(planes: Iterable[Surface]) -> Iterator[Surface]:
    """Planes by their score; that of one which could not come first even if everything agreed is not computed yet."""
    waiting = sorted(enumerate(planes), key=lambda one: -one[1].most)
    told: list[tuple[float, int, Surface]] = []
    while waiting or told:
        while waiting and (not told or waiting[0][1].most >= -told[0][0]):
            place, plane = waiting.pop(0)
            heapq.heappush(told, (-plane.score, place, plane))
        yield heapq.heappop(told)[2]


class Views:
    """Two pictures with their features, matches and luma at working size, each computed when first asked for."""

    def __init__(self, picture: Image, other: Image, contrast: float = features.CONTRAST) -> None:
        self.pictures = picture, other
        self.contrast = contrast

    @cached_property
    def features(self) -> tuple[Features, Features]:
        """Of the picture and of the other."""
        one, other = (features.features(picture, contrast=self.contrast) for picture in self.pictures)
        return one, other

    @cached_property
    def gray(self) -> tuple[Array, Array]:
        """Luma at working size."""
        one, other = (features.shrink(picture.gray, features.LONGEST)[0] for picture in self.pictures)
        return one, other

    @cached_property
    def edges(self) -> tuple[Edges, Edges]:
        """Those of the luma at working size."""
        one, other = (Edges(gray) for gray in self.gray)
        return one, other

    @cached_property
    def matches(self) -> Matches:
        """Those that no frame or overlay explains."""
        return guarded(match(*self.features))

    def outside(self, polygons: list[Array], found: Matches) -> Matches:
        """Those of the matches that lie in none of these polygons (upright pixels of the picture)."""
        import cv2

        if not polygons:
            return found
        scale = self.features[0].scale
        shapes = [(polygon / scale).astype(np.float32).reshape(-1, 1, 2) for polygon in polygons]
        free = [
            all(cv2.pointPolygonTest(shape, (float(x), float(y)), measureDist=False) < 0 for shape in shapes)
            for x, y in found.a
        ]
        return found.where(np.array(free, bool))

    def surfaces(self, found: Matches) -> Iterator[Surface]:
        """The planes that these matches support, the strongest evidence for one surface first."""
        return strongest_first(self._surface(model, rest, found) for model, rest in planes(found, enough=DESIGN))

    def _surface(self, model: Model, rest: Matches, found: Matches) -> Surface:
        agreeing, spots = spread(model, found)
        irregular = irregular_spots(*self.edges, model, rest) if agreeing < 0 else 0
        return Surface(model, rest, agreeing, spots, irregular, self.gray)
