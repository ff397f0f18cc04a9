"""Walks the directories of a TIFF structure (TIFF 6.0, section 2; EXIF 3.0, section 4.6) within a budget."""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

MAX_DIRECTORIES = 200
MAX_ENTRIES = 2_000  # of one directory; the largest camera file seen has under 100
MAX_VALUE = 16 * 2**20  # bytes of one value
MAX_TOTAL = 64 * 2**20  # bytes of all values: two thousand entries may all point to the same megabytes
MAX_NUMBERS = 4_096  # numbers unpacked from one value; longer arrays stay bytes

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8, 129: 1}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
ASCII, RATIONAL, UNDEFINED, SRATIONAL = 2, 5, 7, 10
_POINTERS = {0x8769: "ExifIFD", 0x8825: "GPS", 0xA005: "InteropIFD", 0x14A: "SubIFD", 0x190: "GlobParamIFD"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `offset` of its value from the start of the TIFF structure, `data` as stored, `numbers` unpacked.

    Rationals are pairs in `numbers`.
    """

    group: str
    tag: int
    kind: int
    count: int
    offset: int
    data: bytes = field(repr=False)
    order: str = "<"

    @property
    def numbers(self) -> tuple[int | float, ...]:
        """The numbers of the value; of a rational, numerators and denominators in turn. Empty for text."""
        code, many = self.kind, min(self.count, MAX_NUMBERS)
        if code in {RATIONAL, SRATIONAL}:
            return struct.unpack(f"{self.order}{2 * many}{'I' if code == RATIONAL else 'i'}", self.data[: 8 * many])
        if code == UNDEFINED:
            return tuple(self.data[:many])
        if code not in _CODES:
            return ()
        return struct.unpack(f"{self.order}{many}{_CODES[code]}", self.data[: SIZES[code] * many])


@dataclass
class Walk:
    """One walk through a TIFF structure; `problems` fills up on the way."""

    data: bytes
    problems: list[str] = field(default_factory=list)
    order: str = "<"
    big: bool = False  # BigTIFF: 8-byte offsets and counts
    _seen: set[int] = field(default_factory=set)
    _taken: int = 0

    def entries(self) -> Iterator[Entry]:
        """Entries of all directories, in the order of the file's own chain. Never raises on malformed data."""
        self.order = {b"II": "<", b"MM": ">"}.get(self.data[:2], "")
        magic = self._number(2, 2) if self.order else 0
        if magic not in {42, 43, 0x55, 0x4F52, 0x5352}:
            self.problems.append("no TIFF header")
            return
        self.big = magic == 43
        yield from self._chain(self._number(8, 8) if self.big else self._number(4, 4), "IFD0")

    def _chain(self, at: int, name: str) -> Iterator[Entry]:
        number = 0
        while at:
            group = f"IFD{number}" if name == "IFD0" else name if number == 0 else f"{name}{number}"
            following = yield from self._directory(at, group)
            if name not in {"IFD0", "SubIFD"}:
                return  # what follows an Exif or GPS directory is no directory of it
            at, number = following, number + 1

    def _directory(self, at: int, group: str) -> Generator[Entry, None, int]:
        """Entries of the directory at `at`; returns the offset of the next one, or 0."""
        if at in self._seen or len(self._seen) >= MAX_DIRECTORIES:
            self.problems.append(
                f"{group} at {at} was read before" if at in self._seen else "more directories than any picture has"
            )
            return 0
        self._seen.add(at)
        head, size, tail = (8, 20, 8) if self.big else (2, 12, 4)
        count = self._number(at, head)
        if at + head > len(self.data) or count > MAX_ENTRIES or count == 0:
            self.problems.append(f"{group} at {at} is outside the data or says {count} entries")
            return 0
        below: list[tuple[int, str]] = []
        for place in range(at + head, at + head + size * count, size):
            if place + size > len(self.data):
                self.problems.append(f"{group} at {at} is cut off")
                return 0
            entry = self._entry(place, group)
            if entry:
                yield entry
                if entry.tag in _POINTERS and entry.kind in {4, 13, 16, 18, 3} and _may_hold(group, entry.tag):
                    below += [(int(n), _POINTERS[entry.tag]) for n in entry.numbers[:10]]
        for number, (offset, name) in enumerate(below):
            names = sum(other == name for _, other in below[:number])
            yield from self._chain(offset, name if not names else f"{name}{names}")
        return self._number(at + head + size * count, tail)

    def _entry(self, place: int, group: str) -> Entry | None:
        wide = 8 if self.big else 4
        tag, kind = self._number(place, 2), self._number(place + 2, 2)
        count = self._number(place + 4, wide)
        if kind not in SIZES:
            if kind or tag or count:
                self.problems.append(f"{group} tag 0x{tag:04x} has an unknown type {kind}")
            return None
        length = SIZES[kind] * count
        offset = place + 4 + wide
        if length > wide:
            offset = self._number(offset, wide)
        if length > MAX_VALUE or offset + length > len(self.data):
            self.problems.append(f"{group} tag 0x{tag:04x} says {length} bytes at {offset}, outside the data")
            return None
        self._taken += length
        if self._taken > MAX_TOTAL:
            self.problems.append(f"{group} tag 0x{tag:04x}: more bytes of values than any picture has")
            return None
        return Entry(group, tag, kind, count, offset, self.data[offset : offset + length], self.order)

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self.data[at : at + size], "little" if self.order == "<" else "big")


def _may_hold(group: str, tag: int) -> bool:
    """Which directory points to which: an Exif pointer inside an Exif directory is an attack or an accident."""
    if tag == 0xA005:
        return group in {"ExifIFD", "IFD0"}
    return group.startswith(("IFD", "SubIFD"))
