"""A proposed place, looked at closely: the picture warped back onto the reference, aligned, and measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from verify.image import Image
from verify.matching.emblems.gradients import edges

if TYPE_CHECKING:
    import numpy.typing as npt

    from verify.image import Arrays

    Array = npt.NDArray[np.float64]

SIDE = 64  # the reference is looked at on SIDE x SIDE pixels, or as many of another aspect
MARGIN = 4  # pixels of the ground around it
BLURS = (3.0, 1.5, 0.8)  # pixels: to align coarsely, to align and measure, to measure finely
METHOD = "emblem-pyramid-1"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The reference at the size it is looked at: RGB float32, weight [h x w], its edge field at each of BLURS."""

    pixels: Array
    weight: Array
    fields: tuple[Array, ...]
    onto: Array  # affine [2 x 3], pixels of the reference to pixels of the sheet


@dataclass(frozen=True, slots=True)
class Fit:
    """How a place of the picture looks like the reference, after alignment; correlations lie in -1…1."""

    affine: Array  # [2 x 3], pixels of the reference to pixels of the picture
    edges: float  # of the edge fields
    inner: float  # of the edge fields, finer
    grey: float  # of luma; below 0 where dark and bright are exchanged
    colour: float | None  # of the colours, gains of the light cancelled; None where the reference is grey
    outline: tuple[tuple[float, float], ...]  # the reference's four corners in the picture

    @property
    def size(self) -> float:
        """Pixels, longer side of the upright box around the outline."""
        return max(max(values) - min(values) for values in zip(*self.outline, strict=True))


def pyramid_of(image: Image) -> Arrays:
    """The picture at halves: `0` as it is, `1` at one half…, RGB uint8."""
    return image.derive(METHOD, _pyramid)


def _pyramid(image: Image) -> Arrays:
    levels = {"0": image.pixels}
    while min(levels[str(len(levels) - 1)].shape[:2]) > 24:
        levels[str(len(levels))] = cv2.pyrDown(levels[str(len(levels) - 1)])
    return levels


def sheet_of(reference: Arrays) -> Sheet:
    height, width = reference["mask"].shape
    scale = SIDE / np.sqrt(height * width)
    size = max(12, round(width * scale)), max(12, round(height * scale))
    linear = np.diag([size[0] / width, size[1] / height])
    onto = np.column_stack([linear, np.array([MARGIN, MARGIN]) + (linear.diagonal() - 1) / 2])
    pixels = cv2.GaussianBlur(reference["pixels"], (0, 0), 0.45 / scale) if scale < 1 else reference["pixels"]
    full = (size[0] + 2 * MARGIN, size[1] + 2 * MARGIN)
    drawn = cv2.warpAffine(pixels, onto, full, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    near = cv2.dilate(reference["mask"].astype(np.uint8), np.ones((3, 3)), iterations=max(1, round(1.5 / scale)))
    weight = cv2.warpAffine(near.astype(np.float32), onto, full)
    fields = tuple(cv2.GaussianBlur(edges(drawn), (0, 0), blur) for blur in BLURS)
    return Sheet(drawn, weight, fields, onto)


def fitted(pyramid: Arrays, sheet: Sheet, affine: Array) -> Fit:
    """The fit after alignment, from a guess of the affine map of reference pixels into the picture."""
    start = _composed(affine, np.linalg.inv(_square(sheet.onto)))
    pose = start
    for level in (0, 1):
        pose = _aligned(pyramid, sheet, pose, level)
    return measured(pyramid, sheet, pose)


def _aligned(pyramid: Arrays, sheet: Sheet, pose: Array, level: int, steps: int = 8) -> Array:
    """Gauss-Newton on the edge field: the affine map of sheet pixels into the picture that makes them most alike."""
    target, weight = sheet.fields[level], sheet.weight
    height, width = weight.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x0, y0 = (width - 1) / 2, (height - 1) / 2
    best, best_score = pose, -2.0
    for _ in range(steps + 1):
        field = cv2.GaussianBlur(edges(warped(pyramid, pose, (width, height))), (0, 0), BLURS[level])
        score = _correlation(target, field, weight)
        if score <= best_score + 1e-4 and best_score > -2:
            break
        if score > best_score:
            best, best_score = pose, score
        gain = (weight[..., None] * target * field).sum() / max(1e-9, (weight[..., None] * field**2).sum())
        residual = (target - max(gain, 0.2) * field) * weight[..., None]
        across = cv2.Sobel(field, cv2.CV_32F, 1, 0, scale=0.125)
        down = cv2.Sobel(field, cv2.CV_32F, 0, 1, scale=0.125)
        u, v = ((x - x0) / SIDE)[..., None], ((y - y0) / SIDE)[..., None]
        parts = np.stack([across, down, across * u, across * v, down * u, down * v], axis=-1) * max(gain, 0.2)
        flat = (parts * weight[..., None, None]).reshape(-1, 6)
        normal = flat.T @ parts.reshape(-1, 6)
        normal[np.diag_indices(6)] += 0.02 * np.trace(normal) / 6
        step = np.linalg.solve(normal.astype(float), (parts.reshape(-1, 6).T @ residual.ravel()).astype(float))
        moved = np.array([[1 + step[2] / SIDE, step[3] / SIDE, step[0]], [step[4] / SIDE, 1 + step[5] / SIDE, step[1]]])
        moved[:, 2] -= moved[:, :2] @ [x0, y0] - [x0, y0]
        pose = _composed(pose, _square(moved))
        values = np.linalg.svd(pose[:, :2], compute_uv=False)
        if np.linalg.det(pose[:, :2]) <= 0 or values[0] > 5 * values[1]:
            break
    return best


def measured(pyramid: Arrays, sheet: Sheet, pose: Array) -> Fit:
    """What the warped-back picture and the reference have in common under a map of sheet pixels into the picture."""
    height, width = sheet.weight.shape
    seen = warped(pyramid, pose, (width, height))
    field = edges(seen)
    shape = _correlation(sheet.fields[1], cv2.GaussianBlur(field, (0, 0), BLURS[1]), sheet.weight)
    inner = _correlation(sheet.fields[2], cv2.GaussianBlur(field, (0, 0), BLURS[2]), sheet.weight)
    luma = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (sheet.pixels, seen)]
    grey = _centred_correlation(luma[0][..., None], luma[1][..., None], sheet.weight)
    corners = np.array([(MARGIN, MARGIN), (width - MARGIN, MARGIN), (width - MARGIN, height - MARGIN), (MARGIN, height - MARGIN)])
    outline = tuple((float(x), float(y)) for x, y in (corners - 0.5) @ pose[:, :2].T + pose[:, 2])
    colour = _colour(sheet.pixels, seen, sheet.weight)
    return Fit(_composed(pose, _square(sheet.onto)), shape, inner, grey, colour, outline)


