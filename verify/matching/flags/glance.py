"""A first glance at every window of a picture: which flags might hang there, and where their corners would be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from verify.matching.flags.chance import DATA
from verify.matching.flags.colour import Floats
from verify.matching.flags.designs import Bytes

CELLS = (26, 18)  # of a window, across and down
ASPECTS = (1.5, 1.05)  # width over height of the windows; what lies between was taught
STEP = 1.25  # between the sizes of windows
STRIDE = (4, 2)  # cells between windows, across and down; flags half of that off were taught
PAD = 4  # cells beyond the picture's edge: flags may be cut by it
CHUNK, PER_CHUNK = 4096, 40  # windows judged at once, and kept of them
COLOURFUL = (
    0.1  # spread of tint in a window, of its brightness, below which it is passed over, for speed. Palest of 120
)
#                  composites of as many designs: 0.14 (Japan)
PER_OCTAVE = 8  # places of one size, to a factor of two: stripes of a large flag must not crowd out the flag
LEAST = -4.0  # odds (natural logarithm) below which a window is passed over
VIEWS = (  # of a place: how much larger than the flag, shifted by which share of it, width over height (0: the flag's)
    *((1.12, (0, 0), 0), (1.3, (0.05, 0), 0), (1.3, (-0.05, 0), 0), (1.2, (0, 0.06), 0), (1.2, (0, -0.06), 0)),
    *((1.15, (0, 0), 1.5), (1.3, (0, 0), 1.5)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """Two convolutions of 3 x 3 without offsets, the first pooled by two, then two full layers.

    Having no offsets, the convolutions serve all windows of a level; a window's brightness is divided out after.
    """

    first: Floats  # [27 x A]
    second: Floats  # [9·A x B]
    third: tuple[Floats, Floats]  # [features x hidden], [hidden]
    last: tuple[Floats, Floats]  # [hidden x out], [out]: a logit a design, one for other flags, one for none, 8 corners
    codes: tuple[str, ...]  # of the designs, in the order of the logits

    def judged(self, features: Floats, brightness: Floats) -> tuple[Floats, Floats]:
        """Features [N x rows x columns x B], mean brightness [N]: logits [N x designs + 2], corners [N x 4 x 2]."""
        flat = features.reshape(len(features), -1) / (brightness[:, None] + DARK)
        hidden = np.maximum(flat @ self.third[0] + self.third[1], 0)
        out = hidden @ self.last[0] + self.last[1]
        return out[:, :-8], out[:, -8:].reshape(-1, 4, 2) + UNIT

    def features(self, level: Floats) -> Floats:
        """Features of a level [H x W x 3], half its size less three [H/2 - 3 x W/2 - 3 x B]."""
        once = np.maximum(patches(level[None]) @ self.first, 0)[0]
        rows, columns = (side // 2 * 2 for side in once.shape[:2])
        half = once[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2, -1).max(axis=(1, 3))
        return np.asarray(np.maximum(patches(half[None]) @ self.second, 0)[0], np.float32)


DARK = 0.05  # added to a window's brightness
UNIT = np.array(
    [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]], np.float32
)  # where corners lie before anything is seen


def patches(levels: Floats) -> Floats:
    """Each inner pixel's surroundings of 3 x 3 in a row [N x H - 2 x W - 2 x 9·channels]."""
    high, wide = levels.shape[1] - 2, levels.shape[2] - 2
    return np.concatenate([levels[:, y : y + high, x : x + wide] for y in range(3) for x in range(3)], axis=3)


@cache
def net() -> Net:
    """The net that ships; `tests/bench/flag_teaching.py` makes it."""
    return stored(DATA / "glance.npz")


