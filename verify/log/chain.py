"""Follows the chain of a log's lines, without I/O: each line whole, canonical, in order, hung on the one before."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from verify.errors import Tampered
from verify.log.canonical import NotCanonical, decode
from verify.log.entry import AHEAD, check_form, check_open, read_time, write_time

MAX_LINE = 16 * 2**20  # bytes; long lists of points lie in the store
FORMAT = "verify-log/1"

Trouble = Callable[[str, int, str], None]  # code, entry, what is wrong


@dataclass(frozen=True, slots=True)
class Link:
    """One line that was followed: its fields as they stand there, and its digest."""

    fields: dict[str, Any]
    digest: str


def genesis(case: str, nonce: str) -> str:
    """What the first entry hangs on: its lines cannot be hung into another case."""
    return hashlib.sha256(f"{FORMAT}\n{case}\n{nonce}\n".encode()).hexdigest()


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole lines, without line ends, and what stands behind the last line end."""
    lines = data.split(b"\n")  # never str.splitlines, which also breaks at U+2028
    return lines[:-1], lines[-1]


class Chain:
    """Follows lines one after another; what is wrong goes to `trouble`, which may raise.

    `digests` of the lines so far, how many of each of the `kinds`, `case` of the first entry. One chain may be followed
    in several pieces.
    """

    def __init__(self, trouble: Trouble, now: datetime | None = None) -> None:
        self.case = ""
        self.digests: list[str] = []
        self.kinds: Counter[str] = Counter()
        self.time = ""
        self._next = 1  # the number that the next entry must have
        self._loose: set[int] = set()  # lines that do not hang on the one before
        self._trouble = trouble
        self._latest = write_time(now + AHEAD) if now else "~"

    def follow(self, lines: list[bytes]) -> Iterator[Link]:
        """The lines that read as entries; those that do not are told to `trouble` and left out."""
        for line in lines:
            number = len(self.digests) + 1
            digest = hashlib.sha256(line + b"\n").hexdigest()
            try:
                fields = _read(line)
            except NotCanonical as error:
                self._trouble("canonical", number, f"line {number}: {error}")
            except Tampered as error:
                self._trouble("form", number, f"line {number} {error}")
            else:
                self._hang(fields, number, digest)
                self._look_at_clock(fields, number)
                self.kinds[fields["kind"]] += 1
                yield Link(fields, digest)
            self.digests.append(digest)

    def _hang(self, fields: dict[str, Any], number: int, digest: str) -> None:
        if number == 1:
            self._begin(fields)
        elif fields["kind"] == "open":
            self._trouble("form", number, f"line {number} opens the log a second time")
        elif fields["prev"] != self.digests[-1]:
            self._loose.add(number)
            self._trouble(*self._name_break(fields["prev"], number, digest))
        elif fields["seq"] != self._next:
            self._trouble("sequence", number, f"line {number} is numbered {fields['seq']}; expected {self._next}")
        self._next = fields["seq"] + 1

    def _begin(self, fields: dict[str, Any]) -> None:
        try:
            if fields["kind"] != "open":
                raise Tampered(f"is of kind {fields['kind']!r}; expected 'open'")
            self.case, nonce = check_open(fields["body"])
            if fields["prev"] != genesis(self.case, nonce) or fields["seq"] != 1:
                raise Tampered("does not hang on its own case and nonce")
        except Tampered as error:
            self._trouble("genesis", 1, f"line 1 {error}: the beginning is missing or of another case")

    def _name_break(self, prev: str, number: int, digest: str) -> tuple[str, int, str]:
        if digest in self.digests:
            return "duplicate", number, f"line {number} is line {self.digests.index(digest) + 1} again"
        if prev not in self.digests:
            return (
                "chain",
                number,
                f"line {number} does not hang on line {number - 1}: one of them was changed, or lines between are gone",
            )
        at = self.digests.index(prev) + 1
        if at + 1 in self._loose:
            return "order", number, f"line {number} hangs on line {at}: the order of the lines was changed"
        return (
            "fork",
            number,
            f"lines {number} and {at + 1} both continue line {at}: a fork by two writers, which need not be tampering",
        )

    def _look_at_clock(self, fields: dict[str, Any], number: int) -> None:
        try:
            read_time(fields["time"])
        except Tampered as error:
            return self._trouble("form", number, f"line {number}: {error}")
        set_back = fields["kind"] == "recovery" and fields["body"].get("what") == "clock set back"
        if fields["time"] < self.time and not set_back:
            self._trouble(
                "clock", number, f"line {number} says {fields['time']}, before the line above it ({self.time})"
            )
        if fields["time"] > self._latest:
            self._trouble("future", number, f"line {number} says {fields['time']}, which has not come yet")
        self.time = fields["time"]
        return None


def _read(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise NotCanonical(f"{len(line)} bytes long; expected at most {MAX_LINE}")
    return check_form(decode(line))
