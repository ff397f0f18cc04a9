"""Points and lines that a person paired by hand: what a rigid world makes of them, and if random clicks would do."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from verify.errors import Refused
from verify.matching.features import Array
from verify.matching.geometry import apply, epipolar_errors, transfer_errors
from verify.model import Answer, Finding, Pair, Portability

SHOWN = 60  # pairs kept in a finding and drawn
TRIALS = 999  # sets of random clicks: the smallest chance that can be told is one in a thousand
LOOSE = 0.05  # of the diagonal: how far rooms of one layout keep their doors and sockets from each other's places
FLAT = 0.02  # second over first extent of the clicks: below it they stand in one line
PLANE, SCENE = 5, 9  # pairs that leave a homography two, and a fundamental matrix two, degrees of freedom


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a person drew: upright pixels: `pairs` x, y, X, Y [N x 4], `lines` two ends in each picture [M x 8]."""

    pairs: Array
    lines: Array
    by: str

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Drawn:
        """From JSON: {"drawn_by", "pairs", "lines"}. Raises Refused."""
        if unknown := sorted(set(value) - {"drawn_by", "pairs", "lines"}):
            raise Refused(f"points: {unknown[0]!r} is not known; expected drawn_by, pairs and lines")
        try:
            pairs = np.array(value.get("pairs", []), np.float64).reshape(-1, 4)
            lines = np.array(value.get("lines", []), np.float64).reshape(-1, 8)
        except (TypeError, ValueError) as error:
            raise Refused("points: expected pairs of four numbers x, y, X, Y and lines of eight") from error
        if not (np.isfinite(pairs).all() and np.isfinite(lines).all()):
            raise Refused("points: a coordinate is not a finite number")
        return cls(pairs, lines, str(value.get("drawn_by", "")))


def read(text: str) -> dict[str, Any]:
    """A points file as the setting that the check takes: JSON, or CSV lines of four (pair) or eight (line) numbers.

    Raises Refused.
    """
    if text.lstrip().startswith("{"):
        try:
            value: dict[str, Any] = json.loads(text)
        except json.JSONDecodeError as error:
            raise Refused(f"points: not JSON ({error.msg}, line {error.lineno})") from error
    else:
        value = {"drawn_by": "", "pairs": [], "lines": []}
        for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
            if not row or row[0].startswith("#"):
                continue
            try:
                numbers = [float(cell) for cell in row]
            except ValueError as error:
                raise Refused(f"points: line {number} is not numbers") from error
            if len(numbers) not in {4, 8}:
                raise Refused(f"points: line {number} has {len(numbers)} numbers; expected 4 (a pair) or 8 (a line)")
            value["pairs" if len(numbers) == 4 else "lines"].append(numbers)
    Drawn.of(value)
    return value


@dataclass(frozen=True, slots=True)
class HandFit:
    """What came of drawn pairs: the model, its errors in upright pixels, and the chance of as good a fit at random.

    `residuals` [N] and `left_out` [N] (each pair predicted from all the others) are the larger of both directions.
    """

    kind: str  # homography or fundamental
    matrix: Array
    residuals: Array
    left_out: Array
    chance: float  # 1/1000 … 1: share of random click sets that fit as well, whichever kind of random is kinder
    area: float  # share of the smaller picture that the clicks span

    @property
    def rms(self) -> float:
        """Root mean square of the residuals, pixels."""
        return float(np.sqrt((self.residuals**2).mean()))


def judge(drawn: Drawn, size_a: tuple[int, int], size_b: tuple[int, int]) -> HandFit:
    """The better explained of one plane and, with enough pairs, one rigid scene. Raises Refused on unusable clicks."""
    _check(drawn, size_a, size_b)
    plane = _fit("homography", drawn, size_a, size_b)
    if len(drawn.pairs) < SCENE:
        return plane
    scene = _fit("fundamental", drawn, size_a, size_b)
    return min(plane, scene, key=lambda fit: (fit.chance, fit.rms))


