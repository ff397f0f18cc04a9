"""Whole-shape search: the reference's edges against every place of the picture, for emblems without fine detail."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve

from verify.image import Image
from verify.matching.emblems.fit import square, through
from verify.matching.emblems.gradients import BINS, CELL, cells
from verify.matching.emblems.relief import lit

if TYPE_CHECKING:
    from verify.image import Arrays

Array = npt.NDArray[Any]

STEPS = 3  # scales an octave
FINEST = 896  # pixels, longer side of the finest level: an emblem of 1/28 of the picture is still found
COARSEST = 44  # pixels
RIM = 2  # cells around the picture, so that an emblem that fills it has a place
AREA = 64  # cells of a template, about 8 x 8
ASPECTS = ((4, 16), (5, 13), (6, 11), (7, 9), (8, 8), (9, 7), (11, 6), (13, 5), (16, 4))  # rows x columns
TURNS = (-30, -15, 0, 15, 30)  # degrees; keypoints find an emblem turned further
SQUEEZES = ((1.0, 1.0), (0.7, 1.0), (1.0, 0.7))  # x, y: seen from the side or from below by 45 degrees
RIDGE = 0.02  # share of the mean variance added to every cell's: a picture of few windows stays invertible
SAMPLES = 500  # places a level that the background is learnt from
LIGHTS = (np.pi / 4, 3 * np.pi / 4)  # of the reliefs, by turns; edges have no sign, so these stand for four
APART = 0.15  # of the emblem: two poses whose corners lie closer on average are one
SKETCH = 128  # pixels, longer side of the reference that templates are drawn from
PEAKS = 12  # places a level and shape that go on to be compared
METHOD = "emblem-cells-1"


def search(picture: Image, reference: Image, prepared: Arrays, keep: int = 24) -> list[tuple[float, Array]]:
    """The places most like the reference: (z, map [3 x 3] of `prepared` pixels into the picture), best first.

    z is the output of the matched filter that the picture's own edges define, in standard deviations over its places:
    Hariharan, Malik and Ramanan 2012, "Discriminative decorrelation for clustering and classification", with the
    picture as its own background.
    """
    drawn = reference.derive(METHOD + " variants", lambda _: _variants(prepared))
    levels = picture.derive(METHOD, _levels)
    found: list[tuple[float, Array]] = []
    for n, shape in enumerate(ASPECTS):
        if f"affines-{n}" in drawn:
            background = picture.derive(f"{METHOD} background {n}", partial(_background, levels, shape))
            if background:
                found += _peaks(levels, background, drawn[f"cells-{n}"], drawn[f"weights-{n}"], drawn[f"affines-{n}"])
    found.sort(key=lambda place: -place[0])
    return apart([(z, square(affine)) for z, affine in found], prepared["mask"].shape, keep)


def _levels(image: Image) -> Arrays:
    """The picture at each scale: `scale-N` (level pixels a picture pixel, x and y) and `cells-N` [h x w x 6]."""
    width, height = image.size
    scale, pixels = min(2.0, FINEST / max(width, height)), image.pixels
    found: dict[str, Array] = {}
    rim = RIM * CELL
    while scale * max(width, height) >= COARSEST:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        padded = cv2.copyMakeBorder(small, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
        n = len(found) // 2
        found[f"scale-{n}"] = np.array([size[0] / width, size[1] / height])
        found[f"cells-{n}"] = cells(padded.astype(np.float32))
        scale /= 2 ** (1 / STEPS)
    return found


def _variants(reference: Arrays) -> Arrays:
    """The reference turned and squeezed, as drawn and as a relief, by template shape.

    `cells-N`, `weights-N`, `affines-N` (onto the template).
    """
    height, width = reference["mask"].shape
    shrunk = min(1.0, SKETCH / max(height, width))
    small = max(8, round(width * shrunk)), max(8, round(height * shrunk))
    pixels = cv2.resize(reference["pixels"].astype(np.float32), small, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(reference["mask"].astype(np.float32), small, interpolation=cv2.INTER_AREA) >= 0.5
    reliefs = [lit(pixels, mask, light) for light in LIGHTS] if mask.any() else []
    back = np.diag([width / small[0], height / small[1], 1.0])
    found: dict[str, list[Array]] = {}
    for count, turn in enumerate(np.radians(TURNS)):
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        for squeeze in SQUEEZES:
            n, affine, size = _framed(np.diag(squeeze) @ rotation, width, height)
            for looks in (pixels, *reliefs[count % 2 : count % 2 + 1]):
                drawn, weight = _drawn(looks, mask, affine @ back, size)
                for name, value in (("cells", drawn), ("weights", weight), ("affines", affine)):
                    found.setdefault(f"{name}-{n}", []).append(value)
    return {name: np.stack(values) for name, values in found.items()}


def _framed(linear: Array, width: int, height: int) -> tuple[int, Array, tuple[int, int]]:
    """Which of ASPECTS suits a reference seen through `linear`, its map [2 x 3] onto that template, and its pixels."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    extent = np.ptp(corners @ linear.T, axis=0)
    aspect = extent[0] / extent[1]
    n = min(range(len(ASPECTS)), key=lambda i: abs(np.log(ASPECTS[i][0] / ASPECTS[i][1] * aspect)))
    size = ASPECTS[n][1] * CELL, ASPECTS[n][0] * CELL
    linear = linear * min(size[0] / extent[0], size[1] / extent[1])
    return n, np.column_stack([linear, np.array(size) / 2 - linear @ np.array([width, height]) / 2]), size


