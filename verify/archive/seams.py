"""Whether a picture goes on beyond the part it shares with another, or was set into something else there."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

Floats = npt.NDArray[np.floating[Any]]

NEAR, FAR = 1.5, 4.5  # pixels of the thumbnail to either side of the edge
STEP = 2.0  # times the change on either side
LEAST_STEP = 6.0  # grey levels
RIM = 5.0  # pixels; an edge nearer to the picture's own border says nothing


def seam(thumbnail: npt.NDArray[np.uint8], outline: Floats) -> tuple[float, float]:
    """The length of the outline [N x 2, pixels] that lies inside the picture, and the share of it that is a seam.

    A seam is a step across the outline that the picture does not have to either side of it.
    """
    inner, stepped = 0.0, 0.0
    centre = outline.mean(axis=0)
    for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        length = float(np.linalg.norm(end - start))
        if length < 4:
            continue
        along = np.linspace(0.05, 0.95, max(8, int(length)))[:, None]
        points = start + along * (end - start)
        outward = np.array([end[1] - start[1], start[0] - end[0]]) / length
        outward *= np.sign(outward @ (points.mean(axis=0) - centre)) or 1.0
        if not _inside(points + RIM * outward, thumbnail.shape).mean() > 0.6:
            continue
        inner += length
        stepped += length * _stepped(thumbnail, points, outward)
    return inner, stepped / inner if inner else 0.0


def _stepped(thumbnail: npt.NDArray[np.uint8], points: Floats, outward: Floats) -> bool:
    at = [points + offset * outward for offset in (-FAR, -NEAR, NEAR, FAR)]
    inner_far, inner, outer, outer_far = (
        map_coordinates(thumbnail.astype(np.float32), [p[:, 1], p[:, 0]], order=1, mode="nearest") for p in at
    )
    across = np.abs(outer - inner).mean()
    beside = (np.abs(inner - inner_far).mean() + np.abs(outer - outer_far).mean()) / 2
    return bool(across > STEP * beside + LEAST_STEP)


def _inside(points: Floats, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    return (points >= 0).all(axis=1) & (points[:, 0] < shape[1]) & (points[:, 1] < shape[0])
