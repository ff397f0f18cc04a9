"""SIFT keypoints and descriptors in whole-array steps: one scale space for both, and descriptors only of what is kept.

Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Single = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]

# Lowe's figures, but for the two that say so.
LAYERS = 3  # scales an octave
SIGMA = 1.6  # pixels of the Gaussian at an octave's first level
BLURRED = 0.5  # pixels of the Gaussian that a picture is taken to have had
CUT = 3.0  # standard deviations at which a Gaussian is cut off
BORDER = 5  # pixels of an octave's rim without keypoints
FITS = 5  # times that an extremum may move to a neighbouring place
FAR = 1e3  # pixels: the step where values are flat
LEAST = 20  # pixels of the shorter side of the smallest octave
CONTRAST = 0.01  # of full contrast; 0.04, the usual figure, leaves smooth crops without features
EDGE = 12.0  # ratio of curvatures above which an extremum lies on an edge; Lowe's is 10
BINS, REACH = 36, 1.5  # of the histogram of directions; its Gaussian, in scales
SECOND = 0.8  # of the highest peak, from which another is a direction too
CELLS, CELL, TURNS, MOST = 4, 3.0, 8, 0.2  # a descriptor's cells a side, their sides in scales, directions, and its cap
APART = 0.75  # scales between samples
SAMPLES = {"turn": 13, "cells": 21}  # a side, with a rim of one for the slopes: 4.1 scales and 2.4 cells to each side


@dataclass(frozen=True, slots=True)
class Keypoints:
    """N keypoints: `octave` and `layer`, place in the octave's pixels, exact `scale` in layers, and `response`."""

    octave: Rows
    layer: Rows
    x: Single
    y: Single
    scale: Single
    response: Single

    def __len__(self) -> int:
        return len(self.octave)

    def __getitem__(self, rows: Rows) -> Keypoints:
        return Keypoints(*(getattr(self, name)[rows] for name in self.__slots__))

    def points(self) -> Single:
        """Places [N x 2] in the picture's pixels: the first octave has twice as many."""
        grown = (2.0**self.octave)[:, None]
        return np.asarray((np.stack([self.x, self.y], axis=1) * grown - 0.5) / 2, np.float32)

    def sizes(self) -> Single:
        """Diameters [N] in the picture's pixels."""
        return np.asarray(SIGMA * 2 ** (self.scale / LAYERS + self.octave), np.float32)


@dataclass(frozen=True, slots=True)
class ScaleSpace:
    """Octaves of a picture: `levels` [LAYERS + 3 x H x W] of each, and their `differences`, octave after octave.

    It lies in memory that the next picture of this thread is written over.
    """

    levels: tuple[Single, ...]
    differences: Single
    spare: Single  # two planes of the first octave's size


class _Memory(threading.local):
    """Memory that is used again: fresh pages would cost as much time as the Gaussians."""

    def __init__(self) -> None:
        self.held: Single = np.zeros(0, np.float32)

    def take(self, count: int) -> Single:
        if len(self.held) < count:
            self.held = np.empty(count, np.float32)
        return self.held[:count]


_memory = _Memory()


def scale_space(picture: npt.NDArray[np.uint8]) -> ScaleSpace:
    """The Gaussians and their differences, from twice the picture's size downwards."""
    shapes = _shapes(2 * picture.shape[0], 2 * picture.shape[1])
    areas = [height * width for height, width in shapes]
    memory = _memory.take((2 * LAYERS + 5) * sum(areas) + 2 * max(areas, default=0))
    size = (2 * picture.shape[1], 2 * picture.shape[0])
    base: Any = cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    base = _blurred(base, (SIGMA**2 - (2 * BLURRED) ** 2) ** 0.5)
    differences, at = memory[: (LAYERS + 2) * sum(areas)], 0
    held, levels = (LAYERS + 2) * sum(areas), []
    for (height, width), area in zip(shapes, areas, strict=True):
        level = memory[held : held + (LAYERS + 3) * area].reshape(LAYERS + 3, height, width)
        between = differences[at : at + (LAYERS + 2) * area].reshape(LAYERS + 2, height, width)
        level[0] = base
        for n in range(LAYERS + 2):
            _blurred(level[n], SIGMA * 2 ** (n / LAYERS) * (4 ** (1 / LAYERS) - 1) ** 0.5, level[n + 1])
            np.subtract(level[n + 1], level[n], out=between[n])
        levels.append(level)
        base = level[LAYERS, ::2, ::2]
        at, held = at + (LAYERS + 2) * area, held + (LAYERS + 3) * area
    return ScaleSpace(tuple(levels), differences, memory[held:].reshape(2, -1))


