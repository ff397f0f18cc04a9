"""Quick answers without a case: `checks`, `look`, `compare`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from verify.cli import output


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def checks(as_json: bool) -> None:
    """List the questions that can be asked."""
    from verify.checks import every

    for check in every().values():
        if as_json:
            row = {"check": check.name, "question": check.question, "room": check.room, "pictures": check.pictures}
            output.line(row | {"check_version": check.version, "settings": check.settings, "about": check.about})
        else:
            click.echo(f"{check.name:18} {check.question}")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--check", "names", multiple=True, metavar="NAME", help="Ask only this; may be repeated.")
@click.option("--known", type=click.Path(path_type=Path), help="A folder of known pictures: KIND/NAME.jpg.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a finding.")
def look(files: tuple[str, ...], names: tuple[str, ...], known: Path | None, as_json: bool) -> None:
    """Quick answers about files; no case, nothing written."""
    from verify import looking

    _print(looking.look(files, checks=names, known=known, progress=output.progress), as_json)


class _Crossing(click.Command):
    """A command whose `--with` takes every word up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat `--with` before each of its words, as click wants it."""
        spread, references = [], False
        for word in args:
            if word.startswith("--"):
                references = word == "--with"
                spread += [] if references else [word]
            else:
                spread += ["--with", word] if references else [word]
        return super().parse_args(ctx, spread)


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(cls=_Crossing)
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE…")
@click.option("--kind", type=click.Choice(["emblem", "room"]), required=True, help="What to compare.")
@click.option(
    "--with",
    "references",
    multiple=True,
    required=True,
    metavar="REFERENCE…",
    help="One or more, up to the next option.",
)
@click.option("--points", type=_FILE, help="Pairs and lines drawn by a person, as JSON or CSV (x,y,X,Y); rooms only.")
@click.option("--overlay", type=click.Path(path_type=Path), help="With --points: a folder for the registered pictures.")
@click.option("--calibration", type=_FILE, help="What `verify calibrate` wrote; rooms only.")
@click.option("--second-look", is_flag=True, help="Rooms only: look at floors laid flat too; 5 to 20 s more a pair.")
@click.option("--matcher", type=click.Choice(["sift", "learned"]), help="Rooms only: what matches; SIFT by default.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a (picture, reference) pair.")
def compare(
    pictures: tuple[str, ...],
    kind: str,
    references: tuple[str, ...],
    points: Path | None,
    overlay: Path | None,
    calibration: Path | None,
    second_look: bool,
    matcher: str | None,
    as_json: bool,
) -> None:
    """Compare every picture with every reference: the same emblem, the same room?

    A points file is JSON, {"drawn_by": WHO, "pairs": [[x, y, X, Y] …], "lines": …}, or CSV with x,y,X,Y a line: upright
    pixels of the picture, then of the reference.
    """
    from verify import looking, overlaying

    settings = overlaying.settings(
        kind, pictures, references, points, calibration, second_look=second_look, matcher=matcher
    )
    looks = looking.compare(kind, pictures, references, settings=settings, progress=output.progress)
    _print(overlaying.kept(looks, overlay) if overlay else looks, as_json)


def _print(looks: Iterable[object], as_json: bool) -> None:
    from verify.looking import Look

    readable = False
    for look in looks:
        assert isinstance(look, Look)
        readable |= not look.unreadable
        if as_json:
            output.line(look.to_json())
        else:
            output.finding(look.picture.name, look.check, look.finding)
    if not readable:
        raise click.exceptions.Exit(2)


COMMANDS = [checks, look, compare]
