"""The log's promises: what was appended is read back, and nothing else passes."""

import json
import multiprocessing
import stat
from datetime import UTC, datetime, timedelta

import pytest

from verify.errors import LogError, Refused, Tampered, Torn
from verify.log import Entry, Log


class Clock:
    """A clock that moves a second each time it is read."""

    def __init__(self, start=datetime(2026, 1, 5, 9, 0, tzinfo=UTC)):
        self.now = start

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def log(tmp_path):
    return Log.create(tmp_path / "case", title="The lobby", actor="heron", clock=Clock())


def file_of(log):
    return log.folder / "log" / "verification.jsonl"


def test_what_was_appended_is_read_back(log):
    body = {
        "text": "a\x00\x7f\x85\u2028\ud800 \\ 0.5",
        "about": [1],
        "measured": {"å😀": 0.1 + 0.2, "n": 2**60, "s": "0.5"},
    }

    written = log.append("note", body, private={"name": "IMG_1.jpg"})

    read = list(Log.open(log.folder))[-1]
    assert isinstance(read, Entry)
    assert read == written
    assert read.body == body | {"measured": {"å😀": 0.3, "n": 2**60, "s": "0.5"}}
    assert read.private == {"name": "IMG_1.jpg"}
    assert (read.seq, read.kind, read.actor, read.time) == (
        2,
        "note",
        "heron",
        datetime(2026, 1, 5, 9, 0, 2, tzinfo=UTC),
    )
    assert read.digest == log.head
    assert len(log) == 2


def test_the_first_entry_binds_case_and_nonce(log):
    first = next(iter(log))

    assert first.kind == "open"
    assert set(first.body) == {"case", "nonce", "title", "toolkit"}
    assert first.body["case"] == log.case
    assert len(first.body["nonce"]) == 64


def test_no_float_stands_in_a_line(log):
    log.append("check", {"findings": [{"score": 0.25, "list": [1e-9, float("nan"), float("inf")]}]})

    def refuse(text):
        raise AssertionError(text)

    for line in file_of(log).read_bytes().splitlines():
        json.loads(line, parse_float=refuse, parse_constant=refuse)


def test_an_unknown_kind_is_refused(log):
    with pytest.raises(Refused, match="no kind of entry"):
        log.append("musing", {})
    with pytest.raises(Refused):
        log.append("open", {})


@pytest.mark.parametrize("value", [b"bytes", object(), {1: 2}, {"a": {3}}])
def test_what_is_no_json_is_refused_and_nothing_is_written(log, value):
    before = file_of(log).read_bytes()

    with pytest.raises(Refused):
        log.append("note", {"value": value}, private={"secret": 1})

    assert file_of(log).read_bytes() == before
    assert not list(log.folder.glob("log/private/*"))


def test_a_second_log_in_the_same_folder_is_refused(log):
    with pytest.raises(LogError, match="there is a log already"):
        Log.create(log.folder, title="again", actor="heron")


def test_a_private_body_is_for_the_owner_only_and_can_be_withheld(log):
    entry = log.append("intake", {"label": "picture-01"}, private={"name": "Kovalenko.jpg"})
    path = log.folder / "log" / "private" / "00000002.json"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"Kovalenko" not in file_of(log).read_bytes()
    path.unlink()
    read = list(log)[-1]
    assert (read.private, read.withheld, read.digest) == (None, True, entry.digest)


def test_the_same_private_body_is_never_committed_to_alike(log):
    for _ in range(2):
        log.append("intake", {}, private={"name": "a.jpg"})

    one, two = [json.loads(line)["private"] for line in file_of(log).read_bytes().splitlines()[1:]]
    assert one != two


def test_a_changed_private_body_is_noticed(log):
    log.append("intake", {}, private={"name": "a.jpg"})
    path = log.folder / "log" / "private" / "00000002.json"
    path.write_bytes(path.read_bytes().replace(b"a.jpg", b"b.jpg"))

    with pytest.raises(Tampered, match="private body of entry 2"):
        list(log)


def test_a_redacted_body_is_gone_and_the_log_verifies(log):
    log.append("intake", {}, private={"name": "a.jpg"})

    log.redact(2, "the source is in danger")

    entries = list(Log.open(log.folder))
    assert entries[1].withheld
    assert entries[2].body == {"entry": 2, "why": "the source is in danger"}
    assert not list(log.folder.glob("log/private/*"))


