"""`archive`: keep and search a large index of pictures."""

from __future__ import annotations

from pathlib import Path

import click

from verify.cli import output, printable

_FOLDER = click.Path(path_type=Path)


@click.group()
def archive() -> None:
    """Keep and search a large index of pictures; the pictures themselves stay where they are."""


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
@click.argument("paths", nargs=-1, required=True, metavar="FOLDER|FILE…")
@click.option("--no-features", is_flag=True, help="Hashes only: a third of the time, and crops are not found.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a file.")
def add(folder: Path, paths: tuple[str, ...], no_features: bool, as_json: bool) -> None:
    """Take pictures into the archive; files that have not changed since are not read again."""
    from verify.archive import Added, opened

    new, known, unread = 0, 0, 0
    with opened(folder, create=True) as kept:
        for found in kept.add(paths, local=not no_features, progress=output.progress):
            if isinstance(found, Added):
                new, known = new + found.new, known + (not found.new)
                row = {"path": found.path, "digest": found.digest, "new": found.new, "answer": None, "because": ""}
            else:
                unread += 1
                row = {"path": found.path, "digest": None, "new": False, "answer": "unable", "because": found.because}
                if not as_json:
                    click.echo(f"unable  {printable(found.because)}")
            if as_json:
                output.line(row)
    if not as_json:
        click.echo(f"{new} new, {known} there already, {unread} unreadable")
    if not new + known:
        raise click.exceptions.Exit(2)


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a hit.")
def search(folder: Path, files: tuple[str, ...], as_json: bool) -> None:
    """Look for pictures that show the same as these, or a part of it."""
    from verify.archive import look_up, near_foreign, opened, sign_guarded
    from verify.errors import EvidenceError

    readable = False
    with opened(folder) as kept:
        identity, count = kept.identity, len(kept)
        for file in files:
            base = {"picture": file, "archive": identity, "searched": count}
            try:
                picture = sign_guarded(Path(file))
            except EvidenceError as error:
                _told(base | {"answer": "unable", "because": str(error).rstrip(".") + "."}, as_json)
                continue
            readable = True
            hits = look_up(kept, picture)
            for hit in hits:
                _told(base | hit.to_json(), as_json)
            for method, name, bits in near_foreign(kept, picture):
                because = f"The {method} hash imported as {name!r} differs in {bits} bits; no picture is at hand."
                _told(base | {"answer": "unclear", "because": because, "measured": {f"{method}_bits": bits}}, as_json)
            if not hits:
                _told(base | {"answer": "no", "because": f"Nothing in common with any of {count} pictures."}, as_json)
    if not readable:
        raise click.exceptions.Exit(2)


def _told(row: dict[str, object], as_json: bool) -> None:
    if as_json:
        output.line(row)
    else:
        where = row.get("paths") or [""]
        assert isinstance(where, list)
        click.echo(printable(f"{row['answer']:7} {row['picture']} {where[0]}: {row['because']}"))


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
@click.option("--check", is_flag=True, help="Read every byte and compare it with what was written.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def info(folder: Path, check: bool, as_json: bool) -> None:
    """What the archive holds, and the digest that names it."""
    from verify.archive import opened

    with opened(folder) as kept:
        told = kept.info() | ({"damaged": kept.check()} if check else {})
    if as_json:
        output.line(told)
    else:
        for name, value in told.items():
            click.echo(f"{name:15} {value}")
    if told.get("damaged"):
        raise click.exceptions.Exit(1)


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
@click.argument("digest", metavar="SHA-256")
def remove(folder: Path, digest: str) -> None:
    """Hide a picture from searches; `compact` forgets it."""
    from verify.archive import opened

    with opened(folder) as kept:
        kept.remove(digest)


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
def compact(folder: Path) -> None:
    """Rewrite the archive without what was removed."""
    from verify.archive import opened

    with opened(folder) as kept:
        click.echo(f"{kept.compact()} pictures")


@archive.command(name="import")
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
@click.argument("hashes", type=_FOLDER, metavar="FILE")
@click.option("--method", type=click.Choice(["pdq", "phash", "dhash"]), default="pdq", show_default=True)
def import_(folder: Path, hashes: Path, method: str) -> None:
    """Take a list of hashes: a line each of hexadecimal digits, then perhaps a comma and a name."""
    from verify.archive import opened, read_hashes

    with opened(folder, create=True) as kept:
        click.echo(f"{read_hashes(kept, hashes, method)} hashes")


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
@click.option("--method", type=click.Choice(["pdq", "phash", "dhash"]), default="pdq", show_default=True)
def export(folder: Path, method: str) -> None:
    """Print the hashes: hexadecimal digits with leading zeros, a comma, and the picture's SHA-256."""
    from verify.archive import listed_hashes, opened

    with opened(folder) as kept:
        for digits, digest in listed_hashes(kept, method):
            click.echo(f"{digits},{digest}")


COMMANDS = [archive]