def _shapes(height: int, width: int) -> list[tuple[int, int]]:
    found = []
    while min(height, width) >= LEAST:
        found.append((height, width))
        height, width = (height + 1) // 2, (width + 1) // 2
    return found


def _blurred(picture: Single, sigma: float, into: Single | None = None) -> Single:
    side = int(2 * CUT * sigma + 1) | 1
    blurred = cv2.GaussianBlur(picture, (side, side), sigma, dst=into, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, np.float32)


@dataclass(frozen=True, slots=True)
class _Places:
    """Places in the differences: `at` in all of them; `x`, `y` and `layer` in an octave, which is so wide and high."""

    at: Rows
    octave: Rows
    layer: Rows
    x: Rows
    y: Rows
    width: Rows
    height: Rows

    def __getitem__(self, rows: npt.NDArray[Any]) -> _Places:
        return _Places(*(getattr(self, name)[rows] for name in self.__slots__))

    def near(self, down: Any, across: Any, layers: Any = 0) -> Rows:
        """Where the neighbours of each lie in the differences."""
        return np.asarray(self.at + layers * self.width * self.height + down * self.width + across, np.intp)

    def moved(self, by: Rows) -> _Places:
        """Moved by `by` [N x 3: across, down, layers], without those that left their octave."""
        x, y, layer = self.x + by[:, 0], self.y + by[:, 1], self.layer + by[:, 2]
        there = self.near(by[:, 1], by[:, 0], by[:, 2])
        inside = (layer >= 1) & (layer <= LAYERS) & (x >= BORDER) & (x < self.width - BORDER)
        inside &= (y >= BORDER) & (y < self.height - BORDER)
        return _Places(there, self.octave, layer, x, y, self.width, self.height)[inside]


def keypoints(space: ScaleSpace) -> Keypoints:
    """Extrema over place and scale, fitted between the pixels; without those of little contrast or along an edge."""
    places, values = _extrema(space), space.differences
    found = []
    for _ in range(FITS):
        if not len(places.at):
            break
        slope, value, step, curved = _fitted(places, values)
        still = (np.abs(step) < 0.5).all(axis=1)
        contrast = np.abs(value + (slope * step).sum(axis=1) / 2) / 255
        good = np.flatnonzero(still & curved & (contrast * LAYERS >= CONTRAST))
        kept = places[good]
        off = np.stack([kept.x, kept.y, kept.layer], axis=1) + step[good]
        found.append((kept.at, kept.octave, kept.layer, *off.T.astype(np.float32), contrast[good]))
        moving = np.flatnonzero(~still & (np.abs(step) < FAR).all(axis=1))
        places = places[moving].moved(np.rint(step[moving]).astype(np.intp))
    if not found:
        nowhere, nothing = np.zeros(0, np.intp), np.zeros(0, np.float32)
        return Keypoints(nowhere, nowhere, nothing, nothing, nothing, nothing)
    at, octave, layer, x, y, scale, response = (np.concatenate(part) for part in zip(*found, strict=True))
    _, first = np.unique(at, return_index=True)  # two neighbours may move to one place
    return Keypoints(octave, layer, x, y, scale, response)[first]