def _check(drawn: Drawn, size_a: tuple[int, int], size_b: tuple[int, int]) -> None:
    count = len(drawn.pairs)
    if count + len(drawn.lines) < PLANE or count < 3:
        raise Refused(
            f"{count} pairs and {len(drawn.lines)} lines drawn; expected at least {PLANE}, three of them pairs"
        )
    for points, size, word in ((drawn.pairs[:, :2], size_a, "picture"), (drawn.pairs[:, 2:], size_b, "reference")):
        if (points < 0).any() or (points > np.array(size)).any():
            raise Refused(f"a drawn point lies outside the {word} of {size[0]} x {size[1]} pixels")
        extent = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
        if extent[0] < 1 or extent[1] / extent[0] < FLAT:
            raise Refused(f"the points drawn in the {word} stand in one line; expected them spread over a surface")


def _fit(kind: str, drawn: Drawn, size_a: tuple[int, int], size_b: tuple[int, int]) -> HandFit:
    solve, errors = MODELS[kind]
    matrix = solve(drawn.pairs, drawn.lines)
    left_out = [
        errors(solve(np.delete(drawn.pairs, row, axis=0), drawn.lines), drawn.pairs[row : row + 1])[0]
        for row in range(len(drawn.pairs))
    ]
    spans = [cv2.contourArea(cv2.convexHull(drawn.pairs[:, at].astype(np.float32))) for at in ([0, 1], [2, 3])]
    area = min(span / (size[0] * size[1]) for span, size in zip(spans, (size_a, size_b), strict=True))
    chance = _chance(kind, drawn, float(np.hypot(*size_b)))
    return HandFit(kind, matrix, errors(matrix, drawn.pairs), np.array(left_out), chance, area)


def _chance(kind: str, drawn: Drawn, diagonal: float) -> float:
    """How often clicks made without the thing in view fit as well.

    Two kinds: anywhere in the part of the reference that was clicked; and about the right place, as in another room of
    the same layout. The kinder one counts.
    """
    solve, errors = MODELS[kind]
    rng = np.random.default_rng(0)  # the same clicks give the same chance

    def rms(pairs: Array) -> float:
        return float(np.sqrt((errors(solve(pairs, drawn.lines), pairs) ** 2).mean()))

    observed = rms(drawn.pairs)
    low, high = drawn.pairs[:, 2:].min(axis=0), drawn.pairs[:, 2:].max(axis=0)
    shape = (TRIALS, len(drawn.pairs), 2)
    anywhere = rng.uniform(low, high, shape)
    nearby = drawn.pairs[:, 2:] + rng.normal(0, LOOSE * diagonal, shape)
    as_good = [
        sum(rms(np.hstack((drawn.pairs[:, :2], each))) <= observed for each in sets) for sets in (anywhere, nearby)
    ]
    return (1 + max(as_good)) / (1 + TRIALS)


def _homography(pairs: Array, lines: Array) -> Array:
    """Least squares over normalised points (Hartley & Zisserman 2004, alg. 4.2); ends of a line fall on its mate."""
    first, second = _normal(pairs[:, :2]), _normal(pairs[:, 2:])
    a, b = apply(first, pairs[:, :2]), apply(second, pairs[:, 2:])
    one, none = np.ones(len(a)), np.zeros((len(a), 3))
    full = np.column_stack((a, one))
    rows = [np.hstack((full, none, -b[:, :1] * full)), np.hstack((none, full, -b[:, 1:] * full))]
    for line in lines:
        ends = np.column_stack((apply(first, line[:4].reshape(2, 2)), np.ones(2)))
        mate = np.column_stack((apply(second, line[4:].reshape(2, 2)), np.ones(2)))
        across = np.cross(*mate)
        across /= max(float(np.hypot(*across[:2])), 1e-12)
        rows.append(np.hstack([factor * ends for factor in across]))
    solution = np.linalg.svd(np.vstack(rows))[2][-1].reshape(3, 3)
    return np.asarray(np.linalg.inv(second) @ solution @ first)


