"""Finer nets than the first glance's, which judge the few places that the glance found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from verify.matching.flags.chance import DATA
from verify.matching.flags.colour import Floats

CELLS = (96, 72)  # of a window, across and down: twice the first glance's
# Numbers that a convolution multiplies at once, 2 MB: as much as processors keep a core. A first glance at a level of
# 616 x 466 takes 0.23 s so, and 0.38 s without strips
STRIP = 1 << 19
PATCH = 4  # cells across and down that the first layer takes together, none twice
TOGETHER = 16  # windows that OpenCV is given at once: chosen
UNIT = np.array([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]], np.float32)  # corners before anything is seen


class Judge(Protocol):
    """What looks at windows closely."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Of the designs, in the order of the logits."""
        ...

    def judged(self, windows: Floats) -> tuple[Floats, Floats]:
        """Windows [N x 72 x 96 x 3] (sRGB, 0 to 1): logits [N x designs + 2], corners [N x 4 x 2] in windows."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Everyday:
    """A net that begins with layers taught on everyday photographs; OpenCV runs it."""

    net: cv2.dnn.Net
    codes: tuple[str, ...]

    def judged(self, windows: Floats) -> tuple[Floats, Floats]:
        """As `Judge.judged`."""
        parts = []
        for start in range(0, len(windows), TOGETHER):
            self.net.setInput(np.ascontiguousarray(windows[start : start + TOGETHER].transpose(0, 3, 1, 2)))
            parts.append(np.array(self.net.forward(), np.float32))
        out = np.concatenate(parts)
        return out[:, :-8], out[:, -8:].reshape(-1, 4, 2) + UNIT


@dataclass(frozen=True, slots=True, eq=False)
class Finer:
    """Patches, then convolutions of 3 x 3 with a zero beyond the edge, the last of 1 x 1, then two full layers."""

    maps: tuple[tuple[Floats, Floats], ...]  # [48 or 9·channels or channels x maps], [maps]
    halved: tuple[int, ...]  # the layers after which a level is halved by pooling
    hidden: tuple[Floats, Floats]  # [features x hidden], [hidden]
    last: tuple[Floats, Floats]  # [hidden x out], [out]: a logit a design, one for other flags, one for none, 8 corners
    codes: tuple[str, ...]  # of the designs, in the order of the logits

    def judged(self, windows: Floats) -> tuple[Floats, Floats]:
        """As `Judge.judged`."""
        level = _patches(windows - np.float32(0.5))
        for number, (weights, offset) in enumerate(self.maps):
            if len(weights) == 9 * level.shape[3]:
                level = convolved(np.pad(level, ((0, 0), (1, 1), (1, 1), (0, 0))), weights) + offset
            else:
                level = times(level, weights) + offset
            level = _halved(level) if number in self.halved else level
            level = np.maximum(level, 0)
        hidden = np.maximum(level.reshape(len(level), -1) @ self.hidden[0] + self.hidden[1], 0)
        out = hidden @ self.last[0] + self.last[1]
        return out[:, :-8], out[:, -8:].reshape(-1, 4, 2) + UNIT


def convolved(level: Floats, weights: Floats) -> Floats:
    """Each inner pixel's surroundings of 3 x 3 times weights [9·channels x M]: [N x H - 2 x W - 2 x M].

    A strip at a time: what the product reads must lie in the processor's cache, or it waits for memory.
    """
    count, high, wide, channels = level.shape
    rows, columns, depth = high - 2, wide - 2, 9 * channels
    high, many = min(rows, max(1, STRIP // (columns * depth))), max(1, STRIP // (rows * columns * depth))
    result = np.empty((count, rows, columns, weights.shape[1]), np.float32)
    room = np.empty(min(many, count) * high * columns * depth, np.float32)
    for first in range(0, count, many):
        for top in range(0, rows, high):
            out = result[first : first + many, top : top + high]
            strip = room[: out[..., 0].size * depth].reshape(*out.shape[:3], depth)
            for number in range(9):
                y, x = top + number // 3, number % 3
                part = level[first : first + many, y : y + out.shape[1], x : x + columns]
                strip[..., number * channels : (number + 1) * channels] = part
            out[:] = times(strip, weights)
    return result


def times(level: Floats, weights: Floats) -> Floats:
    """Level [N x H x W x K] times weights [K x M] in one product: many small ones wait for one another."""
    return np.asarray((level.reshape(-1, level.shape[-1]) @ weights).reshape(*level.shape[:-1], -1), np.float32)


def _patches(windows: Floats) -> Floats:
    """Each patch's cells in a row [N x H/PATCH x W/PATCH x PATCH²·channels]."""
    count, high, wide, channels = windows.shape
    parts = windows.reshape(count, high // PATCH, PATCH, wide // PATCH, PATCH, channels).transpose(0, 1, 3, 2, 4, 5)
    return parts.reshape(count, high // PATCH, wide // PATCH, -1)


def _halved(level: Floats) -> Floats:
    """The largest of each 2 x 2, or 0 if that is larger where an odd last row or column stands alone."""
    odd = [(0, side % 2) for side in level.shape[1:3]]
    padded = np.pad(level, ((0, 0), *odd, (0, 0)))
    parts = [padded[:, y::2, x::2] for y in (0, 1) for x in (0, 1)]
    return np.asarray(np.maximum.reduce(parts), np.float32)


@cache
def nets() -> tuple[Judge, ...]:
    """The nets that ship: the first centres places, all judge them.

    `tests/bench/flag_teaching_everyday.py` makes the first two, `tests/bench/flag_teaching_finer.py` the last.
    """
    return everyday(DATA / "everyday.npz"), everyday(DATA / "earlier.npz"), stored(DATA / "draped.npz")


def everyday(path: Path) -> Everyday:
    """A net from its file: ONNX, and the designs' codes."""
    with np.load(path) as kept:
        return Everyday(cv2.dnn.readNetFromONNX(kept["onnx"]), tuple(str(code) for code in kept["codes"]))


def stored(path: Path) -> Finer:
    """A net from its file."""
    values, codes = arrays(path)
    halved = tuple(int(number) for number in values.pop("halved"))
    maps = tuple((values[f"map{k}_w"], values[f"map{k}_b"]) for k in range(sum(n.endswith("_w") for n in values) - 2))
    return Finer(maps, halved, (values["hidden_w"], values["hidden_b"]), (values["last_w"], values["last_b"]), codes)


def arrays(path: Path) -> tuple[dict[str, Floats], tuple[str, ...]]:
    """The arrays of a net's file by name, 32 bits each, and the designs' codes."""
    with np.load(path) as kept:
        values = {name: kept[name].astype(np.float32) for name in kept.files if name != "codes"}
        return values, tuple(str(code) for code in kept["codes"])
