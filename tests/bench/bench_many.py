"""How long one picture against many references takes, and whether the vote keeps the right one.

    python tests/bench/bench_many.py DATA --store FOLDER [--references 1000]

DATA holds interiors.csv and pictures in folders; its interiors are references, and other pictures fill up the number.
Every third neighbouring or hard pair of one room is a trial of the vote: its first picture asks, its second is among
the references. STORE keeps the features, as a case does. Times are of one child on one core; first runs have none kept.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tests.bench.bench_room import interval, neighbour_trials
from verify import asking, shortlisting
from verify.checks.features.room import SHORTLIST
from verify.guard import Guard
from verify.kept import Kept

FILLING = ("neardup/originals", "tamper", "psbattles", "emblems", "flags", "rendered", "metadata", "pdq")


def references(data: Path, rows: list[dict[str, str]], count: int) -> tuple[list[asking.Source], list[asking.Source]]:
    """A walk through one room; so many references: the other interiors, then pictures of other folders, each once."""
    files = [data / row["file"] for row in rows]
    for folder in FILLING:
        files += sorted(path for path in (data / folder).rglob("*") if path.suffix.lower() in {".jpg", ".jpeg"})
    found = {source.digest: source for source in map(asking.source, files)}.values()
    walk = [source for source in found if "frame" in source.name and "scene" not in source.name]
    return walk, [source for source in found if source not in walk][:count]


def child_seconds(guard: Guard) -> float:
    assert guard._child
    fields = Path(f"/proc/{guard._child.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tell_time(picture: asking.Source, others: Sequence[asking.Source], kept: Kept, what: str) -> None:
    with Guard() as guard:
        clock, own = time.perf_counter(), time.process_time()
        asked = asking.ask(guard, "room", picture, others=others, kept=kept)
        spent = time.process_time() - own + child_seconds(guard)
        print(
            f"{len(others)} references, {what}: {spent:.1f} CPU s, {time.perf_counter() - clock:.1f} s by the clock: "
            f"{asked.answer.value}, {asked.findings[0].because[:80]}"
        )


def tell_votes(rows: list[dict[str, str]], data: Path, others: list[asking.Source], kept: Kept) -> None:
    """In how many trials the vote puts the true reference among those compared in full."""
    by_file = {source.path: source for source in others}
    ranks = defaultdict(list)
    with Guard() as guard:
        for trial in neighbour_trials(rows)[::3]:
            one, other = (by_file[str((data / file).absolute())] for file in (trial.a, trial.b))
            rest = [source for source in others if source is not one]
            told = [(source.path, source.digest, source.name) for source in (one, *rest)]
            passed = shortlisting.passed_over(guard, told[0], told[1:], 0, kept)
            place = next(number for number, source in enumerate(rest) if source is other)
            ranks[trial.group].append(passed[place].measured["shortlist_rank"])
    for group, found in sorted(ranks.items()):
        for most in (20, SHORTLIST):
            print(f"{group}: true reference among the first {most} of {len(others) - 1}: ", end="")
            print(interval(sum(rank <= most for rank in found), len(found)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--store", type=Path, required=True, help="keep features here")
    parser.add_argument("--references", type=int, default=1000)
    wanted = parser.parse_args()
    rows = list(csv.DictReader((wanted.data / "interiors.csv").open()))
    walk, rest = references(wanted.data, rows, wanted.references)
    kept = Kept(wanted.store / "kept", (source.digest for source in (*walk, *rest)))
    for count in (20, wanted.references):
        chosen = [*rest[: count - 1], walk[2]]
        for what in ("first run", "features stored"):
            tell_time(walk[0], chosen, kept, what)
    tell_votes(rows, wanted.data, walk + rest, kept)


if __name__ == "__main__":
    main()
