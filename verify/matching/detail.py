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


class Edges:
    """How strong the edges of a picture (luma [H x W] at working size) are, and in which direction they run."""

    def __init__(self, gray: Array) -> None:
        smooth = cv2.GaussianBlur(gray, (0, 0), 1.0)
        across, down = (cv2.Sobel(smooth, cv2.CV_32F, *step) for step in ((1, 0), (0, 1)))
        self.weight = np.hypot(across, down)
        turn = np.degrees(np.arctan2(down, across))
        turn[turn < 0] += 180  # an edge runs both ways
        self.direction = (turn / (180 / BINS)).astype(np.uint8) % BINS
        self._known = np.full(gray.shape, np.nan)  # straightness around each pixel that was asked for

    def straightness(self, points: Array) -> Array:
        """Share 0…1 of the edges around each point [N x 2] that run in the two strongest directions there."""
        x, y = points.astype(np.intp).reshape(-1, 2).T
        new = np.flatnonzero(np.isnan(self._known[y, x]))
        self._known[y[new], x[new]] = self._straightness(x[new], y[new])
        return np.asarray(self._known[y, x])

    def _straightness(self, x: Array, y: Array) -> Array:
        if not len(x):
            return np.zeros(0)
        height, width = self.weight.shape
        step = np.arange(-RADIUS, RADIUS + 1)
        rows, columns = y[:, None, None] + step[:, None], x[:, None, None] + step
        within = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        rows, columns = np.where(within, rows, 0), np.where(within, columns, 0)
        place = np.arange(len(x))[:, None, None] * BINS + self.direction[rows, columns]
        counted = np.bincount(place.ravel(), (self.weight[rows, columns] * within).ravel(), len(x) * BINS)
        return _two_strongest(counted.reshape(-1, BINS))


def irregular_spots(edges_a: Edges, edges_b: Edges, model: Model, found: Matches) -> int:
    """In how many separate spots the inliers lie on irregular detail in both pictures.

    What is made to a plan has edges in two directions; two rooms of one design share all of them and none of the rest.
    """
    a, b = found.a[model.inliers], found.b[model.inliers]
    keep = np.maximum(edges_a.straightness(a), edges_b.straightness(b)) < STRAIGHT
    return min(_spots(a[keep], found.size_a), _spots(b[keep], found.size_b))


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
