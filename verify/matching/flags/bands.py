"""Finds stacks of three bands: any direction, any size from 12 pixels a band, followed along folds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from verify.matching.flags.colour import Floats

Bytes = npt.NDArray[np.uint8]

ANGLES = tuple(range(0, 180, 15))  # degrees; both orders of the bands are compared, so half a turn is enough
BAND = 6  # pixels of the middle band at the level where it is searched
STEP = 1.26  # between levels; a band off by 12 % still fills its window
CONTRAST = 0.16  # least colour difference of neighbouring bands, of the pattern's brightness (maximum over channels)
QUARTERS = 4  # parts along a stack whose colours are compared with a design's one by one
SHORTEST = 1.3  # band heights; what is shorter is no band
EVEN = 0.4  # unevenness within the bands that is borne, as a share of the contrast


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Three bands seen: one above the other across `angle`, followed along it."""

    cells: Floats  # [QUARTERS x 3 x 3] sRGB 0 to 1: each quarter's bands from above, the picture turned back by `angle`
    spine: Floats  # [n x 2] middle of the middle band in picture pixels, in order
    height: float  # pixels of the middle band
    angle: float  # degrees: direction of the bands, counter-clockwise from horizontal

    @property
    def length(self) -> float:
        """How far the bands are followed, in band heights."""
        return len(self.spine) / BAND

    def polygon(self) -> tuple[tuple[float, float], ...]:
        """Outline of the three bands, assuming that all are as high as the middle one (pixels)."""
        radians = np.deg2rad(self.angle)
        up = np.array([-np.sin(radians), -np.cos(radians)]) * self.height * 1.5
        steps = self.spine[np.unique(np.linspace(0, len(self.spine) - 1, 8).round().astype(int))]
        outline = np.vstack([steps + up, steps[::-1] - up])
        return tuple((float(x), float(y)) for x, y in outline)


def stacks(pixels: Bytes, smallest: float = 12, largest: float = 320) -> Iterator[Stack]:
    """Every stack of three even, contrasting bands, `smallest` to `largest` pixels the middle one."""
    scale = BAND / smallest
    while min(pixels.shape[:2]) * scale > 3 * BAND and BAND / scale <= largest:
        level = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        for angle in ANGLES:
            upright, back = turned(level, angle)
            yield from _level(upright, back, scale, angle)
        scale /= STEP


def turned(level: Bytes, angle: float) -> tuple[Floats, Floats]:
    """The level turned so that bands along `angle` lie flat (sRGB 0 to 1, grey outside), and the matrix back to it."""
    height, width = level.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (int(height * sin + width * cos) + 1, int(height * cos + width * sin) + 1)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    turned = (
        cv2.warpAffine(level, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(128, 128, 128)) if angle else level
    )
    return turned.astype(np.float32) * np.float32(1 / 255), np.asarray(cv2.invertAffineTransform(matrix), np.float32)


def _level(turned: Floats, back: Floats, scale: float, angle: float) -> Iterator[Stack]:
    """Stacks whose middle band is BAND pixels at this scale."""
    middle, spread = _window(turned, (4, 4))
    edge, edge_spread = _window(
        turned, (4, 3)
    )  # the outer bands only beside the border, so that any share of theirs fits
    shift = 5  # rows from the middle to an outer window of 3 that keeps a pixel from the border
    reach = shift + 2
    rows = turned.shape[0] - 2 * reach
    if rows <= 0:
        return
    above, centre, below = (np.s_[reach + d : reach + d + rows] for d in (-shift, 0, shift))
    three = (edge[above], middle[centre], edge[below])
    noise = np.maximum(np.maximum(edge_spread[above], spread[centre]), edge_spread[below])
    least = np.minimum(_top(np.abs(three[0] - three[1])), _top(np.abs(three[1] - three[2])))
    bright = np.asarray(_top(three[0] + three[1] + three[2]) / 3, np.float32)
    keep = (least > CONTRAST * bright) & (noise < EVEN * least) & (bright > 0.06)
    rough = (noise / np.maximum(least, 1e-6)).astype(np.float32)
    yield from _followed(keep, three, rough, back, scale, angle, reach)


def _top(channels: Floats) -> Floats:
    """The largest channel [H x W]; three slices are much faster than a reduction over three values."""
    return np.maximum(np.maximum(channels[..., 0], channels[..., 1]), channels[..., 2])


def _window(level: Floats, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Mean colour [H x W x 3] and largest standard deviation of a channel [H x W] in the window about each pixel."""
    mean = cv2.blur(level, size)
    return np.asarray(mean, np.float32), np.sqrt(
        np.maximum(_top(np.asarray(cv2.blur(level * level, size) - mean * mean, np.float32)), 0)
    )


def _followed(
    keep: npt.NDArray[np.bool_],
    three: tuple[Floats, ...],
    rough: Floats,
    back: Floats,
    scale: float,
    angle: float,
    reach: int,
) -> Iterator[Stack]:
    """Connected runs of columns whose bands move by at most two pixels a column: folds bend borders, no more."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(keep.astype(np.uint8), connectivity=8)
    for number in range(1, count):
        x, y, width, height, area = stats[number]
        if width < SHORTEST * BAND or area < width:
            continue
        inside = labels[y : y + height, x : x + width] == number
        cost = np.where(inside, rough[y : y + height, x : x + width], np.inf)
        best = cost.argmin(axis=0)
        columns = np.arange(width)
        picked = np.stack([part[y + best, x + columns] for part in three], axis=1)
        for first, last in _alike(picked, best):
            if last - first >= SHORTEST * BAND:
                here = slice(first, last)
                at = np.stack([x + columns[here] + 0.5, y + best[here] + reach + 0.5, np.ones(last - first)], axis=1)
                spine = (at @ back.T) / scale
                cells = np.stack([_median(part) for part in np.array_split(picked[here], QUARTERS)])
                yield Stack(cells, spine.astype(np.float32), BAND / scale, angle)


def _median(columns: Floats) -> Floats:
    """`np.median` along the first axis; that takes five times as long over so few."""
    ordered = np.sort(columns, axis=0)
    return np.asarray((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2, np.float32)


def _alike(picked: Floats, rows: npt.NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Ranges of neighbouring columns with the same three colours, within what folds do, and no jump of the border."""
    level = np.sqrt((picked**2).mean(axis=(1, 2)))[:, None, None] + 1e-6
    step = np.abs(np.diff(picked / level, axis=0)).max(axis=(1, 2))
    cuts = np.flatnonzero((step > 0.35) | (np.abs(np.diff(rows)) > 2)) + 1
    edges = [0, *cuts, len(picked)]
    yield from pairwise(edges)
