"""How often is an emblem named where it is, and where it is not? And what do the scores weigh?

    python -m tests.bench.bench_emblem brands    EMBLEMS.csv       --half test --keep brands.jsonl
    python -m tests.bench.bench_emblem hung      FOLDER_OF_ROOMS   --half test --keep hung.jsonl --trials 300
    python -m tests.bench.bench_emblem report    brands.jsonl hung.jsonl
    python -m tests.bench.bench_emblem fit       brands-fit.jsonl hung-fit.jsonl
    python -m tests.bench.bench_emblem speed     FOLDER_OF_ROOMS

`brands` compares every photograph with every reference of its half (brands by alphabet, photographs without a brand by
turns; neither brand nor photograph is in both halves). `hung` hangs drawn emblems into rooms (by turns, seeds below
5000 to fit, above to test) and looks for the right one and for another of the same kind. Both write what was measured,
one JSON line a comparison; `report` counts yes and prints 95 % intervals (Wilson), `fit` keeps the places in a table
beside this file and prints the weights to ship.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import time
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
TERMS = [term for term in sighting.PAINTED | sighting.RELIEF if term]
TABLE = Path(__file__).with_name("emblem_places.csv.gz")  # the fitting half
NEAR = 0.3  # of the emblem: a place this far from the truth is another place
HIGHEST = 1.2  # logits: what the highest wrong place of a fit is moved to, so that one threshold serves both
TOO_SMALL = 0.95 * 45  # pixels, as in the check


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
        rows.append(sighting.terms(seen) | {"pixels": seen.fit.size, "off": off})
    return rows


def brands(table: Path, half: str) -> Iterator[dict]:
    rows = [row for row in csv.DictReader(table.open()) if (table.parent / row["file"]).is_file()]
    labels = sorted({row["label"] for row in rows if row["role"] == "reference"})
    labels = {"fit": labels[::2], "test": labels[1::2]}.get(half, labels)
    none = [row for row in rows if row["role"] == "photo" and row["label"] == "none"]
    none = {"fit": none[::2], "test": none[1::2]}.get(half, none)
    load = {row["file"]: image.open(table.parent / row["file"]) for row in rows if row["role"] == "reference"}
    for photo in [row for row in rows if row["role"] == "photo" and row["label"] in labels] + none:
        picture = image.open(table.parent / photo["file"])
        for row in rows:
            if row["role"] == "reference" and row["label"] in labels:
                truth = row["label"] == photo["label"]
                told = {"set": "brands", "trial": [photo["file"], row["label"]], "truth": truth, "group": ["brands"]}
                yield told | {"places": places(picture, load[row["file"]])}


def hung(rooms: Path, half: str, trials: int, sizes: tuple[int, ...]) -> Iterator[dict]:
    paths = sorted(path for path in rooms.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    paths, first = (paths[::2], 100) if half == "fit" else (paths[1::2], 6000)
    for n in range(trials * len(sizes)):
        size, look = sizes[n % len(sizes)], drawn_emblems.LOOKS[n // len(sizes) % 3]
        kind = ("crest", "logo")[n // len(sizes) // 3 % 2]
        rng = np.random.default_rng([first, n])
        room = PIL.Image.open(paths[int(rng.integers(len(paths)))]).convert("RGB")
        room.thumbnail((LARGEST, LARGEST))
        scene, corners = drawn_emblems.hung(np.asarray(room), drawn_emblems.emblem(first + n, kind), size, look, rng)
        picture = image.Image(drawn_emblems.png(scene), "scene.png")
        for truth, seed in ((True, first + n), (False, first + n + 1000)):
            reference = image.Image(drawn_emblems.png(drawn_emblems.emblem(seed, kind)), "emblem.png")
            told = {"set": "hung", "trial": [n, seed], "truth": truth, "group": [f"{size} px", f"{size} px {look}"]}
            yield told | {"places": places(picture, reference, corners.mean(axis=0), size)}


def pack(rows: list[dict], path: Path) -> None:
    """Every place measured, one line each, pictures by digest of their name: what the shipped weights rest on."""
    with gzip.GzipFile(path, "wb", mtime=0) as packed, io.TextIOWrapper(packed, newline="") as text:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["set", "group", "trial", "truth", "pixels", "off", *TERMS])
        for row in rows:
            trial = hashlib.sha256(str(row["trial"]).encode()).hexdigest()[:8]
            for place in row["places"]:
                told = [row["set"], row["group"][-1], trial, int(row["truth"]), round(place["pixels"], 1)]
                table.writerow([*told, round(place["off"], 2), *(f"{place[term]:.3g}" for term in TERMS)])


def unpack(path: Path) -> list[dict]:
    """The trials that `pack` wrote."""
    trials: dict[tuple, dict] = {}
    with gzip.open(path, "rt", newline="") as text:
        for line in csv.DictReader(text):
            place = {term: float(line[term]) for term in ("pixels", "off", *TERMS)} | {"": 1.0}
            key = line["set"], line["group"], line["trial"], line["truth"] == "1"
            names = {"set": key[0], "group": [key[1]], "trial": [key[2]], "truth": key[3], "places": []}
            trials.setdefault(key, names)["places"].append(place)
    return list(trials.values())


def score(place: dict) -> float:
    return max(sum(weights[name] * place[name] for name in weights) for weights in (sighting.PAINTED, sighting.RELIEF))


def interval(hits: int, of: int) -> str:
    """Share with its 95 % interval (Wilson 1927)."""
    if not of:
        return "no trials"
    share, z = hits / of, 1.96
    middle, width = share + z * z / 2 / of, z * np.sqrt(share * (1 - share) / of + z * z / 4 / of**2)
    low, high = (middle - width) / (1 + z * z / of), (middle + width) / (1 + z * z / of)
    return f"{hits} of {of} = {100 * share:.1f} % ({100 * max(0, low):.1f} to {100 * high:.1f})"


def report(rows: list[dict], yes: float) -> None:
    trials: dict[tuple, list] = {}
    for row in rows:
        trial = trials.setdefault((row["set"], *map(str, row["trial"])), [row, -99.0, None])
        for place in row["places"]:
            if (row["set"] == "brands" or place["pixels"] >= TOO_SMALL or row["truth"]) and score(place) > trial[1]:
                trial[1:] = score(place), place
    for name in ("brands", "hung"):
        ours = [trial for key, trial in trials.items() if key[0] == name]
        without = [trial for trial in ours if not trial[0]["truth"]]
        if without:
            wrong = sum(t[1] >= yes and t[2]["pixels"] >= TOO_SMALL for t in without)
            print(
                f"{name}: yes where it is not: {interval(wrong, len(without))}; at any size: "
                f"{sum(t[1] >= yes for t in without)}; highest {sorted(round(t[1], 2) for t in without)[-5:]}"
            )
        groups = defaultdict(list)
        for trial in ours:
            for group in trial[0]["group"] if trial[0]["truth"] else []:
                groups[group].append(trial)
        for group, members in sorted(groups.items()):
            named = sum(t[1] >= yes and t[2]["pixels"] >= TOO_SMALL and t[2]["off"] <= NEAR for t in members)
            hint = sum(t[1] >= yes and t[2]["off"] <= NEAR for t in members)
            print(f"{name}, {group}: named {interval(named, len(members))}; or consistent but small {hint}")


def fit(rows: list[dict]) -> dict[str, dict[str, float]]:
    """Both fits, their constants moved so that the highest wrong place of either scores HIGHEST."""
    fits = {}
    for name, shipped, metal in (("PAINTED", sighting.PAINTED, False), ("RELIEF", sighting.RELIEF, True)):
        terms = [term for term in shipped if term]
        weights = fitted(rows, terms, lambda row, metal=metal: ("metal" in row["group"][-1]) is metal)
        wrong = [place for row in rows if not row["truth"] for place in row["places"] if place["pixels"] >= TOO_SMALL]
        highest = max(sum(weights[term] * place[term] for term in weights) for place in wrong)
        weights[""] = round(weights[""] + HIGHEST - highest, 2)
        fits[name] = weights
    return fits


def fitted(rows: list[dict], names: list[str], wanted: Callable[[dict], bool]) -> dict[str, float]:
    """Logistic weights. Of a photograph of a brand, the best place counts, and only where it looks right already."""

    def vector(place: dict) -> np.ndarray:
        return np.array([place[name] for name in names])

    right = [row for row in rows if row["set"] == "hung" and row["truth"] and wanted(row)]
    sure = [(vector(place), 1) for row in right for place in row["places"] if place["off"] <= NEAR]
    sure += [(vector(place), 0) for row in rows if not row["truth"] for place in row["places"]]
    brand: dict[tuple, list[np.ndarray]] = defaultdict(list)
    for row in rows:
        if row["set"] == "brands" and row["truth"]:
            brand[tuple(row["trial"])] += [vector(place) for place in row["places"]]
    chosen: list[tuple[np.ndarray, int]] = []
    for _ in range(8):
        used = sure + chosen
        x, y = np.array([terms for terms, _ in used]), np.array([truth for _, truth in used])
        weights, constant = logistic(x, y)
        best = [max(vectors, key=lambda v: v @ weights) for vectors in brand.values()]
        chosen = [(v, 1) for v in best if v @ weights + constant > 0.5]
    return {name: round(float(w), 2) for name, w in zip([*names, ""], [*weights, constant], strict=True)}


def logistic(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights and constant of a logistic regression with a unit ridge on standardised terms."""
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.column_stack([(x - mean) / spread, np.ones(len(x))])

    def loss(p: np.ndarray) -> tuple[float, np.ndarray]:
        t = z @ p
        ridge = np.append(p[:-1], 0.0)
        return np.logaddexp(0, np.where(y == 1, -t, t)).sum() + ridge @ ridge / 2, z.T @ (
            1 / (1 + np.exp(-t)) - y
        ) + ridge

    p = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B").x
    return p[:-1] / spread, float(p[-1] - (mean / spread * p[:-1]).sum())


def speed(rooms: Path) -> None:
    path = sorted(rooms.rglob("*.jpg"))[0]
    references = [image.Image(drawn_emblems.png(drawn_emblems.emblem(n)), "emblem.png") for n in range(20)]
    picture = image.open(path)
    start = time.process_time()
    emblems.sightings(picture, references[0])
    first = time.process_time() - start
    for reference in references[1:]:
        emblems.sightings(picture, reference)
    every = time.process_time() - start
    print(f"{path.name} {picture.size}: first reference {first:.2f} s, 20 references {every:.2f} s CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("brands", "hung", "report", "fit", "speed"))
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--half", choices=("fit", "test", "all"), default="test")
    parser.add_argument("--keep", type=Path, default=Path("emblem.jsonl"))
    parser.add_argument("--trials", type=int, default=300, help="a size")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
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
            brands(asked.paths[0], asked.half)
            if asked.what == "brands"
            else hung(asked.paths[0], asked.half, asked.trials, tuple(asked.sizes))
        )
        with asked.keep.open("w") as file:
            rows = []
            for row in told:
                rows.append(row)
                print(json.dumps(row), file=file, flush=True)
        report(rows, asked.yes)


if __name__ == "__main__":
    main()
