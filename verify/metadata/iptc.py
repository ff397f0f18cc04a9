"""IPTC-IIM datasets (IIM 4.2, chapter 1) as tags."""

from __future__ import annotations

import re
from collections.abc import Iterator

from verify.metadata import names
from verify.metadata.exif import BINARY
from verify.metadata.found import MAX_TAGS, MAX_TEXT, Tag, Value, plain

_UTF8 = b"\x1b%G"


def tags(data: bytes, offset: int | None, group: str) -> list[Tag]:
    """Tags of one block in file order; a repeatable dataset becomes one tag with a list."""
    found: dict[tuple[int, int], list[tuple[bytes, int]]] = {}
    encoding = "utf-8" if any(d[:2] == (1, 90) and d[2].startswith(_UTF8) for d in _datasets(data)) else "latin-1"
    for record, number, value, at in _datasets(data):
        found.setdefault((record, number), []).append((value, at))
    result = []
    for (record, number), values in found.items():
        name, kind, many = names.iptc(record).get(number, (f"IPTC_{record}_{number}", "string", ""))
        told = [_value(kind, name, value, encoding) for value, _ in values]
        raw = "; ".join(_raw(value) for value, _ in values)[:MAX_TEXT]
        place = None if offset is None else offset + values[0][1]
        if many and len(told) > 1:
            result.append(Tag(group, name, tuple(told), raw, place))
        else:
            result += [
                Tag(group, name, value, _raw(data), None if offset is None else offset + at)
                for value, (data, at) in zip(told, values, strict=True)
            ]
    return result


def _datasets(data: bytes) -> Iterator[tuple[int, int, bytes, int]]:
    """(record, dataset, value, place of the value) until the first byte that is no dataset."""
    at = count = 0
    while at + 5 <= len(data) and data[at] == 0x1C and count < MAX_TAGS:
        record, number = data[at + 1], data[at + 2]
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        at, count = at + 5, count + 1
        if size & 0x8000:  # an extended dataset: the length of the length
            width = size & 0x7FFF
            if width > 8 or at + width > len(data):
                return
            size = int.from_bytes(data[at : at + width], "big")
            at += width
        if at + size > len(data):
            return
        yield record, number, data[at : at + size], at
        at += size


def _raw(value: bytes) -> str:
    return value[:MAX_TEXT].decode("utf-8", "backslashreplace")


def _value(kind: str, name: str, value: bytes, encoding: str) -> Value:
    if kind.startswith("int"):
        return int.from_bytes(value, "big") if value else ""
    if kind == "undef":
        return BINARY.format(len(value))
    text = value.decode("latin-1" if name == "CodedCharacterSet" else encoding, "replace").split("\0", 1)[0]
    if re.search("Date$|^DateSent$", name) or name in {"DateCreated", "DateSent"}:
        text = re.sub(r"^(\d{4})(\d{2})(\d{2})$", r"\1:\2:\3", text)
    elif name in {"TimeCreated", "TimeSent", "ReleaseTime", "ExpirationTime", "DigitalCreationTime"}:
        text = re.sub(r"^(\d{2})(\d{2})(\d{2})(?:([+-]\d{2})(\d{2}))?$", _clock, text)
    elif kind == "digits" and re.fullmatch(r"\d{1,8}", text):
        return int(text)
    return plain(text)


def _clock(match: re.Match[str]) -> str:
    zone = f"{match[4]}:{match[5]}" if match[4] else ""
    return f"{match[1]}:{match[2]}:{match[3]}{zone}"
