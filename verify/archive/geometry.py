"""How one picture lies in another: one-to-one matches of local features and the transform that they agree on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.archive.features import Features

Floats = npt.NDArray[np.floating[Any]]

LEAST = 6  # matches that agree in position, turn and scale
SIMILAR = 0.72  # cosine of two codes of the same thing; unrelated nearest neighbours lie around 0.65
TURN = 25.0  # degrees by which a match's own turn may differ from the transform's
SCALE = 1.6  # factor by which a match's own scale may differ from the transform's
LOOSE, TIGHT = 0.06, 0.012  # distance of a match from the transform, as a share of the picture's longer side
GUESSES = 80  # matches that are tried as the whole picture's shift, turn and scale, the most alike first
# Features of each that are matched first; agreeing matches, and pixels that they bend, that need no more of them.
FIRST, ENOUGH, STRAIGHT = 350, 40, 0.07
STEADY = 0.15  # pixels that a match of the same pixels may well lie off the transform
BENT = 256, 5, 4.0, 0.7  # matches looked at, neighbours of each, pixels they are apart at least, pixels that count


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where `a` lies in `b`.

    `matrix` 3 x 3 takes work pixels of `a` (mirrored first where `mirrored`) to work pixels of `b`; `pairs` [N x 4]
    are the agreeing matches (x, y in `a` as it is, x, y in `b`). `tentative` counts the matches before geometry.
    `bend` says how far, in pixels of the coarser of the two, neighbouring matches lie off the transform together: the
    square root of their mean product. In a copy each is off by chance; depth, motion and another lens move them alike.
    """

    matrix: Floats
    mirrored: bool
    pairs: Floats
    tentative: int
    bend: float = 0.0

    @property
    def inliers(self) -> int:
        """Matches that agree on the transform, at most one from each spot."""
        return len(self.pairs)


def align(a: Features, b: Features, size_a: tuple[int, int], size_b: tuple[int, int]) -> Alignment | None:
    """The better of `a` as it is and `a` mirrored on `b`; None where fewer than `LEAST` matches agree."""
    found = [align_one(a, b, size_a, size_b, mirrored=mirrored) for mirrored in (False, True)]
    return max((f for f in found if f), key=lambda f: f.inliers, default=None)


def align_one(
    a: Features, b: Features, size_a: tuple[int, int], size_b: tuple[int, int], *, mirrored: bool
) -> Alignment | None:
    """The alignment of `a`, mirrored if so asked, with `b`; sizes are width and height of the work images."""
    turned = a.mirrored(size_a[0]) if mirrored else a
    found = _align(turned.first(FIRST), b.first(FIRST), size_b, mirrored=mirrored, least=ENOUGH)
    if not found or found.inliers < ENOUGH or found.bend > STRAIGHT:
        found = _align(turned, b, size_b, mirrored=mirrored) or found
    if found and mirrored:
        found.pairs[:, 0] = size_a[0] - 1 - found.pairs[:, 0]
    return found


def matches(a: Features, b: Features) -> npt.NDArray[np.intp]:
    """Mutual nearest neighbours [N x 2] that are alike, the most alike first."""
    if not len(a) or not len(b):
        return np.zeros((0, 2), np.intp)
    alike = a.codes.astype(np.float32) @ b.codes.astype(np.float32).T / np.float32(127**2)
    to_b = alike.argmax(axis=1)
    score = alike[np.arange(len(a)), to_b]
    rows = np.flatnonzero(score >= SIMILAR)
    rows = rows[alike[:, to_b[rows]].argmax(axis=0) == rows]
    kept = rows[np.argsort(-score[rows], kind="stable")]
    return np.stack([kept, to_b[kept]], axis=1)


