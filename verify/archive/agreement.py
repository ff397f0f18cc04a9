"""What two aligned pictures have in common: which part agrees and which was added, removed or covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from verify.archive import geometry

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Luma = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.floating[Any]]
Box = tuple[int, int, int, int]  # x, y, width, height

SIDE = 160  # pixels of the longer side of the thumbnails that are compared: enough for one tenth of a picture
WINDOW = 7  # pixels; correlation is taken in such squares
TONE = 30.0  # grey levels between two flat places, once the tones of what agrees are matched
BAND = 0.22  # of the height; captions take up to a fifth
TEXTURE = 3.0  # standard deviation in grey levels from which a square shows something
FLAT, QUIET = 1.0, 20.0  # standard deviations between which a square shows texture and shade, no edge of a design
BLANK = 0.2  # standard deviation under which a square is one single tone, as only drawn or printed grounds are
TONES, NEAR_TONE = 3, 3  # so many greys, with neighbours up to so many levels away, make up most of a design
CORRELATED = 0.6  # of the squares' values; two unrelated squares reach it in under 1 of 50 (tuning half)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Shares between 0 and 1, measured where both pictures lie over each other.

    `agreeing` is the share of what shows something in the overlap that shows the same; `kept_a` and `kept_b` the part
    of all that each picture shows that was found again in the other; `covers_a` and `covers_b` the part of each
    picture's area that lies in the overlap; `squares` independent squares that agree. `differing` holds the places
    in `a` where the pictures show different things, as boxes x, y, width, height in thumbnail pixels of `a`;
    `block` is the largest share of the overlap that differs and fills a rectangle; `band` says
    that all that agrees is a narrow strip along an edge, as a caption is; `likeness` the median correlation
    where they agree, `sharp` the mean correlation of the overlap weighted by the texture that both show: flat places
    with noise and places that were covered count little in it, displaced edges count in full. `detail` is the share of
    the overlap in which texture and shade agree away from strong edges, where skies and the like (flat, but with
    grain) do not count at all; `quiet` the agreeing share of all such places away from strong edges; `tones` the share
    that three greys make up, in the picture where it is larger.
    """

    agreeing: float
    kept_a: float
    kept_b: float
    covers_a: float
    covers_b: float
    squares: int
    differing: tuple[Box, ...]
    block: float
    band: bool
    likeness: float
    sharp: float
    detail: float
    quiet: float
    tones: float


def agreement(a: Luma, b: Luma, matrix: Matrix) -> Agreement:
    """Compare thumbnails `a` and `b`; `matrix` takes pixels of `a` (already mirrored where need be) to pixels of `b`.

    The comparison is made in the pixels of the coarser of the two.
    """
    grow = geometry.growth(matrix, np.array([a.shape[1] / 2, a.shape[0] / 2]))
    if grow >= 1:
        other, seen = warp(b, np.linalg.inv(matrix), a.shape, 1 / grow)
        return _measure(a, other, seen, b, ours_is_a=True, scale=grow, matrix=matrix)
    other, seen = warp(a, matrix, b.shape, grow)
    return _measure(b, other, seen, a, ours_is_a=False, scale=1 / grow, matrix=np.linalg.inv(matrix))


def warp(source: Luma, matrix: Matrix, shape: tuple[int, ...], scale: float) -> tuple[Luma, Mask]:
    """`source` seen from the other picture's frame, and which pixels it covers; averaged first where it shrinks."""
    shrink = min(1.0, scale)
    if shrink < 0.8:
        size = (max(2, round(source.shape[1] * shrink)), max(2, round(source.shape[0] * shrink)))
        back = np.diag([source.shape[1] / size[0], source.shape[0] / size[1], 1.0])
        source, matrix = np.asarray(cv2.resize(source, size, interpolation=cv2.INTER_AREA), np.uint8), matrix @ back
    size = (shape[1], shape[0])
    seen = cv2.warpPerspective(np.full(source.shape, 255, np.uint8), matrix, size, flags=cv2.INTER_NEAREST)
    return np.asarray(cv2.warpPerspective(source, matrix, size, flags=cv2.INTER_LINEAR), np.uint8), seen > 0


def texture(picture: Luma) -> Mask:
    """Where a picture shows something."""
    return _deviation(picture.astype(np.float32)) > TEXTURE


def correlation(a: Luma, b: Luma) -> tuple[Floats, Floats, Floats]:
    """Normalised correlation in squares of `WINDOW` pixels, and both standard deviations."""
    x, y = a.astype(np.float32), b.astype(np.float32)
    deviation_x, deviation_y = _deviation(x), _deviation(y)
    covariance = _mean(x * y) - _mean(x) * _mean(y)
    return covariance / np.maximum(deviation_x * deviation_y, 1.0), deviation_x, deviation_y


