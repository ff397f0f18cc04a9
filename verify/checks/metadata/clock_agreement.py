"""The clocks of one file against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import combinations

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, clocks, places, positions
from verify.metadata.clocks import Clock
from verify.model import Answer, Finding

PRIVATE = True
ROUNDING = timedelta(seconds=2)  # two fields for one event are written within a second of each other
ZONES = (timedelta(hours=-12), timedelta(hours=14))  # every zone there is
STALE = timedelta(minutes=20)  # a receiver may repeat its last fix for some minutes
DAY = timedelta(hours=26)  # two dates of one moment in the zones farthest apart
# How many camera files trip each rule (bench_metadata_rates.py prints them anew): the hard rules 0 of 65 with two
# clocks (0.0 % to 5.6 %); the soft ones 9 of 65, which is why they are UNCLEAR.
HARD, SOFT = "hard", "soft"
LIMITS = (
    "Cameras with a wrong clock, travel across time zones and harmless rewriting all move one clock and not another. "
    "Of 65 camera files with two clocks 9 differ in such a way (13.8 %, 7.5 % to 24.3 %), none in the way that answers "
    "no (0 %, 0.0 % to 5.6 %)."
)


def clock_agreement(picture: Image, _: Known) -> Iterable[Finding]:
    """Do the clocks in this file agree with each other?

    Method: every clock (EXIF, XMP, IPTC, satellite time, file name) against the others: fields for one event must be
    equal; nothing may be modified before it was taken; satellite time must differ from local time by a time zone (the
    one at the position, where known). Yes: all fit. No: two contradict each other in a way that no original of the
    development set does. Unclear: a difference that originals have as well. Unable: fewer than two clocks.
    Limits: see the finding.
    References: CIPA DC-008 (EXIF 3.0), 4.6.5; Metadata Working Group, Guidelines 2.0, 5.4.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    told = clocks.clocks(found, picture.name)
    measured = {"clocks": [{"source": c.source, "kind": c.kind, "time": str(c)} for c in told]}
    if len(told) < 2:
        because = f"The file holds {'one clock' if told else 'no clock'}; two are needed to compare."
        return [Finding(Answer.UNABLE, because, measured=measured, limits=LIMITS)]
    zone = _zone(found, told)
    odd = [(weight, text) for a, b in combinations(told, 2) for weight, text in _contradictions(a, b, zone)]
    hard = [text for weight, text in odd if weight == HARD]
    if not odd:
        return [
            Finding(
                Answer.YES,
                f"All {len(told)} clocks fit each other; {told[0].source} says {told[0]}.",
                measured=measured,
                limits=LIMITS,
            )
        ]
    first = (hard or [text for _, text in odd])[0]
    more = f" ({len(odd) - 1} more)" if len(odd) > 1 else ""
    answer = Answer.NO if hard else Answer.UNCLEAR
    return [Finding(answer, f"{first}{more}.", measured=measured | {"differences": [t for _, t in odd]}, limits=LIMITS)]


def _zone(found: metadata.Metadata, told: tuple[Clock, ...]) -> timedelta | None:
    where = next((p for p in positions.positions(found) if not p.void), None)
    captured = next((c for c in told if c.kind == clocks.CAPTURED), None)
    if where is None or captured is None:
        return None
    name = places.zone_name(where.latitude, where.longitude)
    return places.offset(name, captured.local) if name else None


def _contradictions(a: Clock, b: Clock, zone: timedelta | None) -> Iterator[tuple[str, str]]:
    """(weight, what is wrong) between two clocks, in either order."""
    if a.unset or b.unset:
        return
    if b.kind == clocks.CAPTURED and a.kind != clocks.CAPTURED:
        a, b = b, a
    both = f"{a.source} says {a}, {b.source} says {b}"
    apart = _apart(a, b)
    day = "day" in {a.to_the, b.to_the}
    if a.kind == b.kind == clocks.CAPTURED and apart > (DAY if day else ROUNDING) and not _whole_zones(a, b):
        yield HARD, f"Two fields for the capture differ by {_words(apart)}: {both}"
    elif a.kind == clocks.CAPTURED and b.kind == clocks.MODIFIED and not day:
        if b.local < a.local - DAY:
            yield HARD, f"The file was modified {_words(apart)} before it was taken: {both}"
        elif b.local > a.local + ROUNDING and not _whole_zones(a, b):
            yield SOFT, f"The file was modified {_words(apart)} after it was taken: {both}"
    elif a.kind == clocks.CAPTURED and b.kind == clocks.SATELLITE and not day:
        yield from _satellite(a, b, zone, both)
    elif (
        a.kind == clocks.CAPTURED
        and b.kind == clocks.DIGITISED
        and apart > (DAY if day else ROUNDING)
        and not _whole_zones(a, b)
    ):
        yield SOFT, f"Capture and digitisation lie {_words(apart)} apart, as in a scan: {both}"
    elif a.kind == clocks.CAPTURED and b.kind == clocks.NAMED and apart > DAY:
        yield SOFT, f"The file's name and its capture time lie {_words(apart)} apart: {both}"


def _apart(a: Clock, b: Clock) -> timedelta:
    if a.utc and b.utc:
        return abs(a.utc - b.utc)
    return abs(a.local - b.local)


def _whole_zones(a: Clock, b: Clock) -> bool:
    """Whether two clocks, one of them without a zone, differ by whole quarters of an hour."""
    if a.utc and b.utc:
        return False
    apart = abs(a.local - b.local)
    rest = apart % timedelta(minutes=15)
    near = min(rest, timedelta(minutes=15) - rest) <= ROUNDING
    return near and apart <= DAY and (a.offset is None) != (b.offset is None)


def _satellite(a: Clock, b: Clock, zone: timedelta | None, both: str) -> Iterator[tuple[str, str]]:
    ahead = a.local - b.local
    expected = a.offset if a.offset is not None else zone
    if expected is not None:
        apart = abs(ahead - expected)
        if apart > STALE:
            words = f"{clocks.zone(expected)} differs from the camera's by {_words(apart)}"
            yield SOFT, f"Satellite time in {words}: {both}"
    elif not ZONES[0] - STALE <= ahead <= ZONES[1] + STALE:
        yield SOFT, f"No time zone is {_words(abs(ahead))} from universal time: {both}"


def _words(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds >= 2 * 86_400:
        return f"{seconds // 86_400} days"
    if seconds >= 7_200:
        return f"{seconds // 3_600} h {seconds % 3_600 // 60} min"
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"
