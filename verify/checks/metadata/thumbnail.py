"""The thumbnail inside the file against the picture."""

from __future__ import annotations

from collections.abc import Iterable

from verify import image, metadata
from verify.errors import Unreadable
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, thumbnails
from verify.model import Answer, Finding, Json

PRIVATE = True
# Of 59 thumbnails of camera files 58 reach 0.95 with their own picture (the other is a true crop: 0.46); of 294 pairs
# with another picture the highest is 0.82, and 0.90 as a part of it. Chosen on these files; no half was kept back.
SAME, FOREIGN, PART = 0.9, 0.6, 0.95
LIMITS = (
    "Editors that change a picture usually redraw its thumbnail, so the same view is no sign that nothing was done; "
    "small changes are below what a thumbnail shows. Of 59 camera files with a thumbnail 1 answers no (1.7 %, 0.3 % to "
    "9.0 %): it was cropped."
)


def thumbnail(picture: Image, _: Known, *, same: float = SAME, foreign: float = FOREIGN) -> Iterable[Finding]:
    """Does the thumbnail inside the file show the same picture?

    Method: each embedded JPEG (EXIF, JFXX, Photoshop, multi-picture) is aligned over 8 orientations and 3 framings,
    its dark frame removed, both low-passed to 64 x 64, and compared by normalised cross-correlation. Yes: `same` or
    more. No: one below `foreign`. Unclear: between. Unable: none embedded, or none that decodes.
    Limits: see the finding.
    References: Kee and Farid, "Digital Image Authentication from Thumbnails" (2010).
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    if not found.embedded:
        return [
            Finding(Answer.UNABLE, "The file holds no thumbnail.", measured={"embedded": 0}, limits=answers.STRIPPED)
        ]
    whole = image.decode(picture.data, picture.name, min_side=320, gray=True)
    findings = [_finding(embedded, whole, same, foreign) for embedded in found.embedded]
    order = {Answer.NO: 0, Answer.UNCLEAR: 1, Answer.YES: 2, Answer.UNABLE: 3}
    return sorted(findings, key=lambda finding: order[finding.answer])


def _finding(embedded: metadata.Embedded, whole: image.Pixels, same: float, foreign: float) -> Finding:
    try:
        pixels = image.decode(embedded.data, embedded.name, gray=True)
    except Unreadable as error:
        because = f"{embedded.name} does not decode: {error}".rstrip(".") + "."
        return Finding(Answer.UNABLE, because, measured={"bytes": len(embedded.data)})
    match = thumbnails.compare(pixels, whole)
    size = f"{embedded.name} ({pixels.shape[1]} x {pixels.shape[0]})"
    measured: dict[str, Json] = {
        "correlation": round(match.correlation, 4),
        "turn": match.turn,
        "framing": match.framing,
        "thumbnail": [pixels.shape[1], pixels.shape[0]],
        "bytes": len(embedded.data),
    }
    if match.correlation < same:
        part = thumbnails.part(pixels, whole)
        measured |= {"part_correlation": round(part.correlation, 4), "part_box": list(part.box or ())}
        if part.box and part.correlation >= PART:
            area = part.box[2] * part.box[3] / pixels.size
            because = (
                f"{size} shows more than the picture, which is {area:.0%} of it (correlation {part.correlation:.2f})."
            )
            return Finding(Answer.NO, because, measured=measured, score=match.correlation, limits=LIMITS)
    if match.correlation >= same:
        answer, words = Answer.YES, f"at or above {same:g}, as the same view has"
    elif match.correlation < foreign:
        answer, words = Answer.NO, f"below {foreign:g}, as only another view has"
    else:
        answer, words = Answer.UNCLEAR, f"between {foreign:g} and {same:g}, where both kinds may lie"
    because = f"{size} correlates {match.correlation:.2f} with the picture, {words}."
    return Finding(answer, because, measured=measured, score=match.correlation, limits=LIMITS)
