"""What a crash leaves is mended and recorded; what no crash can do is left alone."""

import hashlib
import resource
import signal
from datetime import UTC, datetime

import pytest

from tests.log_attacks.making import KEY, clock, plain, signed
from verify.errors import LogError, Tampered
from verify.log import Log, check
from verify.log.repair import repair

LATER = datetime(2024, 4, 1, tzinfo=UTC)


def test_a_torn_line_is_set_aside_and_recorded(tmp_path):
    case = plain(tmp_path / "case")
    whole = case.path.read_bytes()
    case.path.write_bytes(whole + b'{"actor":{"key"')

    done = repair(case.folder, clock=clock(LATER))

    torn = hashlib.sha256(b'{"actor":{"key"').hexdigest()
    assert len(done) == 1
    assert (case.folder / "log" / "torn" / f"{torn}.bin").read_bytes() == b'{"actor":{"key"'
    assert case.path.read_bytes().startswith(whole)
    last = list(Log.open(case.folder))[-1]
    assert (last.kind, last.body) == ("recovery", {"what": "torn line", "size": 15, "digest": torn})
    assert check(case.folder).exit_code == 0


@pytest.mark.parametrize("cut", range(1, 450, 31))
def test_a_log_torn_anywhere_is_mended(tmp_path, cut):
    case = plain(tmp_path / "case")
    left = case.path.read_bytes()[:-cut]
    case.path.write_bytes(left)

    repair(case.folder, clock=clock(LATER))

    assert check(case.folder).exit_code == 0
    assert len(Log.open(case.folder)) == left.count(b"\n") + (not left.endswith(b"\n"))


def test_nothing_torn_is_nothing_done(tmp_path):
    case = signed(tmp_path / "case")
    before = case.path.read_bytes()

    assert repair(case.folder, clock=clock(LATER)) == []
    assert case.path.read_bytes() == before


def test_a_clock_that_was_set_back_is_recorded(tmp_path):
    case = plain(tmp_path / "case")

    (done,) = repair(case.folder, clock=lambda: datetime(2023, 1, 1, tzinfo=UTC))

    assert "recorded" in done
    Log.open(case.folder, clock=lambda: datetime(2023, 1, 2, tzinfo=UTC)).append("note", {})
    assert check(case.folder).exit_code == 0


def test_a_checkpoint_that_was_not_written_is_written_again(tmp_path):
    case = signed(tmp_path / "case")
    case.drop_checkpoint(7)
    assert check(case.folder).exit_code == 1

    (done,) = repair(case.folder, clock=clock(LATER), key=KEY)

    assert "signed" in done
    assert check(case.folder, pinned=[KEY.public]).exit_code == 0


def test_a_changed_log_is_not_mended(tmp_path):
    case = plain(tmp_path / "case")
    spoiled = case.path.read_bytes().replace(b"noon", b"dusk")
    case.path.write_bytes(spoiled)

    with pytest.raises(Tampered):
        repair(case.folder, clock=clock(LATER))
    assert case.path.read_bytes() == spoiled


def test_a_log_without_one_whole_line_is_left_alone(tmp_path):
    case = plain(tmp_path / "case")
    case.path.write_bytes(b'{"actor"')

    with pytest.raises(LogError, match="not even the first line"):
        repair(case.folder)
    assert case.path.read_bytes() == b'{"actor"'


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path):
    case = plain(tmp_path / "case")
    log = Log.open(case.folder, clock=clock(LATER))
    before = case.path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))
    try:
        with pytest.raises(LogError, match="as it was before"):
            log.append("note", {"text": "x" * 500}, private={"name": "a"})
        assert case.path.read_bytes() == before
        assert not list((case.folder / "log" / "private").iterdir())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)

    log.append("note", {"text": "x" * 500})
    assert check(case.folder).exit_code == 0
