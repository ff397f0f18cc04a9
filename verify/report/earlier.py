"""What is known of copies beside the measurement: what was searched, who was published first, who told two apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verify.appearances import Appearance, published_first, weighed
from verify.model import Answer, Finding
from verify.report.reading import Question, Said, Story


@dataclass(frozen=True, slots=True)
class Searched:
    """An archive, searched for one picture."""

    seq: int
    picture: str  # its label
    text: str


@dataclass(frozen=True, slots=True)
class Apart:
    """A person's word that two pictures are no copies of one another; the measurement stands beside it."""

    said: Said
    about: tuple[str, str]  # digests
    names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """Which of two copies is likelier the earlier, and why; `earlier` is empty where that is unclear."""

    seq: int
    names: tuple[str, str]
    earlier: str
    reasons: tuple[str, ...]


def told_apart(story: Story) -> list[Apart]:
    """Decisions that two pictures are different ones, as far as they name two."""
    return [
        Apart(said, (about[0], about[1]), (story.name_of(about[0]), story.name_of(about[1])))
        for said in story.by_kind("review")
        if (about := _pair(said)) and "text" in said.body
    ]


def _pair(said: Said) -> list[str]:
    about = said.body.get("about")
    named = isinstance(about, Sequence) and len(about) == 2 and all(isinstance(digest, str) for digest in about)
    return list(about) if named and about is not None and "decision" in said.body else []


def remarks(story: Story) -> list[Said]:
    """What people said, beside the decisions that stand with the copies."""
    shown = {apart.said.seq for apart in told_apart(story)}
    return [said for said in story.by_kind("note", "review", "grade") if said.seq not in shown]


def orders(story: Story) -> list[Order]:
    """For each pair answered yes that has more than the pictures' likeness to tell: which is likelier the earlier."""
    return [
        order
        for question in story.current()
        if question.room == "duplicates"
        for finding in question.each
        if finding.against and finding.answer is Answer.YES and (order := _order(story, question, finding))
    ]


def _order(story: Story, question: Question, finding: Finding) -> Order | None:
    assert finding.against, "the caller chose findings about a pair"
    inferred, reasons = finding.measured.get("likelier_earlier"), finding.measured.get("why_earlier")
    told = [str(reason) for reason in reasons] if isinstance(reasons, (list, tuple)) else []
    order = published_first(_seen(story, question.picture), _seen(story, finding.against.digest))
    side, why = weighed(order, str(inferred or "unclear"), told)
    if not why:
        return None
    names = story.name_of(question.picture), finding.against.name
    return Order(question.seq, names, {"picture": names[0], "other": names[1]}.get(side, ""), why)


def _seen(story: Story, digest: str) -> list[Appearance]:
    keys = ("url", "platform", "when", "how_known", "archived")
    told = [said.body for said in story.by_kind("appearance") if said.body.get("evidence") == digest]
    return [Appearance(**{key: str(body.get(key, "")) for key in keys}) for body in told]


def appeared(story: Story) -> list[tuple[str, Said]]:
    """Where pictures of the archive were published: the name of each, and what is known."""
    own = {picture.digest for picture in story.pictures}
    return [
        (story.name_of(str(said.body.get("evidence", ""))), said)
        for said in story.by_kind("appearance")
        if said.body.get("evidence") not in own
    ]


def searches(story: Story) -> list[Searched]:
    """Every search of an archive that is on the record, with or without a result."""
    found = [
        Searched(question.seq, story.name_of(question.picture), _sentence(question.searched))
        for question in story.questions
        if question.searched
    ]
    found += [
        Searched(said.seq, story.name_of(str(said.body.get("picture", ""))), _sentence(said.body))
        for said in story.by_kind("search-without-result")
    ]
    return sorted(found, key=lambda search: search.seq)


def _sentence(told: Mapping[str, Any]) -> str:
    count = told.get("searched", told.get("pictures"))
    kind = {"folder": "the folder", "archive": "the archive"}.get(str(told.get("kind")), "an archive")
    hits = told.get("hits") or ()
    if because := told.get("because"):
        return f"Not searched: {because}"
    begun = f"{len(hits) or 'nothing'} found among {count} pictures of {kind} {told.get('archive')}"
    return "; ".join([begun, *_details(told)]) + "."


def _details(told: Mapping[str, Any]) -> Iterator[str]:
    if "pdq_bits" in told:
        yield (
            f"looked for whole-picture hashes within {told['pdq_bits']} of 256 bits in eight orientations and for at "
            f"least {told.get('equal_features')} equal local features"
        )
    if "proposed" in told:
        yield f"{told['proposed']} of them were worth comparing, {told.get('compared')} were compared"
    if told.get("unable"):
        yield f"{told['unable']} of its files could not be searched"
    lost = told.get("lost")
    for one in lost if isinstance(lost, (list, tuple)) else ():
        yield f"known from its index alone, because its file is gone or has changed: {str(one).rstrip('.')}"
