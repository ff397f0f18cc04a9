"""Whole-shape search: the reference's edges against every place of the picture, for emblems without fine detail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.linalg import cho_factor, cho_solve

from verify.image import Image
from verify.matching.emblems.field import BINS, CELL, cells

if TYPE_CHECKING:
    import numpy.typing as npt

    from verify.image import Arrays

    Floats = npt.NDArray[np.float32]

STEPS = 3  # scales an octave
FINEST = 896  # pixels, longer side of the finest level: an emblem of 1/28 of the picture is still found
COARSEST = 44  # pixels
AREA = 64  # cells of a template, about 8 x 8
ASPECTS = ((4, 16), (5, 13), (6, 11), (7, 9), (8, 8), (9, 7), (11, 6), (13, 5), (16, 4))  # rows x columns
TURNS = (-30, -15, 0, 15, 30)  # degrees; keypoints find an emblem turned further
SQUEEZES = ((1.0, 1.0), (0.7, 1.0), (1.0, 0.7))  # x, y: seen from the side or from below by 45 degrees
RIDGE = 0.02  # share of the mean variance added to every cell's: a picture of few windows stays invertible
METHOD = "emblem-cells-1"


def levels_of(image: Image) -> Arrays:
    """Cell histograms of the picture at each scale, by level: `scale-N` (level pixels a picture pixel) and `cells-N`."""
    return image.derive(METHOD, _levels)


def _levels(image: Image) -> Arrays:
    width, height = image.size
    scale, found, pixels = min(2.0, FINEST / max(width, height)), {}, image.pixels
    while scale * max(width, height) >= COARSEST:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        padded = cv2.copyMakeBorder(small, *[2 * CELL] * 4, cv2.BORDER_REPLICATE)
        found[f"scale-{len(found) // 2}"] = np.array([size[0] / width, size[1] / height])
        found[f"cells-{len(found) // 2}"] = cells(padded.astype(np.float32))
        scale /= 2 ** (1 / STEPS)
    return found


def variants(reference: Arrays) -> list[tuple[Floats, Floats, npt.NDArray[np.float64]]]:
    """The reference turned and squeezed: cells [h x w x 6], weight of each cell [h x w], and the affine map onto them."""
    pixels, mask = reference["pixels"].astype(np.float32), reference["mask"]
    height, width = mask.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    found = []
    for turn in TURNS:
        cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        for squeeze in SQUEEZES:
            linear = np.diag(squeeze) @ np.array([[cos, -sin], [sin, cos]])
            extent = np.ptp(corners @ linear.T, axis=0)
            rows, columns = min(ASPECTS, key=lambda a: abs(np.log(a[0] * extent[0] / (a[1] * extent[1]))))
            size = columns * CELL, rows * CELL
            linear *= min(size[0] / extent[0], size[1] / extent[1])
            shift = np.array(size) / 2 - linear @ np.array([width, height]) / 2
            affine = np.column_stack([linear, shift])
            found.append((*_drawn(pixels, mask, affine, size), affine))
    return found


def _drawn(
    pixels: Floats, mask: npt.NDArray[np.bool_], affine: npt.NDArray[np.float64], size: tuple[int, int]
) -> tuple[Floats, Floats]:
    shrink = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    if shrink < 1:
        pixels = cv2.GaussianBlur(pixels, (0, 0), max(0.3, 0.45 / shrink))
    drawn = cv2.warpAffine(pixels, affine, size, borderMode=cv2.BORDER_REPLICATE)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3)), iterations=max(1, round(1.5 / shrink)))
    weight = cv2.warpAffine(near.astype(np.float32), affine, size)
    pooled = weight.reshape(size[1] // CELL, CELL, size[0] // CELL, CELL).mean(axis=(1, 3))
    return cells(drawn), pooled.astype(np.float32)


def search(levels: Arrays, reference: Arrays, keep: int = 5) -> list[tuple[float, npt.NDArray[np.float64]]]:
    """The places most like the reference: (z, affine map [2 x 3] of reference pixels into the picture), best first.

    z is the output of the matched filter that the picture's own edges define, in standard deviations over all its places
    (Hariharan, Malik and Ramanan 2012, "Discriminative decorrelation for clustering and classification", with the
    picture as its own background).
    """
    shapes: dict[tuple[int, int], list[tuple[Floats, Floats, npt.NDArray[np.float64]]]] = {}
    for variant in variants(reference):
        shapes.setdefault(variant[0].shape[:2], []).append(variant)
    found: list[tuple[float, npt.NDArray[np.float64]]] = []
    for shape, drawn in shapes.items():
        found += _search_shape(levels, shape, drawn)
    return _apart(sorted(found, key=lambda f: -f[0]), reference["mask"].shape, keep)


def _search_shape(levels, shape, drawn):
    rows, columns = shape
    count = len(levels) // 2
    fitting = [
        n for n in range(count) if levels[f"cells-{n}"].shape[0] >= rows and levels[f"cells-{n}"].shape[1] >= columns
    ]
    if not fitting:
        return []
    mean, factor = _background(levels, fitting, shape)
    filters, spread = [], []
    for edges, weight, _ in drawn:
        apart = (edges * weight[..., None] - mean.reshape(edges.shape) * weight[..., None]).ravel()
        solved = cho_solve(factor, apart)
        filters.append(solved / np.sqrt(apart @ solved))
    kernel = np.stack(filters, axis=1).astype(np.float32)
    offset = mean @ kernel
    found = []
    for n in fitting:
        z = _correlate(levels[f"cells-{n}"], kernel, shape) - offset
        flat = z.ravel()
        for at in np.argpartition(flat, -min(12, flat.size))[-12:]:
            y, x, which = np.unravel_index(at, z.shape)
            affine = drawn[which][2].copy()
            affine[:, 2] += (np.array([x, y]) - 2) * CELL
            affine /= levels[f"scale-{n}"][:, None]
            found.append((float(flat[at]), affine))
    return found


def _background(levels, fitting, shape):
    """Mean and Cholesky factor of the covariance of a template's worth of cells, over places of the picture itself."""
    rows, columns = shape
    samples = []
    for n in fitting:
        windows = np.lib.stride_tricks.sliding_window_view(levels[f"cells-{n}"], shape, axis=(0, 1))
        step = max(1, round(np.sqrt(windows.shape[0] * windows.shape[1] / 500)))
        samples.append(windows[::step, ::step].transpose(0, 1, 3, 4, 2).reshape(-1, rows * columns * BINS))
    stack = np.concatenate(samples)
    mean = stack.mean(axis=0)
    centred = stack - mean
    covariance = (centred.T @ centred) / len(stack)
    covariance[np.diag_indices_from(covariance)] += RIDGE * np.trace(covariance) / len(covariance) + 1e-6
    return mean, cho_factor(covariance.astype(np.float64))


