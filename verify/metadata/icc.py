"""ICC colour profiles (ICC.1:2022): the header and the tags that say something in words or numbers."""

from __future__ import annotations

import struct
from dataclasses import replace

from verify.metadata import names
from verify.metadata.exif import BINARY, joined
from verify.metadata.found import MAX_TEXT, Tag, Value, plain

MAX_PROFILE_TAGS = 200
HEADER, PROFILE = "ICC-header", "ICC_Profile"


def tags(data: bytes, offset: int | None, number: int = 1) -> list[Tag]:
    """Tags of one profile; empty where it is shorter than its header or not signed "acsp".

    The groups of a second profile of a file end in 2, and so on, as ExifTool has them.
    """
    found = _tags(data, offset)
    return found if number == 1 else [replace(tag, group=f"{tag.group}{number}") for tag in found]


def _tags(data: bytes, offset: int | None) -> list[Tag]:
    if len(data) < 132 or data[36:40] != b"acsp":
        return []
    found = _header(data, offset)
    for number in range(min(int.from_bytes(data[128:132], "big"), MAX_PROFILE_TAGS)):
        entry = data[132 + 12 * number : 144 + 12 * number]
        if len(entry) < 12:
            break
        at, size = struct.unpack(">II", entry[4:])
        body = data[at : at + size]
        if len(body) == size and size >= 8:
            found += _tag(entry[:4].decode("latin-1"), body, None if offset is None else offset + at)
    return found


def _header(data: bytes, offset: int | None) -> list[Tag]:
    def text(at: int) -> Value:
        return plain(data[at : at + 4].decode("latin-1").rstrip("\0"))

    date = struct.unpack(">6H", data[24:36])
    fixed = [_fixed(data[68 + 4 * n : 72 + 4 * n]) for n in range(3)]
    flags, attributes = int.from_bytes(data[44:48], "big"), struct.unpack(">2I", data[56:64])
    values: list[tuple[str, Value, int]] = [
        ("ProfileCMMType", text(4), 4),
        ("ProfileVersion", int.from_bytes(data[8:10], "big"), 8),
        ("ProfileClass", text(12), 12),
        ("ColorSpaceData", text(16), 16),
        ("ProfileConnectionSpace", text(20), 20),
        ("ProfileDateTime", "{:04d}:{:02d}:{:02d} {:02d}:{:02d}:{:02d}".format(*date), 24),
        ("ProfileFileSignature", text(36), 36),
        ("PrimaryPlatform", text(40), 40),
        ("CMMFlags", flags, 44),
        ("DeviceManufacturer", text(48), 48),
        ("DeviceModel", text(52), 52),
        ("DeviceAttributes", joined(list(attributes)), 56),
        ("RenderingIntent", int.from_bytes(data[64:68], "big"), 64),
        ("ConnectionSpaceIlluminant", joined(fixed), 68),
        ("ProfileCreator", text(80), 80),
        ("ProfileID", joined(list(data[84:100])), 84),
    ]
    return [Tag(HEADER, name, value, str(value), None if offset is None else offset + at) for name, value, at in values]


def _fixed(data: bytes) -> int | float:
    """A signed 15.16 number, to five decimals."""
    number = round(int.from_bytes(data, "big", signed=True) / 65536, 5)
    return int(number) if number == int(number) else number


def _xyz(data: bytes) -> Value:
    return joined([_fixed(data[at : at + 4]) for at in range(0, len(data) // 4 * 4, 4)])


def _tag(signature: str, body: bytes, offset: int | None) -> list[Tag]:
    name, kind = names.icc().get(signature), body[:4]
    if name is None:
        name = "ICC_Profile_" + "".join(c if c.isalnum() else f"0x{ord(c):02x}" for c in signature)
    if kind == b"meas" and len(body) >= 36:
        return _measurement(body, offset)
    if kind == b"view" and len(body) >= 36:
        pairs = [("Illuminant", _xyz(body[8:20])), ("Surround", _xyz(body[20:32]))]
        last = ("IlluminantType", int.from_bytes(body[32:36], "big"))
        return [Tag("ICC-view", f"ViewingCond{part}", value, str(value), offset) for part, value in [*pairs, last]]
    if kind == b"chrm" and len(body) >= 12:
        return _chromaticity(body, offset)
    if kind == b"mluc":
        return _localised(name, body, offset)
    value = _value(kind, body)
    return [
        Tag(PROFILE, name, BINARY.format(len(body)) if value is None else value, str(value or "")[:MAX_TEXT], offset)
    ]


def _value(kind: bytes, body: bytes) -> Value:
    """The value of the simple types, or None where it stays binary."""
    if kind == b"text":
        return plain(body[8:].split(b"\0", 1)[0].decode("latin-1"))
    if kind == b"desc" and len(body) >= 12:
        size = int.from_bytes(body[8:12], "big")
        return plain(body[12 : 12 + size].split(b"\0", 1)[0].decode("latin-1"))
    if kind == b"sig ":
        return plain(body[8:12].decode("latin-1"))
    if kind in {b"XYZ ", b"sf32"}:
        return _xyz(body[8:])
    if kind == b"dtim" and len(body) >= 20:
        return "{:04d}:{:02d}:{:02d} {:02d}:{:02d}:{:02d}".format(*struct.unpack(">6H", body[8:20]))
    return None


def _measurement(body: bytes, offset: int | None) -> list[Tag]:
    observer, geometry = struct.unpack(">I", body[8:12])[0], struct.unpack(">I", body[24:28])[0]
    flare, illuminant = int.from_bytes(body[28:32], "big") / 65536, struct.unpack(">I", body[32:36])[0]
    values: list[tuple[str, Value]] = [
        ("Observer", observer),
        ("Backing", _xyz(body[12:24])),
        ("Geometry", geometry),
        ("Flare", round(flare, 5)),
        ("Illuminant", illuminant),
    ]
    return [Tag("ICC-meas", f"Measurement{part}", value, str(value), offset) for part, value in values]


def _chromaticity(body: bytes, offset: int | None) -> list[Tag]:
    channels, colorant = struct.unpack(">HH", body[8:12])
    found = [
        Tag("ICC-chrm", "ChromaticityChannels", channels, str(channels), offset),
        Tag("ICC-chrm", "ChromaticityColorant", colorant, str(colorant), offset),
    ]
    for number in range(min(channels, 16)):
        pair = body[12 + 8 * number : 20 + 8 * number]
        if len(pair) == 8:
            both = [round(n / 65536, 5) for n in struct.unpack(">II", pair)]
            found.append(Tag("ICC-chrm", f"ChromaticityChannel{number + 1}", joined(both), str(both), offset))
    return found


def _localised(name: str, body: bytes, offset: int | None) -> list[Tag]:
    """One tag a language; English of the United States carries no suffix."""
    count, size = struct.unpack(">II", body[8:16]) if len(body) >= 16 else (0, 12)
    found = []
    for number in range(min(count, 100)):
        record = body[16 + size * number : 28 + size * number]
        if len(record) < 12:
            break
        length, at = struct.unpack(">II", record[4:12])
        text = body[at : at + length].decode("utf-16-be", "replace").rstrip("\0")
        language = f"{record[:2].decode('latin-1')}-{record[2:4].decode('latin-1')}".replace("\0", "")
        suffix = "" if language.lower() == "en-us" else f"-{language}".rstrip("-")
        found.append(Tag(PROFILE, name + suffix, plain(text), text, offset))
    return found
