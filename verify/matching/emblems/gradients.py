"""Edge fields: where the edges of a picture run, whatever its colours and which side of an edge is bright."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

BINS = 6  # edge directions of a cell, 30 degrees apart, without sign
CELL = 4  # pixels a side
WINDOW = 17  # pixels: an edge is weighed against the mean strength in a window of this side
NOISE = 6.0  # grey levels a pixel: an edge weaker than this hardly counts; about twice the noise of an indoor JPEG
FAINT = 3.0  # the same of a reference's luma, where a drawing has no noise


def edges(pixels: Array) -> Array:
    """The edge tensor of RGB float32 [H x W x 3]: [H x W x 2], weight times (cos, sin) of twice the edge's angle.

    The gradient is that of the strongest colour channel (Dalal and Triggs 2005): red on green of one luma has an edge.
    The weight is 0 to 1 against the mean strength around it, so a shadow does not weaken it.
    """
    x, y = _gradient(pixels)
    strength = x * x + y * y
    best = strength.argmax(axis=2)
    at = np.arange(best.size, dtype=np.intp) * 3 + best.ravel()
    x, y, squared = (channels.ravel()[at].reshape(best.shape) for channels in (x, y, strength))
    magnitude = np.sqrt(squared)
    factor = _weight(magnitude, NOISE) / np.maximum(magnitude, 1e-3)
    return np.asarray(cv2.merge([(x * x - y * y) * factor, 2 * x * y * factor]))


def slopes(luma: Array) -> Array:
    """The gradient of luma float32 [H x W]: [H x W x 2], as long as an edge's weight: 0 to 1 whatever the contrast."""
    x, y = _gradient(luma)
    factor = _weight(np.hypot(x, y), FAINT)
    return np.dstack([x * factor, y * factor])


def luma_of(pixels: Array) -> Array:
    """Luma float32 [H x W] of RGB float32 [H x W x 3]."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))


def _gradient(values: Array) -> tuple[Array, Array]:
    x = cv2.Sobel(values, cv2.CV_32F, 1, 0, scale=0.25, borderType=cv2.BORDER_REPLICATE)
    y = cv2.Sobel(values, cv2.CV_32F, 0, 1, scale=0.25, borderType=cv2.BORDER_REPLICATE)
    return x, y


def _weight(magnitude: Array, noise: float) -> Array:
    around = cv2.boxFilter(magnitude, -1, (WINDOW, WINDOW), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(1 / (magnitude + around + noise))


def correlation(a: Array, b: Array, weight: Array) -> float:
    """Of two fields [H x W x n] about nought, by `weight` [H x W]: -1…1."""
    w = cv2.merge([weight] * a.shape[2]).reshape(a.shape)  # in full: a last axis of two is slow to spread over
    weighed = w * a
    power = float((weighed * a).sum()) * float((w * b * b).sum())
    return float((weighed * b).sum()) / max(1e-9, float(np.sqrt(power)))


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