def _correlate(level: Floats, kernel: Floats, shape: tuple[int, int]) -> Floats:
    """Every window of `level` times `kernel` [rows*columns*6 x T]: [y x x x T], row by row to keep the copies small."""
    rows, columns = shape
    height, width = level.shape[0] - rows + 1, level.shape[1] - columns + 1
    strips = np.lib.stride_tricks.sliding_window_view(level, columns, axis=1).transpose(0, 1, 3, 2)
    strips = np.ascontiguousarray(strips).reshape(level.shape[0], width, columns * BINS)
    parts = kernel.reshape(rows, columns * BINS, -1)
    out = np.zeros((height * width, kernel.shape[1]), np.float32)
    for row in range(rows):
        out += strips[row : row + height].reshape(height * width, -1) @ parts[row]
    return out.reshape(height, width, -1)


def _apart(found, shape, keep):
    """The best places that are not the same place again."""
    kept = []
    centre = np.array([shape[1] / 2, shape[0] / 2])
    for z, affine in found:
        at, size = affine[:, :2] @ centre + affine[:, 2], np.sqrt(abs(np.linalg.det(affine[:, :2])))
        if all(
            np.hypot(*(at - a)) > 0.25 * min(size, s) * max(shape) or max(s, size) > 1.6 * min(s, size)
            for a, s in ((k[2], k[3]) for k in kept)
        ):
            kept.append((z, affine, at, size))
        if len(kept) == keep:
            break
    return [(z, affine) for z, affine, _, _ in kept]
