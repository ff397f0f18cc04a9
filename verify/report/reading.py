"""A case's log and store, read into what a write-up tells."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verify.errors import LogError, Tampered
from verify.log import Entry, Log
from verify.model import Answer, Finding
from verify.store import Store


@dataclass(frozen=True, slots=True)
class Picture:
    """One intake: a picture of the case, or a file that could not be had."""

    label: str
    seq: int  # of the intake entry
    digest: str | None
    size: int | None  # bytes
    graphic: bool
    name: str  # private, like the next three; empty where withheld
    source: str
    mtime: str
    unable: str  # why the file could not be had


@dataclass(frozen=True, slots=True)
class Reference:
    """One known picture."""

    seq: int
    kind: str
    name: str
    digest: str
    source: str
    vouched_by: str
    taken: str


@dataclass(frozen=True, slots=True)
class Question:
    """One check entry: what was asked of which picture, and what came of it."""

    seq: int
    check: str
    version: str
    text: str
    room: str
    picture: str  # digest
    answer: Answer
    findings: tuple[Finding, ...]  # empty where withheld
    compared: int
    settings: Mapping[str, Any]
    versions: Mapping[str, Any]
    limits: str
    withheld: bool
    searched: Mapping[str, Any] = field(default_factory=dict)  # the archive searched before it was asked

    @property
    def because(self) -> str:
        """The sentence of the first finding, which answers the question."""
        return self.findings[0].because if self.findings else "What was found is private and was withheld."

    @property
    def each(self) -> tuple[Finding, ...]:
        """The findings one by one: where several were compared, the first only repeats the strongest."""
        return self.findings[1:] if self.compared and len(self.findings) > 1 else self.findings


@dataclass(frozen=True, slots=True)
class Said:
    """What a person put on the record: a note, claim, hypothesis, link, conclusion or the like."""

    seq: int
    kind: str
    actor: str
    time: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """Everything a write-up tells, in the order of the log."""

    title: str
    author: str
    case: str
    toolkit: str
    head: str
    length: int  # entries
    until: str  # time of the last entry, as the writer's clock said
    pictures: tuple[Picture, ...] = ()
    references: tuple[Reference, ...] = ()
    questions: tuple[Question, ...] = ()
    said: tuple[Said, ...] = ()
    lines: tuple[str, ...] = ()  # of the log, as they stand
    heads: tuple[str, ...] = ()  # of each line in few words
    withdrawn: Mapping[int, int] = field(default_factory=dict)  # entry → the entry that corrects or redacts it

    def by_kind(self, *kinds: str) -> list[Said]:
        """What people said, of these kinds, without what was withdrawn since."""
        return [item for item in self.said if item.kind in kinds and item.seq not in self.withdrawn]

    def current(self) -> list[Question]:
        """The last asking of each check to each picture."""
        last = {(question.check, question.picture): question for question in self.questions}
        return [question for question in self.questions if last[question.check, question.picture] is question]

    def question(self, seq: int) -> Question | None:
        """The check entry of that number."""
        return next((question for question in self.questions if question.seq == seq), None)

    def name_of(self, digest: str) -> str:
        """What a digest is called: a picture's label, a reference's name, or its beginning."""
        for picture in self.pictures:
            if picture.digest == digest:
                return picture.label
        for reference in self.references:
            if reference.digest == digest:
                return reference.name
        named = (f.against for question in self.questions for f in question.findings if f.against)
        return next((against.name for against in named if against.digest == digest), digest[:12])

    def graphic(self) -> frozenset[str]:
        """Digests to blur: pictures marked graphic, and whatever a check called a copy of one, however far along."""
        marked = {picture.digest for picture in self.pictures if picture.graphic and picture.digest}
        copies = [
            {question.picture, finding.against.digest}
            for question in self.questions
            if question.room == "duplicates"
            for finding in question.findings
            if finding.against and finding.answer is Answer.YES
        ]
        while more := [pair for pair in copies if pair & marked and pair - marked]:
            marked = marked.union(*more)
        return frozenset(marked)


def read(folder: Path) -> Story:
    """Read a case. Raises LogError, Torn or Tampered where its log or store is not what it says."""
    log = Log.open(folder)
    entries = list(log)  # to iterate is to verify
    lines = (folder / "log" / "verification.jsonl").read_text(encoding="utf-8").split("\n")[: len(entries)]
    store = Store(folder)
    first = entries[0]
    return Story(
        title=str(first.body.get("title", "")),
        author=first.actor,
        case=log.case,
        toolkit=str(first.body.get("toolkit", "")),
        head=log.head,
        length=len(entries),
        until=_time(entries[-1]),
        pictures=tuple(_each(entries, "intake", _picture)),
        references=tuple(_each(entries, "known", _reference)),
        questions=tuple(_each(entries, "check", lambda entry: _question(entry, store))),
        said=tuple(Said(e.seq, e.kind, e.actor, _time(e), e.body) for e in entries if e.kind not in _TOLD_ELSEWHERE),
        lines=tuple(lines),
        heads=tuple(f"{e.seq} · {_time(e)} · {e.kind} · {e.actor}" for e in entries),
        withdrawn=_withdrawn(entries),
    )


_TOLD_ELSEWHERE = {"open", "intake", "known", "check"}


def _each(entries: Iterable[Entry], kind: str, understand: Any) -> Iterable[Any]:
    """Entries of one kind, understood; one that has another form than its kind's is named."""
    for entry in entries:
        if entry.kind == kind:
            try:
                yield understand(entry)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                raise Tampered(f"entry {entry.seq}: its body has not the form of a {kind} entry") from error


