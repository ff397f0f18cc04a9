"""`verify metadata`: everything that files say of themselves, before any check interprets it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from verify.cli import output, printable
from verify.errors import EvidenceError


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--trust", type=click.Path(path_type=Path, dir_okay=False), help="PEM list for Content Credentials.")
@click.option("--deep/--no-deep", default=True, help="Read with ExifTool as well, where it is installed.")
def metadata(files: tuple[Path, ...], as_json: bool, trust: Path | None, deep: bool) -> None:
    """Print everything that FILES say of themselves, as read."""
    from verify import guard, image
    from verify.metadata import listing

    pem = image.read_bytes(trust).decode("utf-8", "replace") if trust else ""
    jobs = [{"path": str(path.absolute()), "deep": deep, "trust": pem} for path in files]
    waiting: dict[int, Any] = {}
    shown = failed = 0
    results = guard.map("verify.metadata.listing:listing", jobs)
    for number, result in output.progress(results, len(files), "reading"):
        waiting[number] = result
        while shown in waiting:
            told, path = waiting.pop(shown), files[shown]
            shown += 1
            if isinstance(told, EvidenceError):
                failed += 1
                told = {"picture": path.name, "error": str(told)}
                click.echo(printable(f"verify: {told['error']}"), err=True)
            if as_json:
                output.line(told)
            elif "error" not in told:
                click.echo(listing.text(told))
    if failed == len(files):
        raise click.exceptions.Exit(2)


COMMANDS = [metadata]