def _fundamental(pairs: Array, _: Array) -> Array:
    """The normalised eight-point algorithm (Hartley 1997)."""
    first, second = _normal(pairs[:, :2]), _normal(pairs[:, 2:])
    a = np.column_stack((apply(first, pairs[:, :2]), np.ones(len(pairs))))
    b = np.column_stack((apply(second, pairs[:, 2:]), np.ones(len(pairs))))
    rows = (b[:, :, None] * a[:, None, :]).reshape(len(pairs), 9)
    left, values, right = np.linalg.svd(np.linalg.svd(rows)[2][-1].reshape(3, 3))
    flat = left @ np.diag([values[0], values[1], 0.0]) @ right
    return np.asarray(second.T @ flat @ first)


def _normal(points: Array) -> Array:
    """The map that centres points and makes them about one unit large."""
    centre = points.mean(axis=0)
    scale = np.sqrt(2) / max(float(np.linalg.norm(points - centre, axis=1).mean()), 1e-9)
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1.0]])


def _plane_errors(matrix: Array, pairs: Array) -> Array:
    if abs(np.linalg.det(matrix)) < 1e-15:
        return np.full(len(pairs), 1e9)
    return np.asarray(np.maximum(*transfer_errors(matrix, pairs[:, :2], pairs[:, 2:])))


def _scene_errors(matrix: Array, pairs: Array) -> Array:
    return np.asarray(np.maximum(*epipolar_errors(matrix, pairs[:, :2], pairs[:, 2:])))


MODELS: dict[str, tuple[Callable[[Array, Array], Array], Callable[[Array, Array], Array]]] = {
    "homography": (_homography, _plane_errors),
    "fundamental": (_fundamental, _scene_errors),
}


def registered(pixels: Array, matrix: Array, size: tuple[int, int]) -> Array:
    """The picture (RGB) laid over the reference of `size` by its homography: with it, the pair to blink between."""
    return np.asarray(cv2.warpPerspective(pixels, matrix, size))


def told(drawn: Drawn, fit: HandFit, longest: int, error: float, limits: str) -> Finding:
    """What a person's pairs say; the person is named on the record, and the picture decides by residuals alone."""
    by = drawn.by or "a person"
    allowed = error * longest
    good = fit.rms <= allowed and fit.chance <= 0.001
    yes = good and fit.area >= 0.02
    model = "one plane" if fit.kind == "homography" else "one rigid scene"
    counted = (
        f"{len(drawn.pairs)} pairs and {len(drawn.lines)} lines drawn by {by} fit {model} to {fit.rms:.1f} pixels; "
        f"of random clicks, {'fewer than 1 in 1,000' if fit.chance <= 0.001 else f'{fit.chance:.1%}'} fit as well"
    )
    because = f"{counted}." if yes else f"Not shown to be the same surface: {counted}."
    if good and not yes:
        because = (
            f"The same thing, but all pairs lie on {fit.area:.1%} of the picture, and it may be portable: {counted}."
        )
    measured: dict[str, Any] = {"drawn_by": by, "pairs": len(drawn.pairs), "lines": len(drawn.lines), "model": fit.kind}
    measured |= {"rms_pixels": round(fit.rms, 2), "allowed_pixels": round(allowed, 2), "chance": fit.chance}
    measured |= {"residuals_pixels": [round(float(r), 2) for r in fit.residuals], "area_share": round(fit.area, 4)}
    measured |= {"left_out_pixels": [round(min(float(r), 1e6), 2) for r in fit.left_out]}
    measured |= {"homography": fit.matrix.tolist() if fit.kind == "homography" else None}
    return Finding(
        Answer.YES if yes else Answer.UNCLEAR,
        because,
        measured=measured,
        pairs=tuple(Pair((x, y), (u, v)) for x, y, u, v in np.round(drawn.pairs[:SHOWN], 1).tolist()),
        score=round(min(1e6, 1 / max(fit.rms / longest, 1e-6)), 3) if good else 0.0,
        level="same surface" if yes else "same design" if good else "undetermined",
        portability=Portability.FIXED if yes else None,
        limits="Pairs drawn by a person: another person should draw them again without seeing these. " + limits,
    )
