"""Two pictures as frames of one sequence: numbers, times, device."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from verify import metadata
from verify.image import Image
from verify.metadata import answers, clocks, devices
from verify.model import Answer, Finding, Json

PRIVATE = True
OWN = True
NEAR = 500  # frames: beyond it a counter may have been reset or have wrapped at 9999
LIMITS = (
    "Counters are reset, wrap at 9999, run per folder or per card, and files are renamed; clocks are set. Measured on "
    "too few pairs to state a rate: the development set holds three frames of one camera."
)
# Names that cameras give (DCF, JEITA CP-3461: four free characters and four digits) and the phones' longer counters.
_NAME = re.compile(r"^([A-Za-z_]{3,4}\d?)[-_]?(\d{4,5})(?:\D|$)")
_COUNTERS = (
    "ExifIFD:ImageNumber",
    "Canon:FileNumber",
    "Nikon:ShutterCount",
    "Nikon:TotalShutterReleases",
    "Canon:ImageNumber",
)


def sequence(picture: Image, other: Image) -> Iterable[Finding]:
    """Do these two pictures fit one sequence of one camera?

    Method: the device, the frame number (maker note or file name) and the capture time of each. Yes: the same device,
    and numbers and times run the same way. No: the same device, numbers at most 500 apart, but the later number has
    the earlier time. Unclear: another device, far apart, or the same number. Unable: no number or no time in one of
    them.
    Limits: see the finding.
    References: JEITA CP-3461 (DCF), 3.2.
    """
    found = [metadata.read(one) for one in (picture, other)]
    for one, read in zip((picture, other), found, strict=True):
        if unable := answers.unreadable(one, read):
            return [unable]
    frames = [_number(read, one.name) for read, one in zip(found, (picture, other), strict=True)]
    times = [_time(read) for read in found]
    names = [devices.device(read).name for read in found]
    measured: dict[str, Json] = {
        "numbers": [f[1] if f else None for f in frames],
        "times": [t.isoformat() if t else None for t in times],
    }
    first, second = frames
    if first is None or second is None or times[0] is None or times[1] is None:
        because = "A frame number or a capture time is missing in at least one of the two."
        return [Finding(Answer.UNABLE, because, measured=measured, limits=LIMITS)]
    gap = second[1] - first[1]
    seconds = (times[1] - times[0]).total_seconds()
    measured |= {"frames_apart": gap, "seconds_apart": seconds}
    words = f"frames {first[1]} and {second[1]} ({first[0]}) lie {abs(gap)} numbers and {abs(seconds):.0f} s apart"
    if names[0] != names[1] or not names[0] or first[0] != second[0]:
        because = f"The files name {names[0] or 'no device'} and {names[1] or 'no device'}; {words}."
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
    if gap == 0 or abs(gap) > NEAR:
        return [
            Finding(
                Answer.UNCLEAR,
                f"Of {names[0]}, {words}: too far, or the same number.",
                measured=measured,
                limits=LIMITS,
            )
        ]
    if gap * seconds < 0:
        because = f"Of {names[0]}, {words}, but the later number has the earlier time."
        return [Finding(Answer.NO, because, measured=measured, limits=LIMITS)]
    return [Finding(Answer.YES, f"Of {names[0]}, {words}, in the same order.", measured=measured, limits=LIMITS)]


def _number(found: metadata.Metadata, name: str) -> tuple[str, int] | None:
    """Where the frame number is from, and the number."""
    for key in _COUNTERS:
        number = found.number(key)
        if number is not None and number > 0:
            return key, int(number)
    match = _NAME.match(name)
    return (f"file name {match[1].rstrip('_')}", int(match[2])) if match else None


def _time(found: metadata.Metadata) -> datetime | None:
    told = next((c for c in clocks.clocks(found) if c.kind == clocks.CAPTURED and not c.unset), None)
    return told.local if told else None
