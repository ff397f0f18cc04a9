"""The simple containers: PNG (ISO/IEC 15948), WebP (RFC 9649), GIF89a; as blocks and tags."""

from __future__ import annotations

import re
import struct
import zlib

from verify.metadata.found import MAX_TEXT, Block, Tag, plain, shortest
from verify.metadata.segments import Contents

MAX_CHUNKS = 20_000
MAX_INFLATED = 16 * 2**20  # bytes: no profile or text of a photograph is larger; a bomb is
PNG, GIF, JPEG = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a"), b"\xff\xd8"
_HEADER = ("ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter", "Interlace")
_DENSITY = ("PixelsPerUnitX", "PixelsPerUnitY", "PixelUnits")


def sniff(data: bytes) -> str:
    """The format by its first bytes, or ""."""
    head = data[:16]
    if head.startswith(JPEG):
        return "JPEG"
    if head.startswith(PNG):
        return "PNG"
    if head.startswith(GIF):
        return "GIF"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp":
        return "AVIF" if head[8:12] in {b"avif", b"avis"} else "HEIC"
    if head[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}:
        return "TIFF"
    return "BMP" if head[:2] == b"BM" and len(data) > 26 else ""


def inflate(data: bytes) -> bytes:
    """Inflated bytes, at most MAX_INFLATED. Raises zlib.error."""
    return zlib.decompressobj().decompress(data, MAX_INFLATED)


# --- PNG --------------------------------------------------------------------------------------------------------------


def png(data: bytes, into: Contents) -> tuple[int, int, int]:
    """Fills `into`; returns width, height and the offset behind IEND (or the last whole chunk)."""
    at, count, size = 8, 0, (0, 0)
    while at + 12 <= len(data) and count < MAX_CHUNKS:
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        if len(body) < length:
            into.problems.append(f"chunk {kind.decode('latin-1')} at {at} says {length} bytes; {len(body)} are left")
            return (*size, len(data))
        if kind == b"IHDR" and length >= 13:
            size = struct.unpack(">II", body[:8])
        _chunk(kind, body, at + 8, into)
        if kind not in {b"IDAT", b"fdAT"} and zlib.crc32(kind + body) != int.from_bytes(
            data[at + 8 + length : at + 12 + length], "big"
        ):
            into.problems.append(f"chunk {kind.decode('latin-1')} at {at} has a wrong checksum")
        at, count = at + 12 + length, count + 1
        if kind == b"IEND":
            return (*size, at)
    into.problems.append("no IEND chunk")
    return (*size, at)


def _chunk(kind: bytes, body: bytes, at: int, into: Contents) -> None:
    try:
        if kind == b"IHDR" and len(body) >= 13:
            for key, value in zip(_HEADER, struct.unpack(">IIBBBBB", body[:13]), strict=True):
                into.tags.append(Tag("PNG", key, value, str(value), at))
        elif kind == b"eXIf":
            into.blocks.append(
                Block("exif", body.removeprefix(b"Exif\0\0"), at + (6 if body.startswith(b"Exif\0\0") else 0))
            )
        elif kind == b"iCCP":
            name, _, packed = body.partition(b"\0")
            into.tags.append(Tag("PNG", "ProfileName", plain(name.decode("latin-1")), name.decode("latin-1"), at))
            into.blocks.append(Block("icc", inflate(packed[1:])))
        elif kind == b"tIME" and len(body) >= 7:
            text = "{:04d}:{:02d}:{:02d} {:02d}:{:02d}:{:02d}".format(*struct.unpack(">HBBBBB", body[:7]))
            into.tags.append(Tag("PNG", "ModifyDate", text, body.hex(" "), at))
        elif kind == b"pHYs" and len(body) >= 9:
            for key, value in zip(_DENSITY, struct.unpack(">IIB", body[:9]), strict=True):
                into.tags.append(Tag("PNG-pHYs", key, value, str(value), at))
        elif kind == b"gAMA" and len(body) >= 4:
            gamma = round(100_000 / max(1, int.from_bytes(body[:4], "big")), 4)
            into.tags.append(Tag("PNG", "Gamma", shortest(gamma), body[:4].hex(), at))
        elif kind == b"sRGB" and body:
            into.tags.append(Tag("PNG", "SRGBRendering", body[0], str(body[0]), at))
        elif kind == b"caBX":
            into.blocks.append(Block("jumbf", body, at))
        elif kind in {b"tEXt", b"zTXt", b"iTXt"}:
            _text(kind, body, at, into)
    except zlib.error as error:
        into.problems.append(f"chunk {kind.decode('latin-1')} at {at - 8} cannot be inflated: {error}")


