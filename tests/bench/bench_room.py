"""How often the room check is right, wrong and silent, and what its likelihood ratios are worth.

    python -m tests.bench.bench_room DATA --store FOLDER [--every 2] [--tables FOLDER] [--second-look 20]

DATA holds interiors.csv (file, room, set), the pictures, and rendered/ (pairs.csv, images/). Different rooms: the same
kind of room in different houses, and across sets; the rooms of a rendered station and their twins. Neighbours: views
that follow each other in a walk, a panorama or round a table. `fit`: half of the houses, all panoramas (of one house),
every second scan, the corridor; `test`: the other half, the walk, the views round a table, the other scans, the lobby.
No building is on both sides. STORE keeps features and findings, so that a run goes on where the last one stopped.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import itertools
import json
import multiprocessing
import os
import re
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.stats import beta

from verify import image
from verify.archive.hashing import pdq
from verify.checks.features.room import VERSION, room
from verify.kept import Kept
from verify.matching import features, learned, plots
from verify.matching.calibration import Calibration, Scored, cllr, fit, write_table

HOMES = {
    "different houses": "homes: bathrooms, bedrooms and kitchens of 65 houses",
    "neighbours: zind": "neighbouring views of panoramas of a house",
    "neighbours: sequence": "neighbouring views of a walk through a room",
    "neighbours: vggt": "neighbouring views round a table",
    "hard pairs: scannet": "hard pairs of 7 scanned rooms",
}
DESIGN = "one design: lobby and corridor of a rendered station and their twins"
SECOND, LEARNED = "second", "learned"  # how a pair is asked, other than at the first look by SIFT
COPY = 31  # bits of 256: what PDQ's authors advise for copies


@dataclass(frozen=True)
class Trial:
    group: str
    same: bool
    fold: str
    a: str
    b: str


Asked = tuple[Trial, dict[str, Any]]


def listed_twice(data: Path, rows: list[dict[str, str]]) -> set[frozenset[str]]:
    """Pairs of house numbers that share a photograph: one house under two numbers, whatever the list says of it."""
    numbered = [(re.fullmatch(r"house(\d+)_\w+", row["room"]), data / row["file"]) for row in rows]
    hashes = [
        (found[1], np.unpackbits(pdq(image.open(path).gray).bits[0])) for found, path in numbered if found is not None
    ]
    return {
        frozenset((one, other))
        for (one, bits), (other, its) in itertools.combinations(hashes, 2)
        if one != other and int((bits != its).sum()) <= COPY
    }


def house_trials(rows: list[dict[str, str]], one_house: set[frozenset[str]]) -> list[Trial]:
    """The same kind of room in different houses; in a fold, both are of one half, so that no picture is in both."""
    kinds = defaultdict(list)
    for row in rows:
        if found := re.fullmatch(r"house(\d+)_(\w+)", row["room"]):
            kinds[found[2]].append((int(found[1]), row["file"]))
    trials = []
    for kind in kinds.values():
        for place, (one, other) in enumerate(itertools.combinations(enumerate(sorted(kind)), 2)):
            if frozenset((str(one[1][0]), str(other[1][0]))) in one_house:
                continue
            halves = {one[0] % 2, other[0] % 2}
            if halves == {1} or (len(halves) == 1 and place % 2) or place % 20 == 0:
                fold = ("fit", "test")[halves.pop()] if len(halves) == 1 else "neither"
                trials.append(Trial("different houses", False, fold, one[1][1], other[1][1]))
    return trials


def neighbour_trials(rows: list[dict[str, str]]) -> list[Trial]:
    trials = []
    for set_ in ("sequence", "vggt"):
        walk = sorted(row["file"] for row in rows if row["set"] == set_)
        trials += [Trial(f"neighbours: {set_}", True, "test", *pair) for pair in itertools.pairwise(walk)]
    panoramas: dict[str, dict[int, str]] = defaultdict(dict)
    for row in rows:
        if found := re.fullmatch(r"(.*pano_\d+)_yaw(\d+)\.jpg", row["file"]):
            panoramas[found[1]][int(found[2])] = row["file"]
    for views in panoramas.values():
        trials += [Trial("neighbours: zind", True, "fit", views[yaw], views[(yaw + 60) % 360]) for yaw in sorted(views)]
    scans = defaultdict(list)
    for row in rows:
        if row["set"] == "scannet":
            scans[row["room"]].append(row["file"])
    pairs = [pair for _, pair in sorted(scans.items())]
    return trials + [
        Trial("hard pairs: scannet", True, ("fit", "test")[place % 2], *pair) for place, pair in enumerate(pairs)
    ]


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


def opened(data: Path, file: str, kept: Kept) -> image.Image:
    """A picture with its features (and plans, of a second look), where they are kept."""
    made = image.open(data / file)
    made.derived = kept.read(made.digest)
    return made


def ask(told: tuple[Path, Path, str, str, str]) -> dict[str, Any]:
    """One finding, as much of it as the figures need, with the CPU seconds it took once features are there."""
    data, store, a, b, how = told
    digests = [hashlib.sha256((data / file).read_bytes()).hexdigest() for file in (a, b)]
    kept = Kept(store / "kept", digests)
    pair = [opened(data, file, kept) for file in (a, b)]
    before = [set(made.derived) for made in pair]
    for made in pair:
        features.features(made)
        if how == LEARNED:
            learned.described(made)
    started = time.process_time()
    finding = next(iter(room(*pair, second_look=how == SECOND, matcher=LEARNED if how == LEARNED else "sift")))
    spent = time.process_time() - started
    for made, known in zip(pair, before, strict=True):
        if set(made.derived) - known:
            kept.write(made.digest, made.derived)
    answer = {"answer": finding.answer.value, "score": finding.score or 0.0, "measured": dict(finding.measured)}
    return {
        "a": a,
        "b": b,
        "cpu": spent,
        "portability": str(finding.portability or ""),
        "level": finding.level,
    } | answer


def asked(data: Path, trials: list[Trial], store: Path, stored: bool, how: str = "") -> list[Asked]:
    """The findings of all trials, a process a core; those of an earlier run are taken from the store."""
    store.mkdir(parents=True, exist_ok=True)
    file = store / f"room-{VERSION}-{features.CONTRAST}{'-' if how else ''}{how}.jsonl"
    done = (
        {(row["a"], row["b"]): row for row in map(json.loads, file.read_text().splitlines())} if file.exists() else {}
    )
    if stored:
        trials = [trial for trial in trials if (trial.a, trial.b) in done]
    todo = [(data, store, t.a, t.b, how) for t in trials if (t.a, t.b) not in done]
    cores = len(os.sched_getaffinity(0))
    with file.open("a") as kept, multiprocessing.Pool(cores, cv2.setNumThreads, (1,)) as pool:
        for row in pool.imap_unordered(ask, todo):
            print(json.dumps(row), file=kept, flush=True)
            done[row["a"], row["b"]] = row
    return [(trial, done[trial.a, trial.b]) for trial in trials]


def score_rows(data: Path, results: list[Asked], rendered: bool) -> list[Scored]:
    rows = []
    for trial, row in results:
        if trial.fold == "neither" or row["answer"] == "unable" or trial.group.startswith("rendered") != rendered:
            continue
        if trial.group == "rendered: other rooms":
            continue
        digests = sorted(hashlib.sha256((data / file).read_bytes()).hexdigest() for file in (trial.a, trial.b))
        pair = hashlib.sha256("".join(digests).encode()).hexdigest()
        rows.append(Scored(pair, trial.same, row["score"], DESIGN if rendered else HOMES[trial.group], trial.fold))
    return rows


def tell_second_look(data: Path, trials: list[Trial], store: Path, stored: bool, every: int) -> None:
    """What a second look adds to the hard pairs and far views, on every so many pairs of different rooms, on all twins.

    Where the first look says yes, the second is not asked.
    """
    groups = ("hard pairs", "rendered: twin rooms", "rendered: same room, far")
    looked = [trial for group in groups for trial in trials if trial.group.startswith(group)]
    looked += [trial for trial in trials if not trial.same and trial.group != "rendered: twin rooms"][::every]
    print("with a second look:")
    results = asked(data, looked, store, stored, SECOND)
    tell_answers(results)
    spent = [row["cpu"] for _, row in results]
    print(f"CPU seconds a pair: median {statistics.median(spent):.1f}, most {max(spent):.1f}")


def tell_answers(results: list[Asked]) -> None:
    for group in sorted({trial.group for trial, _ in results}):
        for fold in ("all", "fit", "test"):
            mine = [row for trial, row in results if trial.group == group and fold in ("all", trial.fold)]
            if mine:
                yes = sum(row["answer"] == "yes" for row in mine)
                fixed = sum(row["answer"] == "yes" and row["portability"] == "fixed" for row in mine)
                top = max(row["score"] for row in mine)
                print(f"{group:28} {fold:5} yes {interval(yes, len(mine)):38} fixed {fixed:4} highest score {top:.1f}")
    near = [row["answer"] == "yes" for trial, row in results if trial.group.startswith("neighbours")]
    if near:
        print("neighbours, all sets:", interval(sum(near), len(near)), "target 90 %")
    wrong = [row["answer"] == "yes" for trial, row in results if not trial.same]
    print("different rooms answered yes:", interval(sum(wrong), len(wrong)), "target 0 in 1,400")
    hard = [row["answer"] == "yes" for trial, row in results if trial.group.startswith("hard pairs")]
    print("hard pairs:", interval(sum(hard), len(hard)), "target a third")


def calibrate(name: str, table: list[Scored], results: list[Asked], rendered: bool) -> Calibration:
    """The fit, and what it is worth on the other side, by population and with the sides exchanged."""
    made = fit(name, table)
    print(f"{name}: {made}")
    for told, keep in (("all", ""), ("without scans", "scannet"), ("without walk", "sequence")):
        part = [(t, row) for t, row in results if t.fold == "test" and t.group.startswith("rendered") == rendered]
        part = [(t, row) for t, row in part if t.group != "rendered: other rooms" and not (keep and keep in t.group)]
        same, other = (
            [made.log10_lr(row["score"]) for t, row in part if t.same is truth and row["answer"] != "unable"]
            for truth in (True, False)
        )
        print(f"   Cllr {told}: {cllr(same, other):.3f} ({len(same)} same, {len(other)} different)")
    if not rendered:
        scans = HOMES["hard pairs: scannet"]
        hard = fit(name, [replace(row, fold="test") if row.population == scans else row for row in table])
        print(f"   Cllr where the fit knows no scan: {hard.cllr:.3f} ({hard.same} same, {hard.other} different)")
    turned = fit(name, [replace(row, fold="test" if row.fold == "fit" else "fit") for row in table])
    print(f"   Cllr with the sides exchanged: {turned.cllr:.3f} ({turned.same} same, {turned.other} different)")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--store", type=Path, required=True, help="keep features and findings here")
    parser.add_argument("--tables", type=Path, help="write score tables and calibrations here")
    parser.add_argument("--stored", action="store_true", help="only what earlier runs have stored")
    parser.add_argument("--every", type=int, default=1, help="only every so many pairs of different houses and sets")
    parser.add_argument("--second-look", type=int, help="also with a second look, at one of so many different rooms")
    wanted = parser.parse_args()
    cv2.setNumThreads(1)
    rows = list(csv.DictReader((wanted.data / "interiors.csv").open()))
    one_house = listed_twice(wanted.data, rows)
    print("houses under two numbers (they share a photograph), not compared:", *map(sorted, one_house))
    plain = (house_trials(rows, one_house) + cross_trials(rows))[:: wanted.every]
    trials = neighbour_trials(rows) + rendered_trials(wanted.data / "rendered") + plain
    results = asked(wanted.data, trials, wanted.store, wanted.stored)
    tell_answers(results)
    if wanted.second_look:
        tell_second_look(wanted.data, trials, wanted.store, wanted.stored, wanted.second_look)
    spent = [row["cpu"] for _, row in results]
    print(f"CPU seconds a pair, features remembered: median {statistics.median(spent):.2f}, most {max(spent):.2f}")
    for name, rendered in (("room-4/homes", False), ("room-4/one-design", True)):
        table = score_rows(wanted.data, results, rendered)
        made = calibrate(name, table, results, rendered)
        if wanted.tables:
            stem = wanted.tables / name.replace("/", "-")
            stem.with_suffix(".csv").write_text(write_table(table))
            stem.with_suffix(".json").write_text(json.dumps(made.to_json(), indent=1, ensure_ascii=False) + "\n")
            for plot in (plots.tippett, plots.reliability):
                stem.with_name(f"{stem.name}-{plot.__name__}.svg").write_text(plot(made, table))


if __name__ == "__main__":
    main()
