"""The sun at the stated place and time against what is seen in the picture."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from verify import metadata
from verify.errors import Refused
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, clocks, places, positions
from verify.metadata import sun as almanac
from verify.model import Answer, Finding, Json

PRIVATE = True
DARK, BRIGHT = -6.0, 0.0  # degrees: civil twilight lies between; below it is night for the eye
FITS, CONTRADICTS = (
    15.0,
    35.0,
)  # degrees between a shadow read off a photograph and the true one: reading it is rough work
LIMITS = (
    "The almanac is exact to 0.02°, the reading of a photograph is not: lamps, clouds, mountains and tilted ground "
    "mislead, and the stated time and place may be wrong, which is what this question is for."
)


def sun(
    picture: Image,
    _: Known,
    *,
    light: str = "",
    shadow: float | None = None,
    place: tuple[float, float] | None = None,
    time: str = "",
) -> Iterable[Finding]:
    """Does the sun agree with the stated place and time?

    Method: elevation and direction of the sun (Meeus) where and when the file says, or at `place` (degrees north and
    east) and `time` (ISO 8601 with zone). The analyst states what is seen: `light` "day" or "night", `shadow` the
    direction in which shadows fall, degrees from north. Yes: both fit. No: one contradicts. Unclear: twilight, a rough
    reading, or nothing stated. Unable: place, time or zone unknown.
    Limits: see the finding.
    References: Meeus, Astronomical Algorithms (2nd ed.), chapters 13 and 25.
    """
    if light not in {"", "day", "night"}:
        raise Refused(f"light is {light!r}; expected day or night")
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    where = place or next(((p.latitude, p.longitude) for p in positions.positions(found) if not p.void), None)
    when = _stated(time) if time else _from_file(found, where)
    if where is None or when is None:
        missing = "place" if where is None else "time with its zone"
        return [Finding(Answer.UNABLE, f"Neither the file nor you state a {missing}.", limits=LIMITS)]
    elevation, direction = almanac.position(where[0], where[1], when)
    seen = almanac.refracted(elevation)
    measured: dict[str, Json] = {
        "elevation": round(seen, 2),
        "direction": round(direction, 2),
        "place": list(where),
        "time": when.astimezone(UTC).isoformat(),
    }
    base = (
        f"At {where[0]:.4f}° {where[1]:.4f}°, {when.astimezone(UTC):%Y-%m-%d %H:%M} UTC, the sun stood {seen:.1f}° high"
    )
    base += f" towards {direction:.0f}°"
    verdicts = [*_light(light, seen), *_shadow(shadow, seen, direction, measured)]
    if not verdicts:
        because = f"{base}; say what the picture shows (light, shadow) to compare."
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
    order = (Answer.NO, Answer.UNCLEAR, Answer.YES)
    answer, words = min(verdicts, key=lambda verdict: order.index(verdict[0]))
    return [Finding(answer, f"{base}; {words}.", measured=measured, limits=LIMITS)]


def _stated(time: str) -> datetime:
    try:
        when = datetime.fromisoformat(time)
    except ValueError as error:
        raise Refused(f"time is {time!r}; expected ISO 8601 with a zone, as 2023-08-01T12:30:00+03:00") from error
    if when.tzinfo is None:
        raise Refused(f"time {time!r} states no zone; expected one, as 2023-08-01T12:30:00+03:00")
    return when


def _from_file(found: metadata.Metadata, where: tuple[float, float] | None) -> datetime | None:
    """The capture time with its zone: stated, or that of the place."""
    told = next((c for c in clocks.clocks(found) if c.kind == clocks.CAPTURED and not c.unset), None)
    if told is None:
        return None
    if told.utc:
        return told.utc
    name = places.zone_name(*where) if where else ""
    offset = places.offset(name, told.local) if name else None
    return None if offset is None else (told.local - offset).replace(tzinfo=UTC)


def _light(light: str, elevation: float) -> list[tuple[Answer, str]]:
    if not light:
        return []
    if DARK <= elevation <= BRIGHT:
        return [(Answer.UNCLEAR, f"that is twilight, which neither contradicts nor supports {light}")]
    really = "day" if elevation > BRIGHT else "night"
    return [(Answer.YES, f"{light} fits")] if really == light else [(Answer.NO, f"it was {really}, not {light}")]


def _shadow(
    shadow: float | None, elevation: float, direction: float, measured: dict[str, Json]
) -> list[tuple[Answer, str]]:
    if shadow is None:
        return []
    if elevation < BRIGHT:
        return [(Answer.NO, "below the horizon, it cast no shadow")]
    if elevation > 80:
        return [(Answer.UNCLEAR, "so high that shadows have no clear direction")]
    expected = (direction + 180) % 360
    apart = abs((shadow - expected + 180) % 360 - 180)
    measured |= {"shadow_expected": round(expected, 1), "shadow_apart": round(apart, 1)}
    words = f"shadows fall towards {expected:.0f}°, {apart:.0f}° from the {shadow:.0f}° that you read"
    answer = Answer.YES if apart <= FITS else Answer.NO if apart >= CONTRADICTS else Answer.UNCLEAR
    return [(answer, words)]
