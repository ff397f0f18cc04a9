"""What one cloth has and another of its design has not: folds, stains and seams, matched between two pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from verify.matching.features import Array, Features, extract
from verify.matching.flags.bands import Bytes
from verify.matching.geometry import homography, spread
from verify.matching.matches import match
from verify.model import Pair, Point

ACROSS = 480  # pixels to which the longer side of a region is brought, so that marks are seen at one scale
MARGIN = 0.06  # of the region, shaved off: its outline belongs to the design and the background
TINTED = 10.0  # chroma step (CIELAB, over 2 pixels) of a drawn border; what lies beside one belongs to the design
BESIDE = 13  # pixels about such a border that are left out


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks that two cloths share, away from every drawn border."""

    matches: int
    spots: int  # places apart from each other that agree with one plane-to-plane map
    log10_nfa: float  # expected number of so good maps among random matches; 0 and above says nothing
    pairs: tuple[Pair, ...]


def shared(one: Bytes, at: tuple[Point, ...], other: Bytes, there: tuple[Point, ...]) -> Marks:
    """Marks within the polygon `at` of `one` that agree with those within `there` of `other`."""
    a, corner_a, scale_a = _features(one, at)
    b, corner_b, scale_b = _features(other, there)
    found = match(a, b)
    model = homography(found)
    if model is None:
        return Marks(len(found), 0, 0.0, ())
    value, spots = spread(model, found)
    pairs = tuple(
        Pair(_place(p, corner_a, scale_a), _place(q, corner_b, scale_b))
        for p, q in zip(found.a[model.inliers], found.b[model.inliers], strict=True)
    )
    return Marks(len(found), spots, min(0.0, value), pairs)


def _features(pixels: Bytes, polygon: tuple[Point, ...]) -> tuple[Features, tuple[int, int], float]:
    """Features of the cloth away from drawn borders, the crop's corner in the picture, and its enlargement."""
    outline = np.array(polygon, np.float32)
    outline = outline.mean(axis=0) + (outline - outline.mean(axis=0)) * (1 - 2 * MARGIN)
    height, width = pixels.shape[:2]
    left, top = (max(0, int(v)) for v in outline.min(axis=0))
    right, bottom = min(width, int(outline[:, 0].max()) + 2), min(height, int(outline[:, 1].max()) + 2)
    crop = pixels[top : max(bottom, top + 8), left : max(right, left + 8)]
    scale = ACROSS / max(crop.shape[:2])
    big = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    mask = np.zeros(big.shape[:2], np.uint8)
    cv2.fillPoly(mask, [((outline - (left, top)) * scale).astype(np.int32)], 1)
    mask[_drawn(big)] = 0
    found = extract(cv2.cvtColor(big, cv2.COLOR_RGB2GRAY), ACROSS, 800)
    x, y = (np.clip(found.points[:, k].astype(int), 0, big.shape[1 - k] - 1) for k in (0, 1))
    keep = mask[y, x] > 0
    kept = replace(
        found,
        points=found.points[keep],
        sizes=found.sizes[keep],
        angles=found.angles[keep],
        descriptors=found.descriptors[keep],
    )
    return kept, (left, top), scale


def _drawn(big: Bytes) -> Array:
    """Where a border between two colours is drawn [H x W]; folds and stains change brightness more than chroma."""
    lab = cv2.cvtColor(cv2.GaussianBlur(big, (0, 0), 2).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    step = np.zeros(big.shape[:2], np.float32)
    for channel in (1, 2):
        for way in ((1, 0), (0, 1)):
            step = np.maximum(step, np.abs(cv2.Sobel(lab[:, :, channel], -1, *way, ksize=3, scale=0.25)))
    wide = cv2.dilate((step > TINTED / 2).astype(np.uint8), np.ones((BESIDE, BESIDE), np.uint8))
    return np.asarray(wide > 0)


def _place(point: Array, corner: tuple[int, int], scale: float) -> Point:
    return float(point[0] / scale + corner[0]), float(point[1] / scale + corner[1])
