"""Every attack is found and called by its name, by the toolkit and by `verify.sh`; no honest twin is accused."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import verify.log
from tests.log_attacks.make import HERE, make
from verify.cli.log import log as command

SCRIPT = Path(verify.log.__file__).parent / "verify.sh"
FOLDERS = sorted([*HERE.glob("*_fail"), *HERE.glob("*_ok")])
TOOLS = [tool for tool in ("jq", "sha256sum", "ssh-keygen") if not shutil.which(tool)]


def by_toolkit(folder, options):
    result = CliRunner().invoke(command, ["check", ".", *options], env={}, catch_exceptions=False)
    return result.exit_code, result.output


def by_script(folder, options):
    if TOOLS:
        pytest.skip(f"{', '.join(TOOLS)} not installed")
    result = subprocess.run(["sh", SCRIPT, ".", *options], cwd=folder, capture_output=True, text=True, timeout=250)
    assert result.stderr == ""
    return result.returncode, result.stdout


@pytest.mark.parametrize("checker", [by_toolkit, by_script])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_attacks_are_found_and_twins_are_not_accused(folder, checker, monkeypatch):
    expected = json.loads((folder / "expected.json").read_text())
    monkeypatch.chdir(folder)

    code, said = checker(folder, expected["options"])

    found = set(re.findall(r"^(?:wrong|short) \[([a-z-]+)\]", said, re.MULTILINE))
    assert code == expected["exit"], said
    assert (expected["code"] in found) if expected["code"] else not found, said


def test_every_attack_has_its_honest_twin():
    names = {folder.name for folder in FOLDERS}

    assert len(names) >= 80
    assert {name.replace("_fail", "_ok") for name in names} == {name for name in names if name.endswith("_ok")}


def contents(root):
    found = {}
    for path in sorted(root.glob("*_fail/**/*")) + sorted(root.glob("*_ok/**/*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        elif path.is_file():
            found[name] = ("file", path.read_bytes())
    return found


def test_the_folders_are_what_the_generator_makes(tmp_path):
    make(tmp_path)

    assert contents(tmp_path) == contents(HERE)
