"""HEIC and AVIF (ISO/IEC 23008-12): the items of the meta box that say something, as blocks."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from verify.metadata.found import Block
from verify.metadata.segments import Contents

MAX_BOXES = 20_000
_CONTAINERS = {b"meta", b"iprp", b"ipco", b"moov", b"dinf"}


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start of the body, end) of the boxes between `at` and `end`."""
    for _ in range(MAX_BOXES):
        if at + 8 > end:
            return
        size, kind, body = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, body = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        size = end - at if size == 0 else size
        if size < body - at or at + size > end:
            return
        yield kind, body, at + size
        at += size


def read(data: bytes, into: Contents) -> tuple[int, int, int]:
    """Fills `into` with Exif, XMP and colour blocks of the meta box; returns the largest size and the end."""
    items: dict[int, tuple[bytes, bytes]] = {}
    places: dict[int, list[tuple[int, int]]] = {}
    sizes: list[tuple[int, int]] = [(0, 0)]
    end = 0

    def walk(start: int, stop: int, depth: int) -> None:
        for kind, body, after in _boxes(data, start, stop):
            if kind in _CONTAINERS and depth < 6:
                walk(body + (4 if kind == b"meta" else 0), after, depth + 1)
            elif kind == b"iinf":
                _items(data[body:after], items)
            elif kind == b"iloc":
                _places(data[body:after], places)
            elif kind == b"ispe" and after - body >= 12:
                sizes.append(struct.unpack(">II", data[body + 4 : body + 12]))
            elif kind == b"colr" and data[body : body + 4] in {b"prof", b"rICC"}:
                into.blocks.append(Block("icc", data[body + 4 : after], body + 4))
            elif kind == b"uuid" and data[body : body + 16] == bytes.fromhex("d8fec3d61b0e483c92975828877ec481"):
                into.blocks.append(Block("jumbf", data[body + 16 : after], body + 16))

    for _, _, after in _boxes(data, 0, len(data)):
        end = after
    walk(0, len(data), 0)
    _metadata_items(data, items, places, into)
    return (*max(sizes), end)


def _items(body: bytes, items: dict[int, tuple[bytes, bytes]]) -> None:
    at = 6 if body[:1] == b"\0" else 8
    for kind, start, end in _boxes(body, at, len(body)):
        if kind == b"infe" and body[start] >= 2:
            wide = 4 if body[start] == 3 else 2
            number = int.from_bytes(body[start + 4 : start + 4 + wide], "big")
            items[number] = (body[start + 6 + wide : start + 10 + wide], body[start + 10 + wide : end])


def _places(body: bytes, places: dict[int, list[tuple[int, int]]]) -> None:
    """Item locations (ISO/IEC 14496-12, 8.11.3), those inside the file only."""
    if len(body) < 8:
        return
    version, at = body[0], 6
    offset_size, length_size, base_size = body[4] >> 4, body[4] & 15, body[5] >> 4
    index_size = body[5] & 15 if version else 0
    wide = 4 if version == 2 else 2

    def take(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(body[at - size : at], "big")

    for _ in range(min(take(wide), MAX_BOXES)):
        if at >= len(body):
            return
        number = take(wide)
        method = take(2) & 15 if version else 0
        take(2)
        base = take(base_size)
        for _ in range(min(take(2), 100)):
            take(index_size)
            start, length = take(offset_size), take(length_size)
            if method == 0:
                places.setdefault(number, []).append((base + start, length))


def _metadata_items(
    data: bytes, items: dict[int, tuple[bytes, bytes]], places: dict[int, list[tuple[int, int]]], into: Contents
) -> None:
    for number, (kind, rest) in items.items():
        parts = places.get(number, [])
        body = b"".join(data[start : start + length] for start, length in parts)
        place = parts[0][0] if len(parts) == 1 else None
        if kind == b"Exif" and len(body) > 8:
            skip = 4 + int.from_bytes(body[:4], "big")
            skip = skip if skip < len(body) else 4
            into.blocks.append(Block("exif", body[skip:], None if place is None else place + skip))
        elif kind == b"mime" and b"rdf+xml" in rest and body:
            into.blocks.append(Block("xmp", body, place))
