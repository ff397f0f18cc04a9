"""Bytes behind the end of the picture."""

from __future__ import annotations

from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, trailers
from verify.model import Answer, Finding, Json

PRIVATE = True
LIMITS = (
    "Originals carry data behind the end as well: previews, films of motion photos, padding; of 327 camera "
    "originals 37 did (11.3 %, 8.3 % to 15.2 %), and of 71 files of the development set 5 of no known kind (7.0 "
    "%, 3.0 % to 15.4 %). None carried an archive, document or program (0 of 71, 0.0 % to 5.1 %)."
)


def trailing_data(picture: Image, _: Known) -> Iterable[Finding]:
    """Is there something behind the end of the picture that does not belong to it?

    Method: the end by the format's own end mark; the bytes behind it by the first and last bytes of known trailers,
    archives, documents and programs. Yes: an archive, a document, a program, another picture of a foreign format.
    Unclear: bytes of no known kind. No: nothing, padding, or a trailer that cameras, phones and press programs write.
    Limits: see the finding.
    References: ITU-T T.81, B.2.1; CIPA DC-007 (multi-picture format).
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    blocks = found.block("trailer")
    if not blocks:
        because = "Nothing stands behind the end of the picture."
        if any("no end-of-image" in problem for problem in found.problems):
            because = "The picture has no end mark, so nothing can stand behind it; it is cut off or was written badly."
        return [Finding(Answer.NO, because, measured={"bytes": 0}, limits=LIMITS)]
    (block,) = blocks[:1]
    kind, words = trailers.describe(block.data, found)
    measured: dict[str, Json] = {"bytes": len(block.data), "offset": block.offset, "kind": kind, "what": words}
    measured["first_bytes"] = block.data[:32].hex(" ")
    because = f"{len(block.data)} bytes stand behind the end of the picture, at byte {block.offset}: {words}."
    answer = {trailers.CARRIER: Answer.YES, trailers.UNKNOWN: Answer.UNCLEAR}.get(kind, Answer.NO)
    return [Finding(answer, because, measured=measured, limits=LIMITS)]
