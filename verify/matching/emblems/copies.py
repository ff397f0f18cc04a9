"""Whether a reference was cut out of the very picture it is compared with: then it matches and says nothing."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from verify.image import Image
from verify.matching.emblems.fit import affinity

Array = npt.NDArray[Any]

LONGEST = 512  # pixels of the reference that are laid over the picture
TURNED = 0.02  # sine of the turn, and share of stretch, that a cut-out does not have
FINE = 1.5  # pixels: detail finer than this is the picture's own grain
QUIET = 0.5  # share of the reference, the least edged, where grain is looked at
GRAIN = 0.35  # correlation of the grain; other photographs of one emblem stay below 0.15, cut-outs at JPEG 75 above 0.5
LEAST_GRAIN = 0.3  # grey levels: a drawing's flat parts have none, and tell nothing


def is_cut_out(picture: Image, reference: Image, pose: Array) -> bool:
    """Whether `reference` agrees with `picture` down to the grain under a map [3 x 3] of its pixels."""
    affine = affinity(pose, reference.size)
    (a, b), (c, d) = affine[:, :2]
    scale = np.sqrt(max(1e-9, a * d - b * c))
    if max(abs(b - c), abs(b + c), abs(a - d)) > TURNED * 2 * scale or (reference.opacity < 255).any():
        return False
    step = max(1, max(reference.size) // LONGEST)
    ours = np.ascontiguousarray(reference.gray[::step, ::step])
    onto = np.column_stack([affine[:, :2] * step, affine[:, 2]]).astype(np.float32)
    gray = picture.gray
    try:
        criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
        _, refined = cv2.findTransformECC(ours, gray, onto, cv2.MOTION_AFFINE, criteria)
    except cv2.error:  # it did not converge: the two do not agree to a fraction of a pixel
        return False
    size = ours.shape[1], ours.shape[0]
    theirs = cv2.warpAffine(gray, np.asarray(refined), size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    grains = [_grain(part.astype(np.float32)) for part in (ours, theirs)]
    smooth = cv2.GaussianBlur(ours.astype(np.float32), (0, 0), 2.0)
    slope = cv2.GaussianBlur(np.hypot(cv2.Sobel(smooth, -1, 1, 0), cv2.Sobel(smooth, -1, 0, 1)), (0, 0), 2.0)
    quiet = slope <= np.quantile(slope, QUIET)
    one, two = grains[0][quiet], grains[1][quiet]
    if one.std() < LEAST_GRAIN or two.std() < LEAST_GRAIN:
        return False
    return bool(np.corrcoef(one, two)[0, 1] > GRAIN)


def _grain(gray: Array) -> Array:
    return np.asarray(gray - cv2.GaussianBlur(gray, (0, 0), FINE))
