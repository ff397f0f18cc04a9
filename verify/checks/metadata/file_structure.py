"""Whether the file is built as its format and its name say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers
from verify.model import Answer, Finding, Json

PRIVATE = True
_SUFFIXES = {"jpg": "JPEG", "jpeg": "JPEG", "jpe": "JPEG", "jfif": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WebP"}
_SUFFIXES |= {"tif": "TIFF", "tiff": "TIFF", "heic": "HEIC", "heif": "HEIC", "avif": "AVIF", "bmp": "BMP"}
LIMITS = (
    "Old cameras and transfer programs write slightly malformed files: of 71 camera files of the development set "
    "4 have such a flaw (5.6 %, 2.2 % to 13.6 %), which is why a flaw alone is unclear; none has what answers no "
    "(0 %, 0.0 % to 5.1 %)."
)


def file_structure(picture: Image, _: Known) -> Iterable[Finding]:
    """Is the file built as its format and name say?

    Method: the format by its first bytes against the name's suffix; blocks that a file has once (EXIF, JFIF header);
    segments, directories, checksums and end marks as the standards want them. Yes: no flaw. No: the suffix is that of
    another format, or there are two EXIF blocks, of which readers take different ones. Unclear: another flaw.
    Limits: see the finding.
    References: ITU-T T.81 annex B; TIFF 6.0; ISO/IEC 15948.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    suffix = PurePath(picture.name).suffix.lower().lstrip(".")
    expected = _SUFFIXES.get(suffix, found.format)
    doubled = sum(block.kind == "exif" and not block.inside for block in found.blocks) if found.jpeg else 0
    measured: dict[str, Json] = {
        "format": found.format,
        "suffix": suffix,
        "exif_blocks": doubled,
        "problems": list(found.problems[:50]),
        "markers": list(found.jpeg.markers[:100]) if found.jpeg else [],
    }
    if expected != found.format:
        because = f"The name ends in .{suffix}, but the file is {found.format}."
        return [Finding(Answer.NO, because, measured=measured, limits=LIMITS)]
    if doubled > 1:
        because = f"The file holds {doubled} EXIF blocks; readers take different ones."
        return [Finding(Answer.NO, because, measured=measured, limits=LIMITS)]
    if found.problems:
        more = f" ({len(found.problems)} flaws)" if len(found.problems) > 1 else ""
        because = f"The file is {found.format}, with a flaw: {found.problems[0]}{more}."
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
    return [Finding(Answer.YES, f"The file is built as {found.format} wants it.", measured=measured, limits=LIMITS)]
