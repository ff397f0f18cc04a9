"""How often the room check is right, wrong and silent, and what its likelihood ratios are worth.

    python tests/bench/bench_room.py DATA [--tables FOLDER] [--quick]

DATA holds interiors.csv (file, room, set), the pictures, and rendered/ (pairs.csv, images/). Different rooms: the same
kind of room in different houses, and across sets; the rooms of a rendered station and their twins. Neighbours: views
that follow each other in a walk, a panorama or round a table. The rule was set on the `fit` fold (half of the houses,
the walk, half of the panoramas, the corridor); figures are printed for the `test` fold and for all.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import itertools
import json
import re
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
from scipy.stats import beta

from verify import image
from verify.checks.features.room import room
from verify.matching.calibration import Scored, cllr, fit, write_table
from verify.model import Answer, Finding

HOMES = "homes: bathrooms, bedrooms and kitchens of 65 houses; neighbouring views of three rooms, a house and 7 scans"
DESIGN = "one design: lobby and corridor of a rendered station and their twins"


@dataclass(frozen=True)
class Trial:
    group: str
    same: bool
    fold: str
    a: str
    b: str


def house_trials(rows: list[dict[str, str]]) -> list[Trial]:
    """The same kind of room in different houses; in a fold, both are of one half, so that no picture is in both."""
    kinds = defaultdict(list)
    for row in rows:
        if found := re.fullmatch(r"house(\d+)_(\w+)", row["room"]):
            kinds[found[2]].append((int(found[1]), row["file"]))
    trials = []
    for kind in kinds.values():
        for place, (one, other) in enumerate(itertools.combinations(enumerate(sorted(kind)), 2)):
            halves = {one[0] % 2, other[0] % 2}
            if halves == {1} or (len(halves) == 1 and place % 2) or place % 20 == 0:
                fold = ("fit", "test")[halves.pop()] if len(halves) == 1 else "neither"
                trials.append(Trial("different houses", False, fold, one[1][1], other[1][1]))
    return trials


def neighbour_trials(rows: list[dict[str, str]]) -> list[Trial]:
    trials = []
    for set_, fold in (("sequence", "fit"), ("vggt", "test")):
        walk = sorted(row["file"] for row in rows if row["set"] == set_)
        trials += [Trial(f"neighbours: {set_}", True, fold, *pair) for pair in itertools.pairwise(walk)]
    panoramas: dict[str, dict[int, str]] = defaultdict(dict)
    for row in rows:
        if found := re.fullmatch(r"(.*pano_\d+)_yaw(\d+)\.jpg", row["file"]):
            panoramas[found[1]][int(found[2])] = row["file"]
    rooms = sorted({re.sub(r"_pano_\d+$", "", name) for name in panoramas})
    for name, views in panoramas.items():
        fold = ("fit", "test")[rooms.index(re.sub(r"_pano_\d+$", "", name)) % 2]
        trials += [Trial("neighbours: zind", True, fold, views[yaw], views[(yaw + 60) % 360]) for yaw in sorted(views)]
    scans = defaultdict(list)
    for row in rows:
        if row["set"] == "scannet":
            scans[row["room"]].append(row["file"])
    return trials + [Trial("hard pairs: scannet", True, "test", *pair) for pair in scans.values()]


def cross_trials(rows: list[dict[str, str]]) -> list[Trial]:
    """Rooms of different sets, every twentieth pair."""
    places = [(row["file"], row["room"] if row["set"] == "scannet" else row["set"]) for row in rows]
    picked = [p for p in places if p[1] != "houses"] + [p for p in places if p[1] == "houses"][::6]
    pairs = [(a, b) for (a, x), (b, y) in itertools.combinations(picked, 2) if x != y and "houses" not in (x, y)]
    pairs += [(a, b) for (a, x), (b, y) in itertools.combinations(picked, 2) if (x == "houses") != (y == "houses")]
    return [Trial("different sets", False, "neither", a, b) for a, b in pairs[::20]]


def rendered_trials(folder: Path) -> list[Trial]:
    trials = []
    for row in csv.DictReader((folder / "pairs.csv").open()):
        a, b = (f"{folder.name}/{row[side]}" for side in "ab")
        fold = "test" if "lobby" in a + b or "staged" in a + b else "fit"
        overlap = float(row["overlap"])
        if row["relation"] == "same-room":
            near = overlap >= 0.3 and float(row["view_angle_deg"]) <= 90
            trials.append(Trial("rendered: same room, near" if near else "rendered: same room, far", True, fold, a, b))
        else:
            group = "rendered: twin rooms" if row["relation"] == "twin-room" else "rendered: other rooms"
            trials.append(Trial(group, False, fold, a, b))
    return trials


def interval(hits: int, count: int) -> str:
    """Clopper and Pearson, 95 %."""
    low = beta.ppf(0.025, hits, count - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, count - hits) if hits < count else 1.0
    return f"{hits}/{count} = {hits / count:.1%} [{low:.1%}, {high:.1%}]"


def ask(data: Path, trials: list[Trial]) -> list[tuple[Trial, Finding, float]]:
    opened: dict[str, image.Image] = {}
    results = []
    for trial in trials:
        pair = [opened.setdefault(file, image.open(data / file)) for file in (trial.a, trial.b)]
        started = time.process_time()
        finding = next(iter(room(*pair)))
        results.append((trial, finding, time.process_time() - started))
        for one in pair:
            one.release()
    return results


def score_rows(data: Path, results: list[tuple[Trial, Finding, float]], rendered: bool) -> list[Scored]:
    rows = []
    for trial, finding, _ in results:
        if trial.fold == "neither" or finding.answer is Answer.UNABLE or trial.group.startswith("rendered") != rendered:
            continue
        if trial.group == "rendered: other rooms":
            continue
        digests = sorted(hashlib.sha256((data / file).read_bytes()).hexdigest() for file in (trial.a, trial.b))
        pair = hashlib.sha256("".join(digests).encode()).hexdigest()
        rows.append(Scored(pair, trial.same, finding.score or 0.0, DESIGN if rendered else HOMES, trial.fold))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--tables", type=Path, help="write score tables and calibrations here")
    parser.add_argument("--quick", action="store_true", help="every twentieth pair of different houses and sets")
    wanted = parser.parse_args()
    cv2.setNumThreads(1)
    rows = list(csv.DictReader((wanted.data / "interiors.csv").open()))
    plain = house_trials(rows) + cross_trials(rows)
    trials = neighbour_trials(rows) + rendered_trials(wanted.data / "rendered") + plain[:: 20 if wanted.quick else 1]
    results = ask(wanted.data, trials)
    for group in sorted({trial.group for trial in trials}):
        for fold in ("all", "fit", "test"):
            mine = [(t, f) for t, f, _ in results if t.group == group and fold in ("all", t.fold)]
            if mine:
                yes = sum(finding.answer is Answer.YES for _, finding in mine)
                top = max(finding.score or 0.0 for _, finding in mine)
                print(f"{group:28} {fold:5} yes {interval(yes, len(mine)):38} highest score {top:.1f}")
    near = [f.answer is Answer.YES for t, f, _ in results if t.group.startswith("neighbours")]
    print("neighbours, all sets:", interval(sum(near), len(near)))
    wrong = [f.answer is Answer.YES for t, f, _ in results if not t.same]
    print("different rooms answered yes:", interval(sum(wrong), len(wrong)))
    print(f"CPU seconds a pair, features remembered: median {statistics.median(cpu for *_, cpu in results):.3f}")
    for name, rendered in (("room-2/homes", False), ("room-2/one-design", True)):
        table = score_rows(wanted.data, results, rendered)
        made = fit(name, table)
        print(f"{name}: {made}")
        for told, keep in (("all", ""), ("without scans", "scannet"), ("without panoramas", "zind")):
            part = [(t, f) for t, f, _ in results if t.fold == "test" and t.group.startswith("rendered") == rendered]
            part = [(t, made.log10_lr(f.score or 0.0)) for t, f in part if not keep or keep not in t.group]
            same, other = ([lr for t, lr in part if t.same is truth] for truth in (True, False))
            print(f"   Cllr {told}: {cllr(same, other):.3f} ({len(same)} same, {len(other)} different)")
        if wanted.tables:
            stem = wanted.tables / name.replace("/", "-")
            stem.with_suffix(".csv").write_text(write_table(table))
            stem.with_suffix(".json").write_text(json.dumps(made.to_json(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
