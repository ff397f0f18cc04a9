"""Lists of hashes as other tools write them: hexadecimal digits, leading zeros kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from verify.archive import hashing
from verify.archive.store import Archive
from verify.errors import Refused, Unreadable


def listed_hashes(archive: Archive, method: str) -> Iterator[tuple[str, str]]:
    """Hexadecimal digits and SHA-256 of every picture; `pdq` as ThreatExchange's lists, the others as ImageHash's."""
    for name, row, digest in archive.rows():
        arrays = archive.segment(name).arrays
        bits = arrays["pdq"][row, 0] if method == "pdq" else arrays[method][row]
        yield bits.tobytes().hex(), digest


def read_hashes(archive: Archive, path: Path, method: str) -> int:
    """Take a list into the archive; returns how many lines it had.

    Raises Unreadable where the file cannot be had, and Refused, with the line's number, where a line is no such hash:
    then none of the list is taken.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path.name}: cannot be read as text; expected a list of {method} hashes") from error
    rows = []
    for number, line in enumerate(lines, 1):
        digits, _, name = line.strip().partition(",")
        if digits:
            try:
                rows.append((method, hashing.Hash.parse(f"{method}:{digits.strip()}").bits, name or path.name))
            except Refused as error:
                raise Refused(f"{path.name}, line {number}: {error}") from error
    with archive.database() as database:
        database.executemany("INSERT OR IGNORE INTO foreign_hash VALUES (?, ?, ?)", rows)
    return len(rows)
