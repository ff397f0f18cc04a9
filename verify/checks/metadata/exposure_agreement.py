"""The camera settings against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import log2

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers
from verify.model import Answer, Finding, Json

PRIVATE = True
STEP = 0.5  # stops between two fields for one setting; rounding to thirds of a stop explains 0.34
LIMITS = (
    "Cameras round differently and some write nonsense. Of 33 camera files of the development set with such pairs "
    "none differs by more than half a stop (0 %, 0.0 % to 10.4 %): too few to answer no."
)
_PAIRS = (
    ("ExifIFD:FNumber", "ExifIFD:ApertureValue", 2.0, "aperture"),
    ("ExifIFD:ExposureTime", "ExifIFD:ShutterSpeedValue", 1.0, "exposure time"),
    ("ExifIFD:FNumber", "XMP-exif:FNumber", 2.0, "aperture in EXIF and XMP"),
    ("ExifIFD:ExposureTime", "XMP-exif:ExposureTime", 1.0, "exposure time in EXIF and XMP"),
    ("ExifIFD:ISO", "XMP-exif:ISO", 1.0, "sensitivity in EXIF and XMP"),
    ("ExifIFD:FocalLength", "XMP-exif:FocalLength", 2.0, "focal length in EXIF and XMP"),
)


def exposure_agreement(picture: Image, _: Known) -> Iterable[Finding]:
    """Do the camera settings in the file agree with each other?

    Method: the same setting in two fields (plain and logarithmic, EXIF and XMP), in exposure values; a half stop is
    allowed.
    Yes: all pairs fit. Unclear: one differs. Unable: no setting stands in two fields. There is no answer "no".
    Limits: see the finding.
    References: CIPA DC-008 (EXIF 3.0), annex C (APEX).
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    told = list(_differences(found))
    measured: dict[str, Json] = {"differences": [[name, round(apart, 3)] for name, apart, *_ in told]}
    if not told:
        return [Finding(Answer.UNABLE, "No camera setting stands in two fields.", measured=measured, limits=LIMITS)]
    name, apart, one, two = max(told, key=lambda item: item[1])
    if apart > STEP:
        because = f"Two fields for the {name} differ by {apart:.1f} stops: {one:g} and {two:g}."
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
    because = f"{len(told)} settings that stand in two fields agree within {apart:.2f} of a stop."
    return [Finding(Answer.YES, because, measured=measured, limits=LIMITS)]


def _differences(found: metadata.Metadata) -> Iterator[tuple[str, float, float, float]]:
    for first, second, power, name in _PAIRS:
        a, b = found.number(first), found.number(second)
        if a and b and a > 0 and b > 0:
            yield name, abs(log2(a / b)) * power, a, b
