"""A proposed place, looked at closely: the picture warped back onto the reference and aligned with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from verify.image import Image
from verify.matching.emblems.gradients import correlation, edges

if TYPE_CHECKING:
    from verify.image import Arrays

Array = npt.NDArray[Any]

SIDE = 64  # the reference is looked at on SIDE x SIDE pixels, or as many of another aspect
SMALL = 32  # the same while many places are sifted
MARGIN = 4  # pixels of the ground around it
BLUR = 1.5  # pixels: how soft edge fields are compared
STEPS = 6  # of the alignment at most, on either sheet, as either kind of map
AFFINE, HOMOGRAPHY = 6, 8  # numbers that a map has
WORTH = 0.3  # correlation as an affine map from which on a homography is tried: 96 % of right places, half of the wrong
GAINED = 1e-4  # of correlation, below which the alignment has ended
RIDGE = 0.02  # keeps a step small along what the edges do not fix
SLANTED = 5.0  # longer over shorter axis of a circle seen
DEPTH = 2.0  # its far side over its near side; at an arm's length, 50 degrees aslant, a sheet of paper has 1.5
RIM = 4  # pixels: what lies deeper than this is inside, where emblems of one outline differ
HOLLOW = 0.25  # of the emblem: where less than this lies deeper, as in thin letters, all of it counts as inside
METHOD = "emblem-pyramid-1"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The reference at a size it is looked at, [h x w] pixels.

    `pixels` RGB float32; `weight` 1 on the emblem and close around it, `inside` 1 deep in it, else 0; `field` the edge
    field, soft; `onto` the affine map [2 x 3] of pixels of the reference to those of the sheet; `corners` [4 x 2] those
    of the upright box around the emblem; `outlined` where the reference shows what it ends against, as a crop of a
    photograph does not; `coarse` the same on half as many a side, None for that itself.
    """

    pixels: Array
    weight: Array
    inside: Array
    field: Array
    onto: Array
    corners: Array
    outlined: bool
    coarse: Sheet | None

    @property
    def rim(self) -> Array:
        """1 on the outline and close around it, else 0 [h x w]."""
        return np.asarray(np.maximum(self.weight - self.inside, 0.0))


def pyramid_of(image: Image) -> Arrays:
    """The picture at halves: `0` as it is, `1` at one half…, RGB uint8."""
    return image.derive(METHOD, _pyramid)


def _pyramid(image: Image) -> Arrays:
    halved: list[Array] = [image.pixels]
    while min(halved[-1].shape[:2]) > 24:
        halved.append(cv2.pyrDown(halved[-1]))
    return {str(level): pixels for level, pixels in enumerate(halved)}


def sheet_of(reference: Arrays, side: int = SIDE) -> Sheet:
    """The reference as it is looked at, on about `side` x `side` pixels."""
    pixels, mask = np.asarray(reference["pixels"], np.float32), np.asarray(reference["mask"], np.uint8)
    height, width = mask.shape
    scale = side / np.sqrt(height * width)
    size = max(12, round(width * scale)), max(12, round(height * scale))
    linear = np.diag([size[0] / width, size[1] / height])
    onto = np.column_stack([linear, MARGIN + (linear.diagonal() - 1) / 2])
    softness = 0.45 / scale
    if scale < 1:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), softness))
    full = (size[0] + 2 * MARGIN, size[1] + 2 * MARGIN)
    drawn: Array = cv2.warpAffine(pixels, onto, full, borderMode=cv2.BORDER_REPLICATE)
    near = cv2.dilate(mask, np.ones((3, 3)), iterations=max(1, round(1.5 / scale)))
    weight = cv2.warpAffine(near.astype(np.float32), onto, full)
    emblem = cv2.warpAffine(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.3, softness)), onto, full)
    inside = _inside((emblem > 0.5).astype(np.uint8))
    coarse = sheet_of(reference, SMALL) if side > SMALL else None
    return Sheet(drawn, weight, inside, blurred(edges(drawn), BLUR), onto, _box(mask, onto), not mask.all(), coarse)


def _box(mask: Array, onto: Array) -> Array:
    """The corners [4 x 2] of what is set, clockwise from the upper left, through an affine map."""
    right, bottom = (np.flatnonzero(mask.any(axis=axis))[-1] + 0.5 for axis in (0, 1))
    left, top = (np.flatnonzero(mask.any(axis=axis))[0] - 0.5 for axis in (0, 1))
    box = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return np.asarray(box @ onto[:, :2].T + onto[:, 2])


def _inside(emblem: Array) -> Array:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RIM + 1, 2 * RIM + 1))
    framed = cv2.copyMakeBorder(emblem, RIM, RIM, RIM, RIM, cv2.BORDER_CONSTANT, value=0)
    deep = cv2.erode(framed, disc, borderValue=0)[RIM:-RIM, RIM:-RIM]
    return np.asarray((deep if deep.sum() >= HOLLOW * emblem.sum() else emblem).astype(np.float32))


