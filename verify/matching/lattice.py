"""Planes that repeat themselves: tiles and panels, of which a match may be off by a whole number."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from verify.matching import features, geometry
from verify.matching.agreement import FEWEST, rivals
from verify.matching.features import QUANTUM, Array, Features
from verify.matching.matches import Matches
from verify.matching.surface import Surface, Views

APART = 24.0  # working pixels: what repeats within less is texture, not tiles
TURN, GROWTH = 15.0, 0.25  # degrees, and of the logarithm of sizes: features of two repeats agree nearly
ALIKE = 0.45  # distance of unit descriptors; of mutual nearest matches of one plane, half are nearer
MOST = 800  # features inside the plane
ENOUGH = -6.0  # log10 of the number of false alarms: without repeats, pairs of like features still line up along edges
FIRMLY = (
    3.0  # times as many windows must speak for a place as for the next, and TELLING more: of the planes of neighbouring
)
TELLING = 1.0  # views that repeat themselves (wallpaper, slats, plaster) nearly all have over ten times as many


@dataclass(frozen=True, slots=True)
class Repeat:
    """A plane that lies on itself when moved by `pixels` of the picture.

    `here`, `there` and `both`: windows that agree at the matched place alone, at the better one of its two neighbours
    alone, and at both.
    """

    pixels: float
    here: float
    there: float
    both: float

    @property
    def settled(self) -> bool:
        """Whether details other than the pattern say which of the repeats it is, or too few windows say anything."""
        return self.here >= TELLING + FIRMLY * self.there or self.here + self.both < FEWEST


def repeat_of(best: Surface, views: Views) -> Repeat | None:
    """The shift by which a matched plane repeats itself in the first picture, and whether it matters; None for none."""
    points = best.found.a[best.model.inliers]
    own = features.features(views.pictures[0], contrast=views.contrast)  # whatever matched the two pictures
    shift = _shift(own, cv2.convexHull(points.astype(np.float32))[:, 0])
    if shift is None:
        return None
    steps = [best.model.matrix @ step for step in (shift, np.linalg.inv(shift))]
    told = rivals(*views.gray, best.model, steps, best.found)
    here, there, both = min(told, key=lambda windows: windows[0] - windows[1])
    middle = points.mean(axis=0, keepdims=True)
    moved = float(np.linalg.norm(geometry.apply(shift, middle) - middle))
    return Repeat(moved * own.scale, here, there, both)


def _shift(own: Features, hull: Array) -> Array | None:
    """The map [3 x 3] by which most features inside a polygon (working pixels) come to lie on the next like them."""
    mask = np.zeros((own.working[1], own.working[0]), np.uint8)
    cv2.fillPoly(mask, [np.rint(hull).astype(np.int32)], 1)
    x, y = np.clip(own.points.astype(np.intp), 0, np.array(own.working) - 1).T
    inside = np.flatnonzero(mask[y, x])[:MOST]
    if len(inside) < 8:
        return None
    points, described = own.points[inside].astype(np.float64), own.descriptors[inside].astype(np.float32)
    length = (described**2).sum(axis=1)
    distance = length[:, None] + length - 2 * described @ described.T
    one, other = np.nonzero(distance < (ALIKE * QUANTUM) ** 2)
    turned = np.abs((own.angles[inside][one] - own.angles[inside][other] + 180) % 360 - 180)
    grown = np.abs(np.log(own.sizes[inside][one] / own.sizes[inside][other]))
    gap = np.hypot(*(points[one] - points[other]).T)
    alike = (turned < TURN) & (grown < GROWTH) & (gap >= APART)
    away = np.full(distance.shape, np.inf)
    away[one[alike], other[alike]] = gap[alike]
    nearest = away.argmin(axis=1)
    kept = np.flatnonzero(np.isfinite(away).any(axis=1))
    a, b = points[kept], points[nearest[kept]]
    back = (b - a) @ np.array([1.0, 0.5]) < 0
    a[back], b[back] = b[back].copy(), a[back].copy()
    pairs, first = np.unique(np.hstack([a, b]), axis=0, return_index=True)
    index = np.column_stack([first, first])
    found = Matches(pairs[:, :2], pairs[:, 2:], np.zeros(len(pairs)), index, own.working, own.working)
    model = geometry.homography(found)
    return model.matrix if model and model.log10_nfa <= ENOUGH else None
