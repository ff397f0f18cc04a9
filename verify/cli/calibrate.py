"""`verify calibrate`: likelihood ratios fitted on the investigator's own rooms."""

from __future__ import annotations

from pathlib import Path

import click

from verify.cli import output


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", required=True, help="What the calibration is called in findings, e.g. room-4/stations-of-baku.")
@click.option("--population", required=True, help="One sentence: which rooms these are, who took the pictures, when.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where to write it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: the calibration.")
def calibrate(folder: Path, name: str, population: str, out: Path, as_json: bool) -> None:
    """Fit likelihood ratios of the room check on your own pictures: FOLDER has one subfolder a room.

    Pictures in one subfolder show one room, those in different ones different rooms. Half of the rooms fit, the other
    half check. Writes calibration.json, scores.csv, tippett.svg and reliability.svg into --out.
    """
    from verify import calibrating

    made = calibrating.calibrate(folder, name, population, out, progress=output.progress)
    if as_json:
        output.line(made.to_json())
        return
    click.echo(f"{made.name}: {made.same} same and {made.other} different pairs checked, Cllr {made.cllr:.3f}")
    click.echo(f"log10 LR between {made.lower:.2f} and {made.upper:.2f}; use it with")
    click.echo(f"  verify compare --kind room --calibration {out / 'calibration.json'} …")
    click.echo("or in case.toml under [checks.room.calibration], with the lines of calibration.json")


COMMANDS = [calibrate]
