"""Which of very many references a picture is compared with in full: codes from the store or the child, then a vote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from verify import image
from verify.errors import EvidenceError
from verify.guard import Guard
from verify.kept import Kept
from verify.matching import shortlist
from verify.model import Against, Answer, Finding

BATCH = 25  # pictures a guarded job
Told = tuple[str, str, str]  # path, digest and name of a picture


def passed_over(
    guard: Guard, picture: Told, others: Sequence[Told], most: int, kept: Kept | None
) -> dict[int, Finding]:
    """The others that the vote does not put among the first `most`, by place, each with a finding that says so.

    None of which features cannot be computed is among them (comparing it says why), and none at all where that is so
    of the picture itself.
    """
    codes = _coded(guard, [picture, *others], kept)
    places = [place for place, other in enumerate(others) if other[1] in codes]
    if picture[1] not in codes or not places:
        return {}
    told = [codes[others[place][1]] for place in places]
    votes = guard.call(f"{__name__}:_votes", picture=codes[picture[1]], references=told)
    ranked = sorted(zip(places, votes, strict=True), key=lambda one: (-one[1], others[one[0]][1]))
    passed = {}
    for rank, (place, count) in enumerate(ranked[most:], most + 1):
        because = f"Not compared in full: number {rank} of {len(others)} in a vote of features; the first {most} were."
        measured = {"shortlist_rank": rank, "votes": count}
        against = Against(*others[place][1:])
        passed[place] = Finding(Answer.UNCLEAR, because, against=against, measured=measured, level="undetermined")
    return passed


def _coded(guard: Guard, pictures: Sequence[Told], kept: Kept | None) -> dict[str, Any]:
    """By digest the short codes of the pictures of which they can be had."""
    stored = {told[1]: kept.read(told[1], [shortlist.CODES]) for told in pictures} if kept else {}
    found = {digest: derived[shortlist.CODES]["codes"] for digest, derived in stored.items() if derived}
    new = [told for told in pictures if told[1] not in found]
    for start in range(0, len(new), BATCH):
        for digest, derived in _computed(guard, new[start : start + BATCH]).items():
            found[digest] = derived[shortlist.CODES]["codes"]
            if kept:
                kept.write(digest, derived)
    return found


def _computed(guard: Guard, pictures: Sequence[Told]) -> dict[str, Any]:
    """What the child computes of pictures; where it dies of one, that one is left out."""
    try:
        return dict(guard.call(f"{__name__}:_codes", pictures=[list(told) for told in pictures]))
    except EvidenceError:
        halves = [pictures[: len(pictures) // 2], pictures[len(pictures) // 2 :]] if len(pictures) > 1 else []
        return {digest: derived for half in halves for digest, derived in _computed(guard, half).items()}


# --- in the child -----------------------------------------------------------------------------------------------------


def _codes(pictures: list[list[str]]) -> dict[str, Any]:
    derived = {}
    for path, digest, name in pictures:
        try:
            opened = image.open(path, name=name)
            shortlist.codes(opened)
        except EvidenceError:
            continue  # comparing it says why
        if opened.digest == digest:
            derived[digest] = opened.derived
    return derived


def _votes(picture: Any, references: list[Any]) -> list[int]:
    return shortlist.votes(picture, references)