def _align(
    a: Features, b: Features, size_b: tuple[int, int], *, mirrored: bool, least: int = LEAST
) -> Alignment | None:
    found = matches(a, b)
    if len(found) < least:
        return None
    i, j = found[:, 0], found[:, 1]
    p, q = a.points[i].astype(np.float64), b.points[j].astype(np.float64)
    turn = np.deg2rad(b.angles[j] - a.angles[i]).astype(np.float64)
    grow = np.log(b.sizes[j] / a.sizes[i]).astype(np.float64)
    matrix = None
    inside = _first_guess(p, q, turn, grow, LOOSE * max(size_b))
    for tolerance, projective in ((LOOSE, False), (LOOSE / 2, False), (TIGHT * 2, False), (TIGHT, True)):
        if inside.sum() < least:
            return None
        matrix = fit(p[inside], q[inside], projective=projective and inside.sum() >= 3 * LEAST)
        if matrix is None or not _sane(matrix, p[inside]):
            return None
        inside = _agree(matrix, p, q, turn, grow, tolerance * max(size_b))
    spots = _one_per_spot(p) & _one_per_spot(q)
    inside &= spots
    if matrix is None or inside.sum() < LEAST:
        return None
    p, q = p[inside], q[inside]
    matrix = _polished(matrix, p, q)
    return Alignment(matrix, mirrored, np.hstack([p, q]), len(found), _bend(matrix, p, q))


def _polished(matrix: Floats, p: Floats, q: Floats) -> Floats:
    """The transform fitted four times again, matches counting the less the further they lie off it."""
    solve = _fitter(p, q, projective=len(p) >= 3 * LEAST)
    grow = max(growth(matrix, p.mean(axis=0)), 1.0)
    better = matrix
    for _ in range(4):
        off = np.linalg.norm(apply(better, p) - q, axis=1) / grow
        middle = float(np.partition(off, len(off) // 2)[len(off) // 2])
        solved = solve(1 / (1 + (off / max(1.5 * middle, STEADY)) ** 2))
        if solved is None:
            return matrix
        better = solved
    return better if _sane(better, p) else matrix


def _bend(matrix: Floats, p: Floats, q: Floats) -> float:
    most, neighbours, apart, limit = BENT
    grow = growth(matrix, p.mean(axis=0))
    x, y = (p if grow >= 1 else q)[:most].T
    off = (apply(matrix, p[:most]) - q[:most]) / max(grow, 1.0)
    off *= np.minimum(1, limit / np.maximum(np.linalg.norm(off, axis=1, keepdims=True), 1e-9))
    distance = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    distance[distance < apart**2] = np.inf  # one corner found twice is off twice by the same
    near = np.argpartition(distance, neighbours - 1, axis=1)[:, :neighbours]
    together = (off[:, None] * off[near]).sum(axis=2)
    mean = float(together[np.isfinite(np.take_along_axis(distance, near, axis=1))].sum()) / together.size
    return float(np.sqrt(max(mean, 0.0)))


def growth(matrix: Floats, at: Floats) -> float:
    """Pixels of `b` per pixel of `a` along one side, at a point of `a`."""
    step = apply(matrix, at + np.array([[0, 0], [1, 0], [0, 1]]))
    return float(abs(np.linalg.det(np.array([step[1] - step[0], step[2] - step[0]]))) ** 0.5)


def _first_guess(p: Floats, q: Floats, turn: Floats, grow: Floats, tolerance: float) -> npt.NDArray[np.bool_]:
    """Every match alone gives a similarity (shift, turn, scale); the one that most others agree with."""
    first = slice(0, GUESSES)  # the most alike
    spin = np.exp(grow[first] + 1j * turn[first]).astype(np.complex64)[:, None]
    z, w = (p[:, 0] + 1j * p[:, 1]).astype(np.complex64), (q[:, 0] + 1j * q[:, 1]).astype(np.complex64)
    off = spin * (z - z[first, None]) - (w - w[first, None])
    turned = np.cos((turn - turn[first, None]).astype(np.float32)) > np.cos(np.deg2rad(TURN))
    scaled = np.abs((grow - grow[first, None]).astype(np.float32)) < np.log(SCALE)
    agree = (off.real**2 + off.imag**2 < tolerance**2) & turned & scaled
    return np.asarray(agree[agree.sum(axis=1).argmax()])


def _agree(matrix: Floats, p: Floats, q: Floats, turn: Floats, grow: Floats, tolerance: float) -> npt.NDArray[np.bool_]:
    """Which matches lie where the transform says, turned and scaled as it says."""
    off = np.linalg.norm(apply(matrix, p) - q, axis=1)
    jacobian = (apply(matrix, p + np.array([1, 0])) - apply(matrix, p)) @ [1, 1j]
    turned = np.abs(np.angle(np.exp(1j * turn) / (jacobian + 1e-12))) < np.deg2rad(TURN)
    scaled = np.abs(grow - np.log(np.abs(jacobian) + 1e-12)) < np.log(SCALE)
    return np.asarray((off < tolerance) & turned & scaled)


def _one_per_spot(p: Floats, spot: float = 3.0) -> npt.NDArray[np.bool_]:
    """Marks the first match in every spot of `spot` pixels: one corner found five times is one piece of evidence."""
    across, down = np.floor(p / spot).astype(np.int64).T
    _, first = np.unique(across * 2**32 + down, return_index=True)
    kept = np.zeros(len(p), bool)
    kept[first] = True
    return kept


def apply(matrix: Floats, points: Floats) -> Floats:
    """Points [N x 2] under a 3 x 3 homography."""
    homogeneous = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:])


