"""Whether two pictures agree in every detail of a plane they share, not only at the matched points.

Rooms of one design match at the corners of their doors and radiators; the wall between has other cracks, stains and
papers. The plane is laid over the other picture by its homography and compared window by window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from verify.matching.features import Array
from verify.matching.geometry import Model, apply
from verify.matching.matches import Matches

LONGEST = 800  # pixels of the longer side at which details are compared: a homography of a real lens is good to about 1
WINDOW = 15  # pixels
HIGH_PASS = 6.0  # pixels: shading and exposure differ between any two photographs and are taken out
TEXTURE = 3.0  # grey levels: standard deviation above which a window shows something in spite of sensor noise
FAINT = 1.0  # grey levels: painted plaster in panoramas (fit half) reaches 1 to 2; asked where nothing else is there
FEWEST = 4.0  # windows of texture in a region: less cannot be said to differ
GROWTH = 1.3  # of the hull of the inliers, about its centre: just beyond the object that was matched
MARGIN = 40  # pixels: a window, the reach of the high pass and one pixel of slack
DIFFERING = 5  # places that are marked: a person looks at them
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
    area = min(area_a / gray_a.size, area_b / gray_b.size)
    if area_a <= area_b:  # the finer picture is laid over the coarser one
        laid = gray_a, gray_b, model.matrix, _grown(hull_a), np.sqrt(area_a / area_b)
    else:
        laid = gray_b, gray_a, np.linalg.inv(model.matrix), _grown(hull_b), np.sqrt(area_b / area_a)
    share, windows = _share(*_compared(*laid))
    if windows < FEWEST:
        share, windows = _share(*_compared(*laid, texture=FAINT))
    return Agreement(share, windows, area)


def rivals(
    gray_a: Array, gray_b: Array, model: Model, others: Sequence[Array], found: Matches
) -> list[tuple[float, float, float]]:
    """How many windows around a model's inliers agree under its homography alone, each other one alone, and both."""
    hull, ratio = _laid_hull(model, found)
    here, shown, _ = _compared(gray_a, gray_b, model.matrix, hull, ratio, texture=FAINT)
    told = []
    for other in others:
        there, also, _ = _compared(gray_a, gray_b, other, hull, ratio, texture=FAINT)
        parts = (here & ~there, there & ~here, here & there)
        alone, instead, alike = (float((part & shown & also).sum()) / WINDOW**2 for part in parts)
        told.append((alone, instead, alike))
    return told


