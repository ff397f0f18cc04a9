"""What people linked to each hypothesis, and which of it is one observation told several times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verify.model import Answer, Finding
from verify.report.reading import Question, Said, Story
from verify.report.telling import groups

SIDES = ("for", "against", "neutral")


@dataclass(frozen=True, slots=True)
class Reading:
    """A link: a person's word on what a finding means for a hypothesis."""

    said: Said
    question: Question
    finding: Finding | None  # None where withheld
    picture: str  # label


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A hypothesis with what was linked to it, by side, and its readings that depend on each other."""

    said: Said
    sides: dict[str, list[Reading]]
    dependent: dict[str, list[str]]  # by side: a sentence for each group
    conclusions: list[Said]


def hypotheses(story: Story) -> list[Hypothesis]:
    """Hypotheses with their links and conclusions; rivals stand next to each other."""
    said = story.by_kind("hypothesis")
    ordered: list[Said] = []
    for item in said:
        rivals = [o for o in said if item.body["id"] == o.body["rival"] or o.body["id"] == item.body["rival"]]
        ordered += [one for one in (item, *rivals) if one not in ordered]
    bonds = _bonds(story)
    told = []
    for item in ordered:
        sides = {side: _readings(story, item.body["id"], side) for side in SIDES}
        told.append(
            Hypothesis(
                item,
                sides,
                {side: _dependent(readings, bonds) for side, readings in sides.items()},
                [one for one in story.by_kind("conclusion") if one.body["about"] == item.body["id"]],
            )
        )
    return told


def _readings(story: Story, hypothesis: str, side: str) -> list[Reading]:
    found = []
    for said in story.by_kind("link"):
        question = story.question(said.body["entry"])
        if (said.body["hypothesis"], said.body["direction"]) == (hypothesis, side) and question:
            at = said.body["finding"]
            finding = question.findings[at] if at < len(question.findings) else None
            found.append(Reading(said, question, finding, story.name_of(question.picture)))
    return found


def unlinked(story: Story) -> list[Said]:
    """Hypotheses that nobody linked a finding to."""
    linked = {said.body["hypothesis"] for said in story.by_kind("link")}
    return [said for said in story.by_kind("hypothesis") if said.body["id"] not in linked]


def _bonds(story: Story) -> list[list[str]]:
    """Digests that show one thing, by a yes about more than its design."""
    return groups(
        (question.picture, finding.against.digest)
        for question in story.current()
        for finding in question.findings
        if finding.against and finding.answer is Answer.YES and finding.level != "same design"
        if question.room != "metadata"
    )


def _dependent(readings: Sequence[Reading], bonds: Sequence[Sequence[str]]) -> list[str]:
    """A sentence for each group of readings that cannot be counted one by one.

    What a file says of itself was written by one hand; what is seen in one picture, or in pictures that show one thing,
    was arranged, if at all, by one hand too. So several such readings weigh no more than the strongest of them.
    """
    kin: dict[tuple[bool, str], list[Reading]] = {}
    for reading in readings:
        own = reading.question.picture
        metadata = reading.question.room == "metadata"
        bond = own if metadata else next((group[0] for group in bonds if own in group), own)
        kin.setdefault((metadata, bond), []).append(reading)
    return [_sentence(metadata, group) for (metadata, _), group in kin.items() if len(group) > 1]


def _sentence(metadata: bool, group: Sequence[Reading]) -> str:
    entries = ", ".join(str(reading.question.seq) for reading in group)
    pictures = ", ".join(dict.fromkeys(reading.picture for reading in group))
    what = f"the metadata of {pictures}" if metadata else f"what is seen in {pictures}"
    joined = ", which show one thing," if len({reading.picture for reading in group}) > 1 else ""
    return (
        f"Entries {entries} all rest on {what}{joined} and depend on each other: together they weigh no more than the "
        "strongest of them; their ratios are not multiplied."
    )
