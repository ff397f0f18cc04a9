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
import gzip
import hashlib
import io
import json
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from scipy.optimize import minimize

from tests.matching import drawn_emblems
from verify import image
from verify.errors import Refused
from verify.matching import emblems
from verify.matching.emblems import sighting

SIZES = (32, 48, 64, 96)
LARGEST = 640  # pixels of a room's longer side
TABLE = Path(__file__).with_name("emblem_places.csv.gz")  # the fitting half
NEAR = 0.3  # of the emblem: a place this far from the truth is another place
RIDGE = 5.0  # the kinds are all but separable: keeps weights, and so margins, moderate; of 5 and 20, fitted on one half
# of the table and asked of the other, 5 found more at as few wrong
HIGHEST = 0.2  # logits: what the highest wrong place of a fit is moved to, so that one threshold serves all three
TOO_SMALL = 0.95 * 45  # pixels, as in the check
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


def pack(rows: list[dict], path: Path) -> None:
    """Every place measured, one line each, pictures by digest of their name: what the shipped weights rest on."""
    names = [name for name in rows[0]["places"][0] if name != "off"]
    with gzip.GzipFile(path, "wb", mtime=0) as packed, io.TextIOWrapper(packed, newline="") as text:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["set", "group", "trial", "truth", "off", *names])
        for row in rows:
            trial = hashlib.sha256(str(row["trial"]).encode()).hexdigest()[:8]
            for place in row["places"]:
                told = [row["set"], row["group"][-1], trial, int(row["truth"]), round(place["off"], 2)]
                table.writerow([*told, *(f"{place[name]:.3g}" for name in names)])


def unpack(path: Path) -> list[dict]:
    """The trials that `pack` wrote."""
    trials: dict[tuple, dict] = {}
    with gzip.open(path, "rt", newline="") as text:
        for line in csv.DictReader(text):
            key = line.pop("set"), line.pop("group"), line.pop("trial"), line.pop("truth") == "1"
            names = {"set": key[0], "group": [key[1]], "trial": [key[2]], "truth": key[3], "places": []}
            trials.setdefault(key, names)["places"].append({name: float(value) for name, value in line.items()})
    return list(trials.values())


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


def fit(rows: list[dict]) -> dict[str, dict[str, float]]:
    """The three fits, their constants moved so that the highest wrong place of each scores HIGHEST.

    Places in other colours are no yes anyway. Cousins are left out: their charges are the emblem's own, and as wrong
    places they would take a tenth of the right ones of 48 px with them.
    """
    fits, rows = {}, [row for row in rows if not row["group"][0].startswith(drawn_emblems.COUSIN)]
    for row in rows:
        row["terms"] = [sighting.terms(place) for place in row["places"]]
    for name, shipped in sighting.WAYS.items():
        terms = [term for term in shipped if term]
        weights = fitted(rows, terms, lambda row, metal=name == "relief": ("metal" in row["group"][-1]) is metal)
        wrong = [
            sum(weights[term] * seen[term] for term in weights)
            for row in rows
            for place, seen in zip(row["places"], row["terms"], strict=True)
            if not row["truth"] and place["pixels"] >= TOO_SMALL and place["other colours"] <= sighting.OTHER
        ]
        weights[""] = round(weights[""] + HIGHEST - max(wrong), 2)
        fits[name] = weights
    return fits


def fitted(rows: list[dict], names: list[str], wanted: Callable[[dict], bool]) -> dict[str, float]:
    """Logistic weights. Where the emblem is, the place whose edges agree best counts; of a photograph of a brand, of
    which nobody has marked where it is, the best place, and only where it looks right already."""

    def vector(terms: dict) -> np.ndarray:
        return np.array([terms[name] for name in names])

    sure, brand = [], defaultdict(list)
    for row in rows:
        if not row["truth"]:
            sure += [(vector(terms), 0) for terms in row["terms"]]
        elif row["set"] == "brands":
            brand[tuple(row["trial"])] += [vector(terms) for terms in row["terms"]]
        elif wanted(row):
            both = [both for both in zip(row["places"], row["terms"], strict=True) if both[0]["off"] <= NEAR]
            sure += [(vector(max(both, key=lambda both: both[0]["edges"])[1]), 1)] if both else []
    chosen: list[tuple[np.ndarray, int]] = []
    for _ in range(8):
        used = sure + chosen
        x, y = np.array([terms for terms, _ in used]), np.array([truth for _, truth in used])
        weights, constant = logistic(x, y)
        best = [max(vectors, key=lambda v: v @ weights) for vectors in brand.values() if vectors]
        chosen = [(v, 1) for v in best if v @ weights + constant > 0.5]
    return {name: round(float(w), 2) for name, w in zip([*names, ""], [*weights, constant], strict=True)}


def logistic(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights of at least 0 and constant of a logistic regression with a ridge on standardised terms.

    No term of a likeness speaks against it: without the bound, what sisters lack would count for them.
    """
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.column_stack([(x - mean) / spread, np.ones(len(x))])

    def loss(p: np.ndarray) -> tuple[float, np.ndarray]:
        t = z @ p
        ridge = RIDGE * np.append(p[:-1], 0.0)
        return np.logaddexp(0, np.where(y == 1, -t, t)).sum() + ridge @ p / 2, z.T @ (1 / (1 + np.exp(-t)) - y) + ridge

    bounds = [(0, None)] * (z.shape[1] - 1) + [(None, None)]
    p = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return p[:-1] / spread, float(p[-1] - (mean / spread * p[:-1]).sum())


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
        rows = [json.loads(line) for path in asked.paths for line in path.read_text().splitlines()]
        if asked.what == "report":
            report(rows, asked.yes)
        else:
            pack(rows, TABLE)
            print(*fit(unpack(TABLE)).items(), sep="\n")
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
