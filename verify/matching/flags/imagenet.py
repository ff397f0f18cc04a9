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

FLAGPOLE = 557  # ImageNet's class "flagpole, flagstaff"
SIDE = 128  # pixels of the square window: at 72 the net is lost, 224 takes three times as long
WIDER = (1.6, 2.4)  # sides of the windows about a place, of its longer side: with the pole, and what the flag hangs at
MIDDLE, SPREAD = 127.0, 128.0  # of bytes, as the net was taught


def flagpole(pixels: Bytes, corners: Floats) -> float:
    """Natural logarithm of the share that "flagpole" takes of all classes, mean of two windows about the corners."""
    windows = np.stack([_window(pixels, corners, wider) for wider in WIDER])
    net = _net()
    net.setInput((windows.transpose(0, 3, 1, 2) - np.float32(MIDDLE)) / np.float32(SPREAD))
    logits = np.asarray(net.forward(), np.float64)
    shares = logits[:, FLAGPOLE] - np.logaddexp.reduce(logits, axis=1)
    return float(np.logaddexp.reduce(shares) - np.log(len(shares)))


def _window(pixels: Bytes, corners: Floats, wider: float) -> Floats:
    """The square about the corners [SIDE x SIDE x 3], moved into the picture, whose edge is continued where it must."""
    high, wide = pixels.shape[:2]
    low, top = corners.min(axis=0), corners.max(axis=0)
    side = round(min(max(float((top - low).max()), 1.0) * wider, float(max(high, wide))))
    x, y = (_start(middle, side, room) for middle, room in zip((low + top) / 2, (wide, high), strict=True))
    rows, columns = (np.clip(np.arange(first, first + side), 0, room - 1) for first, room in ((y, high), (x, wide)))
    square = pixels[rows[:, None], columns[None]]
    way = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (SIDE, SIDE), interpolation=way), np.float32)


def _start(middle: float, side: int, room: int) -> int:
    """Where a stretch of this length about `middle` begins, inside the room if it can be."""
    if side >= room:
        return (room - side) // 2
    return int(np.clip(round(middle - side / 2), 0, room - side))


@cache
def _net() -> cv2.dnn.Net:
    """The net that ships; `tests/bench/flag_imagenet.py` makes it."""
    return cv2.dnn.readNetFromONNX(str(DATA / "imagenet.onnx"))
