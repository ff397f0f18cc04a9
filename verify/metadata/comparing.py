"""One file read by two readers: what they say differently."""

from __future__ import annotations

import logging
import struct
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from verify.metadata import exiftool, makernotes
from verify.metadata.found import Metadata, Tag, Value, plain

STANDARD = ("IFD0", "IFD1", "ExifIFD", "GPS", "InteropIFD", "IPTC", "XMP-", "ICC")
_EXIFREAD_GROUPS = {"Image": "IFD0", "EXIF": "ExifIFD", "GPS": "GPS", "Thumbnail": "IFD1"}
_EXIFREAD_NAMES = {
    ("ExifIFD", "DateTimeDigitized"): "CreateDate",
    ("IFD0", "DateTime"): "ModifyDate",
    ("ExifIFD", "ISOSpeedRatings"): "ISO",
    ("ExifIFD", "ExifImageLength"): "ExifImageHeight",
    ("GPS", "GPSDate"): "GPSDateStamp",
}
_COMPARED = {  # what ExifRead and ExifTool give in one form: text and whole numbers
    *("Make", "Model", "Software", "Artist", "Orientation", "ModifyDate", "DateTimeOriginal", "CreateDate", "ISO"),
    *("ExifImageWidth", "ExifImageHeight", "GPSLatitudeRef", "GPSLongitudeRef", "LensModel"),
    *("OffsetTimeOriginal", "SubSecTimeOriginal", "ImageUniqueID", "Flash", "MeteringMode", "ColorSpace"),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the second reader, `reader` in `version`, says otherwise than the built-in one."""

    reader: str
    version: str
    common: int  # tags that both read
    different: tuple[tuple[str, str, str], ...]  # key, built-in value, the other's value
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
    problems: tuple[str, ...]


def compare(data: bytes, found: Metadata, *, deep: bool = True) -> Comparison | None:
    """The standard tags against ExifTool or, without it or `deep`, against ExifRead; None if neither can."""
    if deep and (program := exiftool.program()):
        theirs, problems = exiftool.read(data)
        return _compared("ExifTool", program[1], found.tags, theirs, problems, STANDARD)
    block = next((block for block in found.blocks if block.kind == "exif"), None)
    if block is None:
        return None
    import exifread

    theirs, problems = _exifread(block.data)
    ours = [tag for tag in found.tags if tag.name in _COMPARED]
    return _compared("ExifRead", exifread.__version__, ours, theirs, problems, ("IFD0", "ExifIFD", "GPS"))


def _compared(
    reader: str,
    version: str,
    ours: Iterable[Tag],
    theirs: Iterable[Tag],
    problems: Iterable[str],
    groups: tuple[str, ...],
) -> Comparison:
    a, b = _by_key(ours, groups), _by_key(theirs, groups)
    both = sorted(a.keys() & b.keys())
    different = [(key, _shown(a[key]), _shown(b[key])) for key in both if not set(a[key]) & set(b[key])]
    return Comparison(
        reader,
        version,
        len(both),
        tuple(different),
        tuple(sorted(a.keys() - b.keys())),
        tuple(sorted(b.keys() - a.keys())),
        tuple(problems),
    )


def _by_key(tags: Iterable[Tag], groups: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for tag in tags:
        if tag.group.startswith(groups) and not str(tag.value).startswith("(Binary data"):
            found[tag.key].append(_normal(tag.value))
    return found


def _normal(value: Value) -> str:
    if isinstance(value, tuple):
        return "; ".join(_normal(part) for part in value)
    try:
        return f"{float(str(value)):.9g}"
    except ValueError:
        return " ".join(str(value).split())


def _shown(values: list[str]) -> str:
    return " and ".join(dict.fromkeys(values))[:120]


def _exifread(block: bytes) -> tuple[tuple[Tag, ...], tuple[str, ...]]:
    """The tags that are compared, by ExifRead, within the budget of reads."""
    import exifread

    logging.getLogger("exifread").disabled = True
    try:
        told = exifread.process_file(makernotes.Counted(block), details=False, extract_thumbnail=False)
    except makernotes.Spent:
        return (), ("ExifRead was stopped: the file states too many values",)
    except (*makernotes.FAILURES, struct.error) as error:
        return (), (f"ExifRead failed ({type(error).__name__})",)
    tags = []
    for key, tag in told.items():
        place, _, name = key.partition(" ")
        group = _EXIFREAD_GROUPS.get(place, "")
        name = _EXIFREAD_NAMES.get((group, name), name)
        if group and name in _COMPARED:
            value = tag.values if isinstance(tag.values, str) else " ".join(map(str, tag.values))
            tags.append(Tag(group, name, plain(value.rstrip()), value, None, "exifread"))
    return tuple(tags), ()
