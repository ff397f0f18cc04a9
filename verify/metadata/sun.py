"""The sun's elevation and direction at a place and time (Meeus, Astronomical Algorithms, chapters 12, 13, 25)."""

from __future__ import annotations

from datetime import UTC, datetime
from math import asin, atan2, cos, degrees, radians, sin, tan

J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


def position(latitude: float, longitude: float, time: datetime) -> tuple[float, float]:
    """Elevation above the horizon without refraction, and direction from north over east; degrees, good to 0.02°.

    `time` is aware; degrees north and east are positive. Valid from 1950 to 2050.
    """
    days = (time.astimezone(UTC) - J2000).total_seconds() / 86_400
    century = days / 36_525
    mean_longitude = 280.46646 + century * (36_000.76983 + century * 0.0003032)
    anomaly = radians(357.52911 + century * (35_999.05029 - century * 0.0001537))
    centre = (1.914602 - century * (0.004817 + century * 0.000014)) * sin(anomaly)
    centre += (0.019993 - century * 0.000101) * sin(2 * anomaly) + 0.000289 * sin(3 * anomaly)
    node = radians(125.04 - 1_934.136 * century)
    apparent = radians(mean_longitude + centre - 0.00569 - 0.00478 * sin(node))
    tilt = radians(23.439291 - century * 0.0130042 + 0.00256 * cos(node))
    ascension = atan2(cos(tilt) * sin(apparent), cos(apparent))
    declination = asin(sin(tilt) * sin(apparent))
    sidereal = radians(280.46061837 + 360.98564736629 * days + longitude)
    hour, phi = sidereal - ascension, radians(latitude)
    elevation = asin(sin(phi) * sin(declination) + cos(phi) * cos(declination) * cos(hour))
    direction = atan2(sin(hour), cos(hour) * sin(phi) - tan(declination) * cos(phi))
    return degrees(elevation), (degrees(direction) + 180) % 360


def refracted(elevation: float) -> float:
    """The elevation as seen, degrees: air lifts the sun by half a degree at the horizon (Sæmundsson, 1986)."""
    if elevation < -1:
        return elevation
    return elevation + 1.02 / tan(radians(elevation + 10.3 / (elevation + 5.11))) / 60
