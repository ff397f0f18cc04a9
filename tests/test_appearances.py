"""Dates as far as known, and what they say of two publications."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.appearances import Appearance, earliest, published_first, span, weighed
from verify.errors import Refused


def seen(when, archived=""):
    return Appearance("https://example.org/1", "a forum", when, archived=archived)


@pytest.mark.parametrize(
    ("when", "begin", "end"),
    [
        ("2019-05-01T12:00+02:00", "2019-05-01T10:00", "2019-05-01T10:01"),
        ("2019-05-01 12:00:30Z", "2019-05-01T12:00:30", "2019-05-01T12:00:31"),
        ("2019-05-01T12:00-0330", "2019-05-01T15:30", "2019-05-01T15:31"),
        ("2019-05-01", "2019-04-30T10:00", "2019-05-02T12:00"),  # it was that day somewhere for so long
        ("2019-12", "2019-11-30T10:00", "2020-01-01T12:00"),
        ("2019", "2018-12-31T10:00", "2020-01-01T12:00"),
    ],
)
def test_a_date_means_every_moment_that_it_may_mean(when, begin, end):
    assert span(when) == tuple(datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (begin, end))


@pytest.mark.parametrize("when", ["", "last May", "2019-13", "2019-02-30", "19-05-01", "2019-05-01T25:00", "0000"])
def test_what_is_no_date_is_refused_and_gives_no_order(when):
    with pytest.raises(Refused, match="is no date"):
        span(when)
    assert published_first([seen(when)], [seen("2024")]) == ("", "")


@given(st.dates(min_value=date(2, 1, 1), max_value=date(9990, 1, 1)), st.sampled_from([4, 7, 10]))
def test_less_of_a_date_means_more_moments(day, kept):
    begin, end = span(day.isoformat()[:kept])
    inner = span(f"{day.isoformat()}T10:30Z")
    assert begin < inner[0] < inner[1] < end


def test_the_earlier_publication_is_named_from_either_side():
    side, why = published_first(
        [seen("2019-05", archived="https://kept.example/1")], [seen("2024"), seen("2021-02-03")]
    )
    assert side == "picture"
    assert why.startswith("the picture was published 2019-05 (a forum, of which an archived copy is named)")
    assert why.endswith("the other first 2021-02-03")
    assert published_first([seen("2024")], [seen("2019-05")])[0] == "other"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["2019"], ["2019-05-01"]),
        (["2019-05-01"], ["2019-05-02"]),
        (["2019"], []),
        ([], []),
        (["2019"], ["2021", "old"]),
    ],
)
def test_overlapping_missing_and_unreadable_dates_give_no_order(one, other):
    assert published_first([seen(when) for when in one], [seen(when) for when in other]) == ("", "")


def test_a_vague_early_date_does_not_hide_a_sure_one():
    assert earliest([seen("2019"), seen("2019-03-01"), seen("soon")]).when == "2019-03-01"


def test_publication_is_told_first_and_disagreement_is_unclear():
    assert weighed(("", ""), "other", ["a"]) == ("other", ("a",))
    assert weighed(("picture", "p"), "picture", ["a"]) == ("picture", ("p", "a"))
    assert weighed(("picture", "p"), "unclear", []) == ("picture", ("p",))
    assert weighed(("picture", "p"), "other", ["a"]) == ("unclear", ("p", "a"))
    assert weighed(("picture", "p"), "unclear", ["a", "b"]) == ("unclear", ("p", "a", "b"))
