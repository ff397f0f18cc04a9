"""A drawing as a low relief: what a badge cast in one metal shows of it under light from one side."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from verify.matching.emblems.gradients import luma_of, slopes

Array = npt.NDArray[Any]

BODY, GROUND, SHADE = 150.0, 60.0, 90.0  # grey levels: of metal, of what it hangs on, and by which slopes change it
STEEP = 0.006  # of the longer side: how softly a step of the drawing rises
BEVEL = 0.012  # the same for the rim


def lit(pixels: Array, mask: Array, azimuth: float) -> Array:
    """RGB float32 [H x W x 3] of the drawing in relief, lit from `azimuth` (radians); luma stands for the height."""
    longest = max(mask.shape)
    luma = luma_of(cv2.GaussianBlur(pixels, (0, 0), max(0.5, STEEP * longest)))
    luma = np.where(mask, luma, np.median(luma[mask])).astype(np.float32)
    rim = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.5, BEVEL * longest)) * 120
    slope = (slopes(luma) + slopes(rim)) @ np.array([np.cos(azimuth), np.sin(azimuth)], np.float32)
    shaded = np.where(mask, BODY + SHADE * slope, GROUND).clip(0, 255).astype(np.float32)
    return np.dstack([shaded] * 3)
