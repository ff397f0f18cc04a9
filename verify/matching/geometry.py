"""Which rigid world could have made the matches: homography, fundamental matrix and affine map, with their errors."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from verify.matching.features import Array
from verify.matching.matches import Matches
from verify.matching.nfa import Chance, log10_nfa

H_PIXELS = (
    3.0  # working pixels: search threshold of MAGSAC++; the a-contrario score chooses its own precision afterwards
)
F_PIXELS = 2.0
FLOOR = 0.2  # working pixels: no localisation is better than this, so no error is believed to be smaller
CEILING = 6.0  # working pixels: a looser agreement is that of similar layouts (two corridors), not of one surface
SPOT = 0.03  # of the longer side: about the size of a socket or a door plate in a view of a room
PLANES = 3  # floor and two walls
TRIALS = 10_000  # of the robust estimators


@dataclass(frozen=True, slots=True)
class Model:
    """A geometric model, the matches that agree with it, and how surprising that is.

    `kind` is homography, fundamental, affine or similarity; `matrix` maps (or, fundamental, relates) working pixels of
    a to b; `inliers` is a mask [N] over the matches; `log10_nfa` the expected number of so good models among random
    matches.
    """

    kind: str
    matrix: Array
    inliers: Array
    log10_nfa: float
    precision: float  # working pixels of the worst inlier

    @property
    def count(self) -> int:
        """How many matches agree."""
        return int(self.inliers.sum())


def homography(found: Matches, threshold: float = H_PIXELS) -> Model | None:
    """The best plane-to-plane map, or None where there is none that a camera could have made.

    MAGSAC++ (Barath et al. 2020) finds it, with a fixed seed; the a-contrario score decides how many matches it holds.
    """
    if len(found) < 5:
        return None
    matrix, _ = cv2.findHomography(found.a, found.b, cv2.USAC_MAGSAC, threshold, maxIters=TRIALS, confidence=0.9999)
    if matrix is None or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-9:
        return None
    return scored("homography", matrix, found)


def fundamental(found: Matches, threshold: float = F_PIXELS) -> Model | None:
    """The best epipolar geometry, or None."""
    if len(found) < 8:
        return None
    matrix, _ = cv2.findFundamentalMat(found.a, found.b, cv2.USAC_MAGSAC, threshold, 0.9999, TRIALS)
    if matrix is None or matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        return None
    return scored("fundamental", matrix, found)


def affine(found: Matches, threshold: float = H_PIXELS) -> Model | None:
    """The best affine map (3 x 3), or None."""
    if len(found) < 4:
        return None
    matrix, _ = cv2.estimateAffine2D(
        found.a, found.b, method=cv2.USAC_MAGSAC, ransacReprojThreshold=threshold, maxIters=TRIALS, confidence=0.9999
    )
    if matrix is None or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:, :2])) < 1e-9:
        return None
    return scored("affine", np.vstack((matrix, (0.0, 0.0, 1.0))), found)


def similarity(found: Matches, slack: float) -> Model | None:
    """The best map (3 x 3) that keeps angles, held to `slack` working pixels, or None."""
    if len(found) < 3:
        return None
    matrix, _ = cv2.estimateAffinePartial2D(
        found.a, found.b, method=cv2.RANSAC, ransacReprojThreshold=slack / 2, maxIters=3000
    )
    if matrix is None or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:, :2])) < 1e-9:
        return None
    return scored("similarity", np.vstack((matrix, (0.0, 0.0, 1.0))), found, slack)


CHANCE = {
    "homography": Chance(4, 1),
    "fundamental": Chance(7, 3),
    "affine": Chance(3, 1),
    "similarity": Chance(2, 1),
}


def scored(kind: str, matrix: Array, found: Matches, ceiling: float = CEILING) -> Model:
    """A given model with the matches that agree with it, by the a-contrario score of `found`."""
    chances, errors = _chances(kind, matrix, found, ceiling)
    value, inliers = log10_nfa(chances, CHANCE[kind])
    return Model(kind, matrix, inliers, value, float(errors[inliers].max(initial=0.0)))


def spread(model: Model, found: Matches) -> tuple[float, int]:
    """The a-contrario score with all matches of one spot counted as one, and how many spots agree.

    A spot is a square of SPOT of the longer side, in whichever picture that makes the score weaker. A plaque of the
    same drawing, moved to another wall, brings a hundred matches and a few spots.
    """
    chances, _ = _chances(model.kind, model.matrix, found)
    scores = []
    for points, size in ((found.a, found.size_a), (found.b, found.size_b)):
        cell = np.floor(points / (SPOT * max(size))).astype(np.int64)
        _, spot, crowd = np.unique(cell, axis=0, return_inverse=True, return_counts=True)
        best = np.ones(len(crowd))
        np.minimum.at(best, spot.ravel(), chances)
        best = np.where(best < 1.0, np.minimum(1.0, best * crowd), 1.0)
        value, agreeing = log10_nfa(best, CHANCE[model.kind])
        scores.append((value, int(agreeing.sum())))
    return max(scores)


def planes(found: Matches, most: int = PLANES, enough: float = -3.0) -> list[tuple[Model, Matches]]:
    """Homographies one after the other, each among the matches that the earlier ones leave, with those matches."""
    result: list[tuple[Model, Matches]] = []
    rest = found
    while len(result) < most and (model := homography(rest)) and model.log10_nfa <= enough:
        result.append((model, rest))
        rest = rest.where(~model.inliers)
    return result


def _chances(kind: str, matrix: Array, found: Matches, ceiling: float = CEILING) -> tuple[Array, Array]:
    """For each match the chance that a random one would agree as well, 1 above the ceiling, and its error in pixels."""
    if kind == "fundamental":
        errors = epipolar_errors(matrix, found.a, found.b)
        chances = np.column_stack([_line_chance(e, size) for e, size in zip(errors, _sizes(found), strict=True)])
    else:
        errors = transfer_errors(matrix, found.a, found.b)
        chances = np.column_stack([_disc_chance(e, size) for e, size in zip(errors, _sizes(found), strict=True)])
    worst = np.maximum(*errors)
    return np.where(worst > ceiling, 1.0, chances.max(axis=1)), worst


def transfer_errors(matrix: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Distance of H⁻¹b from a, and of Ha from b, in working pixels; infinite behind the camera."""
    return np.linalg.norm(apply(np.linalg.inv(matrix), b) - a, axis=1), np.linalg.norm(apply(matrix, a) - b, axis=1)


