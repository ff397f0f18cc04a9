"""Reads everything that a file says of itself: container, then blocks, then the blocks inside blocks."""

from __future__ import annotations

import struct
from functools import lru_cache

from verify.image import Image
from verify.metadata import containers, exif, heif, icc, iptc, jpeg, makernotes, tiff, xmp
from verify.metadata.exif import BINARY
from verify.metadata.found import MAX_TAGS, Block, Embedded, Jpeg, Metadata, Tag
from verify.metadata.segments import Contents

MAX_BLOCKS = 500  # a photograph has about ten; 50,000 XMP segments keep other readers busy for ten seconds
MAX_PROBLEMS = 100
MAX_KEPT = 32 * 2**20  # bytes of a file whose reading is remembered


def read(image: Image) -> Metadata:
    """Everything that the file says of itself. Reads `image.data` only; never decodes the picture, never raises."""
    return _kept(image.data) if len(image.data) <= MAX_KEPT else _read(image.data)


@lru_cache(maxsize=8)  # several checks ask about one picture; large files are read again rather than kept in memory
def _kept(data: bytes) -> Metadata:
    return _read(data)


def _read(data: bytes) -> Metadata:
    kind = containers.sniff(data)
    contents = Contents()
    structure: Jpeg | None = None
    width = height = 0
    end: int | None = len(data)
    if kind == "JPEG":
        found, end, problems = jpeg.segments(data)
        structure = jpeg.structure(found, end)
        contents.problems += problems
        contents.jpeg(found, structure)
        width, height = (structure.width, structure.height) if structure else (0, 0)
    elif kind == "TIFF":
        contents.blocks.append(Block("exif", data, 0))
    elif kind in _OTHERS:
        width, height, end = _OTHERS[kind](data, contents)
    elif kind == "BMP":
        width, height = (abs(n) for n in struct.unpack("<ii", data[18:26]))
    if end is not None and end < len(data):
        contents.blocks.append(Block("trailer", data[end:], end))
    _blocks(contents, data)
    if kind == "TIFF":
        sizes = [t.value for key in ("ImageWidth", "ImageHeight") for t in contents.tags if t.key == f"IFD0:{key}"]
        width, height = (int(n) if isinstance(n, int) else 0 for n in (*sizes, 0, 0)[:2])
    return Metadata(
        format=kind,
        size=len(data),
        tags=tuple(contents.tags[:MAX_TAGS]),
        jpeg=structure,
        blocks=tuple(contents.blocks),
        embedded=tuple(contents.embedded),
        problems=tuple(dict.fromkeys(contents.problems))[:MAX_PROBLEMS],
        width=width,
        height=height,
    )


_OTHERS = {
    "PNG": containers.png,
    "WebP": containers.webp,
    "GIF": containers.gif,
    "HEIC": heif.read,
    "AVIF": heif.read,
}


def _blocks(contents: Contents, data: bytes) -> None:
    """Reads every block; what is found inside one is read in its turn."""
    waiting, read, odd, profiles = list(contents.blocks), 0, 1, 0
    while waiting and read < MAX_BLOCKS:
        block = waiting.pop(0)
        read += 1
        inner: list[Block] = []
        if block.kind == "exif":
            inner = _exif(block, contents, data)
        elif block.kind == "xmp":
            try:
                contents.tags += xmp.tags(block.data, block.offset)
            except xmp.Malformed as error:
                contents.problems.append(f"XMP cannot be read: {error}")
        elif block.kind == "iptc":
            usual = block.inside == "photoshop" or data[:2] != containers.JPEG
            odd += not usual  # a block in an unusual place is "IPTC2", as ExifTool has it
            contents.tags += iptc.tags(block.data, block.offset, "IPTC" if usual else f"IPTC{odd}")
        elif block.kind == "icc":
            profiles += 1
            contents.tags += icc.tags(block.data, block.offset, profiles)
        elif block.kind == "photoshop":
            inner = contents.resources(block)
        elif block.kind == "mpf":
            contents.multi_picture(block, data)
        contents.blocks += inner
        waiting += inner
    if waiting:
        contents.problems.append(f"{len(waiting)} more blocks of metadata were left unread; no photograph has so many")


def _exif(block: Block, contents: Contents, data: bytes) -> list[Block]:
    walk = tiff.Walk(block.data)
    inner: list[Block] = []
    pieces: dict[tuple[str, int], tiff.Entry] = {}
    for entry in walk.entries():
        if len(contents.tags) > MAX_TAGS:
            walk.problems.append("more tags than any picture has")
            break
        place = None if block.offset is None else block.offset + entry.offset
        if entry.tag in exif.BLOCKS and not entry.group.startswith("GPS") and len(entry.data) > 4:
            inner.append(Block(exif.BLOCKS[entry.tag], entry.data, place))
        elif entry.tag == 0x927C:
            inner.append(Block("maker note", entry.data, place))
        elif entry.tag not in exif.SKIPPED or entry.group.startswith("GPS"):
            contents.tags += exif.tags(entry, block.offset)
        if entry.tag in {0x201, 0x202}:
            pieces[entry.group, entry.tag] = entry
    if block.offset != 0:
        _thumbnails(block, pieces, contents, data)
    contents.problems += walk.problems
    for note in (b for b in inner if b.kind == "maker note"):
        make, model = (
            next((str(t.value) for t in contents.tags if t.key == f"IFD0:{name}"), "") for name in ("Make", "Model")
        )
        contents.tags += makernotes.tags(block, note, make, model, contents.problems)
    return inner


def _thumbnails(block: Block, pieces: dict[tuple[str, int], tiff.Entry], contents: Contents, data: bytes) -> None:
    for group in dict.fromkeys(group for group, _ in pieces):
        start, length = pieces.get((group, 0x201)), pieces.get((group, 0x202))
        if not (start and length and start.numbers and length.numbers):
            continue
        at, size = int(start.numbers[0]), int(length.numbers[0])
        stored = block.data[at : at + size]
        if len(stored) < size and block.offset is not None:  # some cameras write it behind the segment
            stored = data[block.offset + at : block.offset + at + size]
        if not at or not size or len(stored) < size:
            contents.problems.append(f"{group} names a thumbnail of {size} bytes that is not there")
            continue
        name = "PreviewImage" if group == "IFD0" else "ThumbnailImage" if group == "IFD1" else "JpgFromRaw"
        place = None if block.offset is None else block.offset + at
        contents.embedded.append(Embedded(f"{group}:{name}", stored, place))
        contents.tags.append(Tag(group, name, BINARY.format(size), stored[:16].hex(" "), place))
