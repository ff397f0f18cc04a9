"""What the file says of the documents it was made from."""

from __future__ import annotations

from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers
from verify.model import Answer, Finding, Json

PRIVATE = True
_PARENTS = (
    *("XMP-xmpMM:DerivedFromDocumentID", "XMP-xmpMM:DerivedFromInstanceID", "XMP-xmpMM:DerivedFromOriginalDocumentID"),
    *("XMP-photoshop:DocumentAncestors", "XMP-xmpMM:IngredientsDocumentID", "XMP-xmpMM:PantryDocumentID"),
)
LIMITS = (
    "Document identifiers are random numbers that editors write; equal ones in two files are no accident, absent "
    "ones say nothing. Ancestors are listed for every document that was pasted in, also text and logos. Of 71 "
    "camera files none names another document (0 %, 0.0 % to 5.1 %)."
)


def document_history(picture: Image, _: Known) -> Iterable[Finding]:
    """Does the file say that it was made from other documents?

    Method: XMP media management: the documents it derives from, the ancestors and ingredients that Photoshop lists, the
    original document against the present one, and the history of saves. Yes: another document is named. Unclear: a
    history or identifiers without another document. No: nothing of the kind.
    Limits: see the finding.
    References: ISO 16684-1 and Adobe, XMP Specification part 2, section on xmpMM.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    own = {found.text(f"XMP-xmpMM:{name}") for name in ("DocumentID", "InstanceID")}
    parents = [
        str(value)
        for tag in found.all(*_PARENTS)
        for value in (tag.value if isinstance(tag.value, tuple) else (tag.value,))
        if value and str(value) not in own
    ]
    original = found.text("XMP-xmpMM:OriginalDocumentID")
    actions = found.first("XMP-xmpMM:HistoryAction")
    saves = list(actions.value) if actions and isinstance(actions.value, tuple) else [actions.value] if actions else []
    measured: dict[str, Json] = {
        "documents": list(dict.fromkeys(parents))[:100],
        "original": original,
        "document": found.text("XMP-xmpMM:DocumentID"),
        "history": [str(save) for save in saves][:100],
    }
    if parents:
        count = len(set(parents))
        many = "s" if count > 1 else ""
        because = f"The file names {count} other document{many} that it was made from, first {parents[0]}."
        return [Finding(Answer.YES, because, measured=measured, limits=LIMITS)]
    if saves or original or own - {""}:
        steps = (
            f"a history of {len(saves)} steps ({', '.join(map(str, saves[:6]))})" if saves else "document identifiers"
        )
        because = f"The file carries {steps}, but names no other document."
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
    return [Finding(Answer.NO, "The file names no document that it was made from.", measured=measured, limits=LIMITS)]
