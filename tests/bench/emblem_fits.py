"""What the scores of emblems weigh: three logistic fits over a table of places.

`bench_emblem fit` keeps the table beside this file and prints the weights and the `yes` to ship. The shipped table is
one run over the fitting half: `hung` with 160 trials of each of 48 and 96 pixels (1,191 comparisons), `brands` with one
rival a photograph (624), and `fit` of the two.
"""

import csv
import gzip
import hashlib
import io
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from tests.matching import drawn_emblems
from verify.matching.emblems import sighting

TABLE = Path(__file__).with_name("emblem_places.csv.gz")  # the fitting half
NEAR = 0.3  # of the emblem: a place this far from the truth is another place
RIDGE = 5.0  # the kinds are all but separable: keeps weights, and so margins, moderate; of 5 and 20, fitted on one half
# of the table and asked of the other, 5 found more at as few wrong
HIGHEST = 0.2  # logits: what the RANK-th highest wrong trial of a fit is moved to: one threshold serves all three
RANK = 3  # the two above it are what objections are for; of 1, 3 and 6, asked of the other half, 1 lost 5 of 100 at 48
# pixels and 6 let one of 747 near a yes
TOO_SMALL = 0.95 * 45  # pixels, as in the check
TAIL = 10  # highest wrong trials, whose mean excess over the next one is that of an exponential tail
ONE_IN = 5_000  # others that one passes `yes`: 1,000 have none four times in five


def pack(rows: list[dict], path: Path) -> None:
    """Every place measured, one line each, pictures by digest of their name: what the shipped weights rest on."""
    names = [name for name in rows[0]["places"][0] if name != "off"]
    with gzip.GzipFile(path, "wb", mtime=0) as packed, io.TextIOWrapper(packed, newline="") as text:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["set", "group", "trial", "truth", "off", *names])
        for row in rows:
            scene, asked = (hashlib.sha256(str(name).encode()).hexdigest()[:8] for name in row["trial"])
            for place in row["places"]:
                told = [row["set"], row["group"][-1], scene + asked, int(row["truth"]), round(place["off"], 2)]
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


def fit(rows: list[dict]) -> dict[str, dict[str, float]]:
    """The three fits, their constants moved so that the RANK-th highest wrong trial of each scores HIGHEST.

    Places in other colours are no yes anyway. Cousins are left out: their charges are the emblem's own, and as wrong
    places they would take a tenth of the right ones of 48 px with them.
    """
    fits, rows = {}, [row for row in rows if not row["group"][0].startswith(drawn_emblems.COUSIN)]
    for row in rows:
        row["terms"] = [sighting.terms(place) for place in row["places"]]
    for name, shipped in sighting.WAYS.items():
        terms = [term for term in shipped if term]
        weights = fitted(rows, terms, lambda row, metal=name == "relief": ("metal" in row["group"][-1]) is metal)
        wrong = sorted(_highest(row, weights) for row in rows if not row["truth"])
        weights[""] = round(weights[""] + HIGHEST - wrong[-RANK], 2)
        fits[name] = weights
    return fits


def _highest(row: dict, weights: dict[str, float]) -> float:
    """The highest score of a trial's places that are large enough and not in other colours."""
    scores = (
        sum(weights[term] * terms[term] for term in weights)
        for place, terms in zip(row["places"], row["terms"], strict=True)
        if place["pixels"] >= TOO_SMALL and place["other colours"] <= sighting.OTHER
    )
    return max(scores, default=-np.inf)


def yes(rows: list[dict]) -> float:
    """The score that one other in ONE_IN passes: by the tail of the highest wrong trials, cross-fitted.

    Each half of the scenes is scored by the weights of the other. Places that something speaks against do not count:
    they are no yes whatever their score.
    """
    halves = [[row for row in rows if int(row["trial"][0][:8], 16) % 2 == half] for half in (0, 1)]
    wrong = [
        most(row, fits)
        for fits, asked in zip(map(fit, halves), reversed(halves), strict=True)
        for row in asked
        if not row["truth"] and not row["group"][0].startswith(drawn_emblems.COUSIN)
    ]
    *highest, threshold = sorted(wrong)[: -TAIL - 2 : -1]
    return float(threshold + np.mean(np.subtract(highest, threshold)) * np.log(ONE_IN * TAIL / len(wrong)))


def most(row: dict, fits: dict[str, dict[str, float]]) -> float:
    """The highest score of a trial's places that are large enough and that nothing speaks against."""
    large = [place for place in row["places"] if place["pixels"] >= TOO_SMALL]
    told = [(sighting.terms(place), sighting.objections(place)) for place in large]
    scores = (sum(w * terms[t] for t, w in fits[way].items()) for terms, not_so in told for way in fits.keys() - not_so)
    return max(scores, default=-np.inf)


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