def stored(path: Path) -> Net:
    """A net from its file."""
    with np.load(path) as kept:
        values = [kept[f"v{k}"].astype(np.float32) for k in range(6)]
        codes = tuple(str(code) for code in kept["codes"])
    return Net(values[0], values[1], (values[2], values[3]), (values[4], values[5]), codes)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A window in which some whole flag might hang."""

    odds: float  # natural logarithm: a flag of a known design against all else
    other: float  # natural logarithm: any flag, known or not, against none
    logs: Floats  # [designs] natural logarithm of each design's share, given that it is one of them
    corners: Floats  # [4 x 2] picture pixels, clockwise from the drawing's top left


def places(pixels: Bytes, judge: Net, *, strangers: bool, smallest: float = 40, most: int = 24) -> list[Place]:
    """The likeliest places of whole flags, no two of one extent; `strangers`: also of untaught designs."""
    found: list[Place] = []
    for level, cell in levels(pixels, smallest):
        found += _likely(level, cell, judge, strangers=strangers)
    found.sort(key=lambda place: -(place.other if strangers else place.odds))
    kept: list[Place] = []
    of_size: dict[int, int] = {}
    for place in found:
        octave = int(np.log2(max(float(np.ptp(place.corners[:, 1])), 1.0)))
        if len(kept) < most and of_size.get(octave, 0) < PER_OCTAVE and not any(_one(place, other) for other in kept):
            kept.append(place)
            of_size[octave] = of_size.get(octave, 0) + 1
    return [_again(pixels, place, judge) for place in kept]


def levels(pixels: Bytes, smallest: float) -> Iterator[tuple[Floats, Floats]]:
    """The picture in cells for each size and shape of window, with PAD more around (sRGB, 0 to 1); a cell's size."""
    across, down = CELLS
    for aspect in ASPECTS:
        height = smallest
        while height <= 1.3 * pixels.shape[0] and height * aspect <= 1.3 * pixels.shape[1]:
            size = round(pixels.shape[1] * across / (height * aspect)), round(pixels.shape[0] * down / height)
            cell = np.array([pixels.shape[1] / size[0], pixels.shape[0] / size[1]], np.float32)
            small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
            padded = cv2.copyMakeBorder(small, PAD, PAD, PAD, PAD, cv2.BORDER_REPLICATE)
            if padded.shape[0] >= down and padded.shape[1] >= across:
                yield np.asarray(padded, np.float32) / np.float32(255), cell
            height *= STEP


def windows(level: Floats, judge: Net) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Colourful windows of a level, row by row: features, mean brightness [N], first cells [N x 2]."""
    across, down = CELLS
    view = np.lib.stride_tricks.sliding_window_view(
        judge.features(level), (down // 2 - 3, across // 2 - 3), axis=(0, 1)
    )[:: STRIDE[1] // 2, :: STRIDE[0] // 2].transpose(0, 1, 3, 4, 2)
    bright, spread = (part[:: STRIDE[1], :: STRIDE[0]][: view.shape[0], : view.shape[1]] for part in _shades(level))
    columns = np.arange(view.shape[1]) * STRIDE[0]
    rows = max(1, CHUNK // view.shape[1])
    for start in range(0, len(view), rows):
        here = slice(start, min(start + rows, len(view)))
        vivid = spread[here] > COLOURFUL * bright[here]
        firsts = np.stack(np.broadcast_arrays(columns, np.arange(here.start, here.stop)[:, None] * STRIDE[1]), axis=2)
        if vivid.any():
            yield view[here][vivid], bright[here][vivid], firsts[vivid].astype(np.float32)


def _shades(level: Floats) -> tuple[Floats, Floats]:
    """Mean brightness of the window that begins at each cell, and the spread of its tints."""
    grey = level.mean(axis=2)
    tint = level - grey[..., None]
    mean, square = (cv2.boxFilter(values, -1, CELLS, anchor=(0, 0)) for values in (tint, tint * tint))
    spread = np.sqrt(np.maximum((square - mean * mean).sum(axis=2), 0))
    return np.asarray(cv2.boxFilter(grey, -1, CELLS, anchor=(0, 0)), np.float32), np.asarray(spread, np.float32)


def _likely(level: Floats, cell: Floats, judge: Net, *, strangers: bool) -> Iterator[Place]:
    """The likeliest places among the windows of one level."""
    for features, bright, firsts in windows(level, judge):
        logits, corners = judge.judged(features, bright)
        against = logits[:, -1] if strangers else logits[:, -2:].max(axis=1)
        top = np.argsort(against - logits[:, : -1 if strangers else -2].max(axis=1))[
            : 2 * PER_CHUNK
        ]  # rough, and much faster than all the sums
        odds, other, logs = _read(logits[top])
        wanted = other if strangers else odds
        for n in np.argsort(-wanted)[:PER_CHUNK]:
            if wanted[n] >= LEAST:
                at = (firsts[top[n]] - PAD + corners[top[n]] * np.array(CELLS, np.float32)) * cell
                yield Place(float(odds[n]), float(other[n]), logs[n], np.asarray(at, np.float32))


def _read(logits: Floats) -> tuple[Floats, Floats, Floats]:
    """Odds of a known design [N], of any flag [N], and logarithms of the designs' shares [N x designs]."""
    known = np.logaddexp.reduce(logits[:, :-2], axis=1)
    odds = known - np.logaddexp(logits[:, -2], logits[:, -1])
    other = np.logaddexp(known, logits[:, -2]) - logits[:, -1]
    return odds, other, np.asarray(logits[:, :-2] - known[:, None], np.float32)


