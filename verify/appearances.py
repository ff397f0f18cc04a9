"""Where and when a picture was published, as far as known, and which of two was published first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from verify.errors import Refused

AHEAD, BEHIND = timedelta(hours=14), timedelta(hours=12)  # the time zones that are furthest from UTC
_when = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Appearance:
    """One publication. `when` is ISO 8601 as far as known (2019, 2019-05, 2019-05-01, 2019-05-01T12:00+02:00)."""

    url: str
    platform: str
    when: str
    how_known: str = ""
    archived: str = ""  # an archived copy of the page

    def to_json(self) -> dict[str, str]:
        """The fields by name."""
        return asdict(self)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last moment that `when` may mean; nothing where it is no date.

        Without a time zone any zone is possible.
        """
        try:
            return span(self.when)
        except Refused:
            return None


def span(when: str) -> tuple[datetime, datetime]:
    """The moments between which a date of ISO 8601 lies, however much of it is said. Raises Refused."""
    found = _when.fullmatch(when.strip())
    try:
        if not found:
            raise ValueError
        year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups()[:6])
        assert year is not None, "the pattern begins with a year"
        begin = datetime(year, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=UTC)
        end = _end(begin, [month, day, hour, second])
        if not found[7]:
            return begin - AHEAD, end + BEHIND
        if found[7] in {"Z", "UTC"}:
            return begin, end
        away = timedelta(hours=int(found[7][1:3]), minutes=int(found[7][-2:])) * (-1 if found[7][0] == "-" else 1)
        return begin - away, end - away
    except (ValueError, OverflowError) as error:
        raise Refused(f"{when!r} is no date; expected 2019, 2019-05, 2019-05-01 or 2019-05-01T12:00+02:00") from error


def _end(begin: datetime, said: Sequence[int | None]) -> datetime:
    month, day, hour, second = said
    if month is None:
        return begin.replace(year=begin.year + 1)
    if day is None:
        return (begin + timedelta(days=31)).replace(day=1)
    if hour is None:
        return begin + timedelta(days=1)
    return begin + (timedelta(minutes=1) if second is None else timedelta(seconds=1))


def earliest(appearances: Sequence[Appearance]) -> Appearance | None:
    """The one that can be relied on as the first: the earliest by the last moment that it may mean."""
    dated = [(found[1], number) for number, one in enumerate(appearances) if (found := one.span)]
    return appearances[min(dated)[1]] if dated else None


def published_first(picture: Sequence[Appearance], other: Sequence[Appearance]) -> tuple[str, str]:
    """Gives "picture" or "other", and the reason, where one was published before the other is known to have been.

    Gives "" where one of them is not known to have been published, the dates known overlap, or the later one was also
    published on a date that nobody can read.
    """
    mine, theirs = earliest(picture), earliest(other)
    if not mine or not theirs:
        return "", ""
    if span(mine.when)[1] <= min(_begin(one) for one in other):
        return "picture", _reason("the picture", mine, "the other", theirs)
    if span(theirs.when)[1] <= min(_begin(one) for one in picture):
        return "other", _reason("the other", theirs, "the picture", mine)
    return "", ""


def _begin(one: Appearance) -> datetime:
    return one.span[0] if one.span else datetime.min.replace(tzinfo=UTC)


def _reason(first: str, early: Appearance, second: str, late: Appearance) -> str:
    kept = ", of which an archived copy is named" if early.archived else ""
    return f"{first} was published {early.when} ({early.platform or early.url}{kept}), {second} first {late.when}"


def weighed(order: tuple[str, str], inferred: str, reasons: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Which of two is likelier the earlier ("picture", "other" or "unclear"), and why: publication first.

    `inferred` and `reasons` come from the pictures alone. Where the two disagree it is unclear: a crop may well have
    been published before the whole.
    """
    side, published = order
    if not side:
        return inferred, tuple(reasons)
    agree = inferred == side or (inferred == "unclear" and not reasons)
    return (side if agree else "unclear"), (published, *reasons)
