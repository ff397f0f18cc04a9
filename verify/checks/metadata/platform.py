"""Platforms and messengers that the file went through."""

from __future__ import annotations

from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, platforms
from verify.model import Answer, Finding, Json

PRIVATE = True
LIMITS = (
    "Names are changed by one click and sizes are made by many programs. A file without traces may have passed "
    "through a platform that leaves none, or was sent as a document, which leaves it untouched. Of 71 camera "
    "files none trips this (0 %, 0.0 % to 5.1 %); how many platform files are found was not measured."
)


def platform(picture: Image, _: Known) -> Iterable[Finding]:
    """Did the file pass through a platform or messenger?

    Method: what platforms write (Facebook's FBMD, software names), the names they give, and for JPEGs without camera
    metadata the sizes they leave. Yes: a platform's own mark, or its naming on a file without camera metadata. Unclear:
    a name or a size alone. No: camera metadata down to the maker note or thumbnail is intact, which platforms remove.
    Unable: no trace either way.
    Limits: see the finding.
    References: none; patterns observed, and sizes published in the services' own help pages.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    told = platforms.traces(found, picture.name)
    kept = sorted(group for group in ("ExifIFD", "GPS", "IFD1") if group in found.groups)
    measured: dict[str, Json] = {
        "traces": [{"platform": t.platform, "strength": t.strength, "what": t.words} for t in told],
        "camera_groups": kept,
    }
    if told:
        first = told[0]
        strong = first.strength == platforms.STATED or (first.strength == platforms.NAMED and not kept)
        words = first.words + (
            "" if kept else "" if first.strength == platforms.SHAPED else ", and no camera metadata is left"
        )
        answer = Answer.YES if strong else Answer.UNCLEAR
        return [Finding(answer, f"{first.platform}: {words}.", measured=measured, limits=LIMITS)]
    if "ExifIFD" in kept and (found.embedded or any(t.reader == "exifread" for t in found.tags)):
        because = "Camera metadata is there down to the thumbnail or maker note, which platforms remove."
        return [Finding(Answer.NO, because, measured=measured, limits=LIMITS)]
    because = "The file carries no trace of a platform, nor the full camera metadata that would speak against one."
    return [Finding(Answer.UNABLE, because, measured=measured, limits=LIMITS)]
