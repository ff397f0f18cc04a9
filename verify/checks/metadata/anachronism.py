"""Things in the file that are younger than the picture says it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, clocks
from verify.model import Answer, Finding, Json

PRIVATE = True
# When each thing was published; a camera may carry a new version some months earlier, so a year is allowed.
EARLY = 365  # days
_EXIF = {
    "0200": (1997, 11),
    "0210": (1998, 12),
    "0220": (2002, 4),
    "0221": (2003, 9),
    "0230": (2010, 4),
    "0231": (2016, 7),
}
_EXIF |= {"0232": (2019, 5), "0300": (2023, 5)}
_TAGS = {
    "ExifIFD:OffsetTimeOriginal": (2016, 7),
    "ExifIFD:OffsetTime": (2016, 7),
    "ExifIFD:LensModel": (2010, 4),
    "ExifIFD:SerialNumber": (2010, 4),
    "ExifIFD:PhotographicSensitivity": (2010, 4),
    "ExifIFD:CompositeImage": (2019, 5),
    "GPS:GPSHPositioningError": (2016, 7),
    "MPF0:MPFVersion": (2009, 2),
}
_FORMATS = {"WebP": (2010, 9), "HEIC": (2015, 6), "AVIF": (2019, 2)}
_BUILT = re.compile(r"(\d{4})/(\d{2})/(\d{2})-\d{2}:\d{2}:\d{2}")
LIMITS = (
    "A camera whose clock was never set states a date far too early. Software that edits an old picture leaves "
    "its own, later, marks. Of 58 camera files of the development set with a date and no named editor none "
    "answers no (0 %, 0.0 % to 6.2 %) and 1 is unclear (1.7 %, 0.3 % to 9.1 %)."
)


def anachronism(picture: Image, _: Known) -> Iterable[Finding]:
    """Is everything in the file as old as the stated capture time?

    Method: publication dates of EXIF versions, fields, formats and colour profiles against the capture time. Yes:
    nothing is younger. No: a field or version that only the camera writes was published over a year after the stated
    capture. Unclear: something younger that an editor may have added later. Unable: no capture time, or a factory
    default.
    Limits: see the finding.
    References: CIPA DC-008 version history; ICC.1 header; XMP toolkit build dates.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    taken = next((c for c in clocks.clocks(found) if c.kind == clocks.CAPTURED), None)
    if taken is None or taken.unset:
        return [Finding(Answer.UNABLE, "The file states no capture time to compare with.", limits=answers.STRIPPED)]
    day = taken.local.date()
    camera = [(words, when) for words, when in _by_camera(found) if (when - day).days > EARLY]
    later = [(words, when) for words, when in _by_anyone(found) if (when - day).days > 1]
    measured: dict[str, Json] = {
        "captured": day.isoformat(),
        "camera": [[words, when.isoformat()] for words, when in camera],
        "later": [[words, when.isoformat()] for words, when in later],
    }
    for told, answer in ((camera, Answer.NO), (later, Answer.UNCLEAR)):
        if told:
            words, when = max(told, key=lambda item: item[1])
            because = f"The stated capture is {day}, but {words} dates from {when:%Y-%m}."
            return [Finding(answer, because, measured=measured, limits=LIMITS)]
    because = f"Nothing dated in the file is younger than the stated capture ({day})."
    return [Finding(Answer.YES, because, measured=measured, limits=LIMITS)]


def _by_camera(found: metadata.Metadata) -> Iterator[tuple[str, date]]:
    version = found.text("ExifIFD:ExifVersion")
    if version in _EXIF:
        yield f"EXIF version {version}", date(*_EXIF[version], 1)
    for key, when in _TAGS.items():
        if found.first(key):
            yield f"the field {key}", date(*when, 1)


def _by_anyone(found: metadata.Metadata) -> Iterator[tuple[str, date]]:
    if found.format in _FORMATS:
        yield f"the format {found.format}", date(*_FORMATS[found.format], 1)
    built = _BUILT.search(found.text("XMP-x:XMPToolkit"))
    if built:
        try:
            yield "the XMP toolkit", date(int(built[1]), int(built[2]), int(built[3]))
        except ValueError:
            return
    profile = clocks.parse(found.text("ICC-header:ProfileDateTime"))
    if profile:
        yield "the colour profile", profile[0].date()
