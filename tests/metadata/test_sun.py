from datetime import UTC, datetime, timedelta, timezone

import pytest

from verify.metadata import sun


def test_the_worked_example_of_nrels_algorithm_comes_out():
    """Reda and Andreas (2004), table A5.1: zenith 50.11162°, azimuth 194.34024°, near Golden, Colorado."""
    time = datetime(2003, 10, 17, 12, 30, 30, tzinfo=timezone(timedelta(hours=-7)))

    elevation, direction = sun.position(39.742476, -105.1786, time)

    assert sun.refracted(elevation) == pytest.approx(90 - 50.11162, abs=0.02)
    assert direction == pytest.approx(194.34024, abs=0.02)


@pytest.mark.parametrize(
    ("latitude", "longitude", "time", "elevation", "towards"),
    [
        (51.4779, 0.0, datetime(2023, 6, 21, 12, 2, tzinfo=UTC), 61.97, 180),
        (-33.87, 151.21, datetime(2023, 6, 21, 2, 0, tzinfo=UTC), 32.7, 0),
        (0.0, 0.0, datetime(2023, 3, 20, 6, 8, tzinfo=UTC), 0.0, 90),
        (0.0, 0.0, datetime(2023, 3, 20, 18, 7, tzinfo=UTC), 0.0, 270),
    ],
    ids=["Greenwich, solstice", "Sydney, winter noon", "equator, sunrise", "equator, sunset"],
)
def test_the_sun_stands_where_everybody_knows(latitude, longitude, time, elevation, towards):
    high, direction = sun.position(latitude, longitude, time)

    assert high == pytest.approx(elevation, abs=0.5)
    assert abs((direction - towards + 180) % 360 - 180) < 3
