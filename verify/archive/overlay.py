"""Laying one picture over another: by local features, or by the whole-picture hash of either and the other's panels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.archive import agreement as agreeing
from verify.archive import geometry, hashing
from verify.archive.agreement import Agreement
from verify.archive.geometry import Alignment
from verify.archive.signature import Signature

Floats = npt.NDArray[np.floating[Any]]

PDQ_NEAR = 64  # bits; the least of 499,500 unrelated pairs was 84


@dataclass(frozen=True, slots=True)
class Overlay:
    """One alignment of two pictures and what agrees under it. `matrix` takes full pixels of `a` to those of `b`."""

    matrix: Floats
    mirrored: bool
    inliers: int
    tentative: int
    bend: float  # as in `Alignment`; 0 where the whole-picture hash aligned them
    points: Floats  # [N x 4], full pixels
    agreement: Agreement
    alignment: Alignment
    by: str  # "local features" or "whole-picture hash"


def by_features(a: Signature, b: Signature, mirrored: bool | None) -> Overlay | None:
    """The overlay that local features agree on, in the handedness given, or the better of both."""
    if mirrored is None:
        found = geometry.align(a.features, b.features, a.work, b.work)
    else:
        found = geometry.align_one(a.features, b.features, a.work, b.work, mirrored=mirrored)
    return _overlay(a, b, found, "local features") if found else None


@dataclass(frozen=True, slots=True)
class Near:
    """The nearest PDQ hashes of two pictures: the whole of one, turned, and the whole or a panel of the other."""

    bits: int
    turn: int  # row of `Pdq.bits` of the one that is whole
    a_whole: bool
    box: tuple[int, ...]  # of the other, in its work image


def nearest(a: Signature, b: Signature) -> Near:
    """The least distance over the eight orientations of either picture and the panels of the other."""
    found = []
    for whole, other, a_whole in ((a, b, True), (b, a, False)):
        hashes = np.concatenate([other.pdq[:1], other.panels])
        bits = np.bitwise_count(hashing.words(whole.pdq)[:, None] ^ hashing.words(hashes)[None]).sum(axis=2)
        turn, panel = np.unravel_index(bits.argmin(), bits.shape)
        box = (0, 0, *other.work) if panel == 0 else tuple(int(v) for v in other.boxes[panel - 1])
        found.append(Near(int(bits[turn, panel]), int(turn), a_whole, box))
    return min(found, key=lambda near: near.bits)


def by_hash(a: Signature, b: Signature, near: Near) -> Overlay | None:
    """The whole of one picture on the whole or a panel of the other, turned as the nearest hashes say."""
    if near.bits > PDQ_NEAR or min(a.quality, b.quality) < hashing.PDQ_QUALITY:
        return None
    mirrored, quarter = near.turn >= 4, hashing.QUARTERS[near.turn]
    matrix = _turned(a.work if near.a_whole else b.work, near.box, quarter)
    if not near.a_whole:  # it takes `b`, mirrored first, to `a`: turned round, with `a` mirrored first
        matrix = np.linalg.inv(matrix)
        matrix = _flip(b.work) @ matrix @ _flip(a.work) if mirrored else matrix
    return _overlay(a, b, Alignment(matrix, mirrored, np.zeros((0, 4)), 0), "whole-picture hash")


def _flip(size: tuple[int, int]) -> Floats:
    return np.array([[-1.0, 0, size[0] - 1], [0, 1, 0], [0, 0, 1]])


def _turned(size: tuple[int, int], box: tuple[int, ...], quarter: int) -> Floats:
    """The corners of a picture, turned left by `quarter` right angles, on those of a box."""
    corners = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], float)
    x, y, w, h = box
    goals = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], float)
    matrix = geometry.fit(corners, np.roll(goals, quarter, axis=0), projective=False)
    assert matrix is not None
    return matrix


def _overlay(a: Signature, b: Signature, found: Alignment, by: str) -> Overlay:
    small = _scale(b.work, b.thumbnail) @ found.matrix @ np.linalg.inv(_scale(a.work, a.thumbnail))
    thumbnail = np.ascontiguousarray(a.thumbnail[:, ::-1]) if found.mirrored else a.thumbnail
    measured = agreeing.agreement(thumbnail, b.thumbnail, small)
    to_a, to_b = full_pixels(a), full_pixels(b)
    flip = _flip(a.full) if found.mirrored else np.eye(3)
    matrix = to_b @ found.matrix @ np.linalg.inv(to_a) @ flip
    points = np.hstack([geometry.apply(to_a, found.pairs[:, :2]), geometry.apply(to_b, found.pairs[:, 2:])])
    return Overlay(matrix, found.mirrored, found.inliers, found.tentative, found.bend, points, measured, found, by)


def _scale(size: tuple[int, int], picture: npt.NDArray[np.uint8]) -> Floats:
    return between(size, (picture.shape[1], picture.shape[0]))


def full_pixels(picture: Signature) -> Floats:
    """Pixels of the work image to those of the picture itself."""
    return between(picture.work, picture.full)


def between(size: tuple[int, int], other: tuple[int, int]) -> Floats:
    """Pixels of a picture to those of its resized copy; pixel centres stay centres."""
    x, y = other[0] / size[0], other[1] / size[1]
    return np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5], [0, 0, 1]])
