"""Screenshots, by what phones and computers write and by the size of screens."""

from __future__ import annotations

import re
from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers
from verify.metadata.screens import SCREENS
from verify.model import Answer, Finding, Json

PRIVATE = True
_NAME = re.compile(
    r"screen ?_?-?shot|screen ?capture|bildschirmfoto|capture d.écran|снимок экрана|знімок екрана|截屏|截图", re.I
)
_WORDS = re.compile(r"screen ?shot", re.I)
_FIELDS = (
    "ExifIFD:UserComment",
    "XMP-exif:UserComment",
    "XMP-dc:Description",
    "PNG:Description",
    "IFD0:ImageDescription",
    "PNG:Software",
)
LIMITS = (
    "A cropped screenshot has no screen's size, and any picture can be cut to one. A screenshot of a photograph says "
    "nothing about the photograph. Of 71 camera files none has a screen's size without camera settings (0 %, 0.0 % to "
    "5.1 %)."
)


def screenshot(picture: Image, _: Known) -> Iterable[Finding]:
    """Is the file a screenshot?

    Method: the word in the fields where iOS, macOS and Android put it; the size against a table of screens; camera
    settings, which no screenshot has. Yes: the file says so itself. Unclear: only its name says so, or a screen's size
    in a file without camera settings. No: exposure settings of a camera. Unable: none of these.
    Limits: see the finding.
    References: none; fields observed, screen sizes as published by the makers.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    stated = next((tag for tag in found.all(*_FIELDS) if _WORDS.search(metadata.text_of(tag))), None)
    exposed = found.first("ExifIFD:ExposureTime", "ExifIFD:FNumber")
    size = (min(found.width, found.height), max(found.width, found.height))
    measured: dict[str, Json] = {
        "size": [found.width, found.height],
        "screen": size in SCREENS,
        "exposure": bool(exposed),
    }
    if stated:
        because = f"{stated.key} says {metadata.text_of(stated)[:60]!r}."
        return [Finding(Answer.YES, because, measured=measured, limits=LIMITS)]
    if exposed:
        because = (
            f"The file holds exposure settings of a camera ({exposed.key} {exposed.value}), which screenshots lack."
        )
        return [Finding(Answer.NO, because, measured=measured, limits=LIMITS)]
    if _NAME.search(picture.name):
        return [
            Finding(
                Answer.UNCLEAR, "Only the file's name says that it is a screenshot.", measured=measured, limits=LIMITS
            )
        ]
    if size in SCREENS:
        because = f"{found.width} x {found.height} is the size of a screen, and no camera settings are there."
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
    because = "Nothing speaks for a screenshot, and no camera settings speak against one."
    return [Finding(Answer.UNABLE, because, measured=measured, limits=LIMITS)]
