"""Exact search among many hashes: every one within a radius, by scanning or by a multi-index of sorted slots."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

Columns = npt.NDArray[np.uint64]  # [4 x N]: the hashes' four words, each contiguous
Rows = npt.NDArray[np.intp]

BLOCK = 1 << 15  # rows; three columns and the sums stay in the second-level cache
MASKS = 400  # keys tried a slot before a scan is as fast


def scan(columns: Columns, one: npt.NDArray[np.uint64], radius: int) -> tuple[Rows, npt.NDArray[np.uint16]]:
    """Rows within `radius` bits of one hash [4 words], and their distances; exact at any radius.

    Columns are added until unrelated hashes are out of reach: two of four up to a radius of 31, three up to 64.
    """
    first = 2 if radius <= 31 else 3 if radius <= 64 else 4
    found = []
    for start in range(0, columns.shape[1], BLOCK):
        part = columns[:, start : start + BLOCK]
        bits = np.bitwise_count(part[0] ^ one[0]).astype(np.uint16)
        for column in range(1, first):
            bits += np.bitwise_count(part[column] ^ one[column])
        near = np.flatnonzero(bits <= radius)
        if len(near):
            found.append(near + start)
    rows = np.concatenate(found) if found else np.zeros(0, np.intp)
    return checked(columns, rows, one, radius)


def checked(
    columns: Columns, rows: Rows, one: npt.NDArray[np.uint64], radius: int
) -> tuple[Rows, npt.NDArray[np.uint16]]:
    """Those of the rows that are within the radius, with their distances."""
    bits = np.bitwise_count(columns[:, rows] ^ one[:, None]).sum(axis=0, dtype=np.uint16)
    near = bits <= radius
    return rows[near], bits[near]


class Slots:
    """A multi-index: the hash in disjoint slots of `width` bits, the rows of each slot in the order of its values.

    Two hashes within `radius` bits differ in at most radius // slots bits of some slot (Norouzi et al., CVPR 2012).
    About 4 bytes a row and slot, and 4 bytes a value and slot.
    """

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        count = columns.shape[1]
        self.width = int(np.clip(np.ceil(np.log2(max(count, 2))), 8, 23))
        self.slots = 256 // self.width
        self.order, self.starts = [], []
        for slot in range(self.slots):
            values = self._values(columns, slot)
            self.order.append(np.argsort(values, kind="stable").astype(np.uint32))
            sizes = np.bincount(values, minlength=1 << self.width)
            self.starts.append(np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint32))

    def search(self, one: npt.NDArray[np.uint64], radius: int) -> tuple[Rows, npt.NDArray[np.uint16]]:
        """Rows within `radius` bits of one hash, exactly; a scan where the radius is too large for the slots."""
        masks = _masks(self.width, radius // self.slots)
        if len(masks) > MASKS:
            return scan(self.columns, one, radius)
        found = []
        for slot in range(self.slots):
            keys = self._values(one[:, None], slot)[0] ^ masks
            left, right = self.starts[slot][keys].astype(np.int64), self.starts[slot][keys + 1].astype(np.int64)
            size = right - left
            place = np.repeat(left - np.r_[0, np.cumsum(size)[:-1]], size) + np.arange(int(size.sum()))
            found.append(self.order[slot][place])
        return checked(self.columns, np.unique(np.concatenate(found)).astype(np.intp), one, radius)

    def _values(self, columns: Columns, slot: int) -> npt.NDArray[np.int64]:
        at = slot * self.width
        column, shift = divmod(at, 64)
        value = columns[column] >> np.uint64(shift)
        if shift + self.width > 64:
            value = value | (columns[column + 1] << np.uint64(64 - shift))
        return np.asarray(value & np.uint64((1 << self.width) - 1), np.int64)


def _masks(width: int, flips: int) -> npt.NDArray[np.int64]:
    if flips > 2:
        return np.zeros(MASKS + 1, np.int64)
    chosen = [bits for count in range(flips + 1) for bits in combinations(range(width), count)]
    return np.array([sum(1 << bit for bit in bits) for bits in chosen], np.int64)


def self_join(columns: Columns, radius: int) -> npt.NDArray[np.int64]:
    """Every pair of rows [P x 2] within `radius` bits, exactly, for a radius up to 31: 16 slots of 16 bits, one flip.

    Rows that agree in a slot up to one bit are compared: first in the slot's own word, then in the others.
    """
    assert radius <= 31, "16 slots leave two flips unlooked at beyond a radius of 31"
    count = columns.shape[1]
    found = [np.zeros(0, np.int64)]
    for slot in range(16):
        column, shift = divmod(slot * 16, 64)
        values = ((columns[column] >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
        order = np.argsort(values, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(values, minlength=1 << 16))])
        sorted_columns = np.ascontiguousarray(columns[:, order])
        for flip in (0, *[1 << bit for bit in range(16)]):
            pairs = _bucket_pairs(sorted_columns, starts, flip, radius)
            one, other = order[pairs[0]], order[pairs[1]]
            found.append(np.minimum(one, other) * count + np.maximum(one, other))
    keys = np.unique(np.concatenate(found))
    return np.stack([keys // count, keys % count], axis=1)


def _bucket_pairs(columns: Columns, starts: npt.NDArray[np.int64], flip: int, radius: int) -> tuple[Rows, Rows]:
    """Places (in slot order) of near pairs between every bucket and the bucket whose value differs by `flip`."""
    value = np.arange(1 << 16)
    value = value[(value & flip) == 0] if flip else value
    partner = value ^ flip
    mine, theirs = starts[value + 1] - starts[value], starts[partner + 1] - starts[partner]
    near_one, near_other = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    for lag in range(int(theirs.max(initial=0))):
        wide = theirs > lag
        size = mine[wide]
        first = np.repeat(starts[value[wide]] - np.r_[0, np.cumsum(size)[:-1]], size) + np.arange(int(size.sum()))
        second = np.repeat(starts[partner[wide]] + lag, size)
        if not flip:
            first, second = first[first < second], second[first < second]
        for upto in (1, 2, 4):  # words compared: most pairs are out of reach after the first two
            bits = np.zeros(len(first), np.uint16)
            for column in columns[:upto]:
                bits += np.bitwise_count(column[first] ^ column[second])
            first, second = first[bits <= radius], second[bits <= radius]
        near_one.append(first)
        near_other.append(second)
    return np.concatenate(near_one), np.concatenate(near_other)