def test_an_edited_line_is_noticed(log):
    log.append("note", {"text": "seen at noon"})
    log.append("note", {"text": "nothing else"})
    file_of(log).write_bytes(file_of(log).read_bytes().replace(b"noon", b"dusk"))

    with pytest.raises(Tampered, match="line 3"):
        Log.open(log.folder)
    with pytest.raises(Tampered):
        list(log)


def test_nothing_is_appended_behind_a_torn_line(log):
    with file_of(log).open("ab") as file:
        file.write(b'{"actor":')
    torn = file_of(log).read_bytes()

    for attempt in (lambda: log.append("note", {}), lambda: Log.open(log.folder), lambda: list(log)):
        with pytest.raises(Torn, match="repair"):
            attempt()
    assert file_of(log).read_bytes() == torn


def test_nothing_is_appended_behind_a_changed_last_line(log):
    log.append("note", {"text": "seen at noon"})
    file_of(log).write_bytes(file_of(log).read_bytes().replace(b"noon", b"dusk"))

    with pytest.raises(Tampered, match="only grows"):
        log.append("note", {})


def test_lines_that_were_read_and_are_gone_are_noticed(log):
    log.append("note", {"text": "one"})
    lines = file_of(log).read_bytes().splitlines(keepends=True)
    file_of(log).write_bytes(lines[0])

    with pytest.raises(Tampered):
        list(log)
    with pytest.raises(Tampered):
        log.append("note", {})


def test_two_logs_of_one_file_continue_each_other(log):
    other = Log.open(log.folder, actor="stork", clock=Clock())

    other.append("note", {"text": "mine"})
    log.append("note", {"text": "yours"})

    assert [entry.actor for entry in log] == ["heron", "stork", "heron"]
    assert len(log) == 3


def test_entries_of_a_kind_are_counted_with_those_that_others_wrote(log):
    other = Log.open(log.folder, actor="stork", clock=Clock())
    for writer in (log, other, other):
        writer.append("note", {"text": "seen", "about": []})
    assert (log.count("note"), other.count("note"), log.count("claim")) == (3, 3, 0)


def test_a_clock_set_back_is_not_written_down_as_time(log):
    late = Log.open(log.folder, clock=Clock(datetime(2025, 1, 1, tzinfo=UTC)))

    with pytest.raises(LogError, match="clock"):
        late.append("note", {})

    late.append("recovery", {"what": "clock set back"})
    late.append("note", {})
    assert [entry.time.year for entry in Log.open(log.folder)] == [2026, 2025, 2025]


def test_a_clock_that_is_being_set_right_keeps_the_time_before(log):
    slow = Log.open(log.folder, clock=lambda: datetime(2026, 1, 5, 9, 0, 0, tzinfo=UTC))

    slow.append("note", {})

    assert [entry.time.second for entry in Log.open(log.folder)] == [1, 1]


def test_a_naive_clock_is_refused(log):
    with pytest.raises(Refused, match="zone"):
        Log.open(log.folder, clock=lambda: datetime(2026, 1, 5)).append("note", {})  # noqa: DTZ001


def test_time_is_utc_wherever_the_machine_stands(tmp_path, monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Europe/Kyiv")
    time.tzset()
    try:
        Log.create(tmp_path, title="t", actor="heron")
        entry = next(iter(Log.open(tmp_path)))
    finally:
        monkeypatch.undo()
        time.tzset()

    assert abs(entry.time - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_log_behind_a_symbolic_link_is_refused(log):
    file_of(log).rename(log.folder / "elsewhere")
    file_of(log).symlink_to(log.folder / "elsewhere")

    with pytest.raises(Tampered, match="symbolic link"):
        Log.open(log.folder)
    with pytest.raises(Tampered, match="symbolic link"):
        log.append("note", {})


def append_many(folder, name, count):
    log = Log.open(folder, actor=name, durable=False)
    for number in range(count):
        log.append(
            "note",
            {"text": f"{name} {number}" + "x" * (number % 50)},
            private={"n": number} if number % 9 == 0 else None,
        )


def test_eight_writers_at_once_never_fork(tmp_path):
    Log.create(tmp_path, title="t", actor="heron")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=append_many, args=(tmp_path, f"writer-{n}", 200)) for n in range(8)]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0] * 8
    entries = list(Log.open(tmp_path))
    assert len(entries) == 1 + 8 * 200
    for n in range(8):
        mine = [entry.body["text"].rstrip("x") for entry in entries if entry.actor == f"writer-{n}"]
        assert mine == [f"writer-{n} {number}" for number in range(200)]