def fit(p: Floats, q: Floats, *, projective: bool, weight: Floats | None = None) -> Floats | None:
    """Least-squares affinity, or homography (normalised DLT, Hartley and Zisserman 4.4); None where degenerate.

    `weight` [N] multiplies each match's errors.
    """
    return _fitter(p, q, projective=projective)(np.ones(len(p)) if weight is None else weight)


def _fitter(p: Floats, q: Floats, *, projective: bool) -> Callable[[Floats], Floats | None]:
    """`fit` of the same points under one weighting after another."""
    from_p, from_q = _normalise(p), _normalise(q)
    x, y = apply(from_p, p), apply(from_q, q)
    plain = np.hstack([x, np.ones((len(x), 1))])
    if projective:
        zero = np.zeros_like(plain)
        rows = np.block([[plain, zero, -y[:, :1] * plain], [zero, plain, -y[:, 1:] * plain]])

    def solve(weight: Floats) -> Floats | None:
        if projective:
            weighed = rows * np.tile(weight, 2)[:, None]
            inner = np.linalg.eigh(weighed.T @ weighed)[1][:, 0].reshape(3, 3)
        else:
            scale = weight[:, None]
            solution, _, rank, _ = np.linalg.lstsq(plain * scale, y * scale, rcond=1e-6)
            if rank < 3:
                return None
            inner = np.vstack([solution.T, [0, 0, 1]])
        matrix = np.linalg.inv(from_q) @ inner @ from_p
        return matrix / matrix[2, 2] if abs(matrix[2, 2]) > 1e-12 else None

    return solve


def _normalise(p: Floats) -> Floats:
    centre = p.mean(axis=0)
    scale = np.sqrt(2) / max(float(np.linalg.norm(p - centre, axis=1).mean()), 1e-9)
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1]])


def _sane(matrix: Floats, p: Floats) -> bool:
    """Keeps handedness, stretches by at most 2.2 between its axes, scales by 1/12 to 12, tilts little."""
    depth = p @ matrix[2, :2] + matrix[2, 2]
    if depth.min() <= 0.25 * depth.max():
        return False
    centre = p.mean(axis=0)
    step = apply(matrix, centre + np.array([[0, 0], [1, 0], [0, 1]]))
    linear = np.array([step[1] - step[0], step[2] - step[0]]).T
    large, small = np.linalg.svd(linear, compute_uv=False)
    return bool(np.linalg.det(linear) > 0 and small > 0 and large / small < 2.2 and 1 / 12 < large < 12)
