"""A first glance at every window of a picture: which flags might hang there, and where their corners would be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from verify.matching.flags.chance import DATA
from verify.matching.flags.colour import Floats
from verify.matching.flags.designs import Bytes
from verify.matching.flags.finer import UNIT, arrays, convolved

CELLS = (48, 36)  # of a window, across and down
FEATURES = (3, 6)  # rows and columns of what the net makes of a window
ASPECT = CELLS[0] / CELLS[1]  # width over height of the windows; narrow flags fill their height only
ROOM = 1.2  # height of the smallest window, of the lowest flag sought: flags filling 60 to 97 in 100 were taught
STEP = 1.3  # between the sizes of windows
STRIDE = 4  # cells between windows; flags half of that off were taught
PAD = 8  # cells beyond the picture's edge: flags may be cut by it
CHUNK, PROMISING, PER_CHUNK = 4096, 200, 40  # windows judged at once, and kept of them
PER_OCTAVE = 8  # places of one size, to a factor of two: stripes of a large flag must not crowd out the flag
Box = tuple[Floats, Floats]  # first corner and extent, picture pixels
LEAST = -4.0  # odds (natural logarithm) below which a window is passed over
FIRST = ((1.12, (0, 0)), (1.35, (0.04, 0.03)), (1.35, (-0.04, -0.03)))  # views of a place: how much larger than the
#                                                                         flag, and shifted by which share of it


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """Four convolutions of 3 x 3 without offsets, the first two pooled by two, then full layers.

    Having no offsets, the convolutions serve all windows of a level; a window's brightness is divided out after.
    """

    maps: tuple[Floats, ...]  # [9·channels x maps]
    brief: tuple[Floats, Floats, Floats, Floats]  # two small layers that judge every window: is any flag there?
    hidden: tuple[Floats, Floats]  # [features x hidden], [hidden]
    last: tuple[Floats, Floats]  # [hidden x out], [out]: a logit a design, one for other flags, one for none, 8 corners
    codes: tuple[str, ...]  # of the designs, in the order of the logits

    def judged(self, features: Floats, brightness: Floats) -> tuple[Floats, Floats]:
        """Features [N x rows x columns x maps], mean brightness [N]: logits [N x designs + 2], corners [N x 4 x 2]."""
        flat = features.reshape(len(features), -1) / (brightness[:, None] + DARK)
        hidden = np.maximum(flat @ self.hidden[0] + self.hidden[1], 0)
        out = hidden @ self.last[0] + self.last[1]
        return out[:, :-8], out[:, -8:].reshape(-1, 4, 2) + UNIT

    def promise(self, features: Floats, brightness: Floats) -> Floats:
        """Whether any flag may be in windows, judged quickly: odds (natural logarithm) [N]."""
        first, offset, second, end = self.brief
        flat = features.reshape(len(features), -1) @ first / (brightness[:, None] + DARK)
        return np.asarray(np.maximum(flat + offset, 0) @ second[:, 0] + end[0], np.float32)

    def features(self, level: Floats) -> Floats:
        """Features of levels [N x H x W x 3], a quarter of their size less five [N x H/4 - 5 x W/4 - 5 x maps]."""
        for number, weights in enumerate(self.maps):
            level = convolved(level, weights)
            if number < 2:
                count, (rows, columns) = len(level), (side // 2 for side in level.shape[1:3])
                blocks = level[:, : 2 * rows, : 2 * columns].reshape(count, rows, 2, columns, 2, -1)
                level = np.maximum.reduce([blocks[:, :, y, :, x] for y in (0, 1) for x in (0, 1)])
            level = np.maximum(level, 0)
        return level


DARK = 0.05  # added to a window's brightness


@cache
def net() -> Net:
    """The net that ships; `tests/bench/flag_teaching.py` makes it."""
    return stored(DATA / "glance.npz")


def stored(path: Path) -> Net:
    """A net from its file."""
    values, codes = arrays(path)
    maps = tuple(values[f"map{k}"] for k in range(4))
    brief, short, hidden, last = (
        (values[f"{name}_w"], values[f"{name}_b"]) for name in ("brief", "short", "hidden", "last")
    )
    return Net(maps, (*brief, *short), hidden, last, codes)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A window in which some whole flag might hang."""

    odds: float  # natural logarithm: a flag of a known design against all else
    other: float  # natural logarithm: any flag, known or not, against none
    logs: Floats  # [designs] natural logarithm of each design's share, given that it is one of them
    corners: Floats  # [4 x 2] picture pixels, clockwise from the drawing's top left
    turn: int = 0  # quarter turns, clockwise, by which the flag hangs as the window was seen


def glanced(pixels: Bytes, judge: Net, *, strangers: bool, smallest: float = 40, most: int = 24) -> list[Place]:
    """The places that the first glance proposes, likeliest first."""
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
    return kept


def levels(pixels: Bytes, smallest: float) -> Iterator[tuple[Floats, Floats]]:
    """The picture in cells for each size of window, with PAD more around (sRGB, 0 to 1); a cell's size."""
    across, down = CELLS
    height = smallest * ROOM
    while height <= 1.3 * pixels.shape[0] and height * ASPECT <= 1.3 * pixels.shape[1]:
        size = round(pixels.shape[1] * across / (height * ASPECT)), round(pixels.shape[0] * down / height)
        cell = np.array([pixels.shape[1] / size[0], pixels.shape[0] / size[1]], np.float32)
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        padded = cv2.copyMakeBorder(small, PAD, PAD, PAD, PAD, cv2.BORDER_REPLICATE)
        if padded.shape[0] >= down and padded.shape[1] >= across:
            yield np.asarray(padded, np.float32) / np.float32(255), cell
        height *= STEP


