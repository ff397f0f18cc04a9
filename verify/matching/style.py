"""Whether two rooms are decorated alike: the same colours, whatever the light. A style is no place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from verify.matching.features import Array, shrink

if TYPE_CHECKING:
    from verify.image import Image

LONGEST = 320  # pixels of the longer side of the thumbnail
BINS = (4, 16, 16)  # of lightness and of the two axes of colour (CIE L*a*b*)
REACH = 48.0  # of a* and b*: stronger colours count as that strong
NEUTRAL, VIVID = (
    3.0,
    30.0,
)  # a pixel weighs as much as its chroma and the first, chroma up to the second: walls are white
ALIKE = 0.795  # 1 % of 891 pairs of one kind of room in different houses (half of the houses) reach it
TOLD = "9 of 1,488 pairs of rooms of different houses"  # of the other half of the houses
GAMMA = 2.2
METHOD = "colours-1"


def colours(image: Image, without: Sequence[Array] = ()) -> Array:
    """How the colours of a picture are shared out, float32 [1024], sum 1; computed once and remembered with it.

    Polygons `without` (upright pixels) are left out. Raises Unreadable.
    """
    if without:
        return _colours(image.pixels, without)
    return np.asarray(image.derive(METHOD, lambda opened: {"shares": _colours(opened.pixels, ())})["shares"])


def likeness(one: Array, other: Array) -> float:
    """How alike two such shares are, 0…1 (Bhattacharyya's coefficient)."""
    return float(np.sqrt(one.astype(np.float64) * other).sum())


def _colours(pixels: Array, without: Sequence[Array]) -> Array:
    small, scale = shrink(pixels, LONGEST)
    counted = np.ones(small.shape[:2], np.uint8)
    for polygon in without:
        cv2.fillPoly(counted, [np.rint(polygon / scale).astype(np.int32)], 0)
    lightness, a, b = np.moveaxis(cv2.cvtColor(_in_grey_light(small), cv2.COLOR_RGB2LAB), 2, 0)
    weight = (np.minimum(np.hypot(a, b), VIVID) + NEUTRAL) * counted
    place = np.zeros(lightness.shape, np.intp)
    for values, low, high, bins in zip(
        (lightness, a, b), (0.0, -REACH, -REACH), (100.0, REACH, REACH), BINS, strict=True
    ):
        place = place * bins + np.clip((values - low) / (high - low) * bins, 0, bins - 1).astype(np.intp)
    shares = np.bincount(place.ravel(), weight.ravel(), int(np.prod(BINS)))
    return (shares / max(float(shares.sum()), 1e-9)).astype(np.float32)


def _in_grey_light(rgb: Array) -> Array:
    """The picture as if its light were such that it is grey on average (Buchsbaum 1980), float32 0…1."""
    linear = ((np.arange(256) / 255) ** GAMMA)[rgb]
    mean = np.maximum(linear.mean(axis=(0, 1)), 1e-4)
    return np.asarray(np.clip(linear * (mean.mean() / mean), 0, 1) ** (1 / GAMMA), np.float32)
