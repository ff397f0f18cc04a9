"""ExifTool as the deep reader, where it is installed: fed with bytes on its standard input, never with a name."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from verify.metadata.found import MAX_TEXT, Tag, Value

READER = "exiftool"
OLDEST = (12, 57)  # older ones have known holes (CVE-2021-22204 up to 12.23) and read fewer formats
SECONDS = 20.0  # an ordinary file takes 0.2 s; a chain of 200,000 directories keeps 12.57 busy for longer than this
MEMORY = 1 << 30  # bytes of address space
ARGUMENTS = ("-config", "", "-j", "-a", "-G1:4", "-u", "-n", "-")  # -G1:4 keeps duplicates apart; no configuration file
_OWN = {"System", "ExifTool", "SourceFile"}  # of the pipe and of the program, not of the picture


@cache
def program() -> tuple[str, str] | None:
    """Path and version of an ExifTool that is new enough, or None."""
    path = shutil.which("exiftool")
    if not path:
        return None
    try:
        told = subprocess.run(
            [path, "-config", "", "-ver"], capture_output=True, timeout=10, check=True, env=_environment()
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(rb"(\d+)\.(\d+)", told.stdout)
    if not match or (int(match[1]), int(match[2])) < OLDEST:
        return None
    return path, match[0].decode("ascii")


def read(data: bytes) -> tuple[tuple[Tag, ...], tuple[str, ...]]:
    """Tags and problems as ExifTool has them; nothing, and one problem, where it did not answer in time.

    The caller looks at `program` first. The answer is bytes that need not be UTF-8.
    """
    found = program()
    assert found, "asked for without looking at `program`"
    with subprocess.Popen(
        [found[0], *ARGUMENTS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd=Path(found[0]).parent,
    ) as child:
        _limit(child.pid)
        try:
            answer, _ = child.communicate(data, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            return (), (f"ExifTool gave no answer within {SECONDS:g} s",)
        except BrokenPipeError:
            return (), ("ExifTool ended before it had read the file",)
    return _parsed(answer)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": os.devnull} | {
        name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ
    }


def _limit(pid: int) -> None:
    with contextlib.suppress(ImportError, AttributeError, OSError):  # Linux only; elsewhere the wall clock holds
        import resource

        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.prlimit(pid, resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS) + 1))


def _parsed(answer: bytes) -> tuple[tuple[Tag, ...], tuple[str, ...]]:
    try:
        told = json.loads(answer.decode("utf-8", "replace"))
    except ValueError:
        return (), ("ExifTool's answer is no JSON",)
    tags: list[Tag] = []
    problems: list[str] = []
    for key, value in (told[0] if told else {}).items():
        group, name = key.split(":")[0], key.split(":")[-1]
        if group == "ExifTool" and name in {"Warning", "Error"}:
            problems.append(f"ExifTool: {value}")
        elif group not in _OWN:
            tags.append(Tag(group, name, _value(value), _text(value), None, READER))
    return tuple(tags), tuple(problems)


def _value(value: Any) -> Value:
    if isinstance(value, list):
        return tuple(_value(part) for part in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)[:MAX_TEXT]
    return value[:MAX_TEXT] if isinstance(value, str) else value


def _text(value: Any) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:MAX_TEXT]
