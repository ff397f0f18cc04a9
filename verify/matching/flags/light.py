"""Whether a picture's colours can carry a flag at all: grey, infrared and tinted pictures cannot."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from verify.matching.flags.designs import Bytes
from verify.model import Json

GREY = 6.0  # 99th percentile of chroma (CIELAB) below which a picture has no colour; grey files measured 0.1 to 1
TINT = 3.0  # 95th percentile of the colour (CIELAB) that brightness does not explain; a filter in JPEG leaves 1 to 2.5
TINT_SHARE = 0.05  # the same as a share of the picture's strongest colour: JPEG errs more where colour is strong
STEPS = 16  # of brightness, in which the colour is predicted
FILLED = 0.7  # share of the steps that must hold pixels: a drawing in two colours has one colour a brightness as well


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the colours cannot serve."""

    sentence: str
    measured: dict[str, Json]


def colour_trouble(pixels: Bytes) -> Trouble | None:
    """What keeps the colours from being compared with a design's, or nothing."""
    scale = min(1.0, 256 / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    a, b = lab[:, 1], lab[:, 2]
    chroma = np.hypot(a, b)
    most = float(np.percentile(chroma, 99))
    if most < GREY:
        return Trouble(
            f"The picture has no colours to compare (chroma {most:.1f}, at least {GREY:.0f} needed): it is grey-scale, "
            "infrared or drained of colour, and bands are told apart by colour.",
            {"chroma_99": most},
        )
    low, high = np.percentile(lab[:, 0], [1, 99])
    step = np.clip((lab[:, 0] - low) / max(high - low, 1e-6) * STEPS, 0, STEPS - 1).astype(int)
    filled = [k for k in range(STEPS) if (step == k).mean() > 0.01]
    rest = np.concatenate(
        [np.hypot(a[step == k] - np.median(a[step == k]), b[step == k] - np.median(b[step == k])) for k in filled]
    )
    unexplained = float(np.percentile(rest, 95))
    if unexplained < max(TINT, TINT_SHARE * most) and len(filled) >= FILLED * STEPS:
        return Trouble(
            f"Brightness alone explains the picture's colours (to {unexplained:.1f} of chroma {most:.0f}): a filter, "
            "sepia, infrared or night vision has replaced them, and bands cannot be told apart by colour.",
            {"chroma_99": most, "unexplained": unexplained},
        )
    return None


def contrast(pixels: Bytes, part: int) -> float:
    """How far apart in colour (CIELAB) parts of this side lie, at most: the diagonal of their bounding box."""
    height, width = (max(1, side // part) for side in pixels.shape[:2])
    means = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(means.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    return float(np.linalg.norm(lab.max(axis=0) - lab.min(axis=0)))
