"""Two independent readers of the same file."""

from __future__ import annotations

from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, comparing
from verify.model import Answer, Finding, Json

PRIVATE = True
LIMITS = (
    "Readers also differ where a standard leaves room. A file built to be read one way here and another way "
    "elsewhere shows as values that differ or as tags that only one reader sees. Of 71 camera files none differs "
    "between the built-in reader and ExifTool 12.57 (0 %, 0.0 % to 5.1 %)."
)


def readers(picture: Image, _: Known, *, deep: bool = True) -> Iterable[Finding]:
    """Do two readers of this file agree on what it says?

    Method: the built-in reader against ExifTool (12.57 or newer; with `deep` and where it is installed), else against
    ExifRead on the fields that both name: the standard groups of EXIF, GPS, IPTC, XMP and ICC. Yes: every common value
    is the same. No: one differs. Unclear: a standard tag is seen by one reader only, or the second one stopped early.
    Unable: nothing to compare.
    Limits: see the finding.
    References: none; two parsers of one stream is the usual remedy against parser confusion.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    told = comparing.compare(picture.data, found, deep=deep)
    if told is None or not (told.common or told.only_here or told.only_there):
        because = "The file holds no standard metadata that a second reader could read."
        return [Finding(Answer.UNABLE, because, measured={"common": 0}, limits=LIMITS)]
    measured: dict[str, Json] = {
        "reader": told.reader,
        "version": told.version,
        "common": told.common,
        "different": [list(item) for item in told.different[:50]],
        "only_built_in": list(told.only_here[:50]),
        "only_second": list(told.only_there[:50]),
        "problems": list(told.problems[:20]),
    }
    return [Finding(*_answer(told), measured=measured, limits=LIMITS)]


def _answer(told: comparing.Comparison) -> tuple[Answer, str]:
    who = f"{told.reader} {told.version}"
    if told.different:
        key, ours, theirs = told.different[0]
        more = f", and {len(told.different) - 1} more" if len(told.different) > 1 else ""
        return Answer.NO, f"The built-in reader and {who} differ on {key}: {ours!r} against {theirs!r}{more}."
    one_sided = [*told.only_here, *told.only_there]
    if one_sided or (told.problems and not told.common):
        where = f"{len(told.only_here)} tags are seen by the built-in reader only, {len(told.only_there)} by {who} only"
        first = f" ({one_sided[0]})" if one_sided else f" ({told.problems[0]})"
        return Answer.UNCLEAR, f"{told.common} values agree; {where}{first}."
    return Answer.YES, f"The built-in reader and {who} agree on all {told.common} values that both read."
