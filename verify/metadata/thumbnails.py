"""Whether two pictures of any size and orientation are the same view: correlation after alignment."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Gray = npt.NDArray[np.uint8]
SIDE = 64  # pixels: both are compared at this size, low-passed, as thumbnails are made by any scaler there is
BORDER = 24  # gray level below which an edge row of a thumbnail is a frame that the camera drew
PART = 40  # pixels: smaller parts of a thumbnail fit anything
FLAT = 4.0  # standard deviation of gray below which a patch has nothing to hold on to
MAX_BORDER = 0.3  # share of a side that a frame may take


@dataclass(frozen=True, slots=True)
class Match:
    """How well a thumbnail fits: normalised cross-correlation of gray, the way it was turned, and how it was framed."""

    correlation: float
    turn: int  # 0 to 7: quarter turns, from 4 on after a mirror
    framing: str  # "whole", "picture cut to the thumbnail's shape", "thumbnail cut to the picture's shape", "part"
    box: tuple[int, int, int, int] | None = None  # of a part: x, y, width and height in the turned thumbnail, pixels


def compare(thumbnail: Gray, picture: Gray) -> Match:
    """The best match over 8 orientations, 3 framings, with and without a dark frame; both gray [H x W]."""
    best = Match(-1.0, 0, "whole")
    inside = without_border(thumbnail)
    for candidate in (thumbnail,) if inside.shape == thumbnail.shape else (thumbnail, inside):
        for turn in range(8):
            turned = turned_by(candidate, turn)
            for framing, a, b in _framings(turned, picture):
                value = correlation(a, b)
                if value > best.correlation:
                    best = Match(value, turn, framing)
    return best


def part(thumbnail: Gray, picture: Gray) -> Match:
    """Where the picture is only a part of what the thumbnail shows: the best place of at least PART pixels."""
    best = Match(-1.0, 0, "part")
    blurred = np.asarray(cv2.GaussianBlur(np.ascontiguousarray(thumbnail), (0, 0), 1.0), dtype=np.uint8)
    for turn in range(8):
        field = np.ascontiguousarray(turned_by(blurred, turn))
        height, width = field.shape
        whole = min(width / picture.shape[1], height / picture.shape[0])
        for scale in (whole * step / 40 for step in range(14, 40)):
            size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
            if min(size) < PART:
                continue
            template = cv2.GaussianBlur(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), (0, 0), 1.0)
            if template.std() < FLAT:
                continue
            _, value, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(field, template, cv2.TM_CCOEFF_NORMED))
            if value > best.correlation:
                best = Match(float(value), turn, "part", (x, y, *size))
    return best


def turned_by(pixels: Gray, turn: int) -> Gray:
    """One of the 8 orientations."""
    return np.rot90(pixels if turn < 4 else pixels[:, ::-1], turn % 4)


def _framings(thumbnail: Gray, picture: Gray) -> list[tuple[str, Gray, Gray]]:
    shape_t, shape_p = thumbnail.shape[1] / thumbnail.shape[0], picture.shape[1] / picture.shape[0]
    if max(shape_t, shape_p) / min(shape_t, shape_p) < 1.02:
        return [("whole", thumbnail, picture)]
    return [
        ("whole", thumbnail, picture),
        ("picture cut to the thumbnail's shape", thumbnail, _centre(picture, shape_t)),
        ("thumbnail cut to the picture's shape", _centre(thumbnail, shape_p), picture),
    ]


def _centre(pixels: Gray, shape: float) -> Gray:
    """The largest part around the centre with width / height of `shape`."""
    height, width = pixels.shape
    new_width, new_height = min(width, round(height * shape)), min(height, round(width / shape))
    x, y = (width - new_width) // 2, (height - new_height) // 2
    return pixels[y : y + max(1, new_height), x : x + max(1, new_width)]


def without_border(pixels: Gray) -> Gray:
    """The picture inside a dark frame, if it has one."""
    rows, columns = pixels.max(axis=1) > BORDER, pixels.max(axis=0) > BORDER
    if not rows.any() or not columns.any():
        return pixels
    y = np.flatnonzero(rows)[[0, -1]]
    x = np.flatnonzero(columns)[[0, -1]]
    inside = pixels[y[0] : y[1] + 1, x[0] : x[1] + 1]
    kept = (
        inside.shape[0] >= (1 - 2 * MAX_BORDER) * pixels.shape[0]
        and inside.shape[1] >= (1 - 2 * MAX_BORDER) * pixels.shape[1]
    )
    return inside if kept else pixels


def small(pixels: Gray) -> npt.NDArray[np.float64]:
    """The picture at SIDE x SIDE, low-passed, zero mean and unit norm; zeros where it is flat."""
    scaled = cv2.resize(np.ascontiguousarray(pixels), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(scaled.astype(np.float64), (0, 0), 1.5)
    centred = blurred - blurred.mean()
    norm = float(np.linalg.norm(centred))
    return centred / norm if norm > 1e-6 else np.zeros_like(centred)


def correlation(a: Gray, b: Gray) -> float:
    """Normalised cross-correlation of two views of any size, -1 to 1; 0 where one of them is flat."""
    return float((small(a) * small(b)).sum())
