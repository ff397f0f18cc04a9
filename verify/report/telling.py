"""What a write-up says and in which order, before it is HTML or Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from verify.model import Answer, Finding, Region
from verify.report.earlier import told_apart
from verify.report.reading import Picture, Question, Story

ORDER = (Answer.YES, Answer.UNCLEAR, Answer.NO, Answer.UNABLE)
DRAWN = {Answer.YES: 3, Answer.UNCLEAR: 1}  # figures of one card at most; the others stand in its table
CHAPTERS = ("seen", "copies", "metadata")
_KIN = {"duplicates": "copies", "metadata": "metadata"}  # rooms of checks that have a chapter of their own


@dataclass(frozen=True, slots=True)
class Met:
    """A finding about a picture from the entry of another one: two pictures are compared once, for both."""

    finding: Finding
    question: Question
    picture: Picture  # the one that was asked about


@dataclass(frozen=True, slots=True)
class Card:
    """What one check says of one picture: its own entry, and the pairs in which it was the other picture."""

    check: str
    picture: Picture
    question: Question | None
    met: tuple[Met, ...]  # the strongest first
    before: tuple[Question, ...]  # earlier askings of the same
    apart: tuple[str, ...] = ()  # names of what a person told it apart from

    @property
    def anchor(self) -> str:
        """Its mark in the page."""
        return f"q{self.question.seq}" if self.question else f"q{self.met[0].question.seq}-{self.picture.seq}"

    @property
    def by_other(self) -> Met | None:
        """The pair that answers more than the picture's own entry does, if there is one."""
        best = self.met[0] if self.met else None
        return best if best and (not self.question or _weaker(self.question.answer, best.finding.answer)) else None

    @property
    def answer(self) -> Answer:
        """The strongest answer in which the picture took part."""
        told = self.by_other
        if told:
            return told.finding.answer
        assert self.question, "a card has one or the other"
        return self.question.answer

    @property
    def because(self) -> str:
        """The sentence of that answer."""
        told = self.by_other
        if told:
            return f"With {told.picture.label}: {told.finding.because}"
        assert self.question, "a card has one or the other"
        return self.question.because

    @property
    def first(self) -> Finding | None:
        """The finding that answers."""
        if self.by_other:
            return self.by_other.finding
        return self.question.findings[0] if self.question and self.question.findings else None

    @property
    def partners(self) -> tuple[str, ...]:
        """Names of what it was joined with by a yes: references first, then the case's own pictures."""
        own = [
            f.against.name
            for f in (self.question.each if self.question else ())
            if f.against and f.answer is Answer.YES
        ]
        met = [one.picture.label for one in self.met if one.finding.answer is Answer.YES]
        return tuple(dict.fromkeys(f"{name} (told apart)" if name in self.apart else name for name in own + met))

    @property
    def rests_on(self) -> str:
        """How easily what the answer rests on could be carried elsewhere, where the check says so."""
        return self.first.portability.value if self.first and self.first.portability else ""

    @property
    def drawn(self) -> tuple[Finding, ...]:
        """The findings of its own entry that are worth a figure."""
        return tuple(drawn(self.question)) if self.question else ()


def _weaker(one: Answer, other: Answer) -> bool:
    return ORDER.index(one) > ORDER.index(other)


@dataclass(frozen=True, slots=True)
class Topic:
    """One question and everything that was answered to it."""

    anchor: str  # its mark in the page
    check: str
    text: str
    room: str
    cards: tuple[Card, ...]

    @property
    def limits(self) -> str:
        """When its answers may be wrong, where most of them say the same; told once then."""
        said = Counter(card.first.limits for card in self.cards if card.first and card.first.limits)
        return next((text for text, count in said.most_common(1) if count > 1), "")

    @property
    def chapter(self) -> str:
        """Which chapter tells it, of `CHAPTERS`."""
        return _KIN.get(self.room, "seen")

    def of(self, *answers: Answer) -> list[Card]:
        """Its cards with these answers."""
        return [card for card in self.cards if card.answer in answers]


