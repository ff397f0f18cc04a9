"""Which pictures of a collection may share content: votes of equal local features, so that few pairs need comparing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verify.archive import features
from verify.archive.features import Features

Signs = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

WORD_BITS = 24  # signs of the lowest frequencies; 0.28 of true matches agree in all, 3 in a million chance pairs do
SIGNS_APART = 10  # of 64; of the chance pairs with equal words 0.9 are further apart, of the true ones 0.01
PROBES = 2  # signs of a word that may be wrong: 0.46 of true matches agree then
VOTES = 4  # equal features turned by the same angle; chance gives 0.1 a pair of pictures
JOIN_VOTES = 5  # among all pairs of a collection: half the candidates of 4, for 2 of 1,760 edits (tuning half)
LONELY = 20  # candidates of a picture, under which 4 votes do: 1 in 100 more to compare, 2 more of 2,640 (tuning half)
TURNS = 8  # sectors of 45° for the turn between two features; two neighbours count together
REPEATS = 48  # equal words that are joined with one another; what is commoner is texture or print, not one place
# A word that stands in the table more often than so counts the less, unless the middle one of a picture's own does as
# well: captions, frames and texture, not a picture that the collection holds a thousand times. Two fifths of the pairs
# that share nothing else fall away, for 2 of 2,640 edits (tuning half, 120 originals).
COMMON = 128
WHOLE = 16  # a vote in full, in the whole numbers that votes are added in


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two pictures by number that have `votes` features in common, as they are or `mirrored`."""

    a: int
    b: int
    mirrored: bool
    votes: int


def signs(codes: npt.NDArray[np.int8]) -> Signs:
    """The 64 signs of each code as one number, the lowest frequency highest."""
    packed = np.packbits(codes >= 0, axis=1)
    return np.ascontiguousarray(packed[:, ::-1]).view("<u8").ravel().astype(np.uint64)


def word(of: Signs) -> npt.NDArray[np.uint32]:
    """The word [WORD_BITS bits] that features are found by."""
    return (of >> np.uint64(64 - WORD_BITS)).astype(np.uint32)


def probes(codes: npt.NDArray[np.int8], of: Signs) -> list[Signs]:
    """The same signs with the `PROBES` least certain ones of the word turned, each alone and all of them together."""
    certain = np.abs(codes[:, :WORD_BITS].astype(np.int16)).argsort(axis=1, kind="stable")
    bits = np.uint64(1) << (np.uint64(63) - certain[:, :PROBES].astype(np.uint64))
    turned = [of ^ bits[:, n] for n in range(PROBES)]
    return turned if PROBES < 2 else [*turned, of ^ np.bitwise_or.reduce(bits, axis=1)]


def self_join(collection: Sequence[Features], votes: int = VOTES) -> list[Candidate]:
    """Every pair of the collection with at least `votes` equal features that are turned alike, the most first."""
    count = len(collection)
    lengths = [len(f) for f in collection]
    if count < 2 or not any(lengths):
        return []
    codes = np.concatenate([f.codes for f in collection])
    turned = codes * features.mirror_signs()
    plain, mirrored = signs(codes), signs(turned)
    angle = np.concatenate([f.angles for f in collection])
    sector = (np.concatenate([angle, (180 - angle) % 360]) * (256 / 360)).astype(np.int64) % 256
    picture = np.repeat(np.arange(count, dtype=np.int64), lengths)
    # one number a feature: picture, mirrored or not, probed or not, angle in 256 steps
    owner = np.concatenate([picture * 4, picture * 4 + 2]) * 256 + sector
    guesses = [np.concatenate(both) for both in zip(probes(codes, plain), probes(turned, mirrored), strict=True)]
    table = _Table(
        np.concatenate([plain, mirrored, *guesses]),
        np.concatenate([owner, *[owner + 256] * len(guesses)]),
    )
    keys = [table.joined(lag, count) for lag in range(1, min(REPEATS, len(table.signs)))]
    return _counted(np.concatenate(keys), votes, count)


class _Table:
    """Features in the order of their words."""

    def __init__(self, signs: Signs, owner: Numbers) -> None:
        order = np.argsort(signs, kind="stable")
        self.signs, self.owner = signs[order], owner[order]
        self.words = word(self.signs)
        starts = np.flatnonzero(np.diff(self.words, prepend=~self.words[:1]))
        often = np.diff(starts, append=len(self.words))
        self.often = np.repeat(often, often)
        plain = (self.owner & 768) == 0  # neither mirrored nor probed
        self.usual = np.maximum(
            COMMON, _middle(self.owner[plain] >> 10, self.often[plain], int(self.owner.max() >> 10))
        )

    def joined(self, lag: int, count: int) -> Numbers:
        """Features that lie `lag` apart and are equal: pair of pictures, handedness, turn and weight in one number."""
        at = np.flatnonzero(self.words[lag:] == self.words[:-lag])
        at = at[np.bitwise_count(self.signs[at] ^ self.signs[at + lag]) <= SIGNS_APART]
        first, second = self.owner[at], self.owner[at + lag]
        swap = (first >> 10) > (second >> 10)
        first, second = np.where(swap, second, first), np.where(swap, first, second)
        kept = (first >> 10) != (second >> 10)
        kept &= (first & second & 256) == 0  # both probed: neither is as it was found
        kept &= (first & second & 512) == 0  # both mirrored says again what both plain have said
        first, second, often = first[kept], second[kept], self.often[at[kept]]
        mirrored = ((first ^ second) >> 9) & 1
        turn = np.where(first & 512, first - second, second - first) & 255  # as if always the later one were mirrored
        turn = turn * TURNS // 256
        pair = (first >> 10) * count + (second >> 10)
        usual = np.minimum(self.usual[first >> 10], self.usual[second >> 10])
        weight = np.minimum(WHOLE, WHOLE * usual // often)
        return np.asarray(((pair * 2 + mirrored) * TURNS + turn) * (WHOLE + 1) + weight)


def _middle(group: Numbers, values: Numbers, last: int) -> Numbers:
    """The middle value of each group 0…last, 0 where it has none."""
    values = values[np.lexsort((values, group))]
    counts = np.bincount(group, minlength=last + 1)
    middle = np.cumsum(counts) - counts + counts // 2
    return np.where(counts > 0, values[np.minimum(middle, len(values) - 1)], 0)


def _counted(keys: Numbers, votes: int, count: int) -> list[Candidate]:
    """Votes of each pair in its best two neighbouring sectors of turn."""
    if not len(keys):
        return []
    keys, weight = np.divmod(np.sort(keys), WHOLE + 1)
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    found, number = keys[starts], np.add.reduceat(weight, starts)
    beside = found - found % TURNS + (found + 1) % TURNS
    place = np.minimum(np.searchsorted(found, beside), len(found) - 1)
    together = number + np.where((found[place] == beside) & (place != np.arange(len(found))), number[place], 0)
    together //= WHOLE
    enough = np.flatnonzero(together >= votes)
    pairs, start = np.unique(found[enough] // TURNS, return_index=True)
    if not len(pairs):
        return []
    best = np.maximum.reduceat(together[enough], start)
    order = np.argsort(-best, kind="stable")
    return [
        Candidate(int(pair) // 2 // count, int(pair) // 2 % count, bool(pair & 1), int(n))
        for pair, n in zip(pairs[order], best[order], strict=True)
    ]