def _drawn(pixels: Array, mask: Array, affine: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    shrink = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    if shrink < 1:
        pixels = cv2.GaussianBlur(pixels, (0, 0), max(0.3, 0.45 / shrink))
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3)), iterations=max(1, round(1.5 / shrink)))
    weight = cv2.warpAffine(near.astype(np.float32), affine, size)
    pooled = weight.reshape(size[1] // CELL, CELL, size[0] // CELL, CELL).mean(axis=(1, 3))
    drawn: Array = cv2.warpAffine(pixels, affine, size, borderMode=cv2.BORDER_REPLICATE)
    return cells(drawn), pooled


def _background(levels: Arrays, shape: tuple[int, int], _: Image) -> Arrays:
    """Mean and covariance (its lower Cholesky factor) of a template's worth of cells, over the picture's places."""
    samples = []
    for n in range(len(levels) // 2):
        if _fits(levels[f"cells-{n}"], shape):
            windows = np.lib.stride_tricks.sliding_window_view(levels[f"cells-{n}"], shape, axis=(0, 1))
            step = max(1, round(np.sqrt(windows.shape[0] * windows.shape[1] / SAMPLES)))
            taken = windows[::step, ::step].transpose(0, 1, 3, 4, 2)
            samples.append(taken.reshape(-1, shape[0] * shape[1] * BINS))
    if not samples:
        return {}
    stack = np.concatenate(samples)
    mean = stack.mean(axis=0)
    covariance = ((stack - mean).T @ (stack - mean)).astype(np.float64) / len(stack)
    covariance[np.diag_indices_from(covariance)] += RIDGE * np.trace(covariance) / len(covariance) + 1e-4
    return {"mean": mean, "factor": np.linalg.cholesky(covariance).astype(np.float32)}


def _fits(level: Array, shape: tuple[int, int]) -> bool:
    return bool(level.shape[0] >= shape[0] and level.shape[1] >= shape[1])


def _peaks(
    levels: Arrays, background: Arrays, drawn: Array, weights: Array, affines: Array
) -> list[tuple[float, Array]]:
    shape = drawn.shape[1:3]
    mean = background["mean"]
    apart = ((drawn - mean.reshape(drawn.shape[1:])) * weights[..., None]).reshape(len(drawn), -1)
    solved = cho_solve((background["factor"], True), apart.T, check_finite=False).T
    kernels = (solved / np.sqrt((apart * solved).sum(axis=1, keepdims=True))).astype(np.float32)
    offset = kernels @ mean
    kernels = kernels.reshape(drawn.shape)
    found = []
    for n in range(len(levels) // 2):
        if not _fits(levels[f"cells-{n}"], shape):
            continue
        z = _correlated(levels[f"cells-{n}"], kernels) - offset[:, None, None]
        flat = z.ravel()
        for at in np.argpartition(flat, -min(PEAKS, flat.size))[-PEAKS:]:
            which, y, x = np.unravel_index(at, z.shape)
            affine = affines[which].copy()
            affine[:, 2] += (np.array([x, y]) - RIM) * CELL
            found.append((float(flat[at]), affine / levels[f"scale-{n}"][:, None]))
    return found


def _correlated(level: Array, kernels: Array) -> Array:
    """Every window of `level` [h x w x 6] times `kernels` [T x rows x columns x 6]: [T x y x x]."""
    count, rows, columns, _ = kernels.shape
    height, width = level.shape[0] - rows + 1, level.shape[1] - columns + 1
    planes = [np.ascontiguousarray(level[..., n]) for n in range(BINS)]
    by_plane = np.ascontiguousarray(kernels.transpose(0, 3, 1, 2))
    out = np.empty((count, height, width), np.float32)
    whole, seen = np.empty_like(planes[0]), np.empty_like(planes[0])
    for which in range(count):
        cv2.filter2D(planes[0], -1, by_plane[which, 0], dst=whole, anchor=(0, 0))
        for n in range(1, BINS):
            cv2.filter2D(planes[n], -1, by_plane[which, n], dst=seen, anchor=(0, 0))
            cv2.add(whole, seen, dst=whole)
        out[which] = whole[:height, :width]
    return out


def apart(found: list[tuple[float, Array]], shape: tuple[int, ...], keep: int) -> list[tuple[float, Array]]:
    """The first `keep` poses (score, map [3 x 3] of a reference of `shape`) that are not one that came before."""
    kept: list[tuple[float, Array]] = []
    corners = np.array([[0, 0], [shape[1], 0], [shape[1], shape[0]], [0, shape[0]]], float)
    seen = np.zeros((0, 4, 2))
    for score, pose in found:
        own = through(pose, corners)
        size = np.ptp(own, axis=0).max()
        if not len(seen) or np.hypot(*(seen - own).transpose(2, 0, 1)).mean(axis=1).min() > APART * size:
            kept.append((score, pose))
            seen = np.concatenate([seen, own[None]])
        if len(kept) == keep:
            break
    return kept