def _extrema(space: ScaleSpace) -> _Places:
    values, least, begin = space.differences, np.float32(CONTRAST / 2 / LAYERS * 255), 0
    found = []
    for octave, level in enumerate(space.levels):
        height, width = level.shape[1:]
        for layer in range(1, LAYERS + 1):
            start = begin + layer * height * width
            steep, peak = space.spare[:, : height * width].reshape(2, height, width)
            np.abs(values[start : start + height * width].reshape(height, width), out=steep)
            np.maximum(cv2.dilate(steep, np.ones((3, 3), np.uint8), dst=peak), least, out=peak)
            y, x = np.divmod(np.flatnonzero(steep == peak), width)
            inside = (x >= BORDER) & (x < width - BORDER) & (y >= BORDER) & (y < height - BORDER)
            x, y = x[inside], y[inside]
            shape = np.full((4, len(x)), np.array([[octave], [layer], [width], [height]]))
            found.append(np.stack([start + y * width + x, *shape[:2], x, y, *shape[2:]]))
        begin += (LAYERS + 2) * height * width
    places = _Places(*np.concatenate([np.zeros((7, 0), np.intp), *found], axis=1))
    for beside in (((0, 0, -1), (0, 0, 1)), tuple((y - 1, x - 1, n - 1) for y, x, n in np.ndindex(3, 3, 3))):
        sign = np.sign(values[places.at])
        near = np.stack([values[places.near(*offset)] for offset in beside])
        places = places[np.abs(values[places.at]) >= (near * sign).max(axis=0)]
    return places


def _fitted(places: _Places, values: Single) -> tuple[Single, Single, Single, npt.NDArray[np.bool_]]:
    """Slope [N x 3], value, the step to a parabola's extremum [x, y, layers], and whether it is no edge."""

    def at(down: int, across: int, layers: int = 0) -> Single:
        return values[places.near(down, across, layers)]

    here = at(0, 0)
    pairs = ((at(0, -1), at(0, 1)), (at(-1, 0), at(1, 0)), (at(0, 0, -1), at(0, 0, 1)))
    slope = np.stack([(after - before) / 2 for before, after in pairs], axis=1).astype(np.float32)
    xx, yy, ss = (before + after - 2 * here for before, after in pairs)
    xy = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4
    xs = (at(0, 1, 1) - at(0, -1, 1) - at(0, 1, -1) + at(0, -1, -1)) / 4
    ys = (at(1, 0, 1) - at(-1, 0, 1) - at(1, 0, -1) + at(-1, 0, -1)) / 4
    curves = np.stack([xx, xy, xs, xy, yy, ys, xs, ys, ss], axis=1).reshape(-1, 3, 3)
    flat = np.abs(np.linalg.det(curves)) < 1e-9
    curves[flat] = np.eye(3)
    step = np.where(flat[:, None], FAR, -np.linalg.solve(curves, slope[..., None])[..., 0])
    area = xx * yy - xy * xy
    return slope, here, step, (area > 0) & ((xx + yy) ** 2 * EDGE < (EDGE + 1) ** 2 * area)


def directions(space: ScaleSpace, of: Keypoints) -> tuple[Rows, Single]:
    """The directions [M, radians] of the slopes around keypoints, and which of the N each belongs to."""
    side = SAMPLES["turn"]
    size, angle = _slopes(space, of, side, np.zeros(len(of), np.float32))
    away = np.arange(side - 2) - (side - 3) / 2
    square = (away[:, None] ** 2 + away**2).ravel() * (APART / REACH) ** 2
    size *= np.exp(-square / 2).astype(np.float32)
    place = angle * np.float32(BINS / (2 * np.pi))
    low = place.astype(np.intp)
    over, row = place - low, np.arange(len(of))[:, None] * BINS
    counts = np.bincount((row + low % BINS).ravel(), (size * (1 - over)).ravel(), len(of) * BINS)
    counts += np.bincount((row + (low + 1) % BINS).ravel(), (size * over).ravel(), len(of) * BINS)
    counts = counts.reshape(-1, BINS)
    smooth = np.sum([part * np.roll(counts, by - 2, axis=1) for by, part in enumerate((1, 4, 6, 4, 1))], axis=0)
    before, after = np.roll(smooth, 1, axis=1), np.roll(smooth, -1, axis=1)
    peak = (smooth > before) & (smooth > after) & (smooth >= SECOND * smooth.max(axis=1, keepdims=True))
    which, best = np.nonzero(peak)
    left, middle, right = before[peak], smooth[peak], after[peak]
    exact = best + (left - right) / 2 / (left - 2 * middle + right)
    return which, np.asarray(exact % BINS * (2 * np.pi / BINS), np.float32)


