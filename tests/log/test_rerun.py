"""Then and now, measure by measure."""

import json
from datetime import UTC, datetime

import pytest

from verify.log.entry import Entry
from verify.log.rerun import compare

VERSIONS = {"numpy": "2.1.0", "opencv": "5.0.0"}


def finding(**changes):
    return {
        "answer": "yes",
        "because": "31 points of 400 fit, reprojection 1.25 pixels.",
        "against": None,
        "measured": {"inliers": 31, "error": 1.25, "name": "sift", "nested": {"a": 0.5}, "list": [1.0, 2.0]},
        "regions": [{"of": "picture", "label": "", "polygon": [[1.5, 2.5], [3.0, 4.0]]}],
        "pairs": [],
        "score": 0.5,
    } | changes


def entry(*findings, private=False, versions=VERSIONS):
    body = {"check": "room", "findings": None if private else list(findings), "versions": versions}
    held = {"findings": list(findings)} if private else None
    return Entry(7, "check", datetime(2026, 1, 1, tzinfo=UTC), "heron", body, "", "", held)


def states(comparison):
    return {measure.name: measure.state for measure in comparison.measures if measure.state != "identical"}


@pytest.mark.parametrize("private", [False, True])
def test_the_same_findings_are_identical(private):
    comparison = compare(entry(finding(), private=private), [finding()], VERSIONS)

    assert (comparison.state, comparison.entry, comparison.check, comparison.libraries) == ("identical", 7, "room", ())


def test_the_last_bit_of_a_float_makes_no_difference():
    assert compare(entry(finding(score=0.1 + 0.2)), [finding(score=0.3)], VERSIONS).state == "identical"


def test_a_small_distance_is_within_tolerance():
    now = finding(measured=finding()["measured"] | {"error": 1.25 * (1 + 1e-8)})

    comparison = compare(entry(finding()), [now], VERSIONS)

    assert comparison.state == "within tolerance"
    assert states(comparison) == {"0.measured.error": "within tolerance"}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"answer": "no"}, "0.answer"),
        ({"score": 0.51}, "0.score"),
        ({"score": None}, "0.score"),
        ({"because": "31 points of 400 fit, reprojection 1.35 pixels."}, "0.because"),
        ({"because": "Nothing fits."}, "0.because"),
        ({"measured": finding()["measured"] | {"inliers": 32}}, "0.measured.inliers"),
        ({"measured": finding()["measured"] | {"more": 1}}, "0.measured.more"),
        ({"measured": finding()["measured"] | {"nested": {"a": 0.6}}}, "0.measured.nested.a"),
        ({"measured": finding()["measured"] | {"list": [1.0]}}, "0.measured.list"),
        ({"regions": []}, "0.regions"),
        ({"regions": [{"of": "picture", "label": "", "polygon": [[1.5, 2.5], [3.0, 5.0]]}]}, "0.regions"),
    ],
)
def test_a_difference_is_named(changes, name):
    comparison = compare(entry(finding()), [finding(**changes)], VERSIONS)

    assert comparison.state == "different"
    assert states(comparison) == {name: "different"}
    assert name in comparison.because


def test_a_number_in_a_sentence_may_move_as_little_as_the_number_itself():
    now = finding(because="31 points of 400 fit, reprojection 1.2500001 pixels.")

    assert compare(entry(finding()), [now], VERSIONS).state == "within tolerance"


def test_a_finding_more_or_less_is_different():
    assert compare(entry(finding()), [finding(), finding()], VERSIONS).state == "different"
    assert compare(entry(finding(), finding()), [finding()], VERSIONS).state == "different"


def test_findings_about_pictures_are_compared_whatever_their_order():
    one, two = (finding(against={"digest": digit * 64, "name": digit}, score=float(digit)) for digit in "12")

    assert compare(entry(finding(), one, two), [finding(), two, one], VERSIONS).state == "identical"


def test_not_a_number_is_itself():
    odd = finding(score=float("nan"))

    assert compare(entry(odd), [odd], VERSIONS).state == "identical"
    json.dumps(compare(entry(odd), [finding()], VERSIONS).to_json(), allow_nan=False)


def test_other_versions_are_named():
    comparison = compare(entry(finding()), [finding(answer="no")], {"numpy": "2.2.0", "torch": "3"})

    assert comparison.libraries == (("numpy", "2.1.0", "2.2.0"), ("opencv", "5.0.0", "none"), ("torch", "none", "3"))
    assert "numpy 2.1.0 then, 2.2.0 now" in comparison.because


def test_what_cannot_be_asked_again_is_not_checkable():
    assert compare(entry(finding()), None, VERSIONS).state == "not checkable"
    assert "withheld" in compare(entry(), [finding()], VERSIONS).because


def test_long_lists_of_points_are_compared_by_digest_or_point_by_point():
    files = {"a" * 64: b"[[1.5,2,3,4]]", "b" * 64: b"[[1.500000001,2,3,4]]", "c" * 64: b"[[9,2,3,4]]"}
    then = finding(pairs={"digest": "a" * 64, "count": 1})

    def now(letter, count=1):
        return [finding(pairs={"digest": letter * 64, "count": count})]

    assert compare(entry(then), now("a"), VERSIONS).state == "identical"
    assert compare(entry(then), now("b"), VERSIONS).state == "not checkable"
    assert compare(entry(then), now("b", 2), VERSIONS).state == "different"
    assert compare(entry(then), now("b"), VERSIONS, read=files.__getitem__).state == "within tolerance"
    assert compare(entry(then), now("c"), VERSIONS, read=files.__getitem__).state == "different"