def blurred(field: Array, sigma: float) -> Array:
    """A field smoothed by a Gaussian of `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma))


def aligned(pyramid: Arrays, sheet: Sheet, pose: Array, *, slanted: bool = True) -> tuple[float, Array]:
    """The map [3 x 3] of reference pixels into the picture that makes their edges most alike, by Gauss and Newton.

    It starts from a guess, goes on as an affine map and, where `slanted`, as a homography: at half of what a lens sees,
    an emblem 50 degrees aslant is off an affine map by a tenth of its size. The correlation reached comes first.
    """
    onto = square(sheet.onto)
    start = pose @ np.linalg.inv(onto)
    score, found = _aligned(pyramid, sheet, start, AFFINE)
    if slanted and score >= WORTH:
        score, found = _aligned(pyramid, sheet, found, HOMOGRAPHY)
    return score, found @ onto


def held_by_rim(pyramid: Arrays, sheet: Sheet, pose: Array) -> Array:
    """The map [3 x 3] near `pose` that makes the edges of the rim alone most alike, found on the coarse sheet first.

    There it moves twice as far: an outline that a pose has shrunk onto a charge lies a tenth of its size away.
    """
    for sheet_ in (sheet.coarse, sheet) if sheet.coarse else (sheet,):
        onto = square(sheet_.onto)
        rim = replace(sheet_, weight=sheet_.rim)
        pose = _aligned(pyramid, rim, pose @ np.linalg.inv(onto), AFFINE)[1] @ onto
    return pose


def _aligned(pyramid: Arrays, sheet: Sheet, pose: Array, freedom: int) -> tuple[float, Array]:
    target, weight = sheet.field, sheet.weight
    size = weight.shape[1], weight.shape[0]
    best, best_score = pose, -1.0
    for _ in range(STEPS):
        field = blurred(edges(warped(pyramid, pose, size)), BLUR)
        score = correlation(target, field, weight)
        if score <= best_score + GAINED:
            break
        best, best_score = pose, score
        pose = pose @ _step(target, field, weight, freedom)
        if not _plausible(pose, size):
            break
    return best_score, best


def _step(target: Array, field: Array, weight: Array, freedom: int) -> Array:
    """The map [3 x 3] of sheet pixels by which the `field` has to be read to come closer to the `target`."""
    height, width = weight.shape
    w = cv2.merge([weight, weight])
    gain = max(0.2, float((w * target * field).sum() / max(1e-9, float((w * field**2).sum()))))
    weighed, table = _moving(field, w, gain, freedom)
    normal = (weighed @ table.T).astype(np.float64)
    normal[np.diag_indices(freedom)] += RIDGE * np.trace(normal[:AFFINE, :AFFINE]) / AFFINE + 1e-6
    step = np.linalg.solve(normal, (weighed @ (target - gain * field).ravel()).astype(np.float64))
    moved = np.eye(3)
    moved[:2, 2], moved[:2, :2] = step[:2], np.eye(2) + step[2:6].reshape(2, 2) / SIDE
    moved[2, : freedom - AFFINE] = step[AFFINE:] / SIDE**2
    middle = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1]])
    return np.asarray(middle @ moved @ np.linalg.inv(middle))


def _moving(field: Array, weight: Array, gain: float, freedom: int) -> tuple[Array, Array]:
    """How the field changes with each number of a map [freedom x pixels], weighed and not."""
    u, v = _across(*field.shape[:2])
    table = np.empty((freedom, *field.shape), np.float32)
    for n, axis in enumerate(((1, 0), (0, 1))):
        cv2.Sobel(field, cv2.CV_32F, *axis, dst=table[n], scale=gain / 8)
        np.multiply(table[n], u, out=table[2 + 2 * n])
        np.multiply(table[n], v, out=table[3 + 2 * n])
    if freedom == HOMOGRAPHY:
        outward = table[2] + table[5]
        np.multiply(-outward, u, out=table[6])
        np.multiply(-outward, v, out=table[7])
    table = table.reshape(freedom, -1)
    return table * weight.reshape(1, -1), table


@lru_cache(maxsize=16)
def _across(height: int, width: int) -> tuple[Array, Array]:
    """Where each pixel of a sheet's field lies from its middle [h x w x 2], in sides: across and down."""
    v, u = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = ((at - np.float32((side - 1) / 2)) / SIDE for at, side in ((u, width), (v, height)))
    return cv2.merge([u, u]), cv2.merge([v, v])


def _plausible(pose: Array, size: tuple[int, int]) -> bool:
    (a, b), (c, d) = affinity(pose, size)[:, :2]
    near = pose[2, 2] + np.array([0.0, pose[2, 0] * size[0], pose[2, 1] * size[1], pose[2, :2] @ size])
    squeezed = a * a + b * b + c * c + d * d <= (SLANTED + 1 / SLANTED) * (a * d - b * c)
    return bool(squeezed and 0 < near.max() <= DEPTH * near.min())


def affinity(pose: Array, size: tuple[int, int]) -> Array:
    """The affine map [2 x 3] that a homography is in the middle of a sheet of `size` (width, height) pixels."""
    middle = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2, 1.0])
    x, y, depth = pose @ middle
    seen = np.array([x, y]) / depth
    linear = (pose[:2, :2] - np.outer(seen, pose[2, :2])) / depth
    return np.column_stack([linear, seen - linear @ middle[:2]])


def warped(pyramid: Arrays, pose: Array, size: tuple[int, int]) -> Array:
    """The picture through a map [3 x 3] of `size` (width, height) pixels into it, RGB float32, without aliasing."""
    shrink = max(1e-6, float(np.sqrt(abs(np.linalg.det(affinity(pose, size)[:, :2])))))
    level = int(np.clip(np.floor(np.log2(shrink) + 0.3), 0, len(pyramid) - 1))
    source: Array = pyramid[str(level)]
    halved = np.diag([2.0**-level, 2.0**-level, 1.0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(source, halved @ pose, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float32)


def square(affine: Array) -> Array:
    """An affine map as a [3 x 3] matrix."""
    return np.vstack([affine, [0, 0, 1]])


def through(pose: Array, points: Array) -> Array:
    """Points [N x 2] through a homography [3 x 3]."""
    mapped = points @ pose[:, :2].T + pose[:, 2]
    return np.asarray(mapped[:, :2] / mapped[:, 2:])
