"""What `check` reports: levels, what was asked, and what is not to be had."""

from datetime import UTC, datetime

import pytest

from tests.log_attacks.making import KEY, STRANGER, filed, plain, signed
from verify.errors import LogError, Refused
from verify.log import LEVELS, Comparison, Log, check


def test_an_unsigned_case_holds_to_level_2(tmp_path):
    report = check(filed(tmp_path / "case").folder)

    assert (report.exit_code, report.asked, report.holds) == (0, 2, {0: True, 1: True, 2: True})
    assert (report.entries, report.signed, report.withheld) == (5, 0, 0)


def test_a_signed_case_holds_to_level_3_for_whoever_knows_the_key(tmp_path):
    case = signed(tmp_path / "case")

    for pinned in ([KEY.public], [KEY.fingerprint], [STRANGER.fingerprint, KEY.fingerprint]):
        report = check(case.folder, pinned=pinned)
        assert (report.exit_code, report.holds[3], report.signed) == (0, True, 7)


@pytest.mark.parametrize(("pinned", "code"), [([], "not-pinned"), ([STRANGER.fingerprint], "not-pinned")])
def test_a_key_that_nobody_named_is_less_than_asked_not_wrong(tmp_path, pinned, code):
    report = check(signed(tmp_path / "case").folder, pinned=pinned, level=3)

    assert (report.exit_code, report.holds[2], report.holds[3]) == (3, True, False)
    assert [problem.code for problem in report.problems] == [code]


def test_what_is_withheld_is_counted(tmp_path):
    case = filed(tmp_path / "case")
    Log.open(case.folder).append("redaction", {"entry": 2, "digest": case.picture.name, "why": "danger"})
    case.picture.unlink()
    Log.open(case.folder).redact(4, "danger")

    report = check(case.folder)

    assert (report.exit_code, report.withheld, report.withheld_files) == (0, 1, 1)


def test_a_lower_level_looks_at_less(tmp_path):
    case = filed(tmp_path / "case")
    case.picture.unlink()

    assert check(case.folder, level=1).exit_code == 0
    assert check(case.folder, level=2).exit_code == 1


def test_a_wrong_level_holds_none_above_it(tmp_path):
    case = plain(tmp_path / "case")
    case.lines = case.lines[1:]

    assert check(case.folder).holds == {0: True, 1: False, 2: False}


def test_there_is_no_level_4(tmp_path):
    with pytest.raises(Refused, match="no level 4"):
        check(plain(tmp_path / "case").folder, level=4)


def test_a_folder_without_a_log_cannot_be_checked(tmp_path):
    with pytest.raises(LogError, match="cannot be read"):
        check(tmp_path)


def test_time_to_come_is_measured_by_the_readers_clock(tmp_path):
    case = plain(tmp_path / "case")

    assert check(case.folder, now=datetime(2024, 3, 1, 9, 1, tzinfo=UTC)).exit_code == 0
    early = check(case.folder, now=datetime(2024, 3, 1, 8, 50, tzinfo=UTC))
    assert {problem.code for problem in early.problems} == {"future"}


@pytest.mark.parametrize(
    ("state", "code", "holds"),
    [("identical", 0, True), ("within tolerance", 0, True), ("different", 1, False), ("not checkable", 3, False)],
)
def test_level_5_is_what_asking_again_says(tmp_path, state, code, holds):
    again = Comparison(3, "room", state, (), (), why="for the test")

    report = check(filed(tmp_path / "case").folder, pinned=[KEY.public], level=5, rerun=lambda: iter([again]))

    assert report.reruns == (again,)
    found = [problem for problem in report.problems if problem.code == "rerun"]
    assert bool(found) != holds
    assert all(problem.grave == (code == 1) for problem in found)
    assert report.exit_code == max(code, 0) or (code == 0 and report.exit_code == 3)  # the case is not signed


def test_each_level_says_what_it_does_not_show():
    assert sorted(LEVELS) == [0, 1, 2, 3, 5]
    assert all(says and does_not for says, does_not in LEVELS.values())


def test_many_problems_are_told_and_counted(tmp_path):
    case = plain(tmp_path / "case")
    case.lines = [case.lines[0], *[b"{}"] * 500]

    report = check(case.folder)

    assert report.exit_code == 1
    assert len(report.problems) == 100
    assert report.entries == 501


def test_checking_changes_nothing(tmp_path):
    case = signed(tmp_path / "case")
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in case.folder.rglob("*") if path.is_file()}

    check(case.folder, pinned=[KEY.public])
    list(Log.open(case.folder))

    assert {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in case.folder.rglob("*") if path.is_file()
    } == before
