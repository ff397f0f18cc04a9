"""Maker notes, read by ExifRead within a budget of reads: it would follow any count that a hostile file states."""

from __future__ import annotations

import io
import logging
import struct
from typing import Any

from verify.metadata.exif import joined, quotient
from verify.metadata.found import MAX_TEXT, Block, Tag, Value, plain
from verify.metadata.tiff import ASCII, UNDEFINED

READER = "exifread"
MAX_READS = 20_000  # the largest maker note seen costs under 10,000; a hostile count asks for a thousand million
_GROUPS = {"canon": "Canon", "nikon": "Nikon", "olympus": "Olympus", "casio": "Casio", "fujifilm": "FujiFilm"}
_GROUPS |= {"sony": "Sony", "apple": "Apple", "dji": "DJI"}
_FOREIGN = (b"QVC\0", b"DCI\0", b"OLYMPUS\0", b"OM SYSTEM\0")  # newer layouts, which ExifRead takes for the old ones
FAILURES = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AssertionError,
    EOFError,
    AttributeError,
    RecursionError,
)


class Spent(Exception):
    """The budget of reads is used up."""


class Counted(io.BytesIO):
    """A file in memory that allows a number of reads."""

    left = MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        """As BytesIO; raises Spent when the allowance is used up."""
        self.left -= 1
        if self.left < 0:
            raise Spent
        return super().read(size)


def tags(block: Block, note: Block, make: str, model: str, problems: list[str]) -> list[Tag]:
    """Tags of the maker note inside an EXIF block, by ExifRead's names; empty where it does not know the maker."""
    group = next((group for start, group in _GROUPS.items() if make.lower().startswith(start)), "")
    if not group or note.offset is None or note.data.startswith(_FOREIGN):
        return []
    import exifread.core.exif_header as header
    from exifread.core.exceptions import ExifError
    from exifread.core.ifd_tag import IfdTag
    from exifread.tags.fields import FieldType

    logging.getLogger("exifread").disabled = True  # it reports each oddity of a file on stderr
    start = note.offset - (block.offset or 0)
    reading = header.ExifHeader(Counted(block.data), "I" if block.data[:2] == b"II" else "M", 0, 0, strict=False)
    # Only what `decode_maker_note` asks for: reading the note byte by byte, as ExifRead does, takes most of its time.
    reading.tags = {
        "EXIF MakerNote": IfdTag("", 0x927C, FieldType(UNDEFINED), list(note.data[:32]), start, len(note.data)),
        "Image Make": IfdTag(make, 0x10F, FieldType(ASCII), make, 0, 0),
        "Image Model": IfdTag(model, 0x110, FieldType(ASCII), model, 0, 0),
    }
    spent = False
    try:
        reading.decode_maker_note()
    except Spent:
        spent = True
        problems.append(f"the maker note states so many values that reading stopped after {MAX_READS}")
    except (*FAILURES, struct.error, ExifError) as error:
        problems.append(f"the maker note cannot be read to its end ({type(error).__name__})")
    return [
        _tag(group, name.removeprefix("MakerNote "), told, block.offset)
        for name, told in reading.tags.items()
        if name.startswith("MakerNote ") and not (spent and name.startswith("MakerNote Tag 0x"))  # noise past the end
    ]


def _tag(group: str, name: str, told: Any, base: int | None) -> Tag:
    place = None if base is None or not told.field_offset else base + int(told.field_offset)
    return Tag(group, name, _value(told.values), str(told.printable)[:MAX_TEXT], place, READER)


def _value(values: Any) -> Value:
    if isinstance(values, str):
        return plain(values)
    if isinstance(values, bytes):
        return plain(values.decode("utf-8", "replace"))
    if isinstance(values, list) and values:
        return joined(
            [
                quotient(v.numerator, v.denominator)
                if hasattr(v, "denominator") and not isinstance(v, int)
                else _scalar(v)
                for v in values
            ]
        )
    return plain(str(values)) if not isinstance(values, list) else ""


def _scalar(value: Any) -> Any:
    return value if isinstance(value, int | float | str) else str(value)
