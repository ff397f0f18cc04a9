"""Edge fields: where the edges of a picture run, whatever its colours and which side of an edge is bright."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

BINS = 6  # edge directions of a cell, 30 degrees apart, without sign
CELL = 4  # pixels a side
NOISE = 6.0  # grey levels a pixel: an edge weaker than this hardly counts; about twice the noise of an indoor JPEG


def edges(pixels: Array, window: int = 17) -> Array:
    """The edge tensor of RGB float32 [H x W x 3]: [H x W x 2], weight times (cos, sin) of twice the edge's angle.

    The gradient is that of the strongest colour channel (Dalal and Triggs 2005): red on green of one luma has an edge.
    The weight is 0 to 1 against the mean strength in a `window` of pixels, so a shadow does not weaken it.
    """
    x = cv2.Sobel(pixels, cv2.CV_32F, 1, 0, scale=0.25, borderType=cv2.BORDER_REPLICATE)
    y = cv2.Sobel(pixels, cv2.CV_32F, 0, 1, scale=0.25, borderType=cv2.BORDER_REPLICATE)
    strength = x * x + y * y
    best = strength.argmax(axis=2)[..., None]
    x, y, square = (np.take_along_axis(a, best, 2)[..., 0] for a in (x, y, strength))
    magnitude = np.sqrt(square)
    around = cv2.boxFilter(magnitude, -1, (window, window), borderType=cv2.BORDER_REPLICATE)
    factor = magnitude / (magnitude + around + NOISE) / np.maximum(square, 1e-6)
    return np.dstack([(x * x - y * y) * factor, 2 * x * y * factor]).astype(np.float32)


def cells(pixels: Array) -> Array:
    """Histograms of edge directions [H/4 x W/4 x 6] of RGB float32 [H x W x 3], sides cut to multiples of 4."""
    height, width = (side // CELL * CELL for side in pixels.shape[:2])
    tensor = edges(np.ascontiguousarray(pixels[:height, :width]))
    weight, angle = cv2.cartToPolar(np.ascontiguousarray(tensor[..., 0]), np.ascontiguousarray(tensor[..., 1]))
    angle *= BINS / (2 * np.pi)
    size = width // CELL, height // CELL
    pooled = np.empty((size[1], size[0], BINS), np.float32)
    for n in range(BINS):
        apart = np.abs(angle - n)
        votes = weight * np.maximum(0, 1 - np.minimum(apart, BINS - apart))
        pooled[..., n] = cv2.resize(votes, size, interpolation=cv2.INTER_AREA)
    return np.sqrt(pooled)  # Hellinger: few strong cells do not outweigh many weak ones
