"""Whether two pictures agree in every detail of a plane they share, not only at the matched points.

Rooms of one design match at the corners of their doors and radiators; the wall between has other cracks, stains and
papers. The plane is laid over the other picture by its homography and compared window by window.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from verify.matching.features import Array
from verify.matching.geometry import Model
from verify.matching.matches import Matches

LONGEST = 800  # pixels of the longer side at which details are compared: a homography of a real lens is good to about 1
WINDOW = 15  # pixels
HIGH_PASS = 6.0  # pixels: shading and exposure differ between any two photographs and are taken out
TEXTURE = 3.0  # grey levels: standard deviation above which a window shows something in spite of sensor noise
GROWTH = 1.3  # of the hull of the inliers, about its centre: just beyond the object that was matched
ALIKE = 0.6  # zero-mean normalised correlation; of windows laid at random 2 % reach it


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much of the textured area around a model's inliers looks alike in both pictures.

    `share` 0…1 of `windows` (independent windows' worth of textured area); `area` is the share of the picture that the
    hull of the inliers covers, the smaller of the two.
    """

    share: float
    windows: float
    area: float


def agreement(gray_a: Array, gray_b: Array, model: Model, found: Matches) -> Agreement:
    """How two pictures (luma at working size) agree around the inliers of a homography."""
    a, b = found.a[model.inliers].astype(np.float32), found.b[model.inliers].astype(np.float32)
    hull_a, hull_b = cv2.convexHull(a)[:, 0], cv2.convexHull(b)[:, 0]
    area_a, area_b = max(1.0, cv2.contourArea(hull_a)), max(1.0, cv2.contourArea(hull_b))
    if area_a <= area_b:  # the finer picture is laid over the coarser one
        below, above, hull, matrix, ratio = gray_a, gray_b, hull_a, model.matrix, np.sqrt(area_a / area_b)
    else:
        below, above, hull, matrix, ratio = (
            gray_b,
            gray_a,
            hull_b,
            np.linalg.inv(model.matrix),
            np.sqrt(area_b / area_a),
        )
    shrink = min(1.0, LONGEST / max(below.shape))
    base = cv2.resize(below, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    laid, seen = _laid_over(above, np.diag([shrink, shrink, 1.0]) @ np.linalg.inv(matrix), base.shape, ratio * shrink)
    inside = np.zeros(base.shape, np.uint8)
    centre = hull.mean(axis=0)
    cv2.fillConvexPoly(inside, np.rint(((hull - centre) * GROWTH + centre) * shrink).astype(np.int32), 1)
    alike, texture = correlation(base, laid)
    shown = (texture > TEXTURE) & (inside > 0) & seen
    area = min(area_a / gray_a.size, area_b / gray_b.size)
    if not shown.any():
        return Agreement(0.0, 0.0, area)
    return Agreement(float((alike[shown] > ALIKE).mean()), float(shown.sum()) / WINDOW**2, area)


def _laid_over(above: Array, matrix: Array, shape: tuple[int, ...], scale: float) -> tuple[Array, Array]:
    """The upper picture seen from the lower one's place, and where it has pixels; blurred first where it is shrunk."""
    if scale < 1:
        above = cv2.GaussianBlur(above, (0, 0), 0.5 * float(np.sqrt(1 / scale**2 - 1)) + 1e-3)
    size = (shape[1], shape[0])
    full = np.full(above.shape, 255, np.uint8)
    return cv2.warpPerspective(above, matrix, size), cv2.warpPerspective(full, matrix, size) > 250


def correlation(one: Array, other: Array, slack: int = 1) -> tuple[Array, Array]:
    """Per pixel: correlation of the windows around it, best within `slack` pixels, and the weaker one's deviation."""
    first, second = _high_pass(one), _high_pass(other)
    mean, deviation = _moments(first)
    best = np.full(first.shape, -1.0, np.float32)
    weaker = deviation
    for dx in range(-slack, slack + 1):
        for dy in range(-slack, slack + 1):
            moved = np.roll(second, (dy, dx), (0, 1))
            its_mean, its_deviation = _moments(moved)
            if not dx and not dy:
                weaker = np.minimum(deviation, its_deviation)
            np.maximum(best, (_box(first * moved) - mean * its_mean) / (deviation * its_deviation), out=best)
    return best, weaker


def _high_pass(gray: Array) -> Array:
    values = gray.astype(np.float32)
    return np.asarray(values - cv2.GaussianBlur(values, (0, 0), HIGH_PASS))


def _box(values: Array) -> Array:
    return np.asarray(cv2.boxFilter(values, -1, (WINDOW, WINDOW)))


def _moments(values: Array) -> tuple[Array, Array]:
    mean = _box(values)
    return mean, np.sqrt(np.maximum(_box(values * values) - mean * mean, 1e-3))
