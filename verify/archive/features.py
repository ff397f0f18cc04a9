"""Local features of a picture, compact: SIFT, spread over the picture, 64 bytes of descriptor each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from verify.archive import keypoints
from verify.archive.keypoints import Keypoints

Floats = npt.NDArray[np.float32]

METHOD = "sift-dct64-3"
SIDE = 384  # pixels of the longer side that features are taken from; 512 found no more of the edits (tuning half)
COUNT = 600  # features a picture: 500 and 700 found as many of the edits (tuning half, 24 originals)
GRID = 8  # features are taken in turn from the cells of an 8 x 8 grid, so that no part of the picture is without
DIMENSIONS = 64


@dataclass(frozen=True, slots=True)
class Features:
    """Local features in the pixels of the work image (longer side at most `SIDE`).

    `points` [N x 2] x, y; `sizes` [N] diameters; `angles` [N] degrees; `codes` int8 [N x 64], of unit length / 127.
    """

    points: Floats
    sizes: Floats
    angles: Floats
    codes: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.points)

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """The four arrays, in the order of the fields."""
        return self.points, self.sizes, self.angles, self.codes

    def first(self, count: int) -> Features:
        """The first so many: they come in turn from every part of the picture, the strongest first."""
        return Features(*(array[:count] for array in self.arrays()))

    def mirrored(self, width: int) -> Features:
        """The features of the mirrored picture, without extracting them again: the codes only change signs."""
        points = self.points * np.array([-1, 1], np.float32) + np.array([width - 1, 0], np.float32)
        return Features(points, self.sizes, (180 - self.angles) % 360, self.codes * mirror_signs())


def work_image(gray: npt.NDArray[np.uint8], side: int = SIDE) -> npt.NDArray[np.uint8]:
    """The picture with its longer side at most `side` pixels, averaged over areas."""
    scale = side / max(gray.shape)
    if scale >= 1:
        return gray
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def extract(work: npt.NDArray[np.uint8], count: int = COUNT) -> Features:
    """At most `count` features of a work image. Deterministic for one build of OpenCV and NumPy."""
    space = keypoints.scale_space(work)
    found = keypoints.keypoints(space)
    found = found[_spread(found, work.shape, count)]
    if not len(found):
        return NONE
    which, angles = keypoints.directions(space, found)
    found = found[which]  # some have two directions
    kept = _spread(found, work.shape, count)
    found, angles = found[kept], angles[kept]
    codes = encode(keypoints.descriptors(space, found, angles))
    return Features(found.points(), found.sizes(), np.rad2deg(angles), codes)


def encode(descriptors: Floats) -> npt.NDArray[np.int8]:
    """SIFT descriptors [N x 128] as 64 signed bytes: Hellinger normalisation, then the lowest frequencies.

    RootSIFT: Arandjelovic and Zisserman, CVPR 2012. A fixed cosine basis over rows, columns and orientations takes
    the place of a trained PCA, so that no pictures are needed to make it and a mirror image only changes signs.
    """
    root = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))
    low = root @ _basis()[0]
    low /= np.maximum(np.linalg.norm(low, axis=1, keepdims=True), 1e-6)
    return np.asarray(np.rint(low * 127), np.int8)


def mirror_signs() -> npt.NDArray[np.int8]:
    """The sign [64] that each coordinate of a code takes in the mirrored picture."""
    return _basis()[1]


def _spread(found: Keypoints, shape: tuple[int, ...], count: int) -> npt.NDArray[np.intp]:
    """Rows of the strongest of each grid cell, then of the second of each cell, and so on."""
    if len(found) <= count:
        return np.arange(len(found))
    across, down = (found.points() * GRID / np.array([shape[1], shape[0]])).astype(int).T
    cell = down * GRID + across
    order = np.lexsort((-found.response, cell))
    starts = np.r_[0, np.flatnonzero(np.diff(cell[order])) + 1]
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return np.asarray(order[np.lexsort((-found.response[order], rank))][:count], np.intp)


@lru_cache(maxsize=1)
def _basis() -> tuple[Floats, npt.NDArray[np.int8]]:
    """128 x 64: cosines over 4 rows and 4 columns, sines and cosines over 8 orientations; and the mirror's signs."""
    place = np.array([[np.cos(np.pi * (2 * i + 1) * k / 8) for i in range(4)] for k in range(4)])
    place[0] /= np.sqrt(2)
    place /= np.sqrt(2)
    turn, odd = [np.full(8, 8**-0.5)], [0]
    for k in (1, 2, 3):
        phase = 2 * np.pi * k * np.arange(8) / 8
        turn += [np.cos(phase) / 2, np.sin(phase) / 2]
        odd += [0, 1]
    turn.append(np.cos(np.pi * np.arange(8)) * 8**-0.5)
    odd.append(0)
    turns = [0, 1, 1, 2, 2, 3, 3, 4]
    found = []
    for r, c, o in list(np.ndindex(4, 4, 8))[1:]:  # the first coordinate is the same in every descriptor
        vector = np.einsum("r,c,o->rco", place[r], place[c], turn[o]).ravel()
        found.append((r**1.5 + c**1.5 + 2 * turns[o] ** 1.5, (-1) ** (r + odd[o]), vector))
    low = sorted(found, key=lambda item: item[0])[:DIMENSIONS]  # hold 0.91 of the variance; a trained PCA 0.95
    return np.ascontiguousarray(np.array([item[2] for item in low], np.float32).T), np.array(
        [i[1] for i in low], np.int8
    )


NONE = Features(
    np.zeros((0, 2), np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros((0, DIMENSIONS), np.int8)
)
