"""Which matched points lie on irregular detail (cracks, stains, clutter), not on the straight edges of a design."""

from __future__ import annotations

import cv2
import numpy as np

from verify.matching.features import Array
from verify.matching.geometry import SPOT, Model
from verify.matching.matches import Matches

RADIUS = 16  # working pixels: half a spot in a picture of a thousand
BINS = 18  # of edge directions, ten degrees each
STRAIGHT = 0.72  # share of the two strongest directions; door corners, radiators and tile joints reach 0.8 to 1


def irregular_spots(gray_a: Array, gray_b: Array, model: Model, found: Matches) -> int:
    """In how many separate spots the inliers lie on irregular detail in both pictures (luma at working size).

    What is made to a plan has edges in two directions; two rooms of one design share all of them and none of the rest.
    """
    a, b = found.a[model.inliers], found.b[model.inliers]
    keep = np.maximum(straightness(gray_a, a), straightness(gray_b, b)) < STRAIGHT
    return min(_spots(a[keep], found.size_a), _spots(b[keep], found.size_b))


def straightness(gray: Array, points: Array) -> Array:
    """Share 0…1 of the edges around each point [N x 2] that run in the two strongest directions there."""
    smooth = cv2.GaussianBlur(gray, (0, 0), 1.0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *step) for step in ((1, 0), (0, 1)))
    weight = np.hypot(across, down)
    direction = (np.degrees(np.arctan2(down, across)) % 180 / (180 / BINS)).astype(np.intp) % BINS
    return np.array([_two_strongest(weight, direction, *point) for point in points.astype(int).tolist()])


def _two_strongest(weight: Array, direction: Array, x: int, y: int) -> float:
    rows = slice(max(0, y - RADIUS), y + RADIUS + 1)
    columns = slice(max(0, x - RADIUS), x + RADIUS + 1)
    histogram = np.bincount(direction[rows, columns].ravel(), weight[rows, columns].ravel(), BINS)
    total = float(histogram.sum())
    share = 0.0
    for _ in range(2):
        peak = int(_with_neighbours(histogram).argmax())
        share += float(_with_neighbours(histogram)[peak])
        histogram[[peak, (peak + 1) % BINS, (peak - 1) % BINS]] = 0.0
    return share / max(total, 1e-9)


def _with_neighbours(histogram: Array) -> Array:
    return np.asarray(histogram + np.roll(histogram, 1) + np.roll(histogram, -1))


def _spots(points: Array, size: tuple[int, int]) -> int:
    return len(np.unique(np.floor(points / (SPOT * max(size))).astype(np.int64), axis=0)) if len(points) else 0