def _again(pixels: Bytes, place: Place, judge: Net) -> Place:
    """The place judged twice more in windows about its corners: mean odds at last, mean share over all windows."""
    said = [place.logs]
    for _ in range(2):
        boxes = _views(place)
        seen = [_window(pixels, first, extent) for first, extent in boxes]
        features = np.stack([judge.features(window) for window in seen])
        logits, corners = judge.judged(features, np.array([window.mean() for window in seen]))
        odds, other, logs = _read(logits)
        said += list(logs)
        at = np.mean([first + c * extent for (first, extent), c in zip(boxes, corners, strict=True)], axis=0)
        place = Place(float(odds.mean()), float(other.mean()), logs[0], np.asarray(at, np.float32))
    return replace(place, logs=np.asarray(np.logaddexp.reduce(said, axis=0) - np.log(len(said)), np.float32))


def _views(place: Place) -> list[tuple[Floats, Floats]]:
    """Windows about a place: first corner and extent, picture pixels."""
    low, high = place.corners.min(axis=0), place.corners.max(axis=0)
    middle, wide, tall = (low + high) / 2, float(high[0] - low[0]), float(high[1] - low[1])
    boxes = []
    for grow, shift, aspect in VIEWS:
        shape = aspect or float(np.clip(wide / max(tall, 1.0), ASPECTS[1], ASPECTS[0]))
        height = max(tall, wide / shape, 8.0)
        size = np.array([height * shape, height], np.float32)
        boxes.append((middle + size * (np.array(shift, np.float32) - grow / 2), size * grow))
    return boxes


def _window(pixels: Bytes, first: Floats, extent: Floats) -> Floats:
    """The box in cells, the picture's edge continued beyond it (sRGB, 0 to 1)."""
    left, top = (int(v) for v in np.floor(first))
    right, bottom = (int(v) for v in np.ceil(first + extent))
    height, width = pixels.shape[:2]
    rows, columns = (
        np.clip(np.arange(a, max(b, a + 4)), 0, side - 1)
        for a, b, side in ((top, bottom, height), (left, right, width))
    )
    crop = np.ascontiguousarray(pixels[rows][:, columns])
    return np.asarray(cv2.resize(crop, CELLS, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)


def _one(place: Place, other: Place) -> bool:
    """Whether two places have one extent, within a third."""
    middle = np.linalg.norm(place.corners.mean(axis=0) - other.corners.mean(axis=0))
    sizes = [float(np.linalg.norm(p.corners[2] - p.corners[0]) + np.linalg.norm(p.corners[3] - p.corners[1])) / 2
             for p in (place, other)]  # fmt: skip
    return bool(middle < 0.2 * max(sizes) and 0.75 < sizes[0] / sizes[1] < 1.33)
