"""Programs that the file went through, by their names and traces."""

from __future__ import annotations

from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, editors
from verify.model import Answer, Finding, Json

PRIVATE = True
LIMITS = (
    "A program that is named may have done no more than rotate the picture or add a caption; a program that "
    "leaves no name was not seen. Removing these names takes one command. Of 71 files collected as camera "
    "originals 7 name an editor after all (9.9 %, 4.9 % to 19.0 %) and 7 another program."
)


def editing_software(picture: Image, _: Known) -> Iterable[Finding]:
    """Does the file name editing software, or carry its traces?

    Method: the fields for software and history in EXIF, XMP, IPTC, PNG and comments, against a list of programs;
    Photoshop resources, "Save for Web" segments, XMP history and raw development settings. Yes: an editing program or
    such a structure. Unclear: a program for transfer or cataloguing, or one that the list does not know. No: none.
    Limits: see the finding.
    References: Adobe, XMP Specification part 2, xmpMM:History; Photoshop File Formats Specification, image resources.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    told = [*editors.programs(found), *editors.traces(found)]
    strong = [p for p in told if p.kind in {editors.EDITOR, editors.GENERATOR}]
    weak = [p for p in told if p.kind in {editors.TRANSFER, editors.UNKNOWN}]
    measured: dict[str, Json] = {"programs": [{"kind": p.kind, "name": p.name, "where": p.where} for p in told]}
    if strong:
        answer, because = Answer.YES, f"The file carries {_list(strong)}."
    elif weak:
        answer, because = Answer.UNCLEAR, f"The file names {_list(weak)}, which is no known picture editor."
    else:
        firmware = next((f"; its software field reads {p.name!r}, as a camera's does" for p in told), "")
        answer, because = Answer.NO, f"The file names no editing program and carries none of their traces{firmware}."
    return [Finding(answer, because, measured=measured, limits=LIMITS)]


def _list(told: list[editors.Program]) -> str:
    named = [f"{p.name} ({p.where})" for p in told[:4]]
    more = f" and {len(told) - 4} more" if len(told) > 4 else ""
    return ", ".join(named) + more
