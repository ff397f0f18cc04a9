"""How often rooms of one style are said to be so, and rooms of different houses.

    python -m tests.bench.bench_style DATA

DATA as for bench_room. The threshold comes from half of the houses (1 % of their pairs reach it); everything else is
measured with the one that the check has. "No overlap": views of one panorama at least 120 degrees apart, views of a
walk or round a table that do not follow each other.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import re
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from tests.bench.bench_room import house_trials, interval, listed_twice, rendered_trials
from verify import image
from verify.matching import style

Pairs = dict[str, list[tuple[str, str]]]


def views(rows: list[dict[str, str]]) -> Pairs:
    """Pairs of one room by set, without overlap where there is a choice; and of different rooms, scanned or mixed."""
    found: Pairs = defaultdict(list)
    for one, other in itertools.combinations(sorted(rows, key=lambda row: row["file"]), 2):
        pair, sets = (one["file"], other["file"]), {one["set"], other["set"]}
        if len(sets) > 1:
            found["different rooms: of different sets"].append(pair)
        elif sets == {"scannet"}:
            same = one["room"] == other["room"]
            found["one room: scans" if same else "different rooms: scans"].append(pair)
        elif sets == {"zind"} and one["room"] == other["room"] and _apart(*pair):
            found["one room: panoramas, no overlap"].append(pair)
        elif sets <= {"sequence", "vggt"}:
            found[f"one room: {one['set']}"].append(pair)
    for name in ("one room: sequence", "one room: vggt"):  # sorted by name, a walk's neighbours follow each other
        walk = sorted({file for pair in found[name] for file in pair})
        found[f"{name}, no overlap"] = [(a, b) for a, b in found.pop(name) if walk.index(b) - walk.index(a) > 1]
    found["different rooms: of different sets"] = found["different rooms: of different sets"][::20]
    return found


def _apart(one: str, other: str) -> bool:
    """Whether two files are views of one panorama at least 120 degrees apart."""
    told = [re.fullmatch(r"(.*pano_\d+)_yaw(\d+)\.jpg", file) for file in (one, other)]
    if not all(told) or told[0][1] != told[1][1]:
        return False
    turn = abs(int(told[0][2]) - int(told[1][2]))
    return min(turn, 360 - turn) >= 120


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    cv2.setNumThreads(1)
    rows = list(csv.DictReader((data / "interiors.csv").open()))
    pairs = views(rows)
    for trial in house_trials(rows, listed_twice(data, rows)) + rendered_trials(data / "rendered"):
        group = "different rooms: houses" if trial.group == "different houses" else trial.group
        pairs[f"{group}, {trial.fold}"].append((trial.a, trial.b))
    shares = {
        file: style.colours(image.open(data / file)) for file in {f for told in pairs.values() for f in sum(told, ())}
    }
    alike = {name: [style.likeness(shares[a], shares[b]) for a, b in told] for name, told in pairs.items()}
    fitted = alike["different rooms: houses, fit"]
    reached = np.quantile(fitted, 0.99)
    print(f"1 % of {len(fitted)} pairs of the fit half reach {reached:.3f}; the check asks for {style.ALIKE}")
    for name, told in sorted(alike.items()):
        print(f"{name:44} same style {interval(sum(value >= style.ALIKE for value in told), len(told))}")


if __name__ == "__main__":
    main()