def descriptors(space: ScaleSpace, of: Keypoints, angles: Single) -> Single:
    """Histograms [N x 128] of the slopes in 4 x 4 cells around keypoints, turned by `angles` [N, radians]."""
    size, angle = _slopes(space, of, SAMPLES["cells"], angles)
    turn = TURNS - angle * np.float32(TURNS / (2 * np.pi))
    found, part = np.empty((len(of), CELLS**2, TURNS), np.float32), np.empty_like(turn)
    for n in range(TURNS):  # each slope counts for its two neighbouring directions
        np.abs(np.subtract(turn, n, out=part), out=part)
        if not n:
            np.minimum(part, TURNS - part, out=part)
        np.maximum(np.subtract(1, part, out=part), 0, out=part)
        found[:, :, n] = np.multiply(part, size, out=part) @ _cells()
    whole = found.reshape(-1, CELLS**2 * TURNS)
    whole /= np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1e-6)
    return np.minimum(whole, MOST)


@lru_cache(maxsize=1)
def _cells() -> Single:
    """What each sample counts for in each cell: less away from the cell's middle, and away from the keypoint."""
    side = SAMPLES["cells"] - 2
    away = (np.arange(side) - (side - 1) / 2) * APART / CELL
    middle = np.arange(CELLS) - (CELLS - 1) / 2
    near = np.maximum(0, 1 - np.abs(away - middle[:, None])) * np.exp(-(away**2) / 2 / (CELLS / 2) ** 2)
    return np.ascontiguousarray(np.einsum("ry,cx->yxrc", near, near).reshape(side**2, -1), np.float32)


def _slopes(space: ScaleSpace, of: Keypoints, side: int, angles: Single) -> tuple[Single, Single]:
    """Sizes and directions [N x samples] of the slopes in a square around keypoints, turned by `angles` [N]."""
    away = ((np.arange(side) - (side - 1) / 2) * APART).astype(np.float32)
    square = np.stack([np.tile(away, side), np.repeat(away, side)])
    grown = (SIGMA * 2 ** (of.scale / LAYERS)).astype(np.float32)
    cosine, sine = grown * np.cos(angles), grown * np.sin(angles)
    x = np.stack([cosine, -sine], axis=1) @ square + of.x[:, None]
    y = np.stack([sine, cosine], axis=1) @ square + of.y[:, None]
    seen = np.empty((len(of), side * side), np.float32)
    for octave, level in enumerate(space.levels):
        rows = np.flatnonzero(of.octave == octave)
        if len(rows):
            height, width = level.shape[1:]
            down = np.clip(y[rows], 0, height - 1) + (of.layer[rows, None] * height).astype(np.float32)
            across = np.clip(x[rows], 0, width - 1)
            seen[rows] = cv2.remap(level.reshape(-1, width), across, down, cv2.INTER_LINEAR)
    around = seen.reshape(-1, side, side)
    right = (around[:, 1:-1, 2:] - around[:, 1:-1, :-2]).reshape(len(of), -1)
    down = (around[:, 2:, 1:-1] - around[:, :-2, 1:-1]).reshape(len(of), -1)
    size, angle = cv2.cartToPolar(right, down)
    return np.asarray(size, np.float32), np.asarray(angle, np.float32)
