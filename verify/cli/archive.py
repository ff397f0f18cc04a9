"""`archive`: keep and search a large index of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from verify.cli import output, printable

if TYPE_CHECKING:
    from verify.archive import Archive

_FOLDER = click.Path(path_type=Path)


@click.group()
def archive() -> None:
    """Keep and search a large index of pictures; the pictures themselves stay where they are."""


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
@click.argument("paths", nargs=-1, required=True, metavar="FOLDER|FILE…")
@click.option("--no-features", is_flag=True, help="Hashes only: a third of the time, and crops are not found.")
@click.option("--learned", metavar="FILE", help="A model in ONNX whose vectors are kept; `installed` for a package's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a file.")
def add(folder: Path, paths: tuple[str, ...], no_features: bool, learned: str | None, as_json: bool) -> None:
    """Take pictures into the archive; files that have not changed since are not read again."""
    from verify.archive import Added, add_files, model_file, opened

    new, known, unread = 0, 0, 0
    model = model_file(learned) if learned else None
    with opened(folder, create=True) as kept:
        for found in add_files(kept, paths, local=not no_features, model=model, progress=output.progress):
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
@click.option("--learned", metavar="FILE", help="The model in ONNX that the archive's vectors come from.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a hit.")
def search(folder: Path, files: tuple[str, ...], learned: str | None, as_json: bool) -> None:
    """Look for pictures that show the same as these, or a part of it."""
    from verify.archive import look_up, model_file, near_foreign, opened, sign_guarded
    from verify.errors import EvidenceError

    readable = False
    model = str(model_file(learned)) if learned else None
    with opened(folder) as kept:
        for file in files:
            base: dict[str, object] = {"picture": file, "archive": kept.identity}
            try:
                picture = sign_guarded(Path(file), model)
            except EvidenceError as error:
                _told(base | {"answer": "unable", "because": str(error).rstrip(".") + "."}, as_json)
                continue
            readable = True
            found = look_up(kept, picture)
            base |= {"searched": found.searched, "unsearchable": found.unsearchable}
            for hit in found.hits:
                _told(base | hit.to_json(), as_json)
            for method, name, bits in near_foreign(kept, picture):
                because = f"The {method} hash imported as {name!r} differs in {bits} bits; no picture is at hand."
                _told(base | {"answer": "unclear", "because": because, "measured": {f"{method}_bits": bits}}, as_json)
            if not found.hits:
                _told(base | _nothing(found.searched, found.unsearchable), as_json)
        for because in kept.damaged().values():
            click.echo(
                f"not searched: {printable(because)}; `verify archive rebuild` reads the originals again", err=True
            )
    if not readable:
        raise click.exceptions.Exit(2)


def _nothing(searched: int, unsearchable: int) -> dict[str, object]:
    missed = f"; {unsearchable} more are in a damaged part and were not searched" if unsearchable else ""
    because = f"Nothing in common with any of {searched} pictures{missed}."
    return {"answer": "unclear" if unsearchable else "no", "because": because}


def _told(row: dict[str, object], as_json: bool) -> None:
    if as_json:
        output.line(row)
        return
    where = row.get("paths") or [""]
    assert isinstance(where, list)
    click.echo(printable(f"{row['answer']:7} {row['picture']} {where[0] if where else ''}: {row['because']}"))
    measured, seen, apart = row.get("measured"), row.get("appearances"), row.get("told_apart")
    if isinstance(measured, dict) and measured.get("why_earlier"):
        which = {"picture": "the picture asked about", "other": "the archive's"}.get(measured["likelier_earlier"])
        click.echo(printable(f"        likelier earlier: {which or 'unclear'} ({'; '.join(measured['why_earlier'])})"))
    for one in seen if isinstance(seen, list) else []:
        click.echo(printable(f"        published {one['when']}: {one['url']}" + f" {one['archived']}".rstrip()))
    if isinstance(apart, dict):
        click.echo(printable(f"        not a duplicate, said {apart['actor']} on {apart['time']}: {apart['because']}"))


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
@click.option("--check", is_flag=True, help="Read every byte and compare it with what was written.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def info(folder: Path, check: bool, as_json: bool) -> None:
    """What the archive holds, the digest that names it, and what cannot be searched because it is damaged."""
    import verify.archive

    with verify.archive.opened(folder) as kept:
        if check:
            verify.archive.check(kept)
        told = verify.archive.info(kept)
    if as_json:
        output.line(told)
    else:
        for name, value in told.items():
            if name != "damaged":
                click.echo(f"{name:15} {value}")
        for part in told["damaged"]:
            click.echo(f"damaged         {printable(part['because'])}; cannot be searched:")
            for picture in part["pictures"]:
                click.echo(f"                {picture['digest']} {printable(', '.join(picture['paths']))}")
    if told["damaged"]:
        raise click.exceptions.Exit(1)


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
def rebuild(folder: Path) -> None:
    """Read the originals of damaged parts again; what is gone or has changed is named and forgotten."""
    import verify.archive

    with verify.archive.opened(folder) as kept:
        told = verify.archive.rebuild(kept, progress=output.progress)
    for digest in told["lost"]:
        click.echo(f"lost    {digest}")
    click.echo(f"{len(told['rebuilt'])} rebuilt, {len(told['lost'])} lost")


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
@click.argument("picture")
@click.option("--url", required=True, help="Where it was published.")
@click.option("--when", required=True, help="When, as far as known: 2019, 2019-05, 2019-05-01, 2019-05-01T12:00+02:00.")
@click.option("--platform", default="", help="What kind of place that is.")
@click.option("--how-known", default="", help="How you know that.")
@click.option("--archived", default="", help="An archived copy of the page.")
def appearance(folder: Path, picture: str, url: str, when: str, platform: str, how_known: str, archived: str) -> None:
    """Record where and when a picture of the archive was published; nothing is fetched.

    PICTURE is a path, a file's name, or the beginning of a SHA-256.
    """
    from verify.appearances import Appearance
    from verify.archive import appear, find, opened

    with opened(folder) as kept:
        digest = find(kept, picture)
        appear(kept, digest, Appearance(url, platform, when, how_known, archived))
    click.echo(f"{digest}  published {when}", err=True)


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
@click.argument("a")
@click.argument("b")
@click.option("--why", default="", help="What you saw that makes them two pictures.")
@click.option("--as", "actor", default="", metavar="PSEUDONYM", help="Who says so; not your account's name.")
@click.option("--undo", is_flag=True, help="Take such a decision back.")
def apart(folder: Path, a: str, b: str, why: str, actor: str, undo: bool) -> None:
    """Remember that two pictures are not copies, whatever a search measures; searches go on naming the pair.

    A and B are pictures of the archive by path, file name or beginning of the SHA-256, or files outside it.
    """
    from verify.archive import opened, put_together, tell_apart

    if not undo and not (why and actor):
        raise click.UsageError("--why and --as belong to a decision")
    with opened(folder) as kept:
        one, other = _digest(kept, a), _digest(kept, b)
        if undo:
            put_together(kept, one, other)
        else:
            tell_apart(kept, one, other, why, actor)


def _digest(kept: Archive, name: str) -> str:
    """Of a picture in the archive, or of a file outside it."""
    import hashlib

    from verify import image
    from verify.archive import find

    if Path(name).is_file() and not kept.named(name):
        return hashlib.sha256(image.read_bytes(Path(name))).hexdigest()
    return find(kept, name)


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
@click.argument("picture")
def remove(folder: Path, picture: str) -> None:
    """Hide a picture from searches; `compact` forgets it. PICTURE is a path, a file's name, or a SHA-256."""
    import verify.archive

    with verify.archive.opened(folder) as kept:
        verify.archive.remove(kept, verify.archive.find(kept, picture))


@archive.command()
@click.argument("folder", type=_FOLDER, metavar="ARCHIVE")
def compact(folder: Path) -> None:
    """Rewrite the archive without what was removed."""
    import verify.archive

    with verify.archive.opened(folder) as kept:
        click.echo(f"{verify.archive.compact(kept)} pictures")


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
