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
    if not len(points):
        return np.zeros(0)
    step = np.arange(-RADIUS, RADIUS + 1)
    x, y = points.astype(np.intp).T
    rows, columns = y[:, None, None] + step[:, None], x[:, None, None] + step
    within = (rows >= 0) & (rows < gray.shape[0]) & (columns >= 0) & (columns < gray.shape[1])
    rows, columns = np.where(within, rows, 0), np.where(within, columns, 0)
    place = np.arange(len(points))[:, None, None] * BINS + direction[rows, columns]
    counted = np.bincount(place.ravel(), (weight[rows, columns] * within).ravel(), len(points) * BINS)
    return _two_strongest(counted.reshape(-1, BINS))


def _two_strongest(histograms: Array) -> Array:
    """The share of the two strongest directions, each with its neighbours, in histograms [N x BINS] of edges."""
    total = np.maximum(histograms.sum(axis=1), 1e-9)
    line = np.arange(len(histograms))
    left, share = histograms.copy(), np.zeros(len(histograms))
    for _ in range(2):
        blurred = left + np.roll(left, 1, axis=1) + np.roll(left, -1, axis=1)
        peak = blurred.argmax(axis=1)
        share += blurred[line, peak]
        for step in (-1, 0, 1):
            left[line, (peak + step) % BINS] = 0.0
    return np.asarray(share / total)


def _spots(points: Array, size: tuple[int, int]) -> int:
    return len(np.unique(np.floor(points / (SPOT * max(size))).astype(np.int64), axis=0)) if len(points) else 0