def _colour(a, b, weight):
    """Correlation of log-colour opponents, their mean taken away (three free gains: any illuminant and exposure)."""
    opponents = []
    for pixels in (a, b):
        small = cv2.GaussianBlur(pixels, (0, 0), 2.0)
        linear = np.log((np.clip(small, 0, 255) / 255) ** 2.2 + 0.02)
        opponents.append(np.dstack([linear[..., 0] - linear[..., 1], (linear[..., 0] + linear[..., 1]) / 2 - linear[..., 2]]))
    spread = np.sqrt(np.average(((opponents[0] - np.average(opponents[0], (0, 1), np.repeat(weight[..., None], 2, 2))) ** 2).sum(axis=2), weights=weight))
    if spread < 0.15:
        return None
    return _centred_correlation(opponents[0], opponents[1], weight)


def _centred_correlation(a, b, weight):
    w = np.repeat(weight[..., None], a.shape[2], axis=2)
    a, b = a - np.average(a, (0, 1), w), b - np.average(b, (0, 1), w)
    return float((w * a * b).sum() / np.sqrt(max(1e-9, (w * a * a).sum() * (w * b * b).sum())))


def _correlation(a, b, weight):
    w = weight[..., None]
    return float((w * a * b).sum() / np.sqrt(max(1e-9, float((w * a * a).sum()) * float((w * b * b).sum()))))


def warped(pyramid: Arrays, pose: Array, size: tuple[int, int]):
    """The picture seen through a map of `size` (width, height) pixels into it, RGB float32, without aliasing."""
    shrink = np.sqrt(abs(np.linalg.det(pose[:, :2])))
    level = int(np.clip(np.floor(np.log2(max(shrink, 1e-6)) + 0.3), 0, len(pyramid) - 1))
    factor = 2.0**-level
    scaled = pose * factor
    return cv2.warpAffine(pyramid[str(level)], scaled, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)


def _square(affine):
    return np.vstack([affine, [0, 0, 1]])


def _composed(outer, inner):
    return outer[:, :2] @ inner[:2] + np.column_stack([np.zeros((2, 2)), outer[:, 2]])
