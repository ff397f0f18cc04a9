"""What a write-up says and in which order, before it is HTML or Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from verify.model import Answer, Finding, Region
from verify.report.reading import Picture, Question, Said, Story

ORDER = (Answer.YES, Answer.UNCLEAR, Answer.NO, Answer.UNABLE)
DRAWN = {Answer.YES: 3, Answer.UNCLEAR: 1}  # figures of one card at most; the others stand in its table
_KIN = {"duplicates": "copies", "metadata": "metadata"}  # rooms of checks that have a chapter of their own


@dataclass(frozen=True, slots=True)
class Card:
    """One question put to one picture, with the findings that are worth a figure."""

    question: Question
    picture: Picture
    drawn: tuple[Finding, ...]
    before: tuple[Question, ...]  # earlier askings of the same

    @property
    def rests_on(self) -> str:
        """How easily what the answer rests on could be carried elsewhere, where the check says so."""
        first = self.question.findings[0] if self.question.findings else None
        return first.portability.value if first and first.portability else ""


@dataclass(frozen=True, slots=True)
class Topic:
    """One question and everything that was answered to it."""

    check: str
    text: str
    room: str
    cards: tuple[Card, ...]

    @property
    def chapter(self) -> str:
        """Which chapter tells it: "seen", "metadata" or "copies"."""
        return _KIN.get(self.room, "seen")

    def of(self, *answers: Answer) -> list[Card]:
        """Its cards with these answers."""
        return [card for card in self.cards if card.question.answer in answers]


@dataclass(frozen=True, slots=True)
class Reading:
    """A link: a person's word on what a finding means for a hypothesis."""

    said: Said
    question: Question
    finding: Finding | None  # None where withheld
    picture: str  # label


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A hypothesis with what was linked to it."""

    said: Said
    sides: dict[str, list[Reading]]  # "for", "against", "neutral"
    conclusions: list[Said]


@dataclass(frozen=True, slots=True)
class Edge:
    """Two pictures that a check joined with a yes."""

    check: str
    a: str  # digest
    b: str
    score: float | None
    question: int  # seq


def topics(story: Story) -> list[Topic]:
    """The questions in the order in which they were first asked."""
    by_digest = {picture.digest: picture for picture in reversed(story.pictures) if picture.digest}
    current = story.current()
    told = []
    for check in dict.fromkeys(question.check for question in story.questions):
        mine = [question for question in current if question.check == check and question.picture in by_digest]
        cards = [_card(story, question, by_digest[question.picture]) for question in mine]
        cards.sort(key=lambda card: (ORDER.index(card.question.answer), card.picture.label))
        if cards:
            told.append(Topic(check, mine[0].text, mine[0].room, tuple(cards)))
    return told


def _card(story: Story, question: Question, picture: Picture) -> Card:
    before = [
        earlier
        for earlier in story.questions
        if (earlier.check, earlier.picture) == (question.check, question.picture) and earlier is not question
    ]
    return Card(question, picture, tuple(drawn(question)), tuple(before))


def drawn(question: Question) -> list[Finding]:
    """The findings to draw: the strongest that were compared, or all that one picture shows in one figure."""
    shown = [finding for finding in question.each if finding.answer in DRAWN and (finding.regions or finding.pairs)]
    alone = [finding for finding in shown if not finding.against]
    together = [replace(alone[0], regions=_all_regions(alone), pairs=())] if alone else []
    most = DRAWN.get(question.answer, 0)
    compared = [finding for finding in shown if finding.against and finding.answer == question.answer]
    return (together + compared)[:most]


def _all_regions(findings: Sequence[Finding]) -> tuple[Region, ...]:
    return tuple(region for finding in findings for region in finding.regions if region.of == "picture")


def hypotheses(story: Story) -> list[Hypothesis]:
    """Hypotheses with their links and conclusions; rivals stand next to each other."""
    said = story.by_kind("hypothesis")
    ordered: list[Said] = []
    for item in said:
        rivals = [other for other in said if item.body["id"] in {other.body["rival"]} or other.body["id"] == item.body["rival"]]
        ordered += [one for one in (item, *rivals) if one not in ordered]
    return [
        Hypothesis(
            item,
            {side: _readings(story, item.body["id"], side) for side in ("for", "against", "neutral")},
            [one for one in story.by_kind("conclusion") if one.body["about"] == item.body["id"]],
        )
        for item in ordered
    ]


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


def what_would_change_it(story: Story) -> list[tuple[str, list[str]]]:
    """When the answers may be wrong, in the checks' own words, each with the questions it limits.

    Those of linked findings where there are links, else those of every answer that is more than "unable".
    """
    linked = {said.body["entry"] for said in story.by_kind("link")}
    counted = [question for question in story.current() if (question.seq in linked if linked else question.answer != Answer.UNABLE)]
    limits: dict[str, list[str]] = {}
    for question in counted:
        if question.limits and question.text not in limits.setdefault(question.limits, []):
            limits[question.limits].append(question.text)
    return list(limits.items())


def edges(told: Iterable[Topic]) -> list[Edge]:
    """Every pair that a check of what is seen answered yes."""
    joined: dict[tuple[str, frozenset[str]], Edge] = {}
    for topic in told:
        if topic.chapter != "seen":
            continue
        for card in topic.cards:
            for finding in card.question.each:
                if finding.against and finding.answer is Answer.YES:
                    pair = (card.question.picture, finding.against.digest)
                    edge = Edge(topic.check, *pair, finding.score, card.question.seq)
                    joined.setdefault((topic.check, frozenset(pair)), edge)
    return list(joined.values())


def groups(joined: Iterable[Edge]) -> list[list[str]]:
    """Digests that hang together by these edges, in order of appearance."""
    found: list[list[str]] = []
    for edge in joined:
        touching = [group for group in found if edge.a in group or edge.b in group]
        merged = list(dict.fromkeys([*(digest for group in touching for digest in group), edge.a, edge.b]))
        found = [group for group in found if group not in touching] + [merged]
    return found