def apart(gray_a: Array, gray_b: Array, model: Model, found: Matches) -> list[Array]:
    """Boxes [4 x 2] in working pixels of a, the largest first: where around a model's inliers a detail is another.

    A detail that only one of the pictures has counts too: a crack, a paper, a socket. What moved is among them.
    """
    hull, ratio = _laid_hull(model, found)
    agreeing, shown, shrink = _compared(gray_a, gray_b, model.matrix, hull, ratio, either=True)
    other = cv2.erode((shown & ~agreeing).astype(np.uint8), np.ones((WINDOW // 2, WINDOW // 2), np.uint8))
    _, _, told, _ = cv2.connectedComponentsWithStats(other)
    largest = sorted(told[1:].tolist(), key=lambda part: (-part[4], part[:2]))[:DIFFERING]
    return [
        np.array([(x, y), (x + wide, y), (x + wide, y + tall), (x, y + tall)]) / shrink
        for x, y, wide, tall, area in largest
        if area >= WINDOW**2
    ]


def within(gray_a: Array, gray_b: Array, model: Model, polygon: Array) -> float | None:
    """The share of a region's details (polygon [N x 2] in working pixels of a) that agree under a homography.

    None where too little of the region is textured, or in view of both, to say.
    """
    across = apply(model.matrix, polygon)
    ratio = np.sqrt(cv2.contourArea(polygon.astype(np.float32)) / max(1.0, cv2.contourArea(across.astype(np.float32))))
    laid = gray_a, gray_b, model.matrix, polygon.astype(np.float32), min(1.0, float(ratio))
    share, windows = _share(*_compared(*laid, either=True))
    return share if windows >= FEWEST else None


def shared(gray_a: Array, gray_b: Array, model: Model, found: Matches, square: Array, *, swap: bool) -> float:
    """The part 0…1 of the details agreeing around a model's inliers that lies in a square of a (with `swap`, of b)."""
    points = (found.b if swap else found.a)[model.inliers].astype(np.float32)
    hull = _grown(cv2.convexHull(points)[:, 0]).astype(np.float32)
    below, above = (gray_b, gray_a) if swap else (gray_a, gray_b)
    matrix = np.linalg.inv(model.matrix) if swap else model.matrix
    across = apply(matrix, hull).astype(np.float32)
    ratio = min(1.0, float(np.sqrt(cv2.contourArea(hull) / max(1.0, cv2.contourArea(across)))))
    agreeing, _, shrink = _compared(below, above, matrix, hull, ratio)
    within_square = agreeing & _inside(square * shrink, agreeing.shape)
    return float(within_square.sum()) / max(1.0, float(agreeing.sum()))


def _laid_hull(model: Model, found: Matches) -> tuple[Array, float]:
    """Where in a the inliers lie, and a little more; and how much finer a shows it than b does, at most 1."""
    hull = _grown(cv2.convexHull(found.a[model.inliers].astype(np.float32))[:, 0]).astype(np.float32)
    across = apply(model.matrix, hull).astype(np.float32)
    return hull, min(1.0, float(np.sqrt(cv2.contourArea(hull) / max(1.0, cv2.contourArea(across)))))


def _grown(hull: Array) -> Array:
    centre = hull.mean(axis=0)
    return np.asarray((hull - centre) * GROWTH + centre)


def _share(agreeing: Array, shown: Array, _: float) -> tuple[float, float]:
    """Share of windows that agree, of those that show anything; and how many windows these are."""
    windows = int(shown.sum())
    return (float(agreeing.sum()) / windows if windows else 0.0), windows / WINDOW**2


def _compared(
    below: Array,
    above: Array,
    matrix: Array,
    polygon: Array,
    ratio: float,
    *,
    texture: float = TEXTURE,
    either: bool = False,
) -> tuple[Array, Array, float]:
    """Masks over `below`, shrunk: where a polygon's details agree, where there are any; and how it was shrunk."""
    shrink = min(1.0, LONGEST / max(below.shape))
    base = cv2.resize(below, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    laid, seen = _laid_over(above, np.diag([shrink, shrink, 1.0]) @ np.linalg.inv(matrix), base.shape, ratio * shrink)
    shown = _inside(polygon * shrink, base.shape) & seen
    agreeing = np.zeros_like(shown)
    if shown.any():
        near = _around(shown)  # the windows of the polygon need no more of the pictures than this
        alike, weaker, stronger = correlation(base[near], laid[near])
        shown[near] &= (stronger > 2 * texture) if either else (weaker > texture)
        agreeing[near] = shown[near] & (alike > ALIKE)
    return agreeing, shown, shrink


def _around(mask: Array) -> tuple[slice, slice]:
    """The rows and columns of a mask that is somewhere true, and MARGIN more."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(0, int(rows[0]) - MARGIN), int(rows[-1]) + MARGIN + 1),
        slice(max(0, int(columns[0]) - MARGIN), int(columns[-1]) + MARGIN + 1),
    )


def _inside(polygon: Array, shape: tuple[int, ...]) -> Array:
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon).astype(np.int32)], 1)
    return mask > 0


def _laid_over(above: Array, matrix: Array, shape: tuple[int, ...], scale: float) -> tuple[Array, Array]:
    """The upper picture seen from the lower one's place, and where it has pixels; blurred first where it is shrunk."""
    if scale < 1:
        above = cv2.GaussianBlur(above, (0, 0), 0.5 * float(np.sqrt(1 / scale**2 - 1)) + 1e-3)
    size = (shape[1], shape[0])
    full = np.full(above.shape, 255, np.uint8)
    return cv2.warpPerspective(above, matrix, size), cv2.warpPerspective(full, matrix, size) > 250


def correlation(one: Array, other: Array, slack: int = 1) -> tuple[Array, Array, Array]:
    """Per pixel: correlation of the windows around it, best within `slack` pixels; weaker and stronger deviation."""
    first, second = _high_pass(one), _high_pass(other)
    (mean, deviation), its = _moments(first), _moments(second)
    best = np.full(first.shape, -1.0, np.float32)
    for dx in range(-slack, slack + 1):
        for dy in range(-slack, slack + 1):
            moved = np.roll(second, (dy, dx), (0, 1))
            its_mean, its_deviation = _moments_moved(moved, its, (dy, dx))
            np.maximum(best, (_box(first * moved) - mean * its_mean) / (deviation * its_deviation), out=best)
    return best, np.minimum(deviation, its[1]), np.maximum(deviation, its[1])


def _moments_moved(moved: Array, moments: tuple[Array, Array], step: tuple[int, int]) -> tuple[Array, Array]:
    """The moments of values moved around by a step: theirs, moved, and anew at the rim, where windows go around."""
    rim = WINDOW // 2 + max(map(abs, step))
    mean, deviation = (np.roll(part, step, (0, 1)) for part in moments)
    if step == (0, 0):
        return mean, deviation
    for strip, kept in ((np.s_[: 2 * rim], np.s_[:rim]), (np.s_[-2 * rim :], np.s_[-rim:])):
        mean[kept], deviation[kept] = (part[kept] for part in _moments(moved[strip]))
        mean[:, kept], deviation[:, kept] = (part[:, kept] for part in _moments(moved[:, strip]))
    return mean, deviation


def _high_pass(gray: Array) -> Array:
    values = gray.astype(np.float32)
    return np.asarray(values - cv2.GaussianBlur(values, (0, 0), HIGH_PASS))


def _box(values: Array) -> Array:
    return np.asarray(cv2.boxFilter(values, -1, (WINDOW, WINDOW)))


def _moments(values: Array) -> tuple[Array, Array]:
    mean = _box(values)
    return mean, np.sqrt(np.maximum(_box(values * values) - mean * mean, 1e-3))
