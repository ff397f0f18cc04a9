"""The write-up as Markdown: the same statements without figures, every stranger's word escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from verify.model import Answer
from verify.report import earlier, telling, weighing
from verify.report.page import unread, versions
from verify.report.pictures import Album
from verify.report.reading import Said, Story
from verify.report.telling import ORDER, Card, Topic
from verify.report.text import flat, number
from verify.report.text import markdown as md
from verify.report.weighing import Reading


def render(story: Story, album: Album) -> str:
    """The document; the same story gives the same bytes."""
    told = telling.topics(story)
    parts: list[Iterable[str]] = [
        _opening(story),
        _glance(story, told, album),
        _hypotheses(story),
        _pictures(story),
        _questions(told),
        _earlier(story),
        _joined(story, told),
        _unread(story, told, album),
        _method(story, told),
        _log(story),
    ]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _opening(story: Story) -> Iterator[str]:
    yield "**INTERNAL.** Not for publication: it holds names, sources, positions and digests as they were received.\n"
    yield f"# {md(story.title)}\n"
    yield f"Kept by {md(story.author)}. State of the log: {story.length} entries, the last of {story.until}.\n"
    yield "The figures stand in the HTML write-up of the same log.\n"


def _glance(story: Story, told: list[Topic], album: Album) -> Iterator[str]:
    conclusions = story.by_kind("conclusion")
    if conclusions:
        yield "## Concluded by people\n"
        yield from (f"- {_speech(said)}" for said in conclusions)
        yield ""
    yield "## What is known\n"
    for topic in told:
        if known := [_answered(answer, topic.of(answer)) for answer in (Answer.YES, Answer.NO) if topic.of(answer)]:
            yield f"- {md(topic.text)} {'; '.join(known)}"
    yield "\n## What is not known\n"
    missing = unread(story, told, album)
    for topic, answered in telling.left_open(told, {picture.seq for picture, _ in missing}):
        yield f"- {md(topic.text)} {'; '.join(_answered(answer, cards) for answer, cards in answered)}"
    for said in weighing.unlinked(story):
        yield f"- Nobody has linked a finding to {md(said.body['id'])}: {md(said.body['text'])}"
    if not any(question.room == "integrity" for question in story.questions):
        yield f"- {NOT_ASKED}"
    yield "\n## What would change it\n"
    for limits, questions in telling.what_would_change_it(story):
        yield f"- {md(limits)} ({' '.join(md(question) for question in questions)})"
    yield ""


NOT_ASKED = (
    "Whether a part of a picture was pasted in, painted over or made by a machine: **unclear** for every picture. "
    "No check of the pixels is in this log, so nothing here speaks for or against it."
)


def _answered(answer: Answer, cards: list[Card]) -> str:
    return f"**{answer.value}** for " + ", ".join(map(_joined_with, cards))


def _joined_with(card: Card) -> str:
    partners = " and ".join(md(name) for name in card.partners)
    return md(card.picture.label) + (f" (with {partners})" if partners else "")


def _speech(said: Said) -> str:
    return f"{md(said.body['text'])} ({md(said.actor)}, {said.time}, entry {said.seq})"


def _hypotheses(story: Story) -> Iterator[str]:
    yield "## Claims and hypotheses against the findings\n"
    for said in story.by_kind("claim"):
        yield f"- {md(said.body['id'])}, claimed by {md(said.body['by'])}: {md(said.body['text'])} (entry {said.seq})"
    for hypothesis in weighing.hypotheses(story):
        rival = f", rival of {md(hypothesis.said.body['rival'])}" if hypothesis.said.body["rival"] else ""
        yield f"\n### {md(hypothesis.said.body['id'])}{rival}: {md(hypothesis.said.body['text'])}\n"
        for side, readings in hypothesis.sides.items():
            yield from (f"- *{side}* {_reading(reading)}" for reading in readings)
            if not readings:
                yield f"- *{side}* nothing linked"
            yield from (f"- *{side}* {md(sentence)}" for sentence in hypothesis.dependent[side])
    notes = [said for said in earlier.remarks(story) if "text" in said.body]
    if notes:
        yield "\n### Remarks\n"
        yield from (f"- {_speech(said)}" for said in notes)
    yield ""


def _reading(reading: Reading) -> str:
    finding = reading.finding
    told = md(finding.because) if finding else "withheld"
    answer = (finding.answer if finding else reading.question.answer).value
    return (
        f"{md(reading.said.body['why'])} — {md(reading.picture)}, **{answer}**: {told} "
        f"({md(reading.said.actor)}, entry {reading.said.seq} on entry {reading.question.seq})"
    )


def _pictures(story: Story) -> Iterator[str]:
    yield "## Pictures\n"
    yield "| Picture | File | Bytes | Source | SHA-256 | Entry |\n|---|---|---|---|---|---|"
    for p in story.pictures:
        graphic = " (graphic)" if p.graphic else ""
        cells = (
            md(p.label) + graphic,
            md(p.name or "withheld"),
            str(p.size or ""),
            md(p.source),
            p.digest or "",
            str(p.seq),
        )
        yield f"| {' | '.join(cells)} |"
    yield "\n| Known picture | Kind | Taken | Vouched for by | Source | Entry |\n|---|---|---|---|---|---|"
    for r in story.references:
        yield f"| {' | '.join((md(r.name), md(r.kind), md(r.taken), md(r.vouched_by), md(r.source), str(r.seq)))} |"
    for said in story.by_kind("appearance"):
        body = {key: md(value) for key, value in said.body.items()}
        name = md(story.name_of(said.body["evidence"]))
        kept = f"; archived at {body['archived']}" if said.body.get("archived") else ""
        yield f"\n{name} was seen {body['when']} on {body['platform']}, {body['url']}: {body['how_known']}{kept}"
    yield ""


def _questions(told: list[Topic]) -> Iterator[str]:
    for topic in told:
        yield f"## {md(topic.text)}\n"
        for answer in ORDER:
            for card in topic.of(answer):
                yield from _card(card)
        yield ""


def _card(card: Card) -> Iterator[str]:
    yield f"- **{card.answer.value}** {md(card.picture.label)}: {md(card.because)}"
    yield f"  - {'; '.join(_about(card))}"
    question = card.question
    for finding in question.findings[1:] if question and question.compared != 1 else ():
        name = md(finding.against.name) + ": " if finding.against else ""
        yield f"  - **{finding.answer.value}** {name}{md(finding.because)}"
    for met in card.met:
        with_whom = f"{md(met.picture.label)} (entry {met.question.seq})"
        yield f"  - **{met.finding.answer.value}** {with_whom}: {md(met.finding.because)}"
    measured = flat(card.first.measured) if card.first else []
    if measured:
        yield "  - Measured: " + "; ".join(f"{md(name)} {md(value)}" for name, value in measured)
    for strength in card.first.strength if card.first else ():
        yield (
            f"  - Strength: log10 of the likelihood ratio {number(strength.log10_lr)} for {md(strength.proposition)} "
            f"(calibration {md(strength.calibration)}, measured on {md(strength.population)})"
        )
    if card.first and card.first.limits:
        yield f"  - May be wrong: {md(card.first.limits)}"
    for asked in card.before:
        yield f"  - Asked before (entry {asked.seq}): **{asked.answer.value}** {md(asked.because)}"


def _about(card: Card) -> Iterator[str]:
    if card.first and card.first.level:
        yield f"level {md(card.first.level)}"
    if card.rests_on:
        yield f"rests on what is {card.rests_on}"
    if card.question:
        yield f"{card.question.compared} compared" if card.question.compared else "nothing compared"
        yield f"check {md(card.check)} {md(card.question.version)}, entry {card.question.seq}"
    else:
        yield f"check {md(card.check)}"


def _earlier(story: Story) -> Iterator[str]:
    yield "## Earlier pictures\n"
    for apart in earlier.told_apart(story):
        yield f"- Told apart by a person: {' and '.join(map(md, apart.names))}: {_speech(apart.said)}"
    for order in earlier.orders(story):
        which = f"likelier the earlier is {md(order.earlier)}" if order.earlier else "which is the earlier is unclear"
        why = "; ".join(map(md, order.reasons)) + f"; “the picture” is {md(order.names[0])}"
        yield f"- {' and '.join(map(md, order.names))}: {which} ({why}; entry {order.seq})"
    yield from (f"- {md(search.picture)}: {md(search.text)} (entry {search.seq})" for search in earlier.searches(story))
    yield ""


def _joined(story: Story, told: list[Topic]) -> Iterator[str]:
    yield "## Same place, same thing\n"
    joined = telling.edges(told)
    for edge in joined:
        yield f"- {md(edge.check)}: {md(story.name_of(edge.a))} and {md(story.name_of(edge.b))}"
    yield "" if joined else "- No pair of pictures was answered yes.\n"


def _unread(story: Story, told: list[Topic], album: Album) -> Iterator[str]:
    yield "## Files that could not be read\n"
    found = unread(story, told, album)
    yield from (f"- {md(p.label)} ({md(p.name or 'name withheld')}, entry {p.seq}): {md(why)}" for p, why in found)
    yield "" if found else "- Every file could be read.\n"


def _method(story: Story, told: list[Topic]) -> Iterator[str]:
    yield "## Methods, versions and the log\n"
    for topic in told:
        named = ", ".join(dict.fromkeys(md(card.question.version) for card in topic.cards if card.question))
        yield f"- {md(topic.check)}, version {named}: {md(topic.text)}"
    yield from (f"- {md(name)} {md(value)}" for name, value in versions(story))
    yield f"\nCase {md(story.case)}, begun with {md(story.toolkit)}. Head after {story.length} entries:\n"
    yield f"    {story.head}\n"
    yield "To check the log without the toolkit: each line of `log/verification.jsonl` names in `prev` the SHA-256 of"
    yield "the line before it, line end included; the last line's own SHA-256 is the head.\n"


def _log(story: Story) -> Iterator[str]:
    yield "## Appendix: the whole log\n"
    yield from (f"    {line}" for line in story.lines)  # indented code: shown as it stands, whatever is in it
