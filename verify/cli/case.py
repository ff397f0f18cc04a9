"""A case from the command line: begin, take in, ask, say, write up, run again."""

from __future__ import annotations

from pathlib import Path

import click

from verify.cli import output, printable

CASE = click.argument("case", type=click.Path(path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def case() -> None:
    """Begin a case."""


@case.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--title", required=True, help="What is to be verified.")
@click.option("--as", "actor", required=True, metavar="PSEUDONYM", help="Who works on it; not your account's name.")
def new(folder: Path, title: str, actor: str) -> None:
    """Begin a case in a new folder."""
    from verify.case import Case

    Case.new(folder, title=title, actor=actor)
    click.echo(f"{folder}: case begun; take files in with: verify intake {folder} FILE… --source TEXT", err=True)


@click.command()
@CASE
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--source", required=True, help="Where the files come from; kept in the private part of the log.")
@click.option("--graphic", is_flag=True, help="Blur these pictures wherever they are shown.")
@click.option(
    "--withhold", is_flag=True, help="Keep digests and sizes in the private part too: a digest can name the source."
)
def intake(case: Path, files: tuple[str, ...], source: str, graphic: bool, withhold: bool) -> None:
    """Take files into a case, read-only and by digest."""
    from verify.case import Case
    from verify.model import Evidence

    taken = 0
    for item in Case(case).add(files, source=source, graphic=graphic, withhold=withhold):
        if isinstance(item, Evidence):
            taken += 1
            click.echo(f"{item.digest}  {printable(item.name)}")
        else:
            click.echo(f"unable: {printable(str(item))}", err=True)
    if not taken:
        raise click.exceptions.Exit(2)


@click.group()
def known() -> None:
    """Put reference pictures on a case's shelf."""


@known.command("add")
@CASE
@click.argument("kind", type=click.Choice(["flags", "emblems", "rooms", "clothing"]))
@click.argument("name")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--source", required=True, help="Where the reference comes from.")
@click.option("--vouched-by", required=True, metavar="WHO", help="Who says that it shows what NAME says.")
@click.option("--taken", default="", metavar="WHEN", help="When it was taken, as far as known.")
def known_add(
    case: Path, kind: str, name: str, files: tuple[str, ...], source: str, vouched_by: str, taken: str
) -> None:
    """Put references on the shelf of a case."""
    from verify.case import Case

    for reference in Case(case).add_known(kind, name, files, source=source, vouched_by=vouched_by, taken=taken):
        click.echo(f"{reference.digest}  {kind}/{printable(name)}")


@click.group()
def appearance() -> None:
    """Record where and when a picture was published."""


@appearance.command("add")
@CASE
@click.argument("evidence")
@click.option("--url", required=True)
@click.option("--platform", required=True)
@click.option("--when", required=True, help="When it was published, with its time zone.")
@click.option("--how-known", required=True, help="How you know that.")
@click.option("--archived", default="", help="An archived copy of the page.")
def appearance_add(
    case: Path, evidence: str, url: str, platform: str, when: str, how_known: str, archived: str
) -> None:
    """Record that a picture appeared somewhere; nothing is fetched."""
    from verify.case import Case

    entry = Case(case).add_appearance(
        evidence, url=url, platform=platform, when=when, how_known=how_known, archived=archived
    )
    click.echo(f"entry {entry.seq}", err=True)


@click.command()
@CASE
@click.option("--check", "names", multiple=True, metavar="NAME", help="Ask only this; may be repeated.")
@click.option("--points", type=click.Path(path_type=Path), help="Pairs of points that a person drew, as for compare.")
@click.option("--picture", help="With --points: the picture that they were drawn on.")
@click.option("--with", "other", help="With --points: the reference or picture they were drawn against.")
@JSON
def ask(
    case: Path, names: tuple[str, ...], points: Path | None, picture: str | None, other: str | None, as_json: bool
) -> None:
    """Put the questions to a case's pictures; what the log already answers is not asked again."""
    from verify.case import Case
    from verify.looking import Look
    from verify.overlaying import drawn

    opened = Case(case)
    if points:
        if not (picture and other):
            raise click.UsageError("--points wants --picture and --with")
        answers = iter([opened.compare("room", picture, other, points=drawn(points))])
    else:
        answers = opened.ask_all(names, progress=output.progress)
    for asked in answers:
        for finding in asked.findings if as_json else asked.findings[:1]:
            if as_json:
                output.line(Look(asked.picture, asked.check, asked.question, finding).to_json())
            else:
                output.finding(asked.picture.name, asked.check, finding)


@click.command()
@CASE
@click.argument("text")
@click.option("--about", multiple=True, help="A picture's digest or an entry's number; may be repeated.")
def note(case: Path, text: str, about: tuple[str, ...]) -> None:
    """Write a note into the log."""
    from verify.case import Case

    click.echo(f"entry {Case(case).note(text, about=about).seq}", err=True)


@click.command()
@CASE
@click.argument("text")
@click.option("--by", required=True, help="Who claims it.")
def claim(case: Path, text: str, by: str) -> None:
    """Record what somebody claims."""
    from verify.case import Case

    click.echo(Case(case).claim(text, by=by))


@click.command()
@CASE
@click.argument("text")
@click.option("--rival", metavar="H", help="The hypothesis it competes with.")
def hypothesis(case: Path, text: str, rival: str | None) -> None:
    """Record a hypothesis, and its rival."""
    from verify.case import Case

    click.echo(Case(case).hypothesis(text, rival=rival))


@click.command()
@CASE
@click.argument("entry", type=int)
@click.argument("name", metavar="H")
@click.argument("direction", type=click.Choice(["for", "against", "neutral"]))
@click.option("--why", required=True)
@click.option("--finding", default=0, show_default=True, help="Which finding of the entry; 0 is the answer over all.")
def link(case: Path, entry: int, name: str, direction: str, why: str, finding: int) -> None:
    """Say what a finding means for a hypothesis."""
    from verify.case import Case

    click.echo(f"entry {Case(case).link(entry, name, direction, why=why, finding=finding).seq}", err=True)


@click.command()
@CASE
@click.argument("text")
@click.option("--about", metavar="H", help="The hypothesis that it concludes on.")
def conclude(case: Path, text: str, about: str | None) -> None:
    """Record a conclusion; the toolkit draws none."""
    from verify.case import Case

    click.echo(f"entry {Case(case).conclude(text, about=about).seq}", err=True)


@click.command("write-up")
@CASE
@click.option("--format", "formats", default="html,md", show_default=True, help="html, md, or both with a comma.")
def write_up(case: Path, formats: str) -> None:
    """Write the case up from its log."""
    from verify.case import Case

    for path in Case(case).write_up(formats.split(",")):
        click.echo(str(path))


@click.command()
@CASE
@JSON
def rerun(case: Path, as_json: bool) -> None:
    """Run every check entry of a case again and compare."""
    from verify.case import Case

    differs = False
    for entry, outcome in Case(case).rerun():
        differs |= outcome.state == "different"
        if as_json:
            output.line({"entry": entry.seq, "check": entry.body["check"], **outcome.to_json()})
        else:
            click.echo(f"{outcome.state:17} entry {entry.seq:4} {entry.body['check']:16} {printable(outcome.because)}")
    raise click.exceptions.Exit(1 if differs else 0)


@click.command()
@CASE
@click.argument("picture")
@click.argument("other")
@click.option("--why", required=True, help="What you saw that makes them two pictures.")
def apart(case: Path, picture: str, other: str, why: str) -> None:
    """Record that two pictures are no copies of one another, whatever a check measured; the write-up shows both."""
    from verify.case import Case

    click.echo(f"entry {Case(case).tell_apart(picture, other, why=why).seq}", err=True)


COMMANDS = [case, intake, known, appearance, ask, note, claim, hypothesis, link, conclude, apart, write_up, rerun]
