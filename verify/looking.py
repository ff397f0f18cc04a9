"""Quick answers without a case: `look` and `compare`; nothing is written, nothing is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify import asking, checks
from verify.asking import Source
from verify.errors import Refused, Unreadable
from verify.guard import Guard, Limits
from verify.known import Known
from verify.model import Answer, Finding

KINDS = {"emblem": "emblem", "room": "room"}  # what `compare` calls it: the check that compares it
# torch maps 4 GB of libraries, and 25 pairs of new pictures take up to 100 s of CPU
LEARNED = Limits(seconds=900.0, cpu_seconds=300, memory=12 * 2**30)
Progress = Callable[[Iterable[Any], int, str], Iterator[Any]]


def _silent(items: Iterable[Any], total: int, what: str) -> Iterator[Any]:
    del total, what
    yield from items


@dataclass(frozen=True, slots=True)
class Look:
    """One finding about one picture, as `look` and `compare` give it."""

    picture: Source
    check: str
    question: str
    finding: Finding
    reference: Source | None = None
    kind: str | None = None
    unreadable: bool = False  # the file itself could not be had, so that no check could run

    def to_json(self) -> dict[str, Any]:
        """The shape that the README gives."""
        row: dict[str, Any] = {"picture": self.picture.path, "digest": self.picture.digest}
        row |= {"check": self.check, "question": self.question, **self.finding.to_json()}
        if self.kind:
            reference = self.reference
            row |= {"reference": reference.path if reference else None, "kind": self.kind}
        return row


def look(
    files: Sequence[str | Path],
    *,
    checks: Sequence[str] = (),
    known: Known | Path | str | None = None,
    settings: dict[str, dict[str, Any]] | None = None,
    progress: Progress = _silent,
) -> Iterator[Look]:
    """Ask every check, or those named, about each file; two-picture checks against the shelf and the other files.

    One Look per finding; a file that cannot be read gives one that says why. Raises Refused on an unknown check.
    """
    shelf = known if isinstance(known, Known) else Known.from_folder(known) if known is not None else Known()
    wanted = _wanted(checks)
    with Guard() as guard:
        opened = [_source(guard, file) for file in files]
        readable = [source for source in opened if isinstance(source, Source)]
        for source in progress(opened, len(opened), "looking"):
            if isinstance(source, Look):
                yield source
                continue
            for check in wanted:
                others = _others(check, source, readable, shelf)
                if check.pictures == 2 and not others and not checks:
                    continue  # nothing to compare with: only worth a line when it was asked for by name
                asked = asking.ask(
                    guard, check.name, source, known=shelf, others=others, settings=(settings or {}).get(check.name)
                )
                for finding in asked.findings:
                    yield Look(source, check.name, asked.question, finding)


def compare(
    kind: str,
    pictures: Sequence[str | Path],
    references: Sequence[str | Path],
    *,
    settings: dict[str, Any] | None = None,
    progress: Progress = _silent,
) -> Iterator[Look]:
    """Every picture against every reference: one Look per pair, in the order given; each file is decoded once.

    Raises Refused on an unknown kind.
    """
    if kind not in KINDS:
        raise Refused(f"{kind!r} cannot be compared; expected one of {', '.join(KINDS)}")
    check = checks.get(KINDS[kind])
    learned = (settings or {}).get("matcher") == "learned"
    with Guard(LEARNED if learned else None) as guard:
        shelf = [_source(guard, file) for file in references]
        for picture in progress([_source(guard, file) for file in pictures], len(pictures), "comparing"):
            good = [item for item in shelf if isinstance(item, Source)] if isinstance(picture, Source) else []
            found = iter(_pairs(guard, check, picture, good, settings, whole=learned)) if good else iter(())
            for reference in shelf:
                bad = next((item for item in (picture, reference) if isinstance(item, Look)), None)
                finding = bad.finding if bad else next(found)
                yield Look(
                    _place(picture), check.name, check.question, finding, _place(reference), kind, bad is not None
                )


def _pairs(
    guard: Guard,
    check: checks.Check,
    picture: Source | Look,
    good: list[Source],
    settings: dict[str, Any] | None,
    *,
    whole: bool,
) -> list[Finding]:
    assert isinstance(picture, Source)
    return asking.pairs(guard, check.name, picture, good, settings=settings, whole=whole)


def _wanted(names: Sequence[str]) -> list[checks.Check]:
    return [checks.get(name) for name in names] or list(checks.every().values())


def _others(check: checks.Check, source: Source, files: Sequence[Source], shelf: Known) -> list[Source]:
    if check.pictures == 1:
        return []
    others = [Source(r.path, r.digest, r.name) for r in getattr(shelf, check.kind)] if check.kind else []
    return others + [file for file in files if check.own and file.path != source.path]


def _source(guard: Guard, file: str | Path) -> Source | Look:
    """The file as a source, or the finding that says why it is none."""
    path = Path(file)
    try:
        source = asking.source(path)
        finding = asking.probe(guard, source)
    except Unreadable as error:
        source = Source(str(path), "", path.name)
        finding = Finding(Answer.UNABLE, str(error).rstrip(".") + ".")
    return Look(source, "open", "Can the file be read?", finding, unreadable=True) if finding else source


def _place(item: Source | Look) -> Source:
    return item.picture if isinstance(item, Look) else item
