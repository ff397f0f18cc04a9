"""Which pictures of a collection may share content: votes of equal local features, so that few pairs need comparing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verify.archive import features
from verify.archive.features import Features

WORD_BITS = 24  # signs of the lowest frequencies; 0.28 of true matches agree in all, 3 in a million chance pairs do
SIGNS_APART = 10  # of 64; of the chance pairs with equal words 0.9 are further apart, of the true ones 0.01
VOTES = 4  # pairs of equal features; chance gives 0.15 a pair of pictures
REPEATS = 64  # equal words that are joined with one another; what is commoner is texture or print, not one place


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two pictures by number that have `votes` features in common, as they are or `mirrored`."""

    a: int
    b: int
    mirrored: bool
    votes: int


def signs(codes: npt.NDArray[np.int8]) -> npt.NDArray[np.uint64]:
    """The 64 signs of each code as one number, the lowest frequency highest."""
    packed = np.packbits(codes >= 0, axis=1)
    return np.ascontiguousarray(packed[:, ::-1]).view("<u8").ravel().astype(np.uint64)


def word(of: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
    """The word [WORD_BITS bits] that features are found by."""
    return (of >> np.uint64(64 - WORD_BITS)).astype(np.uint32)


def self_join(collection: Sequence[Features], votes: int = VOTES) -> list[Candidate]:
    """Every pair of the collection with at least `votes` equal features, the most first."""
    count = len(collection)
    if count < 2:
        return []
    codes = np.concatenate([f.codes for f in collection])
    picture = np.repeat(np.arange(count, dtype=np.int64), [len(f) for f in collection])
    plain, turned = signs(codes), signs(codes * features.mirror_signs())
    both = np.concatenate([plain, turned])
    owner = np.concatenate([picture * 2, picture * 2 + 1])  # the lowest bit says that the feature was mirrored
    order = np.argsort(both, kind="stable")
    both, owner = both[order], owner[order]
    words = word(both)
    keys = [_joined(both, owner, words, lag, count) for lag in range(1, min(REPEATS, len(both)))]
    found, number = np.unique(np.concatenate(keys), return_counts=True) if keys else (np.zeros(0), np.zeros(0))
    enough = number >= votes
    found, number = found[enough], number[enough]
    order = np.argsort(-number, kind="stable")
    return [
        Candidate(int(key) // 2 // count, int(key) // 2 % count, bool(key & 1), int(n))
        for key, n in zip(found[order], number[order], strict=True)
    ]


def _joined(
    both: npt.NDArray[np.uint64], owner: npt.NDArray[np.int64], words: npt.NDArray[np.uint32], lag: int, count: int
) -> npt.NDArray[np.int64]:
    """Pairs of pictures, one number each, whose features lie `lag` apart in the order of words and are equal."""
    at = np.flatnonzero(words[lag:] == words[:-lag])
    at = at[np.bitwise_count(both[at] ^ both[at + lag]) <= SIGNS_APART]
    first, second = owner[at], owner[at + lag]
    mirrored = (first ^ second) & 1
    first, second, one = first >> 1, second >> 1, first & 1 & second
    low, high = np.minimum(first, second), np.maximum(first, second)
    kept = (low != high) & (one == 0)  # both mirrored says again what both plain have said
    return np.asarray(((low * count + high) * 2 + mirrored)[kept])