def _text(kind: bytes, body: bytes, at: int, into: Contents) -> None:
    keyword, _, rest = body.partition(b"\0")
    key = keyword.decode("latin-1")
    place: int | None = at + len(keyword) + 1
    encoding = "latin-1"
    if kind == b"zTXt":
        rest, place = inflate(rest[1:]), None
    elif kind == b"iTXt":
        packed, (_, _, rest) = rest[:1] == b"\x01", (b"", b"", rest[2:])
        rest = rest.split(b"\0", 2)[2] if rest.count(b"\0") >= 2 else b""
        rest, place = (inflate(rest), None) if packed else (rest, None)
        encoding = "utf-8"
    if key == "XML:com.adobe.xmp":
        into.blocks.append(Block("xmp", rest, place))
    elif key.startswith("Raw profile type "):
        _raw_profile(key.removeprefix("Raw profile type "), rest, into)
    else:
        text = rest.decode(encoding, "replace")
        name = "".join(word[:1].upper() + word[1:] for word in re.findall(r"[-_A-Za-z0-9]+", key)) or "Text"
        into.tags.append(Tag("PNG", name, plain(text), text[:MAX_TEXT], place))


def _raw_profile(kind: str, text: bytes, into: Contents) -> None:
    """ImageMagick's way: a name, a length and the bytes in hexadecimal."""
    match = re.match(rb"\s*[\w ]*\s*\n\s*(\d+)\s*\n", text)
    digits = re.sub(rb"[^0-9a-fA-F]", b"", text[match.end() :] if match else b"")
    data = bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
    kinds = {
        "exif": "exif",
        "APP1": "exif",
        "xmp": "xmp",
        "iptc": "photoshop",
        "8bim": "photoshop",
        "icc": "icc",
        "icm": "icc",
    }
    if kind in kinds and data:
        if kind == "APP1" and data.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
            into.blocks.append(Block("xmp", data.partition(b"\0")[2]))
        else:
            into.blocks.append(Block(kinds[kind], data.removeprefix(b"Exif\0\0")))


# --- WebP -------------------------------------------------------------------------------------------------------------


def webp(data: bytes, into: Contents) -> tuple[int, int, int]:
    """Fills `into`; returns width, height and the offset behind the last chunk."""
    at, count, width, height = 12, 0, 0, 0
    end = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= end and count < MAX_CHUNKS:
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + length]
        if len(body) < length:
            into.problems.append(f"chunk {kind.decode('latin-1')} at {at} is cut off")
        if kind == b"EXIF":
            skip = 6 if body.startswith(b"Exif\0\0") else 0
            into.blocks.append(Block("exif", body[skip:], at + 8 + skip))
        elif kind == b"XMP ":
            into.blocks.append(Block("xmp", body, at + 8))
        elif kind == b"ICCP":
            into.blocks.append(Block("icc", body, at + 8))
        elif kind == b"C2PA":
            into.blocks.append(Block("jumbf", body, at + 8))
        elif kind == b"VP8X" and length >= 10:
            width, height = int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        elif kind == b"VP8 " and not width and length >= 10:
            width, height = int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
        elif kind == b"VP8L" and not width and length >= 5:
            bits = int.from_bytes(body[1:5], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        at, count = at + 8 + length + length % 2, count + 1
    return width, height, max(at, end)


# --- GIF --------------------------------------------------------------------------------------------------------------


def gif(data: bytes, into: Contents) -> tuple[int, int, int]:
    """Fills `into`; returns width, height and the offset behind the trailer byte."""
    width, height = struct.unpack("<HH", data[6:10]) if len(data) >= 10 else (0, 0)
    into.tags.append(Tag("GIF", "GIFVersion", data[3:6].decode("latin-1"), data[3:6].decode("latin-1"), 3))
    at = 13 + (3 << (data[10] & 7) + 1 if len(data) > 12 and data[10] & 0x80 else 0)
    for _ in range(MAX_CHUNKS):
        lead = data[at : at + 1]
        if lead == b";":
            return width, height, at + 1
        if lead == b"!":
            label, start = data[at + 1 : at + 2], at + 2
            pieces, at = _sub_blocks(data, start)
            _extension(label, pieces, data[start:at], start, into)
        elif lead == b",":
            packed = data[at + 9] if at + 9 < len(data) else 0
            at += 11 + (3 << (packed & 7) + 1 if packed & 0x80 else 0)
            _, at = _sub_blocks(data, at)
        else:
            break
    into.problems.append("the GIF does not end as it should")
    return width, height, min(at, len(data))


def _sub_blocks(data: bytes, at: int) -> tuple[list[bytes], int]:
    pieces = []
    while at < len(data) and data[at]:
        pieces.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return pieces, min(at + 1, len(data))


def _extension(label: bytes, pieces: list[bytes], whole: bytes, at: int, into: Contents) -> None:
    if label == b"\xfe":
        text = b"".join(pieces).decode("utf-8", "replace")
        into.tags.append(Tag("GIF", "Comment", plain(text), text[:MAX_TEXT], at))
    elif label == b"\xff" and pieces and pieces[0].startswith(b"XMP Data"):
        end = whole.rfind(b"\x01\xff\xfe")
        into.blocks.append(Block("xmp", whole[12 : end if end > 0 else None], at + 12))
    elif label == b"\xff" and pieces and pieces[0].startswith(b"ICCRGBG1"):
        into.blocks.append(Block("icc", b"".join(pieces[1:])))
    elif label == b"\xff" and pieces and pieces[0].startswith(b"C2PA_GIF"):
        into.blocks.append(Block("jumbf", b"".join(pieces[1:])))