def _measure(
    ours: Luma, other: Luma, seen: Mask, theirs: Luma, *, ours_is_a: bool, scale: float, matrix: Matrix
) -> Agreement:
    inside = _eroded(seen)
    ncc, deviation, other_deviation = correlation(ours, other)
    shows = inside & ((deviation > TEXTURE) | (other_deviation > TEXTURE))
    agrees = shows & (ncc > CORRELATED)
    shows |= inside & _other_tone(ours, other, agrees)
    differs = shows & ~agrees
    both = np.minimum(deviation, other_deviation)
    kept = agrees.sum() / max((deviation > TEXTURE).sum(), 1)
    theirs_in_ours = texture(theirs).sum() / scale**2  # their texture, counted in our pixels
    kept_other = agrees.sum() / max(theirs_in_ours, 1)
    covers, covers_other = seen.mean(), min(1.0, seen.sum() * scale**2 / theirs.size)
    boxes, block = _boxes(differs, inside)
    if not ours_is_a:
        boxes = tuple(_carried(box, matrix, theirs.shape) for box in boxes)
    quiet = inside & (both > FLAT) & (np.maximum(deviation, other_deviation) < QUIET)
    detail = quiet & (ncc > CORRELATED)
    ab = (kept, kept_other, covers, covers_other) if ours_is_a else (kept_other, kept, covers_other, covers)
    return Agreement(
        agreeing=float(agrees.sum() / max(shows.sum(), 1)),
        kept_a=min(1.0, float(ab[0])),
        kept_b=min(1.0, float(ab[1])),
        covers_a=float(ab[2]),
        covers_b=float(ab[3]),
        squares=int(agrees.sum() // WINDOW**2),
        differing=boxes,
        block=block,
        band=_band(agrees, seen),
        likeness=float(np.median(ncc[agrees])) if agrees.any() else 0.0,
        sharp=float((ncc * both)[shows].sum() / max(both[shows].sum(), 1e-6)),
        detail=float(detail.sum() / max((inside & ((both >= FLAT) | (both < BLANK))).sum(), 1)),
        quiet=float(detail.sum() / max(quiet.sum(), 1)),
        tones=max(_tones(ours[inside]), _tones(other[inside])),
    )


def _tones(values: Luma) -> float:
    """The share of the pixels that the commonest greys, `TONES` of them with their neighbours, make up."""
    counts = np.bincount(values, minlength=256).astype(np.float64)
    held = 0.0
    for _ in range(TONES):
        middle = int(np.convolve(counts, np.ones(2 * NEAR_TONE + 1), "same").argmax())
        near = slice(max(0, middle - NEAR_TONE), middle + NEAR_TONE + 1)
        held += counts[near].sum()
        counts[near] = 0
    return float(held / max(len(values), 1))


def _other_tone(ours: Luma, other: Luma, agrees: Mask) -> Mask:
    """Where the brightness differs, after the straight line that fits the places that agree."""
    x, y = _mean(other.astype(np.float32)), _mean(ours.astype(np.float32))
    there, here = x[agrees], y[agrees]
    if len(there) < WINDOW**2 or there.std() < TEXTURE:
        return np.zeros(ours.shape, bool)
    slope = ((there - there.mean()) * (here - here.mean())).mean() / there.var()
    return np.asarray(np.abs(slope * (x - there.mean()) + here.mean() - y) > TONE)


def _band(agrees: Mask, seen: Mask) -> bool:
    """Whether all but a fiftieth of what agrees lies within `BAND` of the overlap's height or width, at an edge."""
    for axis in (0, 1):
        frame = np.flatnonzero(seen.any(axis=1 - axis))
        share = np.cumsum(agrees.sum(axis=1 - axis)[frame]) / max(agrees.sum(), 1)
        strip = int(BAND * len(frame))
        if len(frame) > 1 and (share[strip] >= 0.98 or share[len(frame) - 1 - strip] <= 0.02):
            return True
    return False


def _boxes(differs: Mask, inside: Mask) -> tuple[tuple[Box, ...], float]:
    """The larger connected places that differ, and the share of the overlap in the largest that is a rectangle."""
    kernel = np.ones((5, 5), np.uint8)
    solid = cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, kernel)
    _, _, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    whole = max(int(inside.sum()), 1)
    found = sorted((s for s in stats[1:] if s[4] >= 0.004 * whole and s[4] >= WINDOW**2), key=lambda s: -s[4])[:8]
    filled = [s[4] / whole for s in found if s[4] >= 0.8 * s[2] * s[3]]
    return tuple((int(s[0]), int(s[1]), int(s[2]), int(s[3])) for s in found), float(max(filled, default=0.0))


def _carried(box: Box, matrix: Matrix, shape: tuple[int, ...]) -> Box:
    x, y, width, height = box
    corners = np.array([[[x, y], [x + width, y], [x + width, y + height], [x, y + height]]], np.float64)
    moved = cv2.perspectiveTransform(corners, matrix)[0]
    low = np.clip(moved.min(axis=0), 0, [shape[1], shape[0]])
    high = np.clip(moved.max(axis=0), 0, [shape[1], shape[0]])
    (x, y), (width, height) = np.rint(low).astype(int).tolist(), np.rint(high - low).astype(int).tolist()
    return x, y, width, height


def _deviation(x: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(_mean(x * x) - _mean(x) ** 2, 0)), np.float32)


def _mean(x: Floats) -> Floats:
    return np.asarray(cv2.blur(x, (WINDOW, WINDOW)), np.float32)


def _eroded(seen: Mask) -> Mask:
    """Without the rim where a square would look beyond the overlap; the frame's own edge is no rim."""
    return np.asarray(cv2.erode(seen.astype(np.uint8), np.ones((WINDOW, WINDOW), np.uint8)) > 0)
