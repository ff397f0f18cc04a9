"""Whether a net taught on a million everyday photographs sees a flag at a place.

EfficientNet-Lite0 (Tan and Le, "EfficientNet", ICML 2019), taught on ImageNet's 1,000 classes, one of which is a flag
on its pole. It knows nothing of designs; the nets that do have seen few things that are no flags.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from verify.matching.flags.chance import DATA
from verify.matching.flags.colour import Floats
from verify.matching.flags.designs import Bytes
from verify.matching.flags.glance import Box, window

FLAGPOLE = 557  # ImageNet's class "flagpole, flagstaff"
SIDE = 128  # pixels of the square window: at 72 the net is lost, 224 takes three times as long
WIDER = (1.6, 2.4)  # sides of the windows about a place, of its longer side: with the pole, and what the flag hangs at
MIDDLE, SPREAD = 127.0, 128.0  # of bytes, as the net was taught


def flagpole(pixels: Bytes, corners: Floats) -> float:
    """Natural logarithm (0 at most) of the share that "flagpole" takes of all classes, mean of two windows.

    They are squares about the corners [N x 2] (picture pixels, in any order), moved into the picture.
    """
    windows = np.stack([window(pixels, *_square(pixels, corners, wider), (SIDE, SIDE)) for wider in WIDER])
    net = _net()
    net.setInput((windows.transpose(0, 3, 1, 2) * np.float32(255) - np.float32(MIDDLE)) / np.float32(SPREAD))
    logits = np.asarray(net.forward(), np.float64)
    shares = logits[:, FLAGPOLE] - np.logaddexp.reduce(logits, axis=1)
    return float(np.logaddexp.reduce(shares) - np.log(len(shares)))


def _square(pixels: Bytes, corners: Floats, wider: float) -> Box:
    """First corner and extent of the square about the corners, at most as large as the picture's longer side."""
    high, wide = pixels.shape[:2]
    low, top = corners.min(axis=0), corners.max(axis=0)
    side = round(min(max(float((top - low).max()), 1.0) * wider, float(max(high, wide))))
    first = [_start(middle, side, room) for middle, room in zip((low + top) / 2, (wide, high), strict=True)]
    return np.array(first, np.float32), np.array([side, side], np.float32)


def _start(middle: float, side: int, room: int) -> int:
    """Where a stretch of this length about `middle` begins, inside the room if it can be."""
    if side >= room:
        return (room - side) // 2
    return int(np.clip(round(middle - side / 2), 0, room - side))


@cache
def _net() -> cv2.dnn.Net:
    """The net that ships; `tests/bench/flag_imagenet.py` makes it."""
    stored = np.fromfile(DATA / "imagenet.onnx", np.uint8)  # OpenCV opens no path beyond ASCII on Windows
    return cv2.dnn.readNetFromONNX(stored)