def _time(entry: Entry) -> str:
    return f"{entry.time:%Y-%m-%d %H:%M:%S} UTC"


def _withdrawn(entries: Iterable[Entry]) -> dict[int, int]:
    return {entry.body["supersedes"]: entry.seq for entry in entries if entry.kind == "correction"}


def _picture(entry: Entry) -> Picture:
    body, told = entry.body, entry.private or {}
    return Picture(
        label=str(body["label"]),
        seq=entry.seq,
        digest=body["evidence"],
        size=body["size"] if body["size"] is not None else told.get("size"),
        graphic=bool(body["graphic"]),
        name=str(told.get("name") or ""),
        source=str(told.get("source") or ""),
        mtime=str(told.get("mtime") or ""),
        unable=str(told.get("unable") or ""),
    )


def _reference(entry: Entry) -> Reference:
    told = {key: str(entry.body[key]) for key in ("kind", "name", "digest", "source", "vouched_by", "taken")}
    return Reference(entry.seq, **told)


def _question(entry: Entry, store: Store) -> Question:
    body = entry.body
    private = (entry.private or {}).get("findings")
    found = body["findings"] if body["findings"] is not None else private
    return Question(
        seq=entry.seq,
        check=str(body["check"]),
        version=str(body["version"]),
        text=str(body["question"]),
        room=str(body["room"]),
        picture=str(body["picture"]),
        answer=Answer(body["answer"]),
        findings=tuple(_finding(finding, store) for finding in found or ()),
        compared=len(body["compared"]),
        settings=dict(body["settings"]),
        versions=dict(body["versions"]),
        limits=str(body["limits"]),
        withheld=found is None,
        searched=dict(body.get("searched") or {}),
    )


def _finding(packed: Mapping[str, Any], store: Store) -> Finding:
    """A finding with its matched points fetched from the store, where the line holds only their digest."""
    pairs = packed["pairs"]
    if isinstance(pairs, Mapping):
        try:
            pairs = json.loads(store.read(pairs["digest"]))
        except LogError:
            pairs = []  # the points are for the drawing alone; `verify log check` names what is missing
    return Finding.from_json({**packed, "pairs": pairs})