@dataclass(frozen=True, slots=True)
class Edge:
    """Two pictures that a check joined with a yes."""

    check: str
    a: str  # digest
    b: str
    score: float | None
    card: str  # the mark of the card that draws it


def topics(story: Story) -> list[Topic]:
    """What is seen first, then copies, then metadata; within each in the order in which they were first asked."""
    told = []
    for check in dict.fromkeys(question.check for question in story.questions):
        mine = [question for question in story.current() if question.check == check]
        cards = [card for picture in story.pictures if (card := _card(story, check, mine, picture))]
        cards.sort(key=lambda card: (ORDER.index(card.answer), card.picture.label))
        if cards:
            told.append(Topic(f"t{mine[0].seq}", check, mine[0].text, mine[0].room, tuple(cards)))
    return sorted(told, key=lambda topic: CHAPTERS.index(topic.chapter))


def _card(story: Story, check: str, mine: Sequence[Question], picture: Picture) -> Card | None:
    """The card of one picture, or None where the check was neither put to it nor compared anything with it."""
    if not picture.digest or picture is not next(p for p in story.pictures if p.digest == picture.digest):
        return None  # a file taken in twice has one card
    own = next((question for question in mine if question.picture == picture.digest), None)
    by_digest = {p.digest: p for p in reversed(story.pictures)}
    met = [
        Met(finding, question, by_digest[question.picture])
        for question in mine
        for finding in question.each
        if finding.against and finding.against.digest == picture.digest and question.picture in by_digest
    ]
    met.sort(key=lambda one: ORDER.index(one.finding.answer))
    before = [q for q in story.questions if (q.check, q.picture) == (check, picture.digest) and q is not own]
    told = [one for one in told_apart(story) if picture.digest in one.about] if mine[0].room == "duplicates" else []
    apart = tuple(
        name for one in told for digest, name in zip(one.about, one.names, strict=True) if digest != picture.digest
    )
    return Card(check, picture, own, tuple(met), tuple(before), apart) if own or met else None


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


def left_open(told: Iterable[Topic], unread: Collection[int]) -> list[tuple[Topic, list[tuple[Answer, list[Card]]]]]:
    """Questions answered unclear or unable, without the pictures (intake entries) that no check could read."""
    found = []
    for topic in told:
        cards = [card for card in topic.cards if card.picture.seq not in unread]
        answered = [(a, [c for c in cards if c.answer is a]) for a in (Answer.UNCLEAR, Answer.UNABLE)]
        if kept := [(answer, some) for answer, some in answered if some]:
            found.append((topic, kept))
    return found


def what_would_change_it(story: Story) -> list[tuple[str, list[str]]]:
    """When the answers may be wrong, in the checks' own words, each with the questions it limits.

    Those of linked findings where there are links, else those of every answer that is more than "unable".
    """
    linked = {said.body["entry"] for said in story.by_kind("link")}
    counted = [
        question
        for question in story.current()
        if (question.seq in linked if linked else question.answer != Answer.UNABLE)
    ]
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
            for finding in card.question.each if card.question else ():
                if finding.against and finding.answer is Answer.YES:
                    assert card.picture.digest, "an asked picture has a digest"
                    pair = (card.picture.digest, finding.against.digest)
                    joined.setdefault(
                        (topic.check, frozenset(pair)), Edge(topic.check, *pair, finding.score, card.anchor)
                    )
    return list(joined.values())


def groups(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Digests that hang together by these pairs, however far along, in order of appearance."""
    found: list[list[str]] = []
    for one, other in pairs:
        touching = [group for group in found if one in group or other in group]
        merged = list(dict.fromkeys([*(digest for group in touching for digest in group), one, other]))
        found = [group for group in found if group not in touching] + [merged]
    return found
