"""What the commands print: JSON lines, findings for people, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import click

from verify.cli import printable
from verify.model import Finding

VERSION = 1  # of the JSON shapes in the README
_COLOUR = {"yes": "green", "no": "red", "unclear": "yellow", "unable": "magenta"}
_Item = TypeVar("_Item")


def line(value: Mapping[str, Any]) -> None:
    """One JSON object on stdout, pure ASCII, with the version of its shape."""
    click.echo(json.dumps({"version": VERSION, **value}, allow_nan=False))


def finding(picture: str, check: str, found: Finding) -> None:
    """A finding for a reader: what was asked of what, the answer, and its sentence."""
    answer = click.style(f"{found.answer.value:7}", fg=_COLOUR[found.answer.value])
    click.echo(f"{answer} {check:16} {printable(picture)}: {printable(found.because.removeprefix(f'{picture}: '))}")


def progress(items: Iterable[_Item], total: int, what: str) -> Iterator[_Item]:
    """The same items, with a bar on stderr when a person watches and it takes over two seconds."""
    if not sys.stderr.isatty():
        yield from items
        return
    import time

    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, visible=False)
        begun = time.monotonic()
        for item in items:
            yield item
            bar.update(task, advance=1, visible=time.monotonic() - begun > 2)
