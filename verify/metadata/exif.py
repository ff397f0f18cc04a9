"""EXIF entries as tags: names and values as ExifTool's `-n` has them (EXIF 3.0, CIPA DC-008; GPS, section 4.6.8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from verify.metadata import names, tiff
from verify.metadata.found import MAX_TEXT, Tag, Value, plain, shortest

BINARY = "(Binary data {} bytes, use -b option to extract)"  # ExifTool's words, so that two readers agree
SKIPPED = frozenset({0x8769, 0x8825, 0xA005, 0x14A, 0x927C, 0x190})  # pointers and the maker note: read elsewhere
BLOCKS = {0x2BC: "xmp", 0x83BB: "iptc", 0x8773: "icc", 0x8649: "photoshop"}  # whole blocks of another standard
PRINT_IM = 0xC4A5
_DIGESTS = (0xC65D, 0xC71A, 0xC71C, 0xC71D, 0xC7A7)  # of DNG: raw data, settings, files
_LONG = frozenset({0x117, 0x145})  # lists of strips and tiles, which ExifTool shows up to 32 characters
_OFFSETS = frozenset({0x111, 0x201, 0x144, 0x120})  # counted from the TIFF header; shown from the start of the file
_TRIMMED = frozenset({0x10F, 0x110, 0x131, 0x13B, 0x9290, 0x9291, 0x9292})
_UNICODE = frozenset({0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F})
_LISTED = frozenset({0x9101, 0xA300, 0xA301})  # undefined by type, numbers by meaning
_BINARY = frozenset({0xEA1C, 0x140, 0x15B, 0xC634, 0x87AF, 0x87B0, 0x87B1, 0x935C, 0x2BC})


def tags(entry: tiff.Entry, base: int | None) -> Iterator[Tag]:
    """The tag of one entry; `base` is where the TIFF structure starts in the file (None: in no one place)."""
    table, known = ("gps", names.numbered("gps")) if entry.group.startswith("GPS") else ("exif", names.numbered("exif"))
    name = known.get(entry.tag, f"{'GPS' if table == 'gps' else 'Exif'}_0x{entry.tag:04x}")
    if entry.tag in {0x111, 0x117} and entry.group.startswith("IFD") and entry.group != "IFD0":
        name = {0x111: "StripOffsets", 0x117: "StripByteCounts"}[entry.tag]
    if entry.tag in {0x201, 0x202} and table == "exif" and entry.group not in {"IFD0", "IFD1"}:
        name = "JpgFromRaw" + ("Start" if entry.tag == 0x201 else "Length")
    if entry.tag == PRINT_IM and table == "exif" and entry.data.startswith(b"PrintIM"):
        version = entry.data[8:12].decode("latin-1")
        yield Tag("PrintIM", "PrintIMVersion", version, version, None if base is None else base + entry.offset + 8)
        return
    value, raw = _value(entry, table, base or 0)
    yield Tag(entry.group, name, value, raw[:MAX_TEXT], None if base is None else base + entry.offset)


def _value(entry: tiff.Entry, table: str, base: int) -> tuple[Value, str]:
    """The converted value and the raw one in printable form."""
    special = _GPS.get(entry.tag) if table == "gps" else _EXIF.get(entry.tag)
    raw = _printable(entry)
    if special:
        return special(entry), raw
    if table == "exif":
        if entry.tag in _UNICODE:
            return plain(entry.data.decode("utf-16-le", "replace").rstrip("\0")), raw
        if entry.tag in _LISTED and entry.kind == tiff.UNDEFINED and entry.count == 1:
            return entry.data[0], raw
        long = entry.count > tiff.MAX_NUMBERS and entry.kind not in {tiff.ASCII, tiff.UNDEFINED}
        if entry.tag in _BINARY or long:
            return BINARY.format(len(entry.data)), raw
        if entry.tag in _OFFSETS or entry.tag in _LONG:
            told = joined([int(n) + (base if entry.tag in _OFFSETS else 0) for n in entry.numbers])
            return (BINARY.format(len(told)) if isinstance(told, str) and len(told) > 32 else told), raw
    if entry.kind == tiff.ASCII:
        text = _text(entry.data)
        return plain(text.rstrip() if table == "exif" and entry.tag in _TRIMMED else text), raw
    if entry.kind == tiff.UNDEFINED:
        return plain(entry.data.replace(b"\0", b"").decode("utf-8", "replace").replace("�", "?")), raw
    return joined(_quotients(entry)), raw


def _text(data: bytes) -> str:
    """Up to the first null; a byte that is no UTF-8 becomes a question mark."""
    return data.split(b"\0", 1)[0].decode("utf-8", "replace").replace("�", "?")


def _printable(entry: tiff.Entry) -> str:
    if entry.kind == tiff.ASCII:
        return entry.data.rstrip(b"\0").decode("utf-8", "backslashreplace")
    if entry.kind in {tiff.RATIONAL, tiff.SRATIONAL}:
        numbers = entry.numbers
        return " ".join(f"{a}/{b}" for a, b in zip(numbers[::2], numbers[1::2], strict=True))
    if entry.kind == tiff.UNDEFINED:
        return entry.data[:256].hex(" ")
    return " ".join(str(n) for n in entry.numbers[:256])


def _quotients(entry: tiff.Entry) -> list[int | float | str]:
    if entry.kind in {tiff.RATIONAL, tiff.SRATIONAL}:
        numbers = entry.numbers
        return [quotient(int(a), int(b)) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    if entry.kind in {11, 12}:
        return [_digits(float(n), 15) for n in entry.numbers]
    return [int(n) for n in entry.numbers]


def quotient(numerator: int, denominator: int) -> int | float | str:
    """A rational as a number of ten digits; "inf" and "undef" where the denominator is 0."""
    if denominator == 0:
        return "inf" if numerator else "undef"
    return _digits(numerator / denominator, 10)


def _digits(number: float, digits: int) -> int | float | str:
    if number != number or number in {float("inf"), float("-inf")}:
        return "nan" if number != number else "inf" if number > 0 else "-inf"
    return shortest(float(f"{number:.{digits}g}"))


def joined(parts: list[Any]) -> Value:
    """One number as a number, several as ExifTool prints them: with spaces between."""
    if len(parts) == 1:
        return parts[0] if not isinstance(parts[0], str) else plain(parts[0])
    return " ".join(format(part, ".15g") if isinstance(part, float) else str(part) for part in parts)


def _numbers(entry: tiff.Entry) -> list[float]:
    return [float(n) for n in _quotients(entry) if not isinstance(n, str)]


def _power(divisor: float) -> Callable[[tiff.Entry], Value]:
    """APEX to a plain number: 2 to the power of value / divisor."""

    def convert(entry: tiff.Entry) -> Value:
        numbers = _numbers(entry)
        if not numbers or abs(numbers[0]) >= 100:
            return 0
        return _digits(2.0 ** (numbers[0] / divisor), 15)

    return convert


def _comment(entry: tiff.Entry) -> Value:
    """Text behind an eight-byte name of its encoding (EXIF 3.0, UserComment)."""
    data = entry.data
    if len(data) < 8:
        return plain(_text(data))
    ident, body = data[:8], data[8:]
    if re.fullmatch(rb"(ASCII)?(\0|[\0 ]+)", ident) or ident[:1] == b"\0":
        text = body.split(b"\0", 1)[0].decode("utf-8", "replace").replace("�", "?")
    elif re.fullmatch(rb"UNICODE[\0 ]", ident):
        little = body[:2] == b"\xff\xfe" or (body[:2] != b"\xfe\xff" and entry.order == "<")
        text = body[: len(body) // 2 * 2].decode("utf-16-le" if little else "utf-16-be", "replace").lstrip("\ufeff")
    elif re.fullmatch(rb"JIS[\0 ]{5}", ident):
        text = body.decode("iso2022_jp", "replace")
    else:
        text = data.decode("utf-8", "replace").replace("�", "?")
    return plain(text.rstrip("\0 " if ident[:7] == b"UNICODE" else " "))


def _copyright(entry: tiff.Entry) -> Value:
    """Photographer and editor, each behind a null, on two lines."""
    text = re.sub(rb" *\0", b"\n", entry.data, count=1)
    text = re.sub(rb" *\0.*", b"", text, flags=re.DOTALL).removesuffix(b"\n")
    return plain(text.decode("utf-8", "replace").replace("�", "?"))


def _pattern(entry: tiff.Entry) -> Value:
    """Columns and rows as 16-bit numbers of either byte order, then the colours."""
    data = entry.data
    if len(data) < 4:
        return plain(data.hex(" "))
    for order in (entry.order, "<" if entry.order == ">" else ">"):
        size = "little" if order == "<" else "big"
        columns, rows = int.from_bytes(data[:2], size), int.from_bytes(data[2:4], size)  # type: ignore[arg-type]
        if 4 + columns * rows <= len(data) and columns and rows:
            return joined([columns, rows, *data[4 : 4 + columns * rows]])
    return plain(" ".join(str(n) for n in data))


def _degrees(entry: tiff.Entry) -> Value:
    parts = _numbers(entry)
    if len(parts) != len(_quotients(entry)) or not parts:
        return ""
    degrees, minutes, seconds = [*parts, 0.0, 0.0][:3]
    return _digits(degrees + (minutes + seconds / 60) / 60, 15)


def _clock(entry: tiff.Entry) -> Value:
    if entry.kind == tiff.ASCII:
        return _text(entry.data)
    parts = _numbers(entry)
    if len(parts) < 3:
        return ""
    total = (parts[0] * 60 + parts[1]) * 60 + parts[2]
    hours, rest = divmod(total, 3600)
    minutes, seconds = divmod(rest, 60)
    text = f"{seconds:012.9f}"
    if text.startswith("60"):
        minutes, text = minutes + 1, "00.000000000"
    return f"{int(hours):02d}:{int(minutes):02d}:{text.rstrip('0').rstrip('.')}"


def _date(entry: tiff.Entry) -> Value:
    text = _text(entry.data)
    return re.sub(r"(\d{4})\D*(\d{2})\D*(\d{2})$", r"\1:\2:\3", text)


def _version(entry: tiff.Entry) -> Value:
    return plain(entry.data.decode("latin-1").rstrip("\0"))


def _stripped(entry: tiff.Entry) -> Value:
    return plain(_text(entry.data).rstrip(" "))


def _digest(entry: tiff.Entry) -> Value:
    return plain(entry.data.hex())


def _date_time(entry: tiff.Entry) -> Value:
    """ISO 8601 in a DNG, with the colons of EXIF."""
    return re.sub(r"^(\d{4})-(\d{2})-(\d{2})T", r"\1:\2:\3 ", _text(entry.data))


def _labelled(entry: tiff.Entry) -> Value:
    """Text of early raw converters: a label, a colon and the value."""
    return plain(re.sub(r"^[\w ]+:\s*", "", _text(entry.data)))


def _bytes(entry: tiff.Entry) -> Value:
    return joined(list(entry.data)) if entry.data else ""


_EXIF: dict[int, Callable[[tiff.Entry], Value]] = (
    {
        0x9000: _version,
        0xA000: _version,
        0x9101: _bytes,
        0x9201: _power(-1),
        0x9202: _power(2),
        0x9205: _power(2),
        0x9286: _comment,
        0x8298: _copyright,
        0xA302: _pattern,
        0x9290: _stripped,
        0x9291: _stripped,
        0x9292: _stripped,
        0xC71B: _date_time,
    }
    | dict.fromkeys(_DIGESTS, _digest)
    | dict.fromkeys(range(0xFE4C, 0xFE59), _labelled)
)
_GPS: dict[int, Callable[[tiff.Entry], Value]] = {
    0x02: _degrees,
    0x04: _degrees,
    0x07: _clock,
    0x14: _degrees,
    0x16: _degrees,
    0x1B: _comment,
    0x1C: _comment,
    0x1D: _date,
}
