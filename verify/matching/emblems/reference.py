"""A reference made ready: what of it is emblem and what is ground, and whether it can serve at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from verify.errors import Refused
from verify.image import Image

if TYPE_CHECKING:
    from verify.image import Arrays

Array = npt.NDArray[Any]

SMALLEST = 32  # pixels, shorter side of a reference; below, it holds too little to be told from anything
LARGEST = 320  # pixels, longer side that is worked on
UNIFORM = 3.0  # grey levels, standard deviation below which there is nothing to look for
GROUND = 8  # grey levels a channel: the rim of a drawing on plain paper varies by less
BRIGHT = 128  # grey levels, mean of the rim; transparent ground arrives as white
METHOD = "emblem-reference-3"


def reference_of(image: Image) -> Arrays:
    """`pixels` RGB uint8 [h x w x 3]; `mask` bool [h x w], the emblem; `scale` and `corner`: x = corner + u / scale.

    Transparent ground, or plain ground around a drawing, is left out. Raises Refused where the reference cannot serve.
    """
    return image.derive(METHOD, _prepare)


def _prepare(image: Image) -> Arrays:
    pixels, mask = _on_ground(image.pixels, image.opacity), _emblem(image)
    width, height = image.size
    if min(width, height) < SMALLEST:
        raise Refused(f"{image.name}: the reference is {width} x {height} pixels; expected at least {SMALLEST} a side.")
    if not mask.any() or (pixels[mask].std(axis=0).max() < UNIFORM and mask.all()):
        raise Refused(f"{image.name}: the reference is one uniform colour; there is nothing in it to look for.")
    (pixels, mask), (left, top) = _cut_out(pixels, mask)
    scale = min(1.0, LARGEST / max(mask.shape))
    size = max(8, round(mask.shape[1] * scale)), max(8, round(mask.shape[0] * scale))
    return {
        "pixels": cv2.resize(pixels, size, interpolation=cv2.INTER_AREA),
        "mask": cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_AREA).astype(bool),
        "scale": np.array([size[0] / mask.shape[1], size[1] / mask.shape[0]]),
        "corner": np.array([left, top], np.float64),
    }


def _cut_out(pixels: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> tuple[tuple[Array, Array], tuple[int, int]]:
    """The emblem with a little of its ground, and where that begins, x and y, which may lie outside the file.

    A drawing cut close to its outline gets the ground that it lacks: else where it ends it would have no edge.
    """
    if mask.all():
        return (pixels, mask), (0, 0)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    pad = max(2, round(0.04 * max(np.ptp(rows), np.ptp(columns))))
    ground = np.median(pixels[~mask], axis=0).tolist()
    box = np.s_[rows[0] : rows[-1] + 2 * pad + 1, columns[0] : columns[-1] + 2 * pad + 1]
    framed = cv2.copyMakeBorder(pixels, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=ground)
    emblem = cv2.copyMakeBorder(mask.astype(np.uint8), pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0).astype(bool)
    return (framed[box], emblem[box]), (int(columns[0]) - pad, int(rows[0]) - pad)


def _on_ground(pixels: npt.NDArray[np.uint8], opacity: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """What lies on transparent ground, black where it is bright at its rim: a white emblem on white has no outline."""
    solid = (opacity >= 128).astype(np.uint8)
    rim = (solid > 0) & (np.asarray(cv2.erode(solid, np.ones((5, 5)))) == 0)
    if solid.all() or not rim.any() or pixels[rim].mean() < BRIGHT:
        return pixels
    return np.asarray(np.clip(pixels - (255.0 - opacity[..., None]), 0, 255), np.uint8)


def _emblem(image: Image) -> npt.NDArray[np.bool_]:
    """Where the emblem is: what is not transparent, else what is not joined to the rim by plain ground, else all."""
    opacity = image.opacity
    if (opacity < 128).any():
        return opacity >= 128
    pixels = image.pixels
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).astype(np.int16)
    colour = np.median(rim, axis=0)
    if (np.abs(rim - colour).max(axis=1) > GROUND).mean() > 0.02:
        return np.ones(opacity.shape, bool)
    plain = (np.abs(pixels.astype(np.int16) - colour).max(axis=2) <= GROUND).astype(np.uint8)
    _, labels = cv2.connectedComponents(plain, connectivity=4)
    outside = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    ground = np.isin(labels, outside[outside > 0])
    if ground.mean() > 0.98:
        raise Refused(f"{image.name}: the reference is one uniform colour; there is nothing in it to look for.")
    return ~ground
