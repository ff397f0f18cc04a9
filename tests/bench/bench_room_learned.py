"""What the learned matcher scores where rooms are one, twins or others; no score of it is a yes.

    python -m tests.bench.bench_room_learned DATA --store FOLDER [--half 320] [--stored]

DATA, STORE and the halves are those of `bench_room`. What a yes would be worth is told beside it: one from twice the
highest score of different rooms of the fit half, and how many pairs of the other half (hard pairs: of both) reach it.
"""

from __future__ import annotations

import argparse
import csv
import statistics
from pathlib import Path

import cv2

from tests.bench.bench_room import (
    LEARNED,
    Trial,
    asked,
    house_trials,
    interval,
    listed_twice,
    neighbour_trials,
    rendered_trials,
    tell_answers,
)


def tell(data: Path, trials: list[Trial], store: Path, stored: bool, half: int) -> None:
    """The figures of hard pairs, twins, a part of the neighbours, and `half` pairs of houses a fold."""
    looked = [t for t in trials if t.group.startswith("hard pairs") or t.group == "rendered: twin rooms"]
    for fold, every in (("fit", 3), ("test", 1)):
        houses = [t for t in trials if t.group == "different houses" and t.fold == fold]
        looked += houses[:: max(1, len(houses) // half)][:half]
        looked += [t for t in trials if t.group.startswith("neighbours") and t.fold == fold][::every]
    if stored:
        print("only what earlier runs have stored")
    results = asked(data, looked, store, stored, LEARNED)
    tell_answers(results)
    enough = 2 * max(row["score"] for trial, row in results if trial.fold == "fit" and not trial.same)
    print(f"a yes from {enough:.1f} on would be")
    for group in sorted({trial.group for trial, _ in results}):
        mine = [row["score"] for t, row in results if t.group == group and (t.fold == "test" or "hard" in group)]
        if mine:
            print(f"{group:28} {interval(sum(score >= enough for score in mine), len(mine)):38}", end=" ")
            print(*(f"{score:.1f}" for score in sorted(mine)[-7:]))
    spent = [row["cpu"] for _, row in results]
    print(f"CPU seconds a pair, features remembered: median {statistics.median(spent):.2f}, most {max(spent):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--store", type=Path, required=True, help="keep points and findings here")
    parser.add_argument("--stored", action="store_true", help="only what earlier runs have stored")
    parser.add_argument("--half", type=int, default=320, help="pairs of different houses of each half")
    wanted = parser.parse_args()
    cv2.setNumThreads(1)
    rows = list(csv.DictReader((wanted.data / "interiors.csv").open()))
    trials = neighbour_trials(rows) + rendered_trials(wanted.data / "rendered")
    trials += house_trials(rows, listed_twice(wanted.data, rows))
    tell(wanted.data, trials, wanted.store, wanted.stored, wanted.half)


if __name__ == "__main__":
    main()
