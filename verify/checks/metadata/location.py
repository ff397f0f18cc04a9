"""Where the picture was taken, as far as the file states it."""

from __future__ import annotations

from collections.abc import Iterable

from verify import metadata
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, places, positions
from verify.model import Answer, Finding, Json

PRIVATE = True
APART = 100.0  # metres; rounding explains 0.2 m (XMP keeps four decimals of a minute), a phone that walks on some more
LIMITS = (
    "A position is a statement of the device, or of whoever edited the file; indoors it may be hundreds of metres off, "
    f"or the last one known. {answers.STRIPPED}"
)


def location(picture: Image, _: Known) -> Iterable[Finding]:
    """Does the file state where the picture was taken?

    Method: GPS fields of EXIF and XMP, hemispheres applied; nearest place of 15,000 people and time zone from offline
    tables (extra `places`). Yes: a position. Unclear: two positions more than 100 m apart, or numbers that are no
    position (no fix, 0° 0°, no hemisphere), or only words. No: none stated.
    Limits: see the finding; the place name is the nearest large place, not an address.
    References: CIPA DC-008 (EXIF 3.0), 4.6.8; GeoNames (CC BY 4.0); timezone-boundary-builder (ODbL).
    """
    found = metadata.read(picture)
    if unable := answers.unreadable(picture, found):
        return [unable]
    told = positions.positions(found)
    if not told:
        words = _words(found)
        because = "The file states no position" + (f"; in words it says: {words}." if words else ".")
        answer = Answer.UNCLEAR if words else Answer.NO
        return [Finding(answer, because, measured={"words": words}, limits=LIMITS)]
    best = told[0]
    measured: dict[str, Json] = {"positions": [_measured(p) for p in told]}
    if best.void:
        because = f"The file states {_degrees(best)}, but {best.void}."
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
    apart = max((positions.distance(best, other) for other in told if not other.void), default=0.0)
    measured["metres_apart"] = round(apart, 1)
    if apart > APART:
        because = (
            f"The file states two positions {apart:.0f} m apart: {_degrees(best)} in EXIF, {_degrees(told[1])} in XMP."
        )
        return [Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)]
    because = f"The file states {_degrees(best)}{_extras(best)}{_place(best, measured)}."
    return [Finding(Answer.YES, because, measured=measured, limits=LIMITS)]


def _degrees(position: positions.Position) -> str:
    north, east = "N" if position.latitude >= 0 else "S", "E" if position.longitude >= 0 else "W"
    return f"{abs(position.latitude):.6f}° {north} {abs(position.longitude):.6f}° {east}"


def _extras(position: positions.Position) -> str:
    parts = []
    if position.altitude is not None:
        parts.append(f"{position.altitude:.0f} m above sea level")
    if position.direction is not None:
        parts.append(f"camera towards {position.direction:.0f}° from north")
    if position.error is not None:
        parts.append(f"stated error {position.error:.0f} m")
    return "".join(f", {part}" for part in parts)


def _place(position: positions.Position, measured: dict[str, Json]) -> str:
    place = places.nearest(position.latitude, position.longitude)
    if place is None:
        return f". {places.ABSENT.rstrip('.')}"
    zone = places.zone_name(position.latitude, position.longitude)
    measured |= {"place": place.name, "country": place.country, "place_metres": round(place.distance), "zone": zone}
    return f"; {place.distance / 1000:.0f} km from {place.name} ({place.country})" + (
        f", time zone {zone}" if zone else ""
    )


def _measured(position: positions.Position) -> dict[str, Json]:
    return {name: getattr(position, name) for name in position.__slots__}


def _words(found: metadata.Metadata) -> str:
    """Place names that somebody typed."""
    keys = ("IPTC:Sub-location", "IPTC:City", "IPTC:Province-State", "IPTC:Country-PrimaryLocationName")
    xmp = ("XMP-iptcCore:Location", "XMP-photoshop:City", "XMP-photoshop:State", "XMP-photoshop:Country")
    return ", ".join(dict.fromkeys(text for pair in zip(keys, xmp, strict=True) if (text := found.text(*pair))))
