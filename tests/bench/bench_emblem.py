"""How often is an emblem named where it is, and where it is not? And what do the scores weigh?

    python -m tests.bench.bench_emblem brands    EMBLEMS.csv       --half test --keep brands.jsonl [--rivals 1]
    python -m tests.bench.bench_emblem hung      FOLDER_OF_ROOMS   --half test --keep hung.jsonl --trials 300
    python -m tests.bench.bench_emblem report    brands.jsonl hung.jsonl
    python -m tests.bench.bench_emblem fit       brands-fit.jsonl hung-fit.jsonl
    python -m tests.bench.bench_emblem speed     FOLDER_OF_ROOMS

`brands` compares every photograph with every reference of its half (brands by alphabet, photographs without a brand by
turns; neither brand nor photograph is in both halves), with `--rivals` only so many brands that are not in it. `hung`
hangs drawn emblems into rooms (by turns, seeds below 5000 to fit, above to test) and looks for the right one, another
of its kind, a sister of its outline and colours, for a logo a cousin of its charges in another outline and colours,
and, every third turn, the right one in a room without it. Both write one JSON line a comparison; `report` counts yes
with 95 % intervals (Wilson), `fit` keeps the places in a table beside this file and prints the weights to ship.
"""

import argparse
import csv
import json
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from tests.bench.emblem_fits import NEAR, TABLE, TOO_SMALL, fit, pack, unpack, yes
from tests.matching import drawn_emblems
from verify import image
from verify.errors import Refused
from verify.matching import emblems
from verify.matching.emblems import sighting

SIZES = (32, 48, 64, 96)
LARGEST = 640  # pixels of a room's longer side
ALSO = {("emblems/photos/2399621710.jpg", "Google")}  # a wall of brands, labelled with another: no trial of absence
RIGHT = {"48 px": "90 %", "96 px": "98 %", "brands": "60 %"}  # what is wanted
WRONG = {"brands": "at most 1 %", "hung": "0 in 1,000"}


def places(
    picture: image.Image, reference: image.Image, middle: np.ndarray | None = None, size: float = 1
) -> list[dict]:
    """What was measured at every place proposed; `off` from `middle`, in sizes."""
    try:
        found = emblems.sightings(picture, reference)
    except Refused:
        return []
    rows = []
    for seen in found:
        at = np.mean(seen.fit.outline, axis=0)
        off = 0.0 if middle is None else float(np.hypot(*(at - middle))) / size
        rows.append(sighting.measures(seen) | {"off": off})
    return rows


def brands(table: Path, half: str, rivals: int | None) -> Iterator[dict]:
    rows = [row for row in csv.DictReader(table.open()) if (table.parent / row["file"]).is_file()]
    labels = sorted({row["label"] for row in rows if row["role"] == "reference"})
    labels = {"fit": labels[::2], "test": labels[1::2]}.get(half, labels)
    none = [row for row in rows if row["role"] == "photo" and row["label"] == "none"]
    none = {"fit": none[::2], "test": none[1::2]}.get(half, none)
    load = {row["file"]: image.open(table.parent / row["file"]) for row in rows if row["role"] == "reference"}
    for photo in [row for row in rows if row["role"] == "photo" and row["label"] in labels] + none:
        picture = image.open(table.parent / photo["file"])
        others = [label for label in labels if label != photo["label"] and (photo["file"], label) not in ALSO]
        first = zlib.crc32(photo["file"].encode()) % len(others)
        asked = {photo["label"], *(others[first:] + others[:first])[:rivals]}
        for row in rows:
            if row["role"] == "reference" and row["label"] in asked:
                truth = row["label"] == photo["label"]
                told = {"set": "brands", "trial": [photo["file"], row["label"]], "truth": truth, "group": ["brands"]}
                yield told | {"places": places(picture, load[row["file"]])}


