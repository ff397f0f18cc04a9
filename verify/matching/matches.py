"""Which features of two pictures look alike, and the guards that keep frames and overlays out of the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from verify.matching.features import Array, Features

RATIO = 0.8  # Lowe 2004, section 7.1: drops 90 % of false and 5 % of correct matches
CELL = 2.0  # working pixels: several features at one spot are one observation
BORDER = 0.025  # share of the shorter side: undistortion and letter-box edges match between any two pictures
BAND = 0.15  # share of each side where captions and watermarks are put
OVERLAY = (
    0.006  # share of the longer side (and at least 2 pixels): how exactly an overlay keeps its distance to a corner
)


@dataclass(frozen=True, slots=True)
class Matches:
    """Paired points of two pictures: `a` and `b` float64 [N x 2] in working pixels, best first; `ratio` [N].

    `index` [N x 2] are the places in the two feature lists; `size_a`, `size_b` are width, height in working pixels.
    """

    a: Array
    b: Array
    ratio: Array
    index: Array
    size_a: tuple[int, int]
    size_b: tuple[int, int]

    def __len__(self) -> int:
        return len(self.a)

    def where(self, keep: Array) -> Matches:
        """Those that a mask or index list selects."""
        return Matches(self.a[keep], self.b[keep], self.ratio[keep], self.index[keep], self.size_a, self.size_b)


def match(a: Features, b: Features, *, ratio: float = RATIO, apart: float = 0.0) -> Matches:
    """Mutual nearest neighbours that beat the second by `ratio`, one per cell, best first.

    With `apart` the second neighbour is sought at least so many pixels from the first, in `b`: for references of which
    features lie close together. No frame or overlay is removed here: see `guarded`.
    """
    first, quality, back = _nearest(a, b, apart)
    rows = np.flatnonzero((back[first] == np.arange(len(first))) & (quality < ratio))
    rows = rows[np.argsort(quality[rows], kind="stable")]
    found = Matches(
        a.points[rows].astype(np.float64),
        b.points[first[rows]].astype(np.float64),
        quality[rows],
        np.column_stack((rows, first[rows])),
        a.working,
        b.working,
    )
    return found.where(_one_per_cell(found))


def _nearest(a: Features, b: Features, apart: float) -> tuple[Array, Array, Array]:
    """For each feature of `a` its nearest in `b` and how its distance compares with the second's (0…1); and back."""
    if not len(a) or len(b) < 2:
        return np.zeros(0, np.intp), np.zeros(0), np.zeros(len(b), np.intp)
    first = np.empty(len(a), np.intp)
    quality = np.empty(len(a), np.float64)
    back, least = np.zeros(len(b), np.intp), np.full(len(b), np.inf, np.float32)
    for rows, distance in _distances(a.descriptors, b.descriptors):
        nearest = distance.min(axis=0)
        nearer = np.flatnonzero(nearest < least)
        back[nearer] = rows.start + distance[:, nearer].argmin(axis=0)
        least[nearer] = nearest[nearer]
        line = np.arange(len(distance))
        best = distance.argmin(axis=1)
        closest = distance[line, best].copy()
        distance[line, best] = np.inf
        if apart:
            gap = b.points[best][:, None, :] - b.points[None, :, :]
            distance[(gap**2).sum(axis=2) < apart**2] = np.inf
        first[rows] = best
        quality[rows] = np.sqrt(closest.astype(np.float64) / np.maximum(distance.min(axis=1), 1.0))
    return first, quality, back


def _distances(a: Array, b: Array, rows: int = 500) -> Iterator[tuple[slice, Array]]:
    """Squared distances in blocks of rows; whole numbers below 2^24, so that float32 holds them exactly."""
    one, other = a.astype(np.float32), b.astype(np.float32)
    left = np.column_stack((one, (one**2).sum(axis=1), np.ones(len(a), np.float32)))
    right = np.column_stack((-2 * other, np.ones(len(b), np.float32), (other**2).sum(axis=1))).T.copy()
    for start in range(0, len(a), rows):
        block = left[start : start + rows]
        yield slice(start, start + len(block)), block @ right


def _one_per_cell(found: Matches) -> Array:
    """The first match in each cell of either picture; matches stand best first."""
    keep: list[int] = []
    used_a: set[tuple[int, int]] = set()
    used_b: set[tuple[int, int]] = set()
    cells_a, cells_b = (np.floor(points / CELL).astype(int).tolist() for points in (found.a, found.b))
    for row, (x, y) in enumerate(zip(map(tuple, cells_a), map(tuple, cells_b), strict=True)):
        if x not in used_a and y not in used_b:
            used_a.add(x)
            used_b.add(y)
            keep.append(row)
    return np.array(keep, np.intp)


def joined(parts: list[Matches]) -> Matches | None:
    """Matches of several looks at one pair as one list, one per cell, best first; None of none."""
    if not parts:
        return None
    a, b, ratio, index = (np.concatenate([getattr(p, name) for p in parts]) for name in ("a", "b", "ratio", "index"))
    order = np.argsort(ratio, kind="stable")
    both = Matches(a[order], b[order], ratio[order], index[order], parts[0].size_a, parts[0].size_b)
    return both.where(_one_per_cell(both))


def guarded(found: Matches) -> Matches:
    """The matches without those at the frame and those that keep their distance to a corner, as overlays do."""
    inside = _inside(found.a, found.size_a) & _inside(found.b, found.size_b)
    return found.where(inside & ~overlaid(found))


def _inside(points: Array, size: tuple[int, int]) -> Array:
    margin = BORDER * min(size)
    width, height = size
    x, y = points[:, 0], points[:, 1]
    return (x >= margin) & (x <= width - margin) & (y >= margin) & (y <= height - margin)


def in_band(points: Array, size: tuple[int, int], band: float = BAND) -> Array:
    """Which points lie in the outer band of a picture, as a mask [N]."""
    relative = points / np.array(size, np.float64)
    return np.asarray((relative < band).any(axis=1) | (relative > 1 - band).any(axis=1))


def overlaid(found: Matches) -> Array:
    """Which matches lie in the outer band of both pictures, equally far from a corner, in pixels or in proportion."""
    size_a, size_b = np.array(found.size_a, np.float64), np.array(found.size_b, np.float64)
    banded = in_band(found.a, found.size_a) & in_band(found.b, found.size_b)
    still = np.zeros(len(found), bool)
    for corner in np.array([(0, 0), (1, 0), (0, 1), (1, 1)], np.float64):
        gap_a, gap_b = found.a - corner * size_a, found.b - corner * size_b
        for factor in {1.0, size_a[0] / size_b[0], size_a[1] / size_b[1]}:
            slack = max(2.0, OVERLAY * float(size_a.max()))
            still |= np.abs(gap_a - gap_b * factor).max(axis=1, initial=0.0) < slack
    return np.asarray(banded & still)
