"""Whether the file identifies a person."""

from __future__ import annotations

import re
from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers
from verify.model import Answer, Finding, Json

PRIVATE = True
_PERSONS = (
    *(
        "IFD0:Artist",
        "IFD0:XPAuthor",
        "ExifIFD:OwnerName",
        "IPTC:By-line",
        "IPTC:Writer-Editor",
        "IPTC:Contact",
        "IPTC:Credit",
    ),
    *(
        "XMP-dc:Creator",
        "XMP-photoshop:CaptionWriter",
        "XMP-photoshop:Credit",
        "XMP-exifEX:OwnerName",
        "XMP-aux:OwnerName",
    ),
    *("XMP-iptcCore:CreatorWorkEmail", "XMP-iptcCore:CreatorWorkTelephone", "XMP-iptcExt:PersonInImage", "PNG:Author"),
    *(
        "XMP-mwg-rs:RegionName",
        "XMP-MP:RegionPersonDisplayName",
        "IFD0:HostComputer",
        "Canon:OwnerName",
        "XMP-cc:AttributionName",
    ),
)
_RIGHTS = ("IFD0:Copyright", "IPTC:CopyrightNotice", "XMP-dc:Rights", "XMP-xmpRights:Owner", "PNG:Copyright")
# A folder of a person's own, as programs write it into histories.
_PATH = re.compile(r"(?:[A-Z]:[\\/]Users[\\/]|/Users/|/home/|file:///[A-Z]:/Users/)([^\\/\x00-\x1f\"<>]{1,40})")
LIMITS = (
    "These are texts that anyone can write. A name may be the owner's, the first buyer's, an agency's or a factory "
    "default. Before publishing, such fields can identify a source: the exported pictures carry none."
)


def authorship(picture: Image, _: Known) -> Iterable[Finding]:
    """Does the file identify a person?

    Method: fields for artist, owner, creator, caption writer, contact, tagged faces and the computer's name in EXIF,
    IPTC, XMP and PNG; home folders in paths. Yes: one of them holds text. Unclear: only a copyright line. No: none.
    Limits: see the finding.
    References: CIPA DC-008 (EXIF 3.0), 4.6.5; IPTC Photo Metadata Standard.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    persons = [
        (tag.key, text) for tag in found.all(*_PERSONS) if (text := metadata.text_of(tag).strip()) not in {"", "-"}
    ]
    paths = [(tag.key, f"home folder of {m[1]!r}") for tag in found.tags if (m := _PATH.search(metadata.text_of(tag)))]
    rights = [(tag.key, text) for tag in found.all(*_RIGHTS) if (text := metadata.text_of(tag).strip())]
    measured: dict[str, Json] = {
        "persons": [list(item) for item in [*persons, *paths][:50]],
        "rights": [list(item) for item in rights[:20]],
    }
    for told, answer in (([*persons, *paths], Answer.YES), (rights, Answer.UNCLEAR)):
        if told:
            key, text = told[0]
            more = f", and {len(told) - 1} more" if len(told) > 1 else ""
            because = f"{key} reads {' '.join(text.split())[:100]!r}{more}."
            return [Finding(answer, because, measured=measured, limits=LIMITS)]
    return [Finding(Answer.NO, "No field of the file names a person.", measured=measured, limits=LIMITS)]
