"""How much CPU time the room check takes for one pair at 1600 pixels, from two files, in the guarded child.

    python -m tests.bench.bench_pair DATA [--times 5]

DATA as for bench_room. Two files that follow each other in each set, and two kitchens of different houses; each pair
several times, the pictures opened anew. CPU time grows with what else runs on the core, so the load is printed too.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import statistics
import time
from pathlib import Path

import cv2
import PIL.Image

from verify import image
from verify.guard import Guard

SIDE = 1600


def at_1600(path: Path) -> bytes:
    """The picture with its longer side at 1600 pixels, as a JPEG."""
    shown = PIL.Image.open(path).convert("RGB")
    scale = SIDE / max(shown.size)
    size = (round(shown.width * scale), round(shown.height * scale))
    data = io.BytesIO()
    shown.resize(size, PIL.Image.Resampling.LANCZOS).save(data, "JPEG", quality=90)
    return data.getvalue()


def seconds(one: bytes, other: bytes, times: int) -> list[list[object]]:
    """In the child: CPU seconds and answer of each time."""
    from verify.checks.features.room import room

    cv2.setNumThreads(1)
    told: list[list[object]] = []
    for _ in range(times + 1):  # the first one imports what the others use
        pair = [image.Image(bytes(data), name) for data, name in ((one, "one.jpg"), (other, "other.jpg"))]
        started = time.process_time()
        answer = next(iter(room(*pair))).answer.value
        told.append([time.process_time() - started, answer])
    return told[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--times", type=int, default=5)
    wanted = parser.parse_args()
    by_set: dict[str, list[str]] = {}
    for row in csv.DictReader((wanted.data / "interiors.csv").open()):
        by_set.setdefault(row["set"] if row["set"] != "houses" else row["room"].rpartition("_")[2], []).append(
            row["file"]
        )
    medians = []
    with Guard() as guard:
        for name, files in sorted(by_set.items()):
            pair = [at_1600(wanted.data / file) for file in sorted(files)[:2]]
            told = guard.call("tests.bench.bench_pair:seconds", one=pair[0], other=pair[1], times=wanted.times)
            medians.append(statistics.median(spent for spent, _ in told))
            most = max(spent for spent, _ in told)
            print(f"{name:10} {told[0][1]:8} CPU seconds: median {medians[-1]:.2f} of {len(told)}, most {most:.2f}")
    print(f"median of {len(medians)} pairs {statistics.median(medians):.2f}, most {max(medians):.2f}; target 1")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
