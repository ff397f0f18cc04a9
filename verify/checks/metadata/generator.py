"""Whether the file itself says that a generator made it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, credentials, editors
from verify.model import Answer, Finding, Json

PRIVATE = True
_SOURCE = ("XMP-iptcExt:DigitalSourceType", "XMP-iptcExt:DigitalSourcefileType", "IPTC:DigitalSourceType")
_PROMPT = re.compile(
    r"\bSteps: \d+.*\bSampler: |\"class_type\"\s*:|\bnegative prompt:|--v \d+(\.\d)?\b.*Job ID", re.I | re.S
)
_TEXTS = ("PNG:*", "ExifIFD:UserComment", "IFD0:ImageDescription", "XMP-dc:Description", "IFD0:Make", "IFD0:Model")
LIMITS = (
    "The file says this of itself, and one command removes it; that it says nothing is the rule for generated "
    "pictures that went through a platform. Whether pixels look generated is another question. None of 71 camera "
    "files trips this."
)


def generator(picture: Image, _: Known) -> Iterable[Finding]:
    """Does the file say that it was made by a generator?

    Method: IPTC's digital source type; Content Credentials that verify and name a creation by a trained model; prompts
    and settings that generators write into PNG text and comments; names of generators in software fields. Yes: the
    source type or credentials say created by a trained model, or a generator's settings stand in the file. Unclear: a
    composite, or only a generator's name. No: it says nothing of the kind.
    Limits: see the finding.
    References: IPTC NewsCodes, Digital Source Type; C2PA Technical Specification 2.1, 18.14.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    measured: dict[str, Json] = {}
    source = found.text(*_SOURCE)
    kind = source.rstrip("/").rpartition("/")[2]
    measured["source_type"] = source
    if kind == credentials.TRAINED:
        because = "The file's digital source type says that a trained model made it (trainedAlgorithmicMedia)."
        return [Finding(Answer.YES, because, measured=measured, limits=LIMITS)]
    if credentials.available() and (signed := credentials.verify(picture.data, found)) and signed.generated:
        maker, holds = signed.generated[0], signed.state == "valid" and signed.active == signed.generated[0].label
        words = "verify and say" if holds else "say, in a manifest that is not the file's own or does not verify,"
        because = f"Content Credentials {words} that {maker.generator} created the picture by a trained model."
        measured["credentials"] = maker.label
        return [Finding(Answer.YES if holds else Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
    settings = next((t for t in found.all(*_TEXTS) if _PROMPT.search(metadata.text_of(t)[:20_000])), None)
    if settings:
        because = f"{settings.key} holds a generator's settings: {' '.join(metadata.text_of(settings).split())[:80]!r}."
        return [Finding(Answer.YES, because, measured=measured | {"field": settings.key}, limits=LIMITS)]
    named = next((p for p in editors.programs(found) if p.kind == editors.GENERATOR), None)
    if named or "trainedalgorithmicmedia" in kind.lower():
        because = f"{named.where} names {named.name}, a generator." if named else f"The digital source type is {kind}."
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
    return [Finding(Answer.NO, "The file does not say that a generator made it.", measured=measured, limits=LIMITS)]
