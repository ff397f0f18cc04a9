"""`duplicates`: every pair of files that shows the same picture."""

from __future__ import annotations

import click

from verify.cli import output, printable


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FOLDER|FILE…")
@click.option("--learned", metavar="FILE", help="A model in ONNX that proposes pairs too; `installed` for a package's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a pair.")
def duplicates(paths: tuple[str, ...], learned: str | None, as_json: bool) -> None:
    """Every pair of files that shows the same picture: copies, crops, mirror images, screenshots, collages."""
    from verify.archive import Duplicate, clusters, every_file, find_duplicates, model_file

    total, unread = len(every_file(paths)), 0
    pairs = []
    model = model_file(learned) if learned else None
    for found in find_duplicates(paths, model=model, progress=output.progress):
        unread += not isinstance(found, Duplicate)
        if as_json:
            output.line(found.to_json())
        elif isinstance(found, Duplicate):
            pairs.append(found)
            output.finding(f"{found.a} and {found.b}", found.relation.value, found.finding)
        else:
            click.echo(f"unable  {printable(found.because)}")
    for group in clusters(pairs):
        weakest = f"{group.weakest.a} and {group.weakest.b} (score {group.weakest.finding.score:g})"
        click.echo(printable(f"group   {len(group.files)} files, held together at least by {weakest}"))
    if unread == total:
        raise click.exceptions.Exit(2)


COMMANDS = [duplicates]
