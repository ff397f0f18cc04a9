"""The commands `verify log …`: what they print, what they return, and what they never do."""

import json

import pytest
from click.testing import CliRunner

from tests.log_attacks.making import KEY, STRANGER, filed, plain, signed
from verify.cli import cli, main
from verify.log import Log, SigningKey


def run(*arguments):
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def exit_code(*arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return stop.value.code


def test_show_prints_a_line_an_entry_that_cannot_drive_a_terminal(tmp_path):
    log = Log.create(tmp_path, title="T\x1b[2J\u202e", actor="heron")
    log.append("note", {"text": "a\nb\x07"}, private={"name": "Kovalenko.jpg"})

    code, said, _ = run("log", "show", tmp_path)

    assert (code, len(said.splitlines())) == (0, 2)
    assert not {"\x1b", "\x07", "\u202e"} & set(said)
    assert "Kovalenko" not in said
    assert "Kovalenko" in run("log", "show", tmp_path, "--private")[1]


def test_show_gives_json_with_its_version_and_no_private_body_unless_asked_for(tmp_path):
    log = Log.create(tmp_path, title="T", actor="heron")
    log.append("note", {"score": 0.5, "odd": float("nan")}, private={"name": "Kovalenko.jpg"})

    _, said, _ = run("log", "show", tmp_path, "--json")
    _, more, _ = run("log", "show", tmp_path, "--json", "--private")

    entry = lines(said)[1]
    assert set(entry) == {"version", "seq", "time", "actor", "kind", "body", "digest", "withheld", "private"}
    assert (entry["version"], entry["seq"], entry["body"], entry["private"]) == (
        1,
        2,
        {"score": 0.5, "odd": "nan"},
        None,
    )
    assert lines(more)[1]["private"] == {"name": "Kovalenko.jpg"}


@pytest.mark.parametrize("command", ["show", "repair", "checkpoint"])
def test_a_changed_log_is_exit_1_a_torn_one_3_and_none_2(tmp_path, command, capsys):
    case = plain(tmp_path / "case")
    whole = case.path.read_bytes()

    assert exit_code("log", command, tmp_path) == 2
    case.path.write_bytes(whole.replace(b"noon", b"dusk"))
    assert exit_code("log", command, case.folder) == 1
    case.path.write_bytes(whole[:-10])
    assert exit_code("log", command, case.folder) == (0 if command == "repair" else 3)
    assert "Traceback" not in capsys.readouterr().err


def test_check_prints_each_level_and_what_it_does_not_show(tmp_path):
    code, said, _ = run("log", "check", signed(tmp_path / "case").folder, "--fingerprint", KEY.fingerprint)

    assert code == 0
    assert [f"level {level} holds" in said for level in range(4)] == [True] * 4
    assert said.count("It does not show") == 4


def test_check_gives_json(tmp_path):
    case = signed(tmp_path / "case")
    case.lines = case.lines[:5]

    code, said, _ = run("log", "check", case.folder, "--json")

    *problems, report = lines(said)
    assert code == report["exit"] == 1
    assert {problem["code"] for problem in problems} == {"checkpoint"}
    assert all(set(problem) == {"version", "type", "level", "code", "entry", "text", "grave"} for problem in problems)
    assert report["holds"] == {"0": True, "1": False, "2": False}


def test_a_signers_file_that_cannot_be_used_is_exit_2(tmp_path):
    case = signed(tmp_path / "case")
    (tmp_path / "signers").write_text("no key here\n")

    for options in (
        ["--signers", tmp_path / "signers"],
        ["--signers", tmp_path / "none"],
        ["--seen", tmp_path / "signers"],
    ):
        assert exit_code("log", "check", case.folder, *options) == 2
    assert exit_code("log", "check", tmp_path) == 2


def test_a_checkpoint_kept_from_an_earlier_day_finds_a_log_written_anew(tmp_path):
    folder = tmp_path / "case"
    log = Log.create(folder, title="T", actor="heron")
    run("log", "checkpoint", folder)
    kept = tmp_path / "kept.txt"
    kept.write_bytes((folder / "log/checkpoints/00000003.txt").read_bytes())
    log.append("note", {"text": "more"})
    assert run("log", "check", folder, "--seen", kept)[0] == 0

    anew = tmp_path / "anew"
    Log.create(anew, title="T", actor="heron", random=lambda size: bytes(size))
    for _ in range(3):
        Log.open(anew).append("note", {"text": "other"})

    code, said, _ = run("log", "check", anew, "--seen", kept)
    assert code == 1
    assert "[seen]" in said


def test_a_case_gets_its_own_key_once_and_says_where(tmp_path):
    Log.create(tmp_path, title="T", actor="heron")

    _, first, told = run("log", "checkpoint", tmp_path)
    _, second, again = run("log", "checkpoint", tmp_path)

    key = SigningKey.load(tmp_path / "keys" / "signing_key")
    assert key.fingerprint in told
    assert "private" in told
    assert again == ""
    assert (first, second) == ("log/checkpoints/00000003.txt\n", "log/checkpoints/00000004.txt\n")
    assert run("log", "check", tmp_path, "--signers", tmp_path / "keys" / "allowed_signers")[0] == 0
    assert run("log", "check", tmp_path, "--fingerprint", STRANGER.fingerprint)[0] == 3


def test_ones_own_key_signs_instead_of_the_cases(tmp_path):
    SigningKey.make(tmp_path / "mine")
    Log.create(tmp_path / "case", title="T", actor="heron")

    run("log", "checkpoint", tmp_path / "case", "--key", tmp_path / "mine")

    assert not (tmp_path / "case" / "keys" / "signing_key").exists()
    mine = SigningKey.load(tmp_path / "mine").fingerprint
    assert run("log", "check", tmp_path / "case", "--fingerprint", mine)[0] == 0


def test_repair_says_what_it_did(tmp_path):
    case = filed(tmp_path / "case")
    assert run("log", "repair", case.folder)[1] == "nothing to mend\n"
    with case.path.open("ab") as file:
        file.write(b"{")

    assert "moved to" in run("log", "repair", case.folder)[1]
    assert run("log", "check", case.folder)[0] == 0
