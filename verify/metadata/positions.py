"""Where a file says that it was taken."""

from __future__ import annotations

from dataclasses import dataclass

from verify.metadata.found import Metadata

EARTH_RADIUS = 6_371_008.8  # metres, mean (IUGG)


@dataclass(frozen=True, slots=True)
class Position:
    """Degrees, north and east positive (WGS 84 unless the file says otherwise); metres; degrees from north."""

    source: str
    latitude: float
    longitude: float
    altitude: float | None = None
    direction: float | None = None
    error: float | None = None  # metres, as the device states it
    datum: str = ""
    void: str = ""  # why it is no position, although there are numbers


def positions(found: Metadata) -> tuple[Position, ...]:
    """Every position of the place where the camera stood: EXIF first, then XMP."""
    told = [_exif(found), _xmp(found)]
    return tuple(position for position in told if position)


def _exif(found: Metadata) -> Position | None:
    latitude, longitude = found.number("GPS:GPSLatitude"), found.number("GPS:GPSLongitude")
    if latitude is None or longitude is None:
        return None
    south, west = found.text("GPS:GPSLatitudeRef").upper(), found.text("GPS:GPSLongitudeRef").upper()
    altitude = found.number("GPS:GPSAltitude")
    below = found.number("GPS:GPSAltitudeRef") == 1
    latitude, longitude = (
        (-latitude if south.startswith("S") else latitude),
        (-longitude if west.startswith("W") else longitude),
    )
    status = found.text("GPS:GPSStatus").upper()
    void = _void(latitude, longitude) or ("the receiver had no fix (GPSStatus V)" if status.startswith("V") else "")
    if not void and not (south[:1] in "NS" and south and west[:1] in "EW" and west):
        void = "the hemisphere is not stated"
    return Position(
        "GPS",
        latitude,
        longitude,
        None if altitude is None else -altitude if below else altitude,
        found.number("GPS:GPSImgDirection"),
        found.number("GPS:GPSHPositioningError"),
        found.text("GPS:GPSMapDatum"),
        void,
    )


def _xmp(found: Metadata) -> Position | None:
    latitude, longitude = found.number("XMP-exif:GPSLatitude"), found.number("XMP-exif:GPSLongitude")
    if latitude is None or longitude is None:
        return None
    altitude = found.number("XMP-exif:GPSAltitude")
    below = found.number("XMP-exif:GPSAltitudeRef") == 1
    return Position(
        "XMP-exif",
        latitude,
        longitude,
        None if altitude is None else -altitude if below else altitude,
        found.number("XMP-exif:GPSImgDirection"),
        void=_void(latitude, longitude),
    )


def _void(latitude: float, longitude: float) -> str:
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return "the numbers are no position on Earth"
    return "0° 0° is what a device writes that has none" if latitude == 0 and longitude == 0 else ""


def distance(a: Position, b: Position) -> float:
    """Metres along the great circle (haversine)."""
    from math import asin, cos, radians, sin, sqrt

    half = sin(radians(b.latitude - a.latitude) / 2) ** 2
    half += cos(radians(a.latitude)) * cos(radians(b.latitude)) * sin(radians(b.longitude - a.longitude) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(half)))
