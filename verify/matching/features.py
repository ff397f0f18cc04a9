"""RootSIFT features of a picture: the points that two pictures are matched by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from verify.image import Image

Array = npt.NDArray[Any]

METHOD = "rootsift-2"  # raise it when the numbers change: stored features and calibrations carry this name
LONGEST = 1024  # pixels of the longer side at which features are sought: more costs time and finds little more indoors
MOST = 5000  # features kept, those first that are strongest where they lie
CONTRAST = 0.002  # a twentieth of the usual value: of 78 pairs of plain rooms (panoramas, fit) 0.004 loses 2, this none
ACROSS = 8  # cells along the longer side: with the strongest of the whole, mostly wood, 6 of those 78 are lost
FINEST = 255  # octave -1, of the picture at twice its size, in the eight bits that OpenCV keeps it in
QUANTUM = 512.0  # RootSIFT values lie in 0…1, nearly all below 0.5: eight bits at this factor


@dataclass(frozen=True, slots=True)
class Features:
    """Points of one picture with their descriptors, the strongest of each part of it first.

    `points` are x, y in working pixels, float32 [N x 2]; `sizes` diameters in working pixels and `angles` in degrees,
    float32 [N]; `descriptors` uint8 [N x 128]. A working pixel is `scale` upright pixels; `working` is width, height.
    """

    points: Array
    sizes: Array
    angles: Array
    descriptors: Array
    working: tuple[int, int]
    scale: float

    def __len__(self) -> int:
        return len(self.points)


def features(image: Image, *, longest: int = LONGEST, most: int = MOST, contrast: float = CONTRAST) -> Features:
    """The features of a picture, computed once and remembered with it. Raises Unreadable."""
    method = f"{METHOD} longest={longest} most={most} contrast={contrast}"
    return unpack(image.derive(method, lambda opened: pack(extract(opened.gray, longest, most, contrast))))


def extract(
    gray: Array, longest: int = LONGEST, most: int = MOST, contrast: float = CONTRAST, *, at_once: bool = False
) -> Features:
    """The features of upright luma [H x W], shrunk to `longest` where it is larger.

    With `at_once` all points are described as they are found: sooner where few are dropped, and the same numbers.
    """
    working, scale = shrink(gray, longest)
    height, width = working.shape
    sift = cv2.SIFT.create(contrastThreshold=contrast)
    found, described = sift.detectAndCompute(working, None) if at_once else (sift.detect(working, None), None)
    points = list(found)
    table = np.array([(*p.pt, p.size, p.angle, p.response) for p in points], np.float32).reshape(-1, 5)
    order = np.lexsort((table[:, 3], table[:, 2], table[:, 1], table[:, 0], -table[:, 4]))
    order = order[_balanced(table[order, :2], max(width, height) / ACROSS)[:most]]
    if not len(order):
        return Features(table[:, :2], table[:, 2], table[:, 3], np.zeros((0, 128), np.uint8), (width, height), scale)
    kept = [points[place] for place in order]
    if described is not None and any(point.octave & 255 == FINEST for point in kept):
        raw = described[order]
    else:  # without a point of the doubled picture, SIFT describes the others from one that was never doubled
        again, raw = sift.compute(working, kept)
        assert len(again) == len(order), "SIFT describes every point that it found"
    table = table[order]
    return Features(table[:, :2], table[:, 2], table[:, 3], root(raw), (width, height), scale)


def _balanced(points: Array, cell: float) -> Array:
    """The order of points [N x 2, strongest first] by their rank within a square cell: each cell has its turn."""
    row, column = np.floor(points.T / cell).astype(np.intp)
    _, cells = np.unique(row * 1000 + column, return_inverse=True)
    by_cell = np.argsort(cells, kind="stable")
    starts = np.searchsorted(cells[by_cell], cells[by_cell])
    rank = np.empty(len(cells), np.intp)
    rank[by_cell] = np.arange(len(cells)) - starts
    return np.argsort(rank, kind="stable")


def shrink(gray: Array, longest: int) -> tuple[Array, float]:
    """The picture with its longer side at most `longest`, and how many pixels of it a pixel of the result is wide."""
    height, width = gray.shape[:2]
    scale = max(height, width) / longest
    if scale <= 1:
        return gray, 1.0
    size = (max(1, round(width / scale)), max(1, round(height / scale)))
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA), scale


def root(descriptors: Array) -> Array:
    """RootSIFT (Arandjelović & Zisserman 2012) in eight bits: of whole numbers, distances are exact anywhere."""
    total = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9)
    return np.asarray(np.clip(np.rint(np.sqrt(descriptors / total) * QUANTUM), 0, 255), np.uint8)


def pack(found: Features) -> dict[str, Array]:
    """Features as named arrays, for storing."""
    where = np.column_stack((found.points, found.sizes, found.angles)).astype(np.float32)
    return {
        "where": where,
        "descriptors": found.descriptors,
        "frame": np.array([*found.working, found.scale], np.float64),
    }


def unpack(stored: dict[str, Array]) -> Features:
    """The features that `pack` wrote."""
    where, frame = stored["where"], stored["frame"]
    size = (int(frame[0]), int(frame[1]))
    return Features(where[:, :2], where[:, 2], where[:, 3], stored["descriptors"], size, float(frame[2]))
