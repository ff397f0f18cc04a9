import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tests.drawn import encode, scene
from verify import cli

HEAVY = {"numpy", "cv2", "PIL", "jinja2", "rich", "scipy", "exifread", "cryptography"}


def run(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([sys.executable, "-m", "verify", *arguments], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "good.jpg").write_bytes(encode(scene(21)))
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_bytes(b"hello")
    return tmp_path


def test_help_imports_nothing_heavy():
    code = "import sys\ntry:\n from verify.cli import cli; cli.main(['--help'])\nexcept SystemExit: pass\n"
    probe = code + "print('HEAVY', sorted({name.split('.')[0] for name in sys.modules}))"
    out = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60).stdout
    loaded = set(out.rsplit("HEAVY", 1)[1].replace("'", "").strip(" []\n").split(", "))
    assert not loaded & HEAVY


def test_every_listed_command_explains_itself():
    for name in cli.cli.list_commands(None):
        result = CliRunner().invoke(cli.cli, [name, "--help"])
        assert result.exit_code == 0, name
        assert "Usage:" in result.output


def test_every_file_gets_a_line_and_nothing_else_is_on_stdout(folder):
    files = [str(folder / name) for name in ("good.jpg", "empty.jpg", "text.jpg", "missing.jpg")]
    code, out, _ = run("look", *files, "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert {line["picture"] for line in lines} == set(files)
    assert all(line["version"] == 1 for line in lines)
    unable = [line for line in lines if not line["picture"].endswith("good.jpg")]
    assert {line["answer"] for line in unable} == {"unable"}
    assert all("expected" in line["because"] or "cannot be opened" in line["because"] for line in unable)


def test_a_look_has_the_promised_fields(folder):
    _, out, _ = run("look", str(folder / "good.jpg"), "--json")
    promised = "version picture digest check question answer because against measured regions pairs score strength"
    for line in out.splitlines():
        assert set(json.loads(line)) == {*promised.split(), "level", "portability", "limits"}


def test_nothing_readable_is_code_2(folder):
    assert run("look", str(folder / "text.jpg"))[0] == 2
    assert run("look", str(folder / "text.jpg"), "--check", "no_such_check")[0] == 2
    assert run("no-such-command")[0] == 2


def test_compare_crosses_every_picture_with_every_reference(folder):
    (folder / "other.jpg").write_bytes(encode(scene(22)))
    pictures = [str(folder / name) for name in ("good.jpg", "text.jpg")]
    references = [str(folder / name) for name in ("other.jpg", "empty.jpg", "good.jpg")]
    code, out, _ = run("compare", "--kind", "room", *pictures, "--with", *references, "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(line["picture"], line["reference"]) for line in lines] == [(p, r) for p in pictures for r in references]
    assert {line["kind"] for line in lines} == {"room"}


def test_a_hostile_file_name_cannot_drive_the_terminal(tmp_path):
    name = "a\x1b]0;owned\x07[red]\u202egpj.jpg"
    (tmp_path / name).write_bytes(b"x")
    code, out, err = run("look", str(tmp_path / name))
    assert code == 2
    assert not set(out + err) & {"\x1b", "\x07", "\u202e"}


def test_a_closed_pipe_is_no_error(folder):
    command = f"{sys.executable} -m verify look {folder / 'good.jpg'} --json | head -c 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr
