"""The log from the command line: show it, check it, sign it, mend it; pack a case for others."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from verify.cli import output, printable
from verify.errors import Refused, Tampered

if TYPE_CHECKING:
    from verify.log import Checkpoint, Report, SigningKey

CASE = click.argument("case", type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
KEY = click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path),
    help="Your own key of `ssh-keygen -t ed25519`, not the case's.",
)


@click.group()
def log() -> None:
    """Show, check and mend a case's log."""


@log.command()
@CASE
@JSON
@click.option("--private", is_flag=True, help="With the private bodies: names, places, serial numbers.")
def show(case: Path, as_json: bool, private: bool) -> None:
    """Every entry, verified while it is read."""
    from verify.log import Log
    from verify.log.entry import write_time

    for entry in Log.open(case, reveal=private):
        told: dict[str, Any] = {
            "seq": entry.seq,
            "time": write_time(entry.time),
            "actor": entry.actor,
            "kind": entry.kind,
        }
        if as_json:
            shown = dict(entry.private) if private and entry.private is not None else None
            told |= {"body": entry.body, "digest": entry.digest, "withheld": entry.withheld, "private": shown}
            output.line(_finite(told))
        else:
            click.echo(f"{entry.seq:5} {told['time']} {printable(entry.actor)} {entry.kind}: {_about(entry.body)}")
            if private and entry.private:
                click.echo(f"      private: {_about(entry.private)}")


@log.command()
@CASE
@JSON
@click.option("--signers", type=click.Path(path_type=Path), help="Keys that you trust, an `allowed_signers` file.")
@click.option("--fingerprint", "fingerprints", multiple=True, metavar="SHA256:…", help="A key that you trust.")
@click.option("--seen", type=click.Path(path_type=Path), help="A checkpoint that you kept from an earlier day.")
@click.option(
    "--level", type=click.Choice(["0", "1", "2", "3", "5"]), help="How much to ask; 5 asks every check again."
)
def check(
    case: Path,
    as_json: bool,
    signers: Path | None,
    fingerprints: tuple[str, ...],
    seen: Path | None,
    level: str | None,
) -> None:
    """Check the log by levels, and say what each does not show.

    Exit code 0: it holds as far as you asked. 1: something is wrong. 2: there is no log to check. 3: nothing is wrong,
    but less holds than you asked for.
    """
    from verify.log import check as check_log

    pinned = [*fingerprints, *(_signers(signers) if signers else ())]
    asked = int(level) if level else None
    rerun = (lambda: _rerun(case)) if asked == 5 else None
    report = check_log(case, pinned=pinned, level=asked, seen=_seen(seen), rerun=rerun)
    (_print_json if as_json else _print)(report)
    raise click.exceptions.Exit(report.exit_code)


@log.command()
@CASE
@KEY
def checkpoint(case: Path, key_file: Path | None) -> None:
    """Sign the log as it stands; a case without a key gets its own, kept in its keys/ folder."""
    from verify.log import Log
    from verify.log.checkpoints import KEY as OWN
    from verify.log.sshsig import SigningKey

    opened = Log.open(case)
    if key_file is None and not (case / OWN).exists():
        made = SigningKey.make(case / OWN)
        click.echo(
            f"made a key: {made.fingerprint}\nwrite this down elsewhere, and give it to whoever checks", err=True
        )
        click.echo(f"{OWN} is private: hand over `verify bundle`, never the folder itself", err=True)
    key = _key(key_file or case / OWN)
    click.echo(opened.checkpoint(key).relative_to(case).as_posix())


@log.command()
@CASE
@KEY
def repair(case: Path, key_file: Path | None) -> None:
    """Mend what a crash left: a torn line, a clock set back, a checkpoint that was not written."""
    from verify.log.checkpoints import KEY as OWN
    from verify.log.repair import repair as mend

    path = key_file or case / OWN
    done = mend(case, key=_key(path) if path.exists() else None)
    for sentence in done or ["nothing to mend"]:
        click.echo(sentence)


@click.command()
@CASE
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; bundle.zip in the case unless given.")
@click.option("--with-private", is_flag=True, help="With sources, file names and the internal write-up: for a court.")
@KEY
def bundle(case: Path, out: Path | None, with_private: bool, key_file: Path | None) -> None:
    """Pack a case so that anyone can check it without this toolkit: log, signatures, files, instructions, a script.

    The files are the originals, with all that they say of themselves. The write-up is internal, it names sources and
    places: it is packed, and its digest logged, only with --with-private. The log is signed first where there is a key.
    """
    from verify.log import Log
    from verify.log.bundle import INTERNAL
    from verify.log.bundle import bundle as pack
    from verify.log.checkpoints import KEY as OWN

    path = key_file or case / OWN
    for name in INTERNAL if with_private else ():
        if (case / name).exists():
            Log.open(case).export(name)
    *_, last = Log.open(case)
    if last.kind != "checkpoint" and path.exists():
        Log.open(case).checkpoint(_key(path))
    elif not path.exists():
        click.echo(
            "not signed: `verify log checkpoint` signs the log, and whoever checks can then trust its end", err=True
        )
    if out is None:
        out = case / "bundle.zip"
        out.unlink(missing_ok=True)  # made from the log, and made again the same
    packed = pack(case, out, private=with_private)
    with packed.open("rb") as file:
        click.echo(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {packed}")


def _key(path: Path) -> SigningKey:
    """The key in a file; one that is under a passphrase stays with ssh-keygen, which asks for it."""
    from verify.log.sshsig import OutsideKey, SigningKey

    try:
        return SigningKey.load(path)
    except Refused:
        if not path.with_name(path.name.removesuffix(".pub") + ".pub").is_file():
            raise
        return OutsideKey(path)


def _signers(path: Path) -> tuple[str, ...]:
    from verify.log.sshsig import read_signers

    try:
        return read_signers(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, Tampered) as error:
        raise Refused(f"{path.name}: no usable signers' file ({error})") from error


def _seen(path: Path | None) -> Checkpoint | None:
    from verify.log.checkpoints import parse

    if path is None:
        return None
    try:
        return parse(path.read_bytes())
    except (OSError, Tampered) as error:
        raise Refused(f"{path.name}: no usable checkpoint ({error})") from error


def _rerun(case: Path) -> Any:
    from verify.case import Case

    for _, outcome in Case(case).rerun():
        yield outcome


def _print(report: Report) -> None:
    from verify.log import LEVELS

    signed = f"signed up to entry {report.signed}" if report.signed else "not signed"
    click.echo(f"{report.case}: {report.entries} entries, head {report.head[:16]}…, {signed}")
    for problem in report.problems:
        click.echo(f"{'wrong' if problem.grave else 'short'} [{problem.code}] {printable(problem.text)}")
    for level, holds in report.holds.items():
        says, does_not = LEVELS[level]
        click.echo(f"level {level} holds: {says}" if holds else f"level {level} DOES NOT HOLD, that {says}")
        if holds:
            click.echo(f"        It does not show {does_not}.")
    if report.withheld:
        click.echo(f"{report.withheld} private bodies are withheld; the log commits to them and holds without them.")
    if report.withheld_files:
        click.echo(f"{report.withheld_files} files are withheld, as the log says; their checks cannot be asked again.")


def _print_json(report: Report) -> None:
    from dataclasses import asdict

    for problem in report.problems:
        output.line({"type": "problem", "level": problem.level, **asdict(problem)})
    told = {"asked": report.asked, "entries": report.entries, "case": report.case, "head": report.head}
    holds = {str(level): holds for level, holds in report.holds.items()}
    told |= {
        "signed": report.signed,
        "holds": holds,
        "withheld": report.withheld,
        "withheld_files": report.withheld_files,
        "exit": report.exit_code,
    }
    output.line({"type": "report", **told})


def _about(body: Any) -> str:
    """A body on one line, without its long lists."""
    words = []
    for key, value in body.items():
        if isinstance(value, list | dict) and value:
            words.append(f"{key}: {len(value)} in it")
        elif value not in (None, "", [], {}):
            words.append(f"{key}: {value}")
    return printable(", ".join(words))


def _finite(value: Any) -> Any:
    """The value with "nan" and "inf" as words, which JSON has no numbers for."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and value - value != 0 else value


COMMANDS = [log, bundle]
