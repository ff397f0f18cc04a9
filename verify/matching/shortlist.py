"""Which of many references are worth comparing in full: a vote of short codes of their features.

Each feature of the picture votes for the references that hold a code nearer to its own than most references do. All
numbers are whole, so the order is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from verify.image import Image
from verify.matching.features import METHOD, Array, features

LENGTH = 32  # numbers a code: a quarter of a descriptor
CODES = f"codes-1 of {METHOD}"  # raise it when the numbers change
REFERENCE = 400  # codes kept of each picture: the strongest of each part
VOTERS = 1200  # features of the picture that vote
RIVALS = 0.05  # a vote is for what is nearer than the best of this share of the references


def codes(image: Image) -> Array:
    """Short codes of a picture's features, int8 [N x LENGTH]; remembered with it. Raises Unreadable."""
    return image.derive(CODES, lambda opened: {"codes": _codes(features(opened).descriptors[:VOTERS])})["codes"]


def _codes(descriptors: Array) -> Array:
    """Descriptors uint8 [N x 128] on LENGTH of the directions of a Hadamard matrix with signs turned at random."""
    hadamard = np.ones((1, 1), np.int32)
    while len(hadamard) < 128:
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    chance = np.random.default_rng(20)
    signs = chance.integers(0, 2, 128) * 2 - 1
    rows = np.sort(chance.permutation(128)[:LENGTH])
    seen = descriptors.astype(np.int32) @ (hadamard[rows] * signs).T
    return np.asarray(np.clip(seen // 12, -127, 127), np.int8)  # lengths of 512: nearly all within 1,500


def votes(picture: Array, references: Sequence[Array]) -> list[int]:
    """For each reference (codes int8 [N x LENGTH]) how many votes it has of a picture's codes; more is likelier."""
    total = np.zeros(len(references), np.int64)
    rivals = max(1, round(RIVALS * len(references)))
    if len(references) <= rivals:
        return [0] * len(references)
    for near in _nearness(picture, references):
        bar = -np.partition(-near, rivals, axis=1)[:, rivals]
        total += np.maximum(near - bar[:, None], 0.0).astype(np.int64).sum(axis=0)
    return [int(count) for count in total]


def _nearness(picture: Array, references: Sequence[Array], rows: int = 100) -> Iterator[Array]:
    """Blocks of rows: for each code of the picture its nearness to the nearest code of each reference (whole)."""
    kept = [codes[:REFERENCE] for codes in references]
    filled = [place for place, codes in enumerate(kept) if len(codes)]
    every = np.concatenate([kept[place] for place in filled] or [np.zeros((0, LENGTH))]).astype(np.float32)
    starts = np.cumsum([0, *(len(kept[place]) for place in filled)])[:-1]
    right = np.column_stack((2 * every, -(every**2).sum(axis=1))).T.copy()
    for start in range(0, len(picture), rows):
        block = picture[start : start + rows].astype(np.float32)
        near = np.full((len(block), len(references)), -1e7, np.float32)
        if filled:
            left = np.column_stack((block, np.ones(len(block), np.float32)))
            near[:, filled] = np.maximum.reduceat(left @ right, starts, axis=1)
        yield near