def windows(level: Floats, judge: Net) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Promising windows of a level: features, mean brightness [N], first cells [N x 2]."""
    view = np.lib.stride_tricks.sliding_window_view(judge.features(level[None])[0], FEATURES, axis=(0, 1))
    view = view.transpose(0, 1, 3, 4, 2)
    bright = cv2.boxFilter(level.mean(axis=2), -1, CELLS, anchor=(0, 0))[::STRIDE, ::STRIDE]
    bright = bright[: view.shape[0], : view.shape[1]]
    rows = max(1, CHUNK // view.shape[1])
    for start in range(0, len(view), rows):
        here = view[start : start + rows].reshape(-1, *view.shape[2:])
        shade = bright[start : start + rows].reshape(-1)
        promise = judge.promise(here, shade)
        top = np.argsort(-promise)[:PROMISING]
        top = top[promise[top] >= LEAST]
        if len(top):
            firsts = np.stack([top % view.shape[1], start + top // view.shape[1]], axis=1) * np.float32(STRIDE)
            yield here[top], shade[top], firsts.astype(np.float32)


def _likely(level: Floats, cell: Floats, judge: Net, *, strangers: bool) -> Iterator[Place]:
    """The likeliest places among the windows of one level."""
    for features, bright, firsts in windows(level, judge):
        logits, corners = judge.judged(features, bright)
        odds, other, logs = read(logits)
        wanted = other if strangers else odds
        for n in np.argsort(-wanted)[:PER_CHUNK]:
            if wanted[n] >= LEAST:
                at = (firsts[n] - PAD + corners[n] * np.array(CELLS, np.float32)) * cell
                yield Place(float(odds[n]), float(other[n]), logs[n], np.asarray(at, np.float32))


def read(logits: Floats) -> tuple[Floats, Floats, Floats]:
    """Odds of a known design [N], of any flag [N], and logarithms of the designs' shares [N x designs]."""
    known = np.logaddexp.reduce(logits[:, :-2], axis=1)
    odds = known - np.logaddexp(logits[:, -2], logits[:, -1])
    other = np.logaddexp(known, logits[:, -2]) - logits[:, -1]
    return odds, other, np.asarray(logits[:, :-2] - known[:, None], np.float32)


def again(pixels: Bytes, place: Place, judge: Net) -> Place:
    """The place judged again in windows about its corners: means."""
    boxes = views(place, FIRST)
    seen = np.stack([window(pixels, first, extent) for first, extent in boxes])
    logits, corners = judge.judged(judge.features(seen), seen.mean((1, 2, 3)))
    odds, other, logs = read(logits)
    at = np.mean([first + c * extent for (first, extent), c in zip(boxes, corners, strict=True)], axis=0)
    share = np.logaddexp.reduce(logs, axis=0) - np.log(len(logs))
    return Place(float(odds.mean()), float(other.mean()), np.asarray(share, np.float32), np.asarray(at, np.float32))


def views(place: Place, grown: Sequence[tuple[float, tuple[float, float]]]) -> list[Box]:
    """Windows about a place: first corner and extent, picture pixels."""
    low, high = place.corners.min(axis=0), place.corners.max(axis=0)
    middle, wide, tall = (low + high) / 2, float(high[0] - low[0]), float(high[1] - low[1])
    height = max(tall, wide / ASPECT, 8.0)
    size = np.array([height * ASPECT, height], np.float32)
    return [(middle + size * (np.array(shift, np.float32) - grow / 2), size * grow) for grow, shift in grown]


def window(pixels: Bytes, first: Floats, extent: Floats, cells: tuple[int, int] = CELLS) -> Floats:
    """The box in cells (across, down), the picture's edge continued beyond it (sRGB, 0 to 1)."""
    height, width = pixels.shape[:2]
    (top, bottom, above, below), (left, right, before, after) = (
        _cut(float(start), float(start + long), side)
        for start, long, side in zip(first[::-1], extent[::-1], (height, width), strict=True)
    )
    crop = pixels[top:bottom, left:right]
    if above or below or before or after:
        crop = np.asarray(cv2.copyMakeBorder(crop, above, below, before, after, cv2.BORDER_REPLICATE), np.uint8)
    return np.asarray(cv2.resize(crop, cells, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)


def _cut(start: float, end: float, side: int) -> tuple[int, int, int, int]:
    """Of a picture's side: the first pixel of a box and the one after its last, and how many it has beyond each end."""
    first, last = int(np.floor(start)), int(np.ceil(end))
    count = max(last - first, 4)
    before = min(max(-first, 0), count - 1)
    low = min(max(first, 0), side - 1)
    high = min(low + count - before, side)
    return low, high, before, count - before - (high - low)


def _one(place: Place, other: Place) -> bool:
    """Whether two places have one extent, within a third."""
    middle = np.linalg.norm(place.corners.mean(axis=0) - other.corners.mean(axis=0))
    sizes = [float(np.linalg.norm(p.corners[2] - p.corners[0]) + np.linalg.norm(p.corners[3] - p.corners[1])) / 2
             for p in (place, other)]  # fmt: skip
    return bool(middle < 0.2 * max(sizes) and 0.75 < sizes[0] / sizes[1] < 1.33)