def hung(rooms: Path, half: str, trials: int, sizes: tuple[int, ...], skip: int = 0) -> Iterator[dict]:
    paths = sorted(path for path in rooms.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    paths, first = (paths[::2], 100) if half == "fit" else (paths[1::2], 6000)

    def room(rng: np.random.Generator) -> np.ndarray:
        opened = PIL.Image.open(paths[int(rng.integers(len(paths)))]).convert("RGB")
        opened.thumbnail((LARGEST, LARGEST))
        return np.asarray(opened)

    for n in range(skip, skip + trials * len(sizes)):
        size, look = sizes[n % len(sizes)], drawn_emblems.LOOKS[n // len(sizes) % 3]
        kind = ("crest", "logo")[n // len(sizes) // 3 % 2]
        rng = np.random.default_rng([first, n])
        drawing = drawn_emblems.emblem(first + n, kind)
        scene, corners = drawn_emblems.hung(room(rng), drawing, size, look, rng)
        picture = image.Image(drawn_emblems.png(scene), "scene.png")
        looked = [("", picture, drawing)] + [
            (name, picture, drawn) for name, drawn in drawn_emblems.rivals(first + n, kind)
        ]
        if n % 3 == 0:
            bare = drawn_emblems.developed(room(rng).astype(float), rng)
            looked.append(("no emblem", image.Image(drawn_emblems.png(bare), "bare.png"), drawing))
        for rival, where, drawn in looked:
            group = [f"{size} px", f"{size} px {look}"] if not rival else [rival, f"{rival}, {look}"]
            told = {"set": "hung", "trial": [n, rival], "truth": not rival, "group": group}
            reference = image.Image(drawn_emblems.png(drawn), "emblem.png")
            yield told | {"places": places(where, reference, corners.mean(axis=0), size)}


def interval(hits: int, of: int) -> str:
    """Share with its 95 % interval (Wilson 1927)."""
    if not of:
        return "no trials"
    share, z = hits / of, 1.96
    middle, width = share + z * z / 2 / of, z * np.sqrt(share * (1 - share) / of + z * z / 4 / of**2)
    low, high = (middle - width) / (1 + z * z / of), (middle + width) / (1 + z * z / of)
    return f"{hits} of {of} = {100 * share:.1f} % ({100 * max(0, low):.1f} to {100 * high:.1f})"


def report(rows: list[dict], yes: float) -> None:
    """Counts of yes beside the targets, with 95 % intervals."""
    trials: dict[tuple, list] = {}
    for row in rows:
        trial = trials.setdefault((row["set"], *map(str, row["trial"])), [row, -99.0, None])
        for place in row["places"]:
            large = row["set"] == "brands" or place["pixels"] >= TOO_SMALL or row["truth"]
            if large and sighting.score_of(place) > trial[1]:
                trial[1:] = sighting.score_of(place), place
    for name in ("brands", "hung"):
        ours = [trial for key, trial in trials.items() if key[0] == name]
        for group, members in _grouped(ours, truth=False):
            wrong = sum(t[1] >= yes and t[2]["pixels"] >= TOO_SMALL for t in members)
            print(
                f"{name}, {group}: yes where it is not {interval(wrong, len(members))}, target {WRONG[name]}; at any "
                f"size {sum(t[1] >= yes for t in members)}; highest {sorted(round(t[1], 2) for t in members)[-4:]}"
            )
        for group, members in _grouped(ours, truth=True):
            named = sum(t[1] >= yes and t[2]["pixels"] >= TOO_SMALL and t[2]["off"] <= NEAR for t in members)
            hint = sum(t[1] >= yes and t[2]["off"] <= NEAR for t in members)
            target = f", target {RIGHT[group]}" if group in RIGHT else ""
            print(f"{name}, {group}: named {interval(named, len(members))}{target}; or consistent but small {hint}")


def _grouped(trials: list[list], *, truth: bool) -> list[tuple[str, list]]:
    groups = defaultdict(list)
    for trial in trials:
        if trial[0]["truth"] is truth:
            for group in trial[0]["group"] if truth else {"all", *trial[0]["group"][:1]}:
                groups[group].append(trial)
    return sorted(groups.items())


def speed(rooms: Path) -> None:
    """CPU time of 20 references in a picture of 1600 pixels; set OMP_NUM_THREADS=1, or its threads are counted too."""
    path = sorted(rooms.rglob("*.jpg"))[0]
    room = PIL.Image.open(path).convert("RGB")
    room = room.resize((1600, round(1600 * room.height / room.width)), PIL.Image.Resampling.BICUBIC)
    references = [image.Image(drawn_emblems.png(drawn_emblems.emblem(n)), "emblem.png") for n in range(20)]
    picture = image.Image(drawn_emblems.png(np.asarray(room)), "room.png")
    start = time.process_time()
    emblems.sightings(picture, references[0])
    first = time.process_time() - start
    for reference in references[1:]:
        emblems.sightings(picture, reference)
    every = time.process_time() - start
    print(f"{path.name} {picture.size}: first reference {first:.2f} s, 20 references {every:.2f} s CPU, target 5 s")


def kept(paths: list[Path]) -> list[dict]:
    """The comparisons that earlier runs wrote."""
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("brands", "hung", "report", "fit", "speed"))
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--half", choices=("fit", "test", "all"), default="test")
    parser.add_argument("--keep", type=Path, default=Path("emblem.jsonl"))
    parser.add_argument("--trials", type=int, default=300, help="a size")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rivals", type=int, help="of a photograph; without it, all brands that are not in it")
    parser.add_argument("--skip", type=int, default=0, help="of hung: begin behind so many trials")
    parser.add_argument("--yes", type=float, default=emblems.YES)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    if asked.what == "speed":
        speed(asked.paths[0])
    elif asked.what in {"report", "fit"}:
        rows = kept(asked.paths)
        if asked.what == "report":
            report(rows, asked.yes)
        else:
            pack(rows, TABLE)
            print(*fit(unpack(TABLE)).items(), f"yes {yes(unpack(TABLE)):.2f}", sep="\n")
    else:
        told = (
            brands(asked.paths[0], asked.half, asked.rivals)
            if asked.what == "brands"
            else hung(asked.paths[0], asked.half, asked.trials, tuple(asked.sizes), asked.skip)
        )
        with asked.keep.open("w") as file:
            rows = []
            for row in told:
                rows.append(row)
                print(json.dumps(row), file=file, flush=True)
        report(rows, asked.yes)


if __name__ == "__main__":
    main()
