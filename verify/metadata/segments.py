"""What stands in the application segments of a JPEG: blocks of other standards, and JPEG's own small ones."""

from __future__ import annotations

import hashlib
import struct

from verify.metadata import photoshop, tiff
from verify.metadata.exif import BINARY
from verify.metadata.found import Block, Embedded, Jpeg, Tag, plain
from verify.metadata.jpeg import Segment

EXIF, XMP, EXTENDED = b"Exif\0", b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
ICC, PHOTOSHOP, MPF = b"ICC_PROFILE\0", b"Photoshop 3.0\0", b"MPF\0"
MAX_BLOCK = 32 * 2**20  # bytes of a block put together from several segments


class Contents:
    """Tags, blocks, embedded pictures and problems, filled segment by segment."""

    def __init__(self) -> None:
        self.tags: list[Tag] = []
        self.blocks: list[Block] = []
        self.embedded: list[Embedded] = []
        self.problems: list[str] = []

    def jpeg(self, segments: list[Segment], structure: Jpeg | None) -> None:
        """Everything in the segments of one JPEG."""
        split: dict[str, list[tuple[int, Segment, bytes]]] = {"icc": [], "xmp extension": [], "photoshop": []}
        for number, segment in enumerate(segments):
            data, at = segment.data, segment.offset
            if segment.marker == "APP1" and data.startswith(EXIF):
                self.blocks.append(Block("exif", data[6:], at + 6))
            elif segment.marker == "APP1" and data.startswith(XMP):
                self.blocks.append(Block("xmp", data[len(XMP) :], at + len(XMP)))
            elif segment.marker == "APP1" and data.startswith(EXTENDED):
                split["xmp extension"].append((number, segment, data[len(EXTENDED) :]))
            elif segment.marker == "APP2" and data.startswith(ICC):
                split["icc"].append((number, segment, data[len(ICC) :]))
            elif segment.marker == "APP2" and data.startswith(MPF):
                self.blocks.append(Block("mpf", data[4:], at + 4))
            elif segment.marker == "APP11" and data[:2] == b"JP":
                self.blocks.append(Block("jumbf", data, at))
            elif segment.marker == "APP13" and data.startswith(PHOTOSHOP):
                split["photoshop"].append((number, segment, data[len(PHOTOSHOP) :]))
            else:
                self._small(segment)
        self._profile(split["icc"])
        self._extension(split["xmp extension"])
        self._photoshop(split["photoshop"])
        if structure:
            self._frame(structure)

    def _small(self, segment: Segment) -> None:
        data, at = segment.data, segment.offset
        if segment.marker == "APP0" and data.startswith(b"JFIF\0") and len(data) >= 12:
            x, y = struct.unpack(">HH", data[8:12])
            values = [
                ("JFIFVersion", f"{data[5]} {data[6]}"),
                ("ResolutionUnit", data[7]),
                ("XResolution", x),
                ("YResolution", y),
            ]
            self.tags += [Tag("JFIF", name, value, str(value), at + 5) for name, value in values]
        elif segment.marker == "APP0" and data.startswith(b"JFXX\0\x10"):
            self.embedded.append(Embedded("JFXX:ThumbnailImage", data[6:], at + 6))
            self.tags.append(Tag("JFXX", "ThumbnailImage", BINARY.format(len(data) - 6), "", at + 6))
        elif segment.marker == "APP14" and data.startswith(b"Adobe") and len(data) >= 12:
            version, flags0, flags1, transform = struct.unpack(">HHHB", data[5:12])
            names = ("DCTEncodeVersion", "APP14Flags0", "APP14Flags1", "ColorTransform")
            for name, value in zip(names, (version, flags0, flags1, transform), strict=True):
                self.tags.append(Tag("Adobe", name, value, str(value), at + 5))
        elif segment.marker == "APP12" and data.startswith(b"Ducky") and len(data) >= 13:
            self.tags.append(Tag("Ducky", "Quality", int.from_bytes(data[9:13], "big"), data[5:13].hex(" "), at + 5))
        elif segment.marker == "COM":
            text = data.rstrip(b"\0").decode("utf-8", "replace").replace("�", "?")
            self.tags.append(Tag("File", "Comment", plain(text), data.decode("utf-8", "backslashreplace"), at))
        elif segment.marker.startswith("APP"):
            label = data[:16].split(b"\0", 1)[0].decode("latin-1")
            self.blocks.append(Block(f"{segment.marker} {label}".strip(), data, at))

    def _profile(self, parts: list[tuple[int, Segment, bytes]]) -> None:
        if not parts:
            return
        ordered = sorted((data[0], data[2:]) for _, _, data in parts if len(data) > 2)
        first = parts[0][1]
        place = first.offset + len(ICC) + 2 if len(parts) == 1 else None
        if len({data[1] for _, _, data in parts if len(data) > 1} | {len(parts)}) > 1:
            self.problems.append("the pieces of the ICC profile do not add up")
        self.blocks.append(Block("icc", b"".join(data for _, data in ordered), place))

    def _extension(self, parts: list[tuple[int, Segment, bytes]]) -> None:
        by_name: dict[bytes, dict[int, bytes]] = {}
        for _, _, data in parts:
            if len(data) > 40:
                by_name.setdefault(data[:32], {})[int.from_bytes(data[36:40], "big")] = data[40:]
        for name, pieces in by_name.items():
            whole = b"".join(pieces[at] for at in sorted(pieces))[:MAX_BLOCK]
            if hashlib.md5(whole, usedforsecurity=False).hexdigest().upper().encode() != name.upper():
                self.problems.append("extended XMP does not have the digest that its segments state")
            self.blocks.append(Block("xmp", whole))

    def _photoshop(self, parts: list[tuple[int, Segment, bytes]]) -> None:
        if not parts:
            return
        whole = b"".join(data for _, _, data in parts)
        first = parts[0][1]
        self.blocks.append(Block("photoshop", whole, first.offset + len(PHOTOSHOP) if len(parts) == 1 else None))

    def resources(self, block: Block) -> list[Block]:
        """Reads a Photoshop block; returns the blocks of other standards in it."""
        tags, nested = photoshop.read(block.data, block.offset)
        self.tags += tags
        for number, _, body, at in photoshop.resources(block.data):
            if number == photoshop.THUMBNAIL and len(body) > 28:
                place = None if block.offset is None else block.offset + at + 28
                self.embedded.append(Embedded("Photoshop:PhotoshopThumbnail", body[28:], place))
        return nested

    def _frame(self, structure: Jpeg) -> None:
        values = [
            ("ImageWidth", structure.width),
            ("ImageHeight", structure.height),
            ("BitsPerSample", structure.precision),
            ("ColorComponents", len(structure.components)),
        ]
        self.tags += [Tag("File", name, value, str(value)) for name, value in values]

    def multi_picture(self, block: Block, data: bytes) -> None:
        """CIPA DC-007: the list of pictures that stand behind the first; their offsets count from the MPF header."""
        walk = tiff.Walk(block.data)
        base = block.offset or 0
        for entry in walk.entries():
            if entry.tag == 0xB000:
                self.tags.append(
                    Tag("MPF0", "MPFVersion", entry.data.decode("latin-1"), entry.data.hex(" "), base + entry.offset)
                )
            elif entry.tag == 0xB001 and entry.numbers:
                self.tags.append(
                    Tag("MPF0", "NumberOfImages", entry.numbers[0], str(entry.numbers[0]), base + entry.offset)
                )
            elif entry.tag == 0xB002:
                self._pictures(entry, base, data)

    def _pictures(self, entry: tiff.Entry, base: int, data: bytes) -> None:
        for number in range(min(len(entry.data) // 16, 32)):
            attribute, size, start, first, second = struct.unpack(
                f"{entry.order}IIIHH", entry.data[16 * number : 16 * number + 16]
            )
            group = f"MPImage{number + 1}"
            place = start + base if start else 0
            values = [
                ("MPImageFlags", (attribute >> 27) & 0x1F),
                ("MPImageFormat", (attribute >> 24) & 7),
                ("MPImageType", attribute & 0xFFFFFF),
                ("MPImageLength", size),
                ("MPImageStart", place),
                ("DependentImage1EntryNumber", first),
                ("DependentImage2EntryNumber", second),
            ]
            self.tags += [
                Tag(group, name, value, str(value), base + entry.offset + 16 * number) for name, value in values
            ]
            if place and place + size <= len(data):
                self.embedded.append(Embedded(f"{group}:PreviewImage", data[place : place + size], place))
                self.tags.append(Tag(group, "MPImage", BINARY.format(size), "", place))
