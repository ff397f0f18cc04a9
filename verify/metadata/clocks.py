"""Every clock in a file: what it says, in which zone, and what kind of event it is meant to date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from verify.metadata.found import Metadata, Tag, text_of

CAPTURED, DIGITISED, MODIFIED, CREATED = "captured", "digitised", "modified", "created"
DESCRIBED, SATELLITE, NAMED = "described", "satellite", "file name"
_FIELDS = (  # key of the time, kind, key of its offset, key of its sub-seconds
    ("ExifIFD:DateTimeOriginal", CAPTURED, "ExifIFD:OffsetTimeOriginal", "ExifIFD:SubSecTimeOriginal"),
    ("IFD0:DateTimeOriginal", CAPTURED, "IFD0:OffsetTimeOriginal", ""),
    ("ExifIFD:CreateDate", DIGITISED, "ExifIFD:OffsetTimeDigitized", "ExifIFD:SubSecTimeDigitized"),
    ("IFD0:ModifyDate", MODIFIED, "ExifIFD:OffsetTime", "ExifIFD:SubSecTime"),
    ("XMP-exif:DateTimeOriginal", CAPTURED, "", ""),
    ("XMP-exif:DateTimeDigitized", DIGITISED, "", ""),
    ("XMP-photoshop:DateCreated", CAPTURED, "", ""),
    ("XMP-xmp:CreateDate", CREATED, "", ""),
    ("XMP-xmp:ModifyDate", MODIFIED, "", ""),
    ("XMP-xmp:MetadataDate", DESCRIBED, "", ""),
    ("PNG:CreationTime", CREATED, "", ""),
    ("PNG:ModifyDate", MODIFIED, "", ""),
)
_TIME = re.compile(
    r"(\d{4})[:\-/.](\d{1,2})[:\-/.](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?\s*(Z|[+-]\d{1,2}:?\d{2})?"
)
# Names that cameras, phones and messengers give; each stands for local time unless it says otherwise.
_NAMES = (
    (re.compile(r"^PXL_(\d{8})_(\d{6})\d{0,3}"), "Pixel phone, universal time", UTC),
    (
        re.compile(r"^(?:IMG|VID|MVIMG|PANO|BURST\d*|WP|P|DSC|DJI|Screenshot|signal)[-_](\d{8})[-_](\d{6})"),
        "phone",
        None,
    ),
    (re.compile(r"^(\d{8})_(\d{6})(?:\D|$)"), "Samsung phone", None),
    (re.compile(r"^IMG-(\d{8})-WA\d{4}()"), "WhatsApp, day of receipt", None),
    (
        re.compile(r"^WhatsApp Image (\d{4}-\d{2}-\d{2}) at (\d{1,2}[.:]\d{2}[.:]\d{2})"),
        "WhatsApp, time of receipt",
        None,
    ),
    (re.compile(r"^photo_(\d{4}-\d{2}-\d{2})_(\d{2}-\d{2}-\d{2})"), "Telegram, time of saving", None),
    (re.compile(r"^signal-(\d{4}-\d{2}-\d{2})-(\d{2}-?\d{2}-?\d{2})"), "Signal, time of saving", None),
    (
        re.compile(r"^Screen ?[Ss]hot[ _-](\d{4}-\d{2}-\d{2})(?: at |[ _-])(\d{1,2}[.:-]\d{2}[.:-]\d{2})"),
        "screenshot",
        None,
    ),
)
_EPOCH = re.compile(r"^(?:FB_IMG_|received_|mmexport|image_)?(1[0-9]{12})(?:\D|$)")
CAMERA_DEFAULTS = {(1970, 1, 1), (1980, 1, 1), (1998, 1, 1), (2000, 1, 1), (2001, 1, 1), (2002, 1, 1), (2005, 1, 1)}


@dataclass(frozen=True, slots=True)
class Clock:
    """One statement of a time. `local` is without zone, as written; `offset` is the zone that the file states."""

    source: str  # the tag's key, or what is known of the naming pattern
    kind: str
    local: datetime
    offset: timedelta | None = None
    to_the: str = "second"  # or "day": a date without a time of day

    @property
    def utc(self) -> datetime | None:
        """Universal time, where the zone is stated."""
        return None if self.offset is None else self.local.replace(tzinfo=timezone(self.offset)).astimezone(UTC)

    def __str__(self) -> str:
        text = self.local.strftime("%Y-%m-%d" if self.to_the == "day" else "%Y-%m-%d %H:%M:%S")
        return text + ("" if self.offset is None else " " + zone(self.offset))

    @property
    def unset(self) -> bool:
        """Midnight of a day on which cameras start counting when nobody set them."""
        start = (self.local.year, self.local.month, self.local.day) in CAMERA_DEFAULTS
        return start and self.to_the == "second" and self.local.hour == 0 and self.local.minute < 10


def zone(offset: timedelta) -> str:
    """UTC+01:00."""
    minutes = int(offset.total_seconds() // 60)
    sign, minutes = ("-" if minutes < 0 else "+"), abs(minutes)
    return f"UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def clocks(found: Metadata, name: str = "") -> tuple[Clock, ...]:
    """Every clock that can be read; times such as 0000:00:00 are none. Capture first."""
    return (*_fields(found), *_iptc(found), *_satellite(found), *_from_name(name))


def parse(text: str) -> tuple[datetime, timedelta | None, str] | None:
    """Time, stated zone and precision of a text in the forms that EXIF, XMP and IPTC use; None where it is no time."""
    match = _TIME.match(text.strip())
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    micro = int(float(fraction or 0) * 1e6)
    try:
        day_of = datetime(int(year), int(month), int(day))  # noqa: DTZ001 - as written, without a zone
        local = day_of.replace(hour=int(hour or 0), minute=int(minute or 0), second=int(second or 0), microsecond=micro)
    except ValueError:
        return None
    return local, parse_offset(offset or ""), "second" if hour else "day"


def parse_offset(text: str) -> timedelta | None:
    """A zone such as Z, +02:00 or -0430."""
    match = re.fullmatch(r"\s*([+-])(\d{1,2}):?(\d{2})\s*", text)
    if match:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3])) * (-1 if match[1] == "-" else 1)
        return offset if abs(offset) < timedelta(hours=24) else None
    return timedelta(0) if text.strip() == "Z" else None


def _fields(found: Metadata) -> Iterator[Clock]:
    for key, kind, offset_key, fraction_key in _FIELDS:
        seen = set()
        for tag in found.all(key):
            parsed = parse(_one(tag))
            if parsed is None or parsed[0] in seen:
                continue
            local, offset, to_the = parsed
            seen.add(local)
            stated = parse_offset(found.text(offset_key)) if offset_key else None
            fraction = re.match(r"\d{1,6}", found.text(fraction_key)) if fraction_key else None
            micro = int(float(f"0.{fraction[0]}") * 1e6) if fraction else local.microsecond
            yield Clock(key, kind, local.replace(microsecond=micro), stated if offset is None else offset, to_the)


def _one(tag: Tag) -> str:
    return str(tag.value[0]) if isinstance(tag.value, tuple) else text_of(tag)


def _iptc(found: Metadata) -> Iterator[Clock]:
    for day, clock, kind in (
        ("DateCreated", "TimeCreated", CAPTURED),
        ("DigitalCreationDate", "DigitalCreationTime", DIGITISED),
    ):
        date, time = found.text(f"IPTC:{day}"), found.text(f"IPTC:{clock}")
        parsed = parse(f"{date} {time}".strip())
        if parsed:
            yield Clock(f"IPTC:{day}", kind, *parsed)


def _satellite(found: Metadata) -> Iterator[Clock]:
    date, time = found.text("GPS:GPSDateStamp"), found.text("GPS:GPSTimeStamp")
    parsed = parse(f"{date} {time}".strip())
    if date and parsed:
        yield Clock("GPS:GPSDateStamp", SATELLITE, parsed[0], timedelta(0), parsed[2])
    told = found.text("XMP-exif:GPSDateTime")
    parsed = parse(told)
    if parsed:
        yield Clock("XMP-exif:GPSDateTime", SATELLITE, parsed[0], timedelta(0), parsed[2])


def _from_name(name: str) -> Iterator[Clock]:
    for pattern, who, universal in _NAMES:
        match = pattern.match(name)
        if match:
            digits = re.sub(r"\D", "", match[1]), re.sub(r"\D", "", match[2]).zfill(6) if match[2] else ""
            form = "%Y%m%d%H%M%S" if digits[1] else "%Y%m%d"
            try:
                local = datetime.strptime("".join(digits), form)  # noqa: DTZ007 - a file name states no zone
            except ValueError:
                continue
            yield Clock(
                f"file name ({who})",
                NAMED,
                local,
                timedelta(0) if universal else None,
                "second" if digits[1] else "day",
            )
            return
    match = _EPOCH.match(name)
    if match:
        instant = datetime.fromtimestamp(int(match[1]) / 1000, UTC).replace(tzinfo=None)
        yield Clock("file name (milliseconds since 1970, time of saving)", NAMED, instant, timedelta(0))
