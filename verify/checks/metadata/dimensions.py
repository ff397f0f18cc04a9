"""The picture's size against the sizes that the file states."""

from __future__ import annotations

from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers
from verify.model import Answer, Finding, Json

PRIVATE = True
SHAPE = 0.01  # relative difference of width / height that rounding to whole pixels and blocks of 16 explains
_STATED = (
    ("ExifIFD:ExifImageWidth", "ExifIFD:ExifImageHeight"),
    ("XMP-exif:ExifImageWidth", "XMP-exif:ExifImageHeight"),
    ("InteropIFD:RelatedImageWidth", "InteropIFD:RelatedImageHeight"),
    ("IFD0:RelatedImageWidth", "IFD0:RelatedImageHeight"),
    ("XMP-tiff:ImageWidth", "XMP-tiff:ImageHeight"),
)
LIMITS = (
    "Careful editors rewrite the stated size, and platforms remove it. Of 229 camera originals 40 state another "
    "size than they have (17.5 %, 13.1 % to 22.9 %), and of 69 files of the development set 15 (21.7 %): small "
    "programs resize and leave the field. A difference alone is therefore unclear."
)


def dimensions(picture: Image, _: Known) -> Iterable[Finding]:
    """Does the picture have the size that it was taken with?

    Method: width and height of the image data against those in EXIF, XMP and interoperability fields, either way
    round.
    Yes: all are equal. Unclear: one differs; the same shape means resized, another one cropped. Unable: no size is
    stated. There is no answer "no": a difference occurs in one camera original of six.
    Limits: see the finding.
    References: CIPA DC-008 (EXIF 3.0), 4.6.5 (PixelXDimension).
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    told = [(key[0], found.number(key[0]), found.number(key[1])) for key in _STATED]
    stated = [(key, int(w), int(h)) for key, w, h in told if w and h]
    if not stated or not found.width or not found.height:
        because = "The file states no size of its own to compare with."
        return [
            Finding(Answer.UNABLE, because, measured={"size": [found.width, found.height]}, limits=answers.STRIPPED)
        ]
    measured: dict[str, Json] = {
        "size": [found.width, found.height],
        "stated": [list(item) for item in stated],
    }
    odd = [(key, w, h) for key, w, h in stated if sorted((w, h)) != sorted((found.width, found.height))]
    size = f"{found.width} x {found.height}"
    if not odd:
        return [Finding(Answer.YES, f"The picture is {size}, as the file states.", measured=measured, limits=LIMITS)]
    key, width, height = odd[0]
    scale = max(found.width, found.height) / max(width, height)
    shapes = (max(width, height) / min(width, height), max(found.width, found.height) / min(found.width, found.height))
    same_shape = abs(shapes[0] / shapes[1] - 1) <= SHAPE
    how = f"resized to {scale:.0%}" if same_shape else "cropped, or cropped and resized"
    measured |= {"scale": round(scale, 4), "same_shape": same_shape}
    because = f"The picture is {size}, but {key.split(':')[0]} states {width} x {height}: it was {how}."
    return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
