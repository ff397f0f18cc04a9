"""Likelihood ratios from an investigator's own rooms: all pairs compared, half of the rooms fit, the others check."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from verify import asking
from verify.asking import Source
from verify.errors import Refused, Unreadable
from verify.guard import Guard
from verify.known import SUFFIXES
from verify.matching import plots
from verify.matching.calibration import Calibration, Scored, fit, write_table
from verify.model import Answer

Progress = Callable[[Iterable[Any], int, str], Iterator[Any]]


def calibrate(folder: Path, name: str, population: str, out: Path, *, progress: Progress) -> Calibration:
    """Compare all pictures of `folder` (one subfolder a room), fit, and write what came of it into `out`.

    Raises Refused where there are too few rooms or pairs.
    """
    rooms = _rooms(folder)
    rows = list(_scores(rooms, population, progress))
    made = fit(name, rows)
    out.mkdir(parents=True, exist_ok=True)
    (out / "scores.csv").write_text(write_table(rows), encoding="utf-8")
    (out / "calibration.json").write_text(json.dumps(made.to_json(), indent=1, ensure_ascii=False) + "\n", "utf-8")
    (out / "tippett.svg").write_text(plots.tippett(made, rows), encoding="utf-8")
    (out / "reliability.svg").write_text(plots.reliability(made, rows), encoding="utf-8")
    return made


def _rooms(folder: Path) -> list[list[Source]]:
    """The pictures of each subfolder. Raises Refused."""
    rooms = []
    for inside in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(path for path in inside.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
        try:
            rooms.append([asking.source(file) for file in files])
        except Unreadable as error:
            raise Refused(f"{inside.name}: {error}") from error
    rooms = [room for room in rooms if room]
    if len(rooms) < 4:
        raise Refused(f"{folder.name}: {len(rooms)} rooms; expected at least 4 subfolders with pictures, one a room")
    return rooms


def _scores(rooms: list[list[Source]], population: str, progress: Progress) -> Iterator[Scored]:
    """Every pair within a fold; pairs across the folds are left out, so that no picture stands on both sides."""
    folds = [("fit", rooms[::2]), ("test", rooms[1::2])]
    jobs = [(fold, place, picture, half) for fold, half in folds for place, room in enumerate(half) for picture in room]
    with Guard() as guard:
        for fold, place, picture, half in progress(jobs, len(jobs), "comparing"):
            own = half[place][half[place].index(picture) + 1 :]
            others = [other for room in half[place + 1 :] for other in room]
            for other, finding in zip(
                own + others, asking.pairs(guard, "room", picture, own + others, whole=True), strict=True
            ):
                if finding.answer is not Answer.UNABLE:
                    pair = hashlib.sha256("".join(sorted((picture.digest, other.digest))).encode()).hexdigest()
                    yield Scored(pair, other in own, finding.score or 0.0, population, fold)
