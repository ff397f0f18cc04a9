"""Whether a reference is the evidence itself again: a copy or crop of one photograph agrees and says nothing."""

from __future__ import annotations

import cv2
import numpy as np

from verify.matching.features import Array
from verify.matching.geometry import Model, apply
from verify.matching.matches import Matches

STRAIGHT = (
    1.3  # working pixels, 90 % of inliers: copies at JPEG quality 30 stay below 0.92, two frames of a film exceed 1.8
)
SAME = 0.97  # correlation of the whole overlap; nothing but a copy or the next frame of a film reaches it
LONGEST = 400  # pixels of the longer side at which they are laid over each other


def is_copy(gray_a: Array, gray_b: Array, model: Model, found: Matches) -> bool:
    """Whether b is a, scaled, cropped or mirrored at most: no parallax, no change of light (luma at working size)."""
    straight = _straight(model, found)
    if straight is None:
        return False
    shrink = LONGEST / max(gray_a.shape)
    size = (max(1, round(gray_a.shape[1] * shrink)), max(1, round(gray_a.shape[0] * shrink)))
    back = np.diag([shrink, shrink, 1.0]) @ np.linalg.inv(straight)
    one = cv2.resize(gray_a, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    soft = cv2.GaussianBlur(gray_b, (0, 0), 0.5 * max(1.0, 1 / (shrink * _scale(straight))))
    other = cv2.warpPerspective(soft, back, size).astype(np.float32)
    seen = cv2.warpPerspective(np.full(gray_b.shape, 255, np.uint8), back, size) > 250
    if seen.sum() < 100:
        return False
    shown, its = (cv2.GaussianBlur(part, (0, 0), 1.0)[seen] for part in (one, other))
    return bool(shown.std() > 1 and its.std() > 1 and np.corrcoef(shown, its)[0, 1] > SAME)


def _scale(matrix: Array) -> float:
    return float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))


def _straight(model: Model, found: Matches) -> Array | None:
    """The shift and scale (no turn, no tilt) that the inliers follow, or None where they do not."""
    a, b = found.a[model.inliers], found.b[model.inliers]
    if len(a) < 8:
        return None
    centred_a, centred_b = a - a.mean(axis=0), b - b.mean(axis=0)
    factor = float((centred_a * centred_b).sum() / max(1e-9, (centred_a**2).sum()))
    if factor <= 0:
        return None
    shift = b.mean(axis=0) - factor * a.mean(axis=0)
    matrix = np.array([[factor, 0, shift[0]], [0, factor, shift[1]], [0, 0, 1.0]])
    off = np.abs(apply(matrix, a) - b).max(axis=1)
    return matrix if float(np.percentile(off, 90)) < STRAIGHT else None
