"""When the picture was taken, as far as the file states it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, clocks, places, positions
from verify.model import Answer, Finding, Json

PRIVATE = True
LIMITS = (
    "The clock is whatever the owner set it to, and anyone can rewrite these fields without a trace. "
    f"EXIF times are local time; before 2016 there was no field for the zone. {answers.STRIPPED}"
)


def capture_time(picture: Image, _: Known) -> Iterable[Finding]:
    """Does the file state when the picture was taken?

    Method: EXIF DateTimeOriginal first, then the XMP and IPTC fields for the same event; the zone from the offset
    field, else from the position, offline. The first finding is the capture time, then every other clock as read.
    Yes: stated. Unclear: only clocks of other events (digitised, modified, file name), or a camera's factory default.
    No: no clock at all. Whether the clocks agree is the question of `clock_agreement`.
    Limits: a stated time is a statement, not a measurement.
    References: CIPA DC-008 (EXIF 3.0), 4.6.5; Metadata Working Group, Guidelines 2.0, 5.4.
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    told = clocks.clocks(found, picture.name)
    others = [_other(clock) for clock in told]
    measured: dict[str, Json] = {"clocks": [{"source": c.source, "kind": c.kind, "time": str(c)} for c in told]}
    if not told:
        return [
            Finding(
                Answer.NO, "The file states no time at all, and its name holds none.", measured=measured, limits=LIMITS
            )
        ]
    captured = [clock for clock in told if clock.kind == clocks.CAPTURED]
    if not captured:
        because = (
            f"The file states no capture time; the nearest it has is {told[0]} ({told[0].source}, {told[0].kind})."
        )
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS), *others]
    best = captured[0]
    if best.unset:
        because = (
            f"The file states {best} ({best.source}), midnight of a day from which cameras count when no clock was set."
        )
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS), *others]
    zone, how = _zone(best, found)
    measured |= {"capture_time": best.local.isoformat(), "zone": zone, "zone_from": how}
    because = f"The file states that the picture was taken at {best} ({best.source}); {how}."
    return [Finding(Answer.YES, because, measured=measured, limits=LIMITS), *others]


def _zone(clock: clocks.Clock, found: metadata.Metadata) -> tuple[str | None, str]:
    """The zone of a clock, and one clause on how it is known."""
    if clock.offset is not None:
        return clocks.zone(clock.offset), "the zone is stated beside it"
    where = next((p for p in positions.positions(found) if not p.void), None)
    if where is None:
        return None, "no time zone is stated"
    if not places.available():
        return None, f"no time zone is stated. {places.ABSENT.rstrip('.')}"
    name = places.zone_name(where.latitude, where.longitude)
    offset: timedelta | None = places.offset(name, clock.local) if name else None
    if offset is None:
        return None, "no time zone is stated, and the position lies in none"
    return clocks.zone(offset), f"no zone is stated, at its position {name} ({clocks.zone(offset)}) was in force"


def _other(clock: clocks.Clock) -> Finding:
    return Finding(
        Answer.YES,
        f"{clock.source} ({clock.kind}) says {clock}.",
        measured={"source": clock.source, "kind": clock.kind, "time": str(clock)},
    )
