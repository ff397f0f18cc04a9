"""Exact search among many hashes: every one within a radius, by scanning or by a multi-index of sorted slots."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

Columns = npt.NDArray[np.uint64]  # [4 x N]: the hashes' four words, each contiguous
Rows = npt.NDArray[np.intp]

BLOCK = 1 << 15  # rows; three columns and the sums stay in the second-level cache
PART = 1 << 16  # rows that faiss compares with all that are asked before the next ones: 2 MB
MASKS = 400  # keys tried a slot before a scan is as fast


def scan(columns: Columns, one: npt.NDArray[np.uint64], radius: int) -> tuple[Rows, npt.NDArray[np.uint16]]:
    """Rows within `radius` bits of one hash [4 words], and their distances; exact at any radius."""
    _, rows, bits = scan_many(columns, one[None], radius)
    return rows, bits


def scan_many(
    columns: Columns, asked: npt.NDArray[np.uint64], radius: int
) -> tuple[Rows, Rows, npt.NDArray[np.uint16]]:
    """All within `radius` bits of any of `asked` [Q x 4 words]: number of the asked, row, and distance; exact.

    Columns are added until unrelated hashes are out of reach: two of four up to a radius of 31, three up to 64. Every
    block of rows is fetched once for all that are asked: from memory, a fetch costs as much as the comparison.
    """
    first = 2 if radius <= 31 else 3 if radius <= 64 else 4
    number, rows = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    for start in range(0, columns.shape[1], BLOCK):
        part = columns[:first, start : start + BLOCK]
        differing = np.empty(part.shape[1], np.uint64)
        for n, one in enumerate(asked):
            bits = np.bitwise_count(np.bitwise_xor(part[0], one[0], out=differing))
            for column in range(1, min(first, 3)):  # 192 bits at most fit a byte
                bits += np.bitwise_count(np.bitwise_xor(part[column], one[column], out=differing))
            if first > 3:
                bits = bits + np.bitwise_count(part[3] ^ one[3]).astype(np.uint16)
            near = np.flatnonzero(bits <= radius)
            if len(near):
                rows.append(near + start)
                number.append(np.full(len(near), n, np.intp))
    asking, row = np.concatenate(number), np.concatenate(rows)
    apart = np.bitwise_count(columns[:, row] ^ asked[asking].T).sum(axis=0, dtype=np.uint16)
    order = np.flatnonzero(apart <= radius)
    order = order[np.argsort(asking[order], kind="stable")]
    return asking[order], row[order], apart[order]


def checked(
    columns: Columns, rows: Rows, one: npt.NDArray[np.uint64], radius: int
) -> tuple[Rows, npt.NDArray[np.uint16]]:
    """Those of the rows that are within the radius, with their distances."""
    bits = np.bitwise_count(columns[:, rows] ^ one[:, None]).sum(axis=0, dtype=np.uint16)
    near = bits <= radius
    return rows[near], bits[near]


class Scanner:
    """Many hashes, asked by many at once; by faiss where it is installed, which takes a third to a half of the time."""

    def __init__(self, columns: Columns, *, faiss: bool = True) -> None:
        self.columns = columns
        self._parts = _faiss(columns) if faiss and columns.shape[1] else []

    def search(self, asked: npt.NDArray[np.uint64], radius: int) -> tuple[Rows, Rows, npt.NDArray[np.uint16]]:
        """All within `radius` bits of any of `asked` [Q x 4 words]: number of the asked, row, and distance; exact."""
        if not self._parts:
            return scan_many(self.columns, asked, radius)
        code = np.ascontiguousarray(asked).view(np.uint8)
        found = []
        for at, part in enumerate(self._parts):
            limits, bits, rows = part.range_search(code, radius + 1)
            number = np.repeat(np.arange(len(asked)), np.diff(limits).astype(np.intp))
            found.append((number, rows.astype(np.intp) + at * PART, bits.astype(np.uint16)))
        number, row, apart = (np.concatenate(each) for each in zip(*found, strict=True))
        order = np.argsort(number, kind="stable")
        return number[order], row[order], apart[order]


def _faiss(columns: Columns) -> list[Any]:
    """An index of every `PART` rows; none where faiss is not installed."""
    try:
        import faiss
    except ImportError:
        return []
    parts = []
    for start in range(0, columns.shape[1], PART):
        index = faiss.IndexBinaryFlat(256)
        index.add(np.ascontiguousarray(columns[:, start : start + PART].T).view(np.uint8))
        parts.append(index)
    return parts


class Slots:
    """A multi-index: the hash in disjoint slots of `width` bits, the rows of each slot in the order of its values.

    Two hashes within `radius` bits differ in at most radius // slots bits of some slot (Norouzi et al., CVPR 2012).
    About 4 bytes a row and slot, and 4 bytes a value and slot.
    """

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        count = columns.shape[1]
        self.width = int(np.clip(np.ceil(np.log2(max(count, 2))), 8, 22))
        self.slots = 256 // self.width
        self.order, self.starts = [], []
        for number in range(self.slots):
            placed = slot(columns, number * self.width, self.width).astype(np.uint64) << np.uint64(32)
            placed |= np.arange(count, dtype=np.uint64)  # value and row in one number, sorted where it lies
            placed.sort()
            self.order.append(placed.astype(np.uint32))
            placed >>= np.uint64(32)
            edges = np.arange((1 << self.width) + 1, dtype=np.uint64)
            self.starts.append(np.searchsorted(placed, edges).astype(np.uint32))

    def search(self, one: npt.NDArray[np.uint64], radius: int) -> tuple[Rows, npt.NDArray[np.uint16]]:
        """Rows within `radius` bits of one hash, exactly; a scan where the radius is too large for the slots."""
        masks = _masks(self.width, radius // self.slots)
        if len(masks) > MASKS:
            return scan(self.columns, one, radius)
        found = []
        for number, (order, starts) in enumerate(zip(self.order, self.starts, strict=True)):
            keys = slot(one[:, None], number * self.width, self.width)[0] ^ masks
            left, right = starts[keys].astype(np.int64), starts[keys + 1].astype(np.int64)
            size = right - left
            place = np.repeat(left - np.r_[0, np.cumsum(size)[:-1]], size) + np.arange(int(size.sum()))
            found.append(order[place])
        return checked(self.columns, np.unique(np.concatenate(found)).astype(np.intp), one, radius)


def slot(columns: Columns, at: int, width: int) -> npt.NDArray[np.uint32]:
    """The value [N] of `width` bits of each hash, from bit `at` on."""
    column, shift = divmod(at, 64)
    value = columns[column] >> np.uint64(shift)
    if shift + width > 64:
        value |= columns[column + 1] << np.uint64(64 - shift)
    value &= np.uint64((1 << width) - 1)
    return np.asarray(value, np.uint32)


def _masks(width: int, flips: int) -> npt.NDArray[np.int64]:
    if flips > 2:
        return np.zeros(MASKS + 1, np.int64)
    chosen = [bits for count in range(flips + 1) for bits in combinations(range(width), count)]
    return np.array([sum(1 << bit for bit in bits) for bits in chosen], np.int64)


# The 256 bits in slots of 21 and 22, and the flips looked at in each. Two hashes that differ by more than that in every
# slot differ in at least the sum of (flips + 1) = 32 bits, so a radius of 31 is covered exactly (the general pigeonhole
# principle: Qin et al., ICDE 2018). Of the plans with 10 to 16 slots it joins 1,000,000 hashes in the least time.
JOINED = (*[(22, 2)] * 4, *[(21, 2)] * 4, *[(21, 1)] * 4)
PAIRS = 1 << 20  # pairs compared at once: what they need stays under 100 MB


def self_join(columns: Columns, radius: int) -> npt.NDArray[np.int64]:
    """Every pair of rows [P x 2], lower first, within `radius` bits, exactly, for a radius up to 31."""
    assert radius <= 31, "the slots' flips cover a radius of 31"
    found, at = [np.zeros((0, 2), np.int64)], 0
    for width, flips in JOINED:
        values = slot(columns, at, width)
        order = np.argsort(values, kind="stable")
        bucket = _Buckets(np.ascontiguousarray(columns[:, order]), values[order], width)
        for mask in _masks(width, flips).tolist():
            found += [np.sort(order[pairs], axis=1) for pairs in bucket.near(mask, radius)]
        at += width
    keys = np.unique(np.concatenate(found) @ np.array([columns.shape[1], 1]))
    return np.stack(np.divmod(keys, max(columns.shape[1], 1)), axis=1)


class _Buckets:
    """Hashes in the order of the value that one of their slots has."""

    def __init__(self, columns: Columns, values: npt.NDArray[np.uint32], width: int) -> None:
        self.columns = columns
        self.values = values
        self.sizes = np.bincount(values, minlength=1 << width).astype(np.uint32)
        self.starts = (np.cumsum(self.sizes) - self.sizes).astype(np.uint32)
        self.present = self.sizes > 0  # a quarter of the other two: it stays in the cache
        self.low = [np.flatnonzero(self.values & (1 << bit) == 0) for bit in range(width)]
        self.low_values = [self.values[rows] for rows in self.low]

    def near(self, mask: int, radius: int) -> Iterator[Rows]:
        """Pairs of places [P x 2] within the radius whose values differ exactly by `mask`."""
        if mask:  # each pair from the side on which the mask's highest bit is not set
            bit = mask.bit_length() - 1
            partner = self.low_values[bit] ^ np.uint32(mask)
            here = np.flatnonzero(self.present[partner])
            rows, partner = self.low[bit][here], partner[here]
            first, count = self.starts[partner].astype(np.int64), self.sizes[partner].astype(np.int64)
        else:  # each with those behind it in its own bucket
            rows = np.flatnonzero(self.sizes[self.values] > 1)
            first = rows + 1
            count = self.starts[self.values[rows]].astype(np.int64) + self.sizes[self.values[rows]] - first
        ends = np.cumsum(count)
        for begin in range(0, int(ends[-1]) if len(ends) else 0, PAIRS):
            low, high = np.searchsorted(ends, [begin, min(begin + PAIRS, int(ends[-1])) - 1], side="right")
            part = slice(int(low), int(high) + 1)
            size = np.minimum(ends[part], begin + PAIRS) - np.maximum(ends[part] - count[part], begin)
            start = first[part] + np.maximum(begin - (ends[part] - count[part]), 0)
            one = np.repeat(rows[part], size)
            other = np.repeat(start - (np.cumsum(size) - size), size) + np.arange(len(one))
            yield self._within(one, other, radius)

    def _within(self, one: Rows, other: Rows, radius: int) -> Rows:
        for words in ((0, 1), (2, 3)):  # unrelated hashes are out of reach after the first two
            bits = np.zeros(len(one), np.uint16)
            for column in self.columns[: words[1] + 1] if words[0] else self.columns[:2]:
                bits += np.bitwise_count(column[one] ^ column[other])
            one, other = one[bits <= radius], other[bits <= radius]
        return np.stack([one, other], axis=1)