def epipolar_errors(matrix: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Distance of a from the epipolar line of b, and of b from that of a, in working pixels."""
    return _line_distance(b @ matrix[:2] + matrix[2], a), _line_distance(a @ matrix[:, :2].T + matrix[:, 2], b)


def _line_distance(lines: Array, points: Array) -> Array:
    along = np.abs((lines[:, :2] * points).sum(axis=1) + lines[:, 2])
    return np.asarray(along / np.maximum(np.hypot(lines[:, 0], lines[:, 1]), 1e-12))


def apply(matrix: Array, points: Array) -> Array:
    """Points [N x 2] through a homography [3 x 3]; those at or behind the horizon of the first one become infinite."""
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    depth = mapped[:, 2]
    side = np.sign(np.median(depth)) if len(depth) else 1.0
    visible = depth * side > 1e-9
    seen = mapped[:, :2] / np.where(visible, depth, 1.0)[:, None]
    return np.asarray(np.where(visible[:, None], seen, 1e9))


def _sizes(found: Matches) -> tuple[tuple[int, int], tuple[int, int]]:
    return found.size_a, found.size_b


def _disc_chance(errors: Array, size: tuple[int, int]) -> Array:
    """The chance that a random point of a picture falls as close to a given one."""
    return np.minimum(1.0, np.pi * np.maximum(errors, FLOOR) ** 2 / (size[0] * size[1]))


def _line_chance(errors: Array, size: tuple[int, int]) -> Array:
    """The chance that a random point of a picture falls as close to a given line, at most."""
    return np.asarray(np.minimum(1.0, 2 * np.hypot(*size) * np.maximum(errors, FLOOR) / (size[0] * size[1])))
