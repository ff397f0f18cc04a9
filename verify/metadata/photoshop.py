"""Photoshop image resources ("8BIM" blocks; Adobe, Photoshop File Formats Specification)."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

from verify.metadata import names
from verify.metadata.exif import BINARY, joined
from verify.metadata.found import Block, Tag, Value, plain

MAX_RESOURCES = 1_000
GROUP = "Photoshop"
IPTC, ICC, EXIF, XMP, DIGEST, THUMBNAIL, RESOLUTION, SLICES, VERSION = (
    1028,
    1039,
    1058,
    1060,
    1061,
    1036,
    1005,
    1050,
    1057,
)
QUALITY = 1030
NESTED = {IPTC: "iptc", ICC: "icc", EXIF: "exif", XMP: "xmp"}
_BYTES = {1034: 1, 1011: 0, 1037: 4, 1049: 4, 1044: 4, 1024: 2, 1046: 2, 1047: 2, 1064: 0}
_TEXT = {1035, 1002, 1086, 1087, 2999}


def resources(data: bytes) -> Iterator[tuple[int, str, bytes, int]]:
    """(number, name, body, place of the body) until the first that is malformed."""
    at = count = 0
    while (
        at + 12 <= len(data)
        and data[at : at + 4] in {b"8BIM", b"PHUT", b"DCSR", b"AgHg", b"MeSa"}
        and count < MAX_RESOURCES
    ):
        number, length = struct.unpack(">HB", data[at + 4 : at + 7])
        name = data[at + 7 : at + 7 + length].decode("latin-1")
        at += 7 + length + (length + 1) % 2
        size = int.from_bytes(data[at : at + 4], "big")
        at, count = at + 4, count + 1
        if at + size > len(data):
            return
        yield number, name, data[at : at + size], at
        at += size + size % 2


def read(data: bytes, offset: int | None) -> tuple[list[Tag], list[Block]]:
    """Tags of the resources, and the blocks of other standards that stand in them."""
    tags: list[Tag] = []
    blocks: list[Block] = []
    for number, _, body, at in resources(data):
        place = None if offset is None else offset + at
        if number in NESTED:
            blocks.append(Block(NESTED[number], body, place, "photoshop"))
            continue
        tags += [Tag(GROUP, name, value, body[:64].hex(" "), place) for name, value in _values(number, body)]
    return tags, blocks


def _values(number: int, body: bytes) -> list[tuple[str, Value]]:
    if number == DIGEST:
        return [("IPTCDigest", body.hex())]
    if number == RESOLUTION and len(body) >= 16:
        x, unit_x, _, y, unit_y, _ = struct.unpack(">IHHIHH", body[:16])
        return [
            ("XResolution", joined([round(x / 65536, 8)])),
            ("DisplayedUnitsX", unit_x),
            ("YResolution", joined([round(y / 65536, 8)])),
            ("DisplayedUnitsY", unit_y),
        ]
    if number == THUMBNAIL:
        return [("PhotoshopThumbnail", BINARY.format(max(0, len(body) - 28)))]
    if number == VERSION and len(body) >= 5:
        return _version(body)
    if number == QUALITY and len(body) >= 6:
        quality, style, scans = struct.unpack(">hhh", body[:6])
        return [("PhotoshopQuality", quality), ("PhotoshopFormat", style), ("ProgressiveScans", scans)]
    name = names.numbered("photoshop").get(number, f"Photoshop_0x{number:04x}")
    if number in _TEXT:
        return [(name, plain(body.decode("latin-1")))]
    size = _BYTES.get(number, 0)
    if size and len(body) == size:
        return [(name, int.from_bytes(body, "big", signed=size == 4))]
    return [(name, BINARY.format(len(body)))]


def _version(body: bytes) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = [("HasRealMergedData", body[4])]
    at = 5
    for name in ("WriterName", "ReaderName"):
        size = int.from_bytes(body[at : at + 4], "big") * 2
        if at + 4 + size > len(body):
            break
        found.append((name, plain(body[at + 4 : at + 4 + size].decode("utf-16-be", "replace").rstrip("\0"))))
        at += 4 + size
    return found


def iptc_digest(block: bytes) -> str:
    """What Photoshop stores to see whether the IPTC block was changed behind its back: its MD5, in hex."""
    return hashlib.md5(block, usedforsecurity=False).hexdigest()
