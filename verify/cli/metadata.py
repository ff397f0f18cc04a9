"""`verify metadata`: everything that files say of themselves, before any check interprets it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from verify import guard
from verify.errors import EvidenceError


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def metadata(files: tuple[Path, ...], as_json: bool) -> None:
    """Print everything that FILES say of themselves, as read."""
    from verify.metadata import listing

    failed = False
    jobs = ({"path": str(path.absolute())} for path in files)
    results = dict(guard.map("verify.metadata.listing:listing", jobs))
    for number, path in enumerate(files):
        told = results[number]
        if isinstance(told, EvidenceError):
            failed = True
            click.echo(str(told), err=True)
            if as_json:
                click.echo(json.dumps({"version": 1, "picture": path.name, "error": str(told)}, ensure_ascii=False))
        else:
            click.echo(json.dumps(told, ensure_ascii=False) if as_json else listing.text(told))
    if failed:
        raise SystemExit(1)


COMMANDS = [metadata]
