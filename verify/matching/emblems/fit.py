"""A proposed place, looked at closely: the picture warped back onto the reference, aligned, and measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from verify.image import Image
from verify.matching.emblems.gradients import edges

if TYPE_CHECKING:
    from verify.image import Arrays

Array = npt.NDArray[Any]

SIDE = 64  # the reference is looked at on SIDE x SIDE pixels, or as many of another aspect
MARGIN = 4  # pixels of the ground around it
BLURS = (3.0, 1.5, 0.8)  # pixels: to align coarsely, to align and measure, to measure finely
STEPS = 9  # of the alignment, at each blur
GAINED = 1e-4  # of correlation, below which the alignment has ended
RIDGE = 0.02  # keeps a step small along what the edges do not fix
SLANTED = 5.0  # longer over shorter axis of a circle seen
COLOURLESS = 0.15  # spread of log colour below which a reference counts as grey
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
        return float(np.ptp(self.outline, axis=0).max())


def pyramid_of(image: Image) -> Arrays:
    """The picture at halves: `0` as it is, `1` at one half…, RGB uint8."""
    return image.derive(METHOD, _pyramid)


def _pyramid(image: Image) -> Arrays:
    halved: list[Array] = [image.pixels]
    while min(halved[-1].shape[:2]) > 24:
        halved.append(cv2.pyrDown(halved[-1]))
    return {str(level): pixels for level, pixels in enumerate(halved)}


def sheet_of(reference: Arrays) -> Sheet:
    """The reference as it is looked at."""
    pixels, mask = np.asarray(reference["pixels"], np.float32), np.asarray(reference["mask"], np.uint8)
    height, width = mask.shape
    scale = SIDE / np.sqrt(height * width)
    size = max(12, round(width * scale)), max(12, round(height * scale))
    linear = np.diag([size[0] / width, size[1] / height])
    onto = np.column_stack([linear, MARGIN + (linear.diagonal() - 1) / 2])
    if scale < 1:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.45 / scale))
    full = (size[0] + 2 * MARGIN, size[1] + 2 * MARGIN)
    drawn: Array = cv2.warpAffine(pixels, onto, full, borderMode=cv2.BORDER_REPLICATE)
    near = cv2.dilate(mask, np.ones((3, 3)), iterations=max(1, round(1.5 / scale)))
    weight = cv2.warpAffine(near.astype(np.float32), onto, full)
    return Sheet(drawn, weight, tuple(blurred(edges(drawn), blur) for blur in BLURS), onto)


def blurred(field: Array, sigma: float) -> Array:
    """A field smoothed by a Gaussian of `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma))


def fitted(pyramid: Arrays, sheet: Sheet, affine: Array) -> Fit:
    """The fit after alignment, from a guess of the affine map of reference pixels into the picture."""
    pose = _composed(affine, np.linalg.inv(_square(sheet.onto)))
    for level in (0, 1):
        pose = _aligned(pyramid, sheet, pose, level)
    return measured(pyramid, sheet, pose)


def _aligned(pyramid: Arrays, sheet: Sheet, pose: Array, level: int) -> Array:
    """The affine map of sheet pixels into the picture that makes their edge fields most alike, by Gauss and Newton."""
    target, weight = sheet.fields[level], sheet.weight
    size = weight.shape[1], weight.shape[0]
    best, best_score = pose, -np.inf
    for _ in range(STEPS):
        field = blurred(edges(warped(pyramid, pose, size)), BLURS[level])
        score = _correlation(target, field, weight)
        if score <= best_score + GAINED:
            break
        best, best_score = pose, score
        pose = _composed(pose, _square(_step(target, field, weight)))
        if not _plausible(pose):
            break
    return best


def _step(target: Array, field: Array, weight: Array) -> Array:
    """The affine map [2 x 3] of sheet pixels by which the `field` has to be read to come closer to the `target`."""
    height, width = weight.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    w = weight[..., None]
    gain = max(0.2, float((w * target * field).sum() / max(1e-9, float((w * field**2).sum()))))
    across, down = (cv2.Sobel(field, cv2.CV_32F, *axis, scale=gain / 8) for axis in ((1, 0), (0, 1)))
    u, v = ((x - middle[0]) / SIDE)[..., None], ((y - middle[1]) / SIDE)[..., None]
    parts = np.stack([across, down, across * u, across * v, down * u, down * v], axis=-1).astype(np.float64)
    weighed = (parts * w[..., None]).reshape(-1, 6)
    normal = weighed.T @ parts.reshape(-1, 6)
    normal[np.diag_indices(6)] += RIDGE * np.trace(normal) / 6 + 1e-6
    step = np.linalg.solve(normal, weighed.T @ (target - gain * field).ravel())
    linear = np.eye(2) + step[2:].reshape(2, 2) / SIDE
    return np.column_stack([linear, step[:2] + middle - linear @ middle])


def _plausible(pose: Array) -> bool:
    wide, narrow = np.linalg.svd(pose[:, :2], compute_uv=False)
    return bool(np.linalg.det(pose[:, :2]) > 0 and wide <= SLANTED * narrow)


def measured(pyramid: Arrays, sheet: Sheet, pose: Array) -> Fit:
    """What the warped-back picture and the reference have in common under a map of sheet pixels into the picture."""
    height, width = sheet.weight.shape
    seen = warped(pyramid, pose, (width, height))
    field = edges(seen)
    luma = [cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None] for pixels in (sheet.pixels, seen)]
    right, bottom = width - MARGIN, height - MARGIN
    corners = np.array([(MARGIN, MARGIN), (right, MARGIN), (right, bottom), (MARGIN, bottom)]) - 0.5
    return Fit(
        affine=_composed(pose, _square(sheet.onto)),
        edges=_correlation(sheet.fields[1], blurred(field, BLURS[1]), sheet.weight),
        inner=_correlation(sheet.fields[2], blurred(field, BLURS[2]), sheet.weight),
        grey=_correlation(_centred(luma[0], sheet.weight), _centred(luma[1], sheet.weight), sheet.weight),
        colour=_colour(sheet.pixels, seen, sheet.weight),
        outline=tuple((float(x), float(y)) for x, y in corners @ pose[:, :2].T + pose[:, 2]),
    )


def _colour(reference: Array, seen: Array, weight: Array) -> float | None:
    """Correlation of log-colour opponents about their means: three free gains, so any illuminant and exposure."""
    ours, theirs = (_centred(_opponents(pixels), weight) for pixels in (reference, seen))
    spread = np.sqrt((weight * (ours**2).sum(axis=2)).sum() / weight.sum())
    return _correlation(ours, theirs, weight) if spread >= COLOURLESS else None


def _opponents(pixels: Array) -> Array:
    linear = np.log((np.clip(blurred(pixels, 2.0), 0, 255) / 255) ** 2.2 + 0.02)
    red, green, blue = linear[..., 0], linear[..., 1], linear[..., 2]
    return np.dstack([red - green, (red + green) / 2 - blue])


def _centred(values: Array, weight: Array) -> Array:
    return np.asarray(values - (values * weight[..., None]).sum(axis=(0, 1)) / weight.sum())


def _correlation(a: Array, b: Array, weight: Array) -> float:
    w = weight[..., None]
    power = float((w * a * a).sum()) * float((w * b * b).sum())
    return float((w * a * b).sum()) / max(1e-9, float(np.sqrt(power)))


def warped(pyramid: Arrays, pose: Array, size: tuple[int, int]) -> Array:
    """The picture seen through a map of `size` (width, height) pixels into it, RGB float32, without aliasing."""
    shrink = max(1e-6, float(np.sqrt(abs(np.linalg.det(pose[:, :2])))))
    level = int(np.clip(np.floor(np.log2(shrink) + 0.3), 0, len(pyramid) - 1))
    source: Array = pyramid[str(level)]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(source, pose * 2.0**-level, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float32)


def _square(affine: Array) -> Array:
    return np.vstack([affine, [0, 0, 1]])


def _composed(outer: Array, inner: Array) -> Array:
    """`outer` [2 x 3] after `inner` [3 x 3]."""
    return np.asarray(np.vstack([outer, [0, 0, 1]]) @ inner)[:2]
