"""The README's code, help and table of checks are what the toolkit says; `python -m tests.test_readme` renews them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from verify import checks, cli
from verify.case import Case

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)


def table() -> str:
    rows = [f"| `{check.name}` | {check.question} |" for check in checks.every().values()]
    return "\n".join(["| check | question |", "|---|---|", *rows])


def help_text() -> str:
    return "```\n" + CliRunner().invoke(cli.cli, ["--help"], prog_name="verify").output + "```"


def renewed(text: str) -> str:
    for name, body in (("checks", table()), ("help", help_text())):
        text = re.sub(
            rf"<!-- {name} -->.*<!-- end of {name} -->",
            lambda _, name=name, body=body: f"<!-- {name} -->\n{body}\n<!-- end of {name} -->",
            text,
            flags=re.DOTALL,
        )
    return text


def test_the_help_block_and_the_table_of_checks_are_true():
    assert renewed(README.read_text()) == README.read_text()


def test_the_python_runs(tmp_path):
    (tmp_path / "samples").symlink_to(README.parent / "samples")
    (tmp_path / "reports").mkdir()
    env = os.environ | {"PYTHONPATH": str(README.parent)}
    for code in blocks("python"):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr
        assert "write-up.html" in done.stdout


@pytest.mark.skipif(not shutil.which("jq"), reason="jq not installed")
def test_the_chain_can_be_checked_by_hand(tmp_path):
    case = Case.new(tmp_path / "case", title="t", actor="heron")
    case.note("first")
    case.note("second")
    (by_hand,) = [block for block in blocks("sh") if "verification.jsonl" in block]
    path = case.folder / "log" / "verification.jsonl"

    def check():
        return subprocess.run(["sh", "-c", by_hand], cwd=case.folder, capture_output=True, text=True, check=True).stdout

    assert check() == ""
    path.chmod(0o600)
    path.write_text(path.read_text().replace("first", "fIrst"))
    assert check() == "line 3 does not hang on the one before\n"


def test_every_file_and_folder_it_names_exists():
    named = re.findall(r"`((?:verify|samples|tests|notebooks|reports)/[\w./-]*)`", README.read_text())
    assert named
    missing = [name for name in named if not (README.parent / name).exists() and not name.startswith("reports/")]
    assert missing == []


if __name__ == "__main__":
    README.write_text(renewed(README.read_text()))
