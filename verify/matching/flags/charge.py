"""Whether the charge of a banded flag (crescent and star, arms, wheel) is seen where the drawing has it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from verify.matching.flags.cloth import Cloth, sampled
from verify.matching.flags.colour import Floats
from verify.matching.flags.designs import Bytes, Design

Exact = npt.NDArray[np.float64]

SMALLEST = 12.0  # pixels of the charge in the picture; the crescent of bands of 20 pixels is 12 high
SIDE = 32  # cells across and down the charge and its surroundings
ROUND = 0.25  # of the charge's extent, looked at about it, and by which it may be off
# Standard deviation (cells) of the Gaussian that charge and picture are seen through, and how many times as large as
# drawn the charge may be in folds: of 31 right flags whose steps of colour agree, 1 in 20 is below 0.49 so, and below
# 0.29 at one size and sharp (part `chance`)
SOFT = 1.5
GROWN = 0.8, 1.0, 1.25
DIFFERENT = 0.12  # sRGB difference (0 to 1) from the bands that makes a pixel of the drawing part of a charge
AREA = (0.004, 0.25)  # share of the drawing that a charge takes


def charge(pixels: Bytes, cloth: Cloth, design: Design, *, mirrored: bool) -> float | None:
    """Correlation (-1 to 1) of the rectified picture with the drawing's charge; nothing where none could be seen."""
    drawing = np.asarray(design.drawing[:, ::-1] if mirrored else design.drawing, np.float32) / np.float32(255)
    plain, part = _beside(drawing, design)
    if not AREA[0] < part.mean() < AREA[1]:
        return None
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    size = np.array([np.ptp(columns) + 1, np.ptp(rows) + 1])
    if size.min() * cloth.height / len(drawing) < SMALLEST:
        return None
    first, extent = np.array([columns[0], rows[0]]) - ROUND * size, (1 + 2 * ROUND) * size
    off = _cut(drawing - plain, first, extent)
    way = _direction(off)
    edge = round(SIDE * ROUND / (1 + 2 * ROUND) / 2)
    drawn = np.ascontiguousarray(_soft(off @ way)[edge:-edge, edge:-edge])
    return max(_agree(pixels, cloth, plain @ way, drawn, way, first, extent, grown) for grown in GROWN)


def bears(design: Design) -> bool:
    """Whether the drawing shows anything but its bands."""
    drawing = np.asarray(design.drawing, np.float32) / np.float32(255)
    return float(_beside(drawing, design)[1].mean()) > AREA[0]


def _agree(
    pixels: Bytes, cloth: Cloth, plain: Floats, drawn: Floats, way: Floats, first: Exact, extent: Exact, grown: float
) -> float:
    """Correlation where the charge's surroundings are `grown` times as large as drawn; the best shift of it."""
    first, extent = first + extent * (1 - grown) / 2, extent * grown
    places = np.asarray((first + extent * _grid()) / (plain.shape[1], plain.shape[0]), np.float32)
    flat = (sampled(pixels, cloth, places) @ way).astype(np.float64)
    given = np.stack([_cut(plain, first, extent).ravel(), np.ones(SIDE * SIDE)], axis=1)
    rest = flat - given @ np.linalg.lstsq(given, flat, rcond=None)[0]  # what the bands do not explain
    found = cv2.matchTemplate(_soft(rest.reshape(SIDE, SIDE)), drawn, cv2.TM_CCOEFF_NORMED)
    return float(found.max())


def _soft(values: npt.NDArray[np.floating]) -> Floats:
    """Without the finest: in folds a ring of one cell does not lie on a ring."""
    return np.asarray(cv2.GaussianBlur(np.asarray(values, np.float32), (0, 0), SOFT), np.float32)


def _beside(drawing: Floats, design: Design) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The drawing without what is not bands, and where that is [H x W]."""
    plain = _plain(drawing, upright=design.bands.upright) if design.bands else drawing
    return plain, np.asarray(np.abs(drawing - plain).max(axis=2) > DIFFERENT)


def _plain(drawing: Floats, *, upright: bool) -> Floats:
    """The drawing without its charge: each row (column, where upright) in its own most usual colour."""
    way = 0 if upright else 1
    return np.broadcast_to(np.median(drawing, axis=way, keepdims=True), drawing.shape)


def _grid() -> Floats:
    """Cell centres of the square [SIDE² x 2]."""
    steps = (np.arange(SIDE) + 0.5) / SIDE
    x, y = np.meshgrid(steps, steps)
    return np.asarray(np.stack([x.ravel(), y.ravel()], axis=1), np.float32)


def _cut(drawing: Floats, first: Exact, extent: Exact) -> Floats:
    """A box of the drawing in cells, its edge continued."""
    places = np.asarray(first + extent * _grid() - 0.5, np.float32).reshape(SIDE, SIDE, 2)
    cut = cv2.remap(
        np.ascontiguousarray(drawing), places[..., 0], places[..., 1], cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cut, np.float32)


def _direction(off: Floats) -> Floats:
    """The direction of colour in which the charge differs most from the bands [3]."""
    flat = off.reshape(-1, 3)
    return np.asarray(np.linalg.eigh(flat.T @ flat)[1][:, -1], np.float32)
