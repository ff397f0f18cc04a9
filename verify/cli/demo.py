"""`demo`: the main job on the sample case, from intake to write-up."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from verify.cli import output

if TYPE_CHECKING:
    from verify.case import Case


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("reports") / "demo")
def demo(folder: Path) -> None:
    """Run the sample case from intake to write-up, and say what the checks made of each thing planted in it.

    Everything in the sample case is invented. FOLDER is where the case is made; an earlier demo there is replaced.
    """
    samples = _samples()
    story = tomllib.loads((samples / "story.toml").read_text(encoding="utf-8"))
    _clear(folder, story["title"])
    case = _begin(folder, samples, story)
    for _ in case.ask_all(progress=output.progress):
        pass
    _reason(case, story)
    paths = case.write_up()
    _planted(case, story)
    click.echo(f"\nThe write-up: {paths[0]}\nCheck its log with: verify log check {folder}")


def _samples() -> Path:
    """The sample case: beside the package in a checkout, inside it once installed."""
    import verify

    inside = Path(verify.__file__).parent
    return next(p for p in (inside / "data" / "samples", inside.parent / "samples") if (p / "story.toml").is_file())


def _clear(folder: Path, title: str) -> None:
    """Remove an earlier demo, and nothing else."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    told = folder / "case.toml"
    if not told.is_file() or tomllib.loads(told.read_text(encoding="utf-8")).get("title") != title:
        raise click.UsageError(f"{folder}: holds something else than a demo; name another folder")
    shutil.rmtree(folder)


def _begin(folder: Path, samples: Path, story: Mapping[str, Any]) -> Case:
    from verify.case import Case

    archive = samples / story["archive"]
    case = Case.new(folder, title=story["title"], actor=story["author"], archive=archive)
    for batch in story["leaked"]:
        files = [samples / name for name in batch["files"]]
        case.add(files, source=batch["source"], graphic=batch.get("graphic", False))
    for shelf in story["known"]:
        files = [samples / name for name in shelf["files"]]
        told = {key: shelf[key] for key in ("source", "vouched_by", "taken")}
        case.add_known(shelf["kind"], shelf["name"], files, **told)
    for seen in story["appearance"]:
        told = {key: seen[key] for key in ("url", "platform", "when", "how_known")}
        case.add_appearance(Path(seen["file"]).name, **told)
    for claim in story["claim"]:
        case.claim(claim["text"], by=claim["by"])
    for hypothesis in story["hypothesis"]:
        case.hypothesis(hypothesis["text"], rival=hypothesis["rival"])
    return case


def _reason(case: Case, story: Mapping[str, Any]) -> None:
    """The story's links and conclusion, as far as the checks gave the answers that they rest on."""
    for link in story["link"]:
        found = _finding(case, link)
        if found and found[2] == link["answer"]:
            case.link(found[0], link["hypothesis"], link["direction"], why=link["why"], finding=found[1])
    for conclusion in story["conclusion"]:
        found = _finding(case, conclusion["needs"])
        if found and found[2] == conclusion["needs"]["answer"]:
            case.conclude(conclusion["text"], about=conclusion["about"])


def _planted(case: Case, story: Mapping[str, Any]) -> None:
    click.echo("What was planted, and what the checks can support:\n")
    for planted in story["planted"]:
        click.echo(f"{case.find(Path(planted['file']).name).label}: {planted['truth']}")
        if "check" not in planted:
            click.echo("    unclear: no check looks at the pixels for it yet, so the write-up leaves it open\n")
            continue
        found = _finding(case, planted)
        answer = found[2] if found else "unable"
        verdict = "supported" if answer in planted["supported_by"] else "not supported"
        against = f" against {Path(planted['against']).name}" if "against" in planted else ""
        click.echo(f"    {verdict}: {planted['check']}{against} answered {answer}\n")


def _finding(case: Case, wanted: Mapping[str, Any]) -> tuple[int, int, str] | None:
    """Entry, index and answer of the strongest finding about a file, or about it and a named other."""
    picture = case.find(Path(wanted["file"]).name)
    other = Path(wanted["against"]).name if "against" in wanted else None
    own = {p.evidence.name: p for p in case.pictures}.get(other or "")
    for entry in case.entries("check"):
        if entry.body["check"] != wanted["check"]:
            continue
        for index, finding in enumerate(case.findings(entry)):
            pair = entry.body["picture"], (finding["against"] or {}).get("name")
            direct = pair[0] == picture.evidence.digest and (
                other is None or (index > 0 and pair[1] in {other, own.label if own else None})
            )
            mirrored = own is not None and index > 0 and pair == (own.evidence.digest, picture.label)
            if direct or mirrored:  # the case's own pairs are logged once, with the picture that came first
                return entry.seq, index, finding["answer"]
    return None


COMMANDS = [demo]
