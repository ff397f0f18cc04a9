"""From a score to a likelihood ratio: a fit that holds for the population it was measured on, and says how well.

Class-balanced logistic regression (Brümmer & du Preez 2006). Scores of different rooms are nearly all nought, and a
plain fit would run away: one pair of each kind is added at the far end of the other kind's scores, as if the next pair
seen were the worst. Of one kind of pair, each population counts alike, so that many easy pairs do not decide what a
miss says. Bounded by the number of pairs it was checked on (after Vergeer et al. 2016).
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

import numpy as np

from verify.errors import Refused
from verify.matching.features import Array

FEWEST = 10  # pairs of each kind, in each fold: below it a fit says more than it knows


@dataclass(frozen=True, slots=True)
class Scored:
    """One pair of pictures with known truth: `pair` is a digest of the two, `same` the truth, `fold` fit or test."""

    pair: str
    same: bool
    score: float
    population: str
    fold: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """log10 LR = `offset` + `slope` · log10(1 + score), kept within `lower` and `upper`; checked on the test fold."""

    name: str
    population: str
    offset: float
    slope: float
    lower: float
    upper: float
    same: int  # pairs of the test fold
    other: int
    cllr: float

    def log10_lr(self, score: float) -> float:
        """The strength of a score. Above 0 it speaks for the same, below for another."""
        return float(np.clip(self.offset + self.slope * compress(np.array(score)), self.lower, self.upper))

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `of` reads back."""
        return asdict(self)

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Calibration:
        """The calibration that `to_json` wrote. Raises Refused."""
        try:
            return cls(**value)
        except TypeError as error:
            raise Refused("not a calibration; expected what `verify calibrate` writes") from error


def compress(scores: Array) -> Array:
    """log10(1 + |score|) with its sign: scores are exponents and grow without bound."""
    return np.asarray(np.sign(scores) * np.log10(1 + np.abs(scores)))


def shipped(name: str) -> Calibration:
    """A calibration of the package, by its name. Raises Refused."""
    file = resources.files("verify").joinpath("data", "calibration", f"{name.replace('/', '-')}.json")
    if not file.is_file():
        raise Refused(f"there is no calibration {name!r} in this package")
    return Calibration.of(json.loads(file.read_text(encoding="utf-8")))


def read_table(text: str) -> list[Scored]:
    """The rows of a score table (CSV: pair, same, score, population, fold). Raises Refused."""
    try:
        rows = csv.DictReader(io.StringIO(text))
        return [
            Scored(row["pair"], row["same"] == "1", float(row["score"]), row["population"], row["fold"]) for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("not a score table; expected CSV with pair, same, score, population and fold") from error


def write_table(rows: Sequence[Scored]) -> str:
    """The table that `read_table` reads, in the order of its pairs."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(["pair", "same", "score", "population", "fold"])
    for row in sorted(rows, key=lambda row: row.pair):
        table.writerow([row.pair, int(row.same), f"{row.score:g}", row.population, row.fold])
    return written.getvalue()


def fit(name: str, rows: Sequence[Scored]) -> Calibration:
    """Fit on the rows whose fold is `fit`, check and bound on those whose fold is `test`. Raises Refused."""
    sides = {fold: [row for row in rows if row.fold == fold] for fold in ("fit", "test")}
    for fold, side in sides.items():
        for truth, word in ((True, "same"), (False, "different")):
            if (count := sum(row.same is truth for row in side)) < FEWEST:
                raise Refused(f"{count} {word} pairs on the {fold} side; expected at least {FEWEST}")
    offset, slope = _logistic(*_arrays(_with_worst(sides["fit"])), _weights(_with_worst(sides["fit"])))
    scores, same = _arrays(sides["test"])
    known, others = int(same.sum()), int((~same).sum())
    lower, upper = -float(np.log10(known + 1)), float(np.log10(others + 1))
    ratios = np.clip(offset + slope * compress(scores), lower, upper)
    population = "; ".join(sorted({row.population for row in rows}))
    return Calibration(
        name,
        population,
        offset=round(offset, 6),
        slope=round(slope, 6),
        lower=round(lower, 6),
        upper=round(upper, 6),
        same=known,
        other=others,
        cllr=round(cllr(ratios[same], ratios[~same]), 4),
    )


def _arrays(rows: Sequence[Scored]) -> tuple[Array, Array]:
    return np.array([row.score for row in rows]), np.array([row.same for row in rows])


def _with_worst(rows: Sequence[Scored]) -> list[Scored]:
    """The rows, and one of each kind at the far end of the other kind's scores, of its largest population."""
    same, other = ([row for row in rows if row.same is truth] for truth in (True, False))
    best, least = max(row.score for row in same), min(row.score for row in other)
    return [
        *rows,
        Scored("", True, least, Counter(row.population for row in same).most_common(1)[0][0], "fit"),
        Scored("", False, best, Counter(row.population for row in other).most_common(1)[0][0], "fit"),
    ]


def _weights(rows: Sequence[Scored]) -> Array:
    """What each row counts [N]: both kinds alike, and within a kind each population; the mean is 1."""
    sizes = Counter((row.same, row.population) for row in rows)
    populations = Counter(same for same, _ in sizes)
    return np.array([len(rows) / 2 / populations[row.same] / sizes[row.same, row.population] for row in rows])


def _logistic(scores: Array, same: Array, weight: Array) -> tuple[float, float]:
    """Offset and slope of log10 LR over compressed scores."""
    design = np.column_stack((np.ones(len(scores)), compress(scores)))
    beta = np.zeros(2)
    for _ in range(200):
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -500, 500)))
        information = weight * chance * (1 - chance)
        hessian = design.T @ (information[:, None] * design) + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (weight * (same - chance)))
        beta += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-12:
            break
    return float(beta[0] / np.log(10)), float(beta[1] / np.log(10))


def cllr(same: Array, other: Array) -> float:
    """Cost of the log likelihood ratios in bits (Brümmer & du Preez 2006): 0 perfect, 1 as good as silence."""
    miss = np.log2(1 + 10.0 ** -np.asarray(same)).mean()
    false = np.log2(1 + 10.0 ** np.asarray(other)).mean()
    return float((miss + false) / 2)


def monotone(scores: Array, same: Array) -> tuple[Array, Array]:
    """Pool adjacent violators: sorted scores and the best non-decreasing log10 LR at each, classes weighted alike."""
    order = np.argsort(scores, kind="stable")
    truth = np.asarray(same)[order]
    weight = np.where(truth, 0.5 / truth.sum(), 0.5 / (~truth).sum())
    blocks: list[list[float]] = []  # weight of same, weight of all, rows
    for row, size in zip(truth, weight, strict=True):
        blocks.append([size * row, size, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [one + more for one, more in zip(blocks[-1], last, strict=True)]
    share = np.concatenate([np.full(int(rows), part / whole) for part, whole, rows in blocks])
    with np.errstate(divide="ignore"):
        return np.asarray(scores)[order], np.log10(share) - np.log10(1 - share)
