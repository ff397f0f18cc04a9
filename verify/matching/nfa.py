"""How many so good agreements are expected among random matches: the a-contrario number of false alarms.

Moisan, Moulon & Monasse, "Automatic homographic registration of a pair of images, with a contrario elimination of
outliers", Image Processing On Line 2 (2012), formula 8. Uncalibrated: see `calibration`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from verify.matching.features import Array


@dataclass(frozen=True, slots=True)
class Chance:
    """What a model needs: `sample` matches define it, and give at most `outcomes` models."""

    sample: int
    outcomes: int


def log10_nfa(chances: Array, model: Chance) -> tuple[float, Array]:
    """log10 of the number of false alarms, and the mask [N] of the matches that attain it.

    `chances` [N]: for each match, the probability that a random one would agree with the model as well (0…1).
    The smaller the number the more surprising; the number of pictures compared multiplies it.
    """
    n, s = len(chances), model.sample
    if n <= s:
        return 0.0, np.zeros(n, bool)
    order = np.argsort(chances, kind="stable")
    k = np.arange(s + 1, n + 1)
    value = (
        np.log10(model.outcomes * (n - s))
        + _log10_choose(np.full(k.shape, n), k)
        + _log10_choose(k, np.full(k.shape, s))
        + (k - s) * np.log10(np.maximum(chances[order][s:], 1e-300))
    )
    value = np.where(chances[order][s:] < 1.0, value, 0.0)  # one that agrees with anything is no inlier
    best = int(value.argmin())
    if value[best] >= 0.0 and chances[order[k[best] - 1]] >= 1.0:
        return 0.0, np.zeros(n, bool)
    inliers = np.zeros(n, bool)
    inliers[order[: k[best]]] = True
    return float(value[best]), inliers


def _log10_choose(n: Array, k: Array) -> Array:
    return np.asarray((gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)) / np.log(10))
