"""Lays a drawing over a place in the picture as cloth: a mesh that bends until the colours agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from verify.matching.flags.bands import Bytes
from verify.matching.flags.colour import Floats, colour_word, each_gains, hazed, nearest
from verify.model import Point

CELLS = (24, 16)  # along the longer and the shorter side of the drawing
STAGES = (((12, 8), 14), (CELLS, 22))  # cells, and rounds: coarse ones first, in which stripes are one tint
KNOTS = (6, 4)  # of the mesh, the same way
PIXELS = 1.5  # of the shrunken picture to a cell
STIFF = (4.0, 0.05)  # weight of the mesh's bending at the first and the last round of a stage
# Weight of a knot's way from where the nets' corners put it, squared pixels: without it cloth shrinks along plain bands
# (to a ninth of its area in 1 of 20 flags; of 117 flags the outlines cover 0.59 of the true ones so, and 0.67 with it),
# and with ten times as much it does not follow folds (steps of colour agree to 0.59, 0.55, 0.43; part `chance`)
TIE = 0.003
SETTLED = 0.03  # pixels of it: a drawing whose knots all move less than that is left as it lies
STRIDE = 1.5  # pixels of the shrunken picture that a knot may move in a round
ALONG = 0.4  # weight of differences along a cell's own colour: folds shade cloth
OUTLIER = 0.15  # difference (sRGB, 0 to 1) beyond which a cell counts as covered by something
EDGE = 0.07  # colour step, of white, that shows an outer edge of the cloth
OWN = 0.06  # colour difference, of white, within which the surroundings have one of the cloth's colours
LARGE = 0.05  # share of the cells that a colour must have, its rims aside, to be missed
TOLD = 0.1  # sRGB difference (0 to 1) from the rest of the drawing that a colour must have to be missed
AWAY, FARTHER = 1.2, 3.0  # cells beyond the outline where an edge, and where the cloth's own colours are looked for
FAR = 9.0  # distance of a drawing of which too little is seen, or that no light makes so: findings hold finite numbers
COARSER = 1.15  # between the scales at which shrunken pictures are kept


class Level(NamedTuple):
    """A shrunken picture and its slopes."""

    pixels: Floats  # [H x W x 3] sRGB 0 to 1
    across: Floats
    down: Floats
    scale: float


class Mesh(NamedTuple):
    """Weights of the knots at places of the cloth [places x knots], and how knots begin and resist."""

    inside: Floats  # at cell centres
    rim: Floats  # on the outline, clockwise
    beyond: Floats  # a little outside of it
    farther: Floats  # more
    start: Floats  # [knots x 4] of the corners
    bend: Floats  # [knots x knots] energy of bending


@dataclass(frozen=True, slots=True, eq=False)
class Cloth:
    """A drawing fitted to a place."""

    distance: float  # of the cells' colours from the drawing's, as in `colour.distances`
    edge: float  # share of the outline in the picture where the surroundings differ from the cloth
    own: float  # share of the outline in the picture where the surroundings have a colour of the cloth
    steps: float  # correlation of the steps of colour between neighbouring cells with the drawing's
    least: float  # how much of its difference from the rest of the drawing is seen where a colour is drawn, at least
    faintest: str  # the word for that colour
    outline: tuple[Point, ...]  # picture pixels
    knots: Floats  # [K x 2] of the mesh, picture pixels
    lying: bool  # the drawing is at least as wide as high
    height: float  # pixels, mean of the two sides
    lean: float  # degrees by which its upper edge falls to the right


class Shrunken:
    """The picture at the scales that fits ask for, each made once."""

    def __init__(self, pixels: Bytes) -> None:
        self._pixels = pixels
        self._levels: dict[int, Level] = {}

    def at(self, scale: float) -> Level:
        """The level nearest to `scale`, at most the picture's own."""
        step = max(0, round(-np.log(min(scale, 1.0)) / np.log(COARSER)))
        if step not in self._levels:
            scale = COARSER**-step
            small = cv2.resize(self._pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            level = cv2.GaussianBlur(np.asarray(small, np.float32) / 255, (0, 0), 0.7)
            across, down = (cv2.Sobel(level, -1, *way, ksize=3, scale=0.125) for way in ((1, 0), (0, 1)))
            level, across, down = (np.asarray(part, np.float32) for part in (level, across, down))
            self._levels[step] = Level(level, across, down, scale)
        return self._levels[step]


def fit(picture: Shrunken, corners: Floats, drawings: Sequence[Bytes]) -> list[Cloth]:
    """Each drawing (sRGB bytes) laid over the corners [4 x 2] and bent to agree, in the order of the drawings.

    Corners in pixels of the picture, clockwise from the drawing's top left.
    """
    cloths: dict[int, Cloth] = {}
    for lying in (True, False):
        some = [number for number, drawing in enumerate(drawings) if (drawing.shape[1] >= drawing.shape[0]) is lying]
        if some:
            fitted = _fitted(picture, corners, [drawings[number] for number in some], lying=lying)
            cloths |= dict(zip(some, fitted, strict=True))
    return [cloths[number] for number in range(len(drawings))]


def _fitted(picture: Shrunken, corners: Floats, drawings: Sequence[Bytes], *, lying: bool) -> list[Cloth]:
    """Drawings that all lie, or all stand, fitted in step: one at a time most of the time goes into small products."""
    height = float(np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1])) / 2
    start = _mesh(CELLS if lying else CELLS[::-1]).start @ corners
    every = np.asarray(np.repeat(start[None], len(drawings), axis=0), np.float32)
    for cells, rounds in STAGES:
        size = cells if lying else cells[::-1]
        level, mesh = picture.at(size[1] * PIXELS / max(height, 1.0)), _mesh(size)
        drawn = np.stack([small(drawing, size) for drawing in drawings])
        every = _bent(level, every, start, np.asarray(hazed(drawn)[:, 1], np.float32), mesh, rounds)
    return [_cloth(level, mesh, knots, one, size, height) for knots, one in zip(every, drawn, strict=True)]


def _cloth(level: Level, mesh: Mesh, knots: Floats, drawn: Floats, size: tuple[int, int], height: float) -> Cloth:
    """What is measured of a drawing [N x 3] whose knots lie there (picture pixels)."""
    at = _on_level(knots, level.scale)
    seen, visible = _sampled(level.pixels, mesh.inside @ at)
    ends = mesh.rim @ knots
    far = FAR if visible.mean() < 0.6 else min(FAR, float(nearest(seen[None, visible], drawn[None, visible])[0, 0]))
    upper = ends[size[0] - 1] - ends[0]
    edge, own = _rim(level, mesh, at, seen)
    least, faintest = _least(seen, drawn, size)
    return Cloth(
        distance=far,
        edge=edge,
        own=own,
        steps=_steps(seen, drawn, size),
        least=least,
        faintest=faintest,
        outline=tuple((float(x), float(y)) for x, y in ends[::4]),
        knots=knots,
        lying=size[0] >= size[1],
        height=height,
        lean=float(np.degrees(np.arctan2(upper[1], upper[0]))),
    )


def sampled(pixels: Bytes, cloth: Cloth, places: Floats) -> Floats:
    """Colours of the picture at places of the cloth [N x 2] (0 to 1 across and down): [N x 3] sRGB, 0 to 1."""
    at = _weights(np.asarray(places, np.float64), KNOTS if cloth.lying else KNOTS[::-1]) @ cloth.knots - 0.5
    return _sampled(np.asarray(pixels, np.float32) / np.float32(255), np.asarray(at, np.float32))[0]


def flat(picture: Shrunken, corners: Floats, size: tuple[int, int]) -> Floats:
    """Colours of a place as it is, before any fit, in cells [N x 3] (sRGB, 0 to 1)."""
    height = float(np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1])) / 2
    level, mesh = picture.at(size[1] * PIXELS / max(height, 1.0)), _mesh(size)
    return _sampled(level.pixels, mesh.inside @ _on_level(np.asarray(mesh.start @ corners, np.float32), level.scale))[0]


def _bent(level: Level, every: Floats, start: Floats, targets: Floats, mesh: Mesh, rounds: int) -> Floats:
    """The knots [D x K x 2] (picture pixels) after rounds of agreeing with targets [D x N x 3], ever less stiff."""
    at, first, moving = _on_level(every, level.scale), _on_level(start, level.scale), np.arange(len(every))
    for turn in range(rounds):
        stiff = STIFF[0] * (STIFF[1] / STIFF[0]) ** (turn / (rounds - 1))
        step = _step(level, at[moving], first, targets[moving], mesh.inside, stiff * mesh.bend)
        at[moving] += step
        moving = moving[np.abs(step).max(axis=(1, 2)) >= SETTLED]
        if not len(moving):
            break
    return np.asarray((at + 0.5) / level.scale, np.float32)


def _steps(seen: Floats, drawn: Floats, size: tuple[int, int]) -> float:
    """Correlation of the steps between neighbouring cells, seen and drawn in the light that fits: -1 to 1."""
    lit = drawn * each_gains(seen[None], drawn[None])[0]
    grids = [cells.reshape(size[1], size[0], 3) for cells in (seen, lit)]
    one, two = (np.concatenate([np.diff(grid, axis=way).ravel() for way in (0, 1)]) for grid in grids)
    return float(one @ two / np.sqrt((one @ one) * (two @ two) + 1e-9))


def _least(seen: Floats, drawn: Floats, size: tuple[int, int]) -> tuple[float, str]:
    """How much of its difference from all other cells is seen in the cells of a colour, and that colour: the least.

    1: as drawn in the light that fits; 0: those cells are as the others. A canton of stripes alone has no blue. Only
    cells among their like count: in folds one stripe may lie on the next.
    """
    lit = drawn * each_gains(seen[None], drawn[None])[0]
    words = np.array([colour_word((float(r), float(g), float(b))) for r, g, b in drawn])
    found = [(1.0, "")]
    for word in sorted(set(words)):
        there = words == word
        among = cv2.erode(np.asarray(there, np.uint8).reshape(size[1], size[0]), np.ones((3, 3), np.uint8))
        here = among.ravel() > 0
        if here.mean() >= LARGE and not there.all():
            asked, got = (cells[here].mean(axis=0) - cells[~there].mean(axis=0) for cells in (lit, seen))
            if np.abs(asked).max() >= TOLD:
                found.append((float(asked @ got / (asked @ asked)), str(word)))
    return min(found)


def _on_level(places: Floats, scale: float) -> Floats:
    """Picture pixels to pixel centres of a level."""
    return np.asarray(places * scale - 0.5, np.float32)


def small(drawing: Bytes, size: tuple[int, int]) -> Floats:
    """A drawing in cells [N x 3], row by row (sRGB, 0 to 1)."""
    cells = cv2.resize(drawing, size, interpolation=cv2.INTER_AREA).reshape(-1, 3)
    return np.asarray(np.asarray(cells, np.float32) / 255, np.float32)


def _step(level: Level, knots: Floats, first: Floats, targets: Floats, inside: Floats, bend: Floats) -> Floats:
    """One Gauss-Newton step of each drawing's knots [D x K x 2] towards agreement, gains and shading taken out."""
    many, count = knots.shape[:2]
    places = (inside @ knots).reshape(-1, 2)
    flat, visible = _sampled(level.pixels, places)
    seen = flat.reshape(targets.shape)
    slopes = np.stack([_sampled(way, places)[0].reshape(seen.shape) for way in (level.across, level.down)], axis=3)
    predicted = targets * each_gains(seen, targets)[:, None]
    off = predicted - seen
    own = predicted / np.maximum(np.sqrt((predicted**2).sum(axis=2, keepdims=True)), 1e-6)
    off = off - (1 - ALONG) * own * (own * off).sum(axis=2, keepdims=True)
    slopes = slopes - (1 - ALONG) * own[..., None] * (own[..., None] * slopes).sum(axis=2, keepdims=True)
    weight = visible.reshape(many, -1) / (1 + (off**2).sum(axis=2) / OUTLIER**2)
    heavy = weight[..., None, None] * slopes  # [D x N x 3 x 2]
    push = (heavy * off[..., None]).sum(axis=2)
    normal = np.empty((many, count, 2, count, 2), np.float32)
    for one, two in ((0, 0), (0, 1), (1, 1)):
        square = (heavy[..., one] * slopes[..., two]).sum(axis=2)[..., None]
        normal[:, :, one, :, two] = normal[:, :, two, :, one] = inside.T @ (square * inside)
    for way in range(2):
        normal[:, :, way, :, way] += bend + (0.02 + TIE) * np.eye(count, dtype=np.float32)
    right = (inside.T @ push - bend @ knots - TIE * (knots - first)).reshape(many, -1, 1)
    step = np.linalg.solve(normal.reshape(many, 2 * count, 2 * count), right).reshape(knots.shape)
    return np.asarray(np.clip(step, -STRIDE, STRIDE), np.float32)


def _sampled(image: Floats, places: Floats) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Values at places [N x 2] (x, y), and which places lie in the picture."""
    x, y = np.asarray(places[:, 0], np.float32), np.asarray(places[:, 1], np.float32)
    values = cv2.remap(image, x[None], y[None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    height, width = image.shape[:2]
    return np.asarray(values, np.float32), (x > -1) & (y > -1) & (x < width) & (y < height)


def _rim(level: Level, mesh: Mesh, knots: Floats, seen: Floats) -> tuple[float, float]:
    """Shares of the outline: where the colour steps to the surroundings, and where those have the cloth's own colours.

    The second is that of stripes that go on: a part of a larger flag, a shirt, a wall of books. Both are 0 where the
    picture shows less than a third of the surroundings.
    """
    within, _ = _sampled(level.pixels, np.asarray((2 * mesh.rim - mesh.beyond) @ knots, np.float32))
    outside, visible = _sampled(level.pixels, mesh.beyond @ knots)
    if visible.sum() < 0.3 * len(visible):
        return 0.0, 0.0
    edge = float((np.abs(within - outside).max(axis=1) > EDGE)[visible].mean())
    outside, there = _sampled(level.pixels, mesh.farther @ knots)
    if there.sum() < 0.3 * len(there):
        return 0.0, 0.0
    off = np.abs(outside[there][:, None] - seen[None, ::3]).max(axis=2).min(axis=1)
    return edge, float((off < OWN).mean())


@cache
def _mesh(size: tuple[int, int]) -> Mesh:
    """The mesh over so many cells."""
    across, down = size
    knots = KNOTS if across >= down else KNOTS[::-1]
    u, v = np.meshgrid((np.arange(across) + 0.5) / across, (np.arange(down) + 0.5) / down)
    inside = _weights(np.stack([u.ravel(), v.ravel()], axis=1), knots)
    t, s = (np.arange(across) + 0.5) / across, (np.arange(down) + 0.5) / down
    sides = [(t, 0 * t), (0 * s + 1, s), (t[::-1], 0 * t + 1), (0 * s, s[::-1])]
    away = [(0, -1 / down), (1 / across, 0), (0, 1 / down), (-1 / across, 0)]
    rim = np.concatenate([np.stack(side, axis=1) for side in sides])
    beyond, farther = (
        np.concatenate(
            [np.stack(side, axis=1) + np.array(shift) * cells for side, shift in zip(sides, away, strict=True)]
        )
        for cells in (AWAY, FARTHER)
    )
    grid = np.meshgrid(np.linspace(0, 1, knots[0]), np.linspace(0, 1, knots[1]))
    a, b = grid[0].ravel(), grid[1].ravel()
    start = np.stack([(1 - a) * (1 - b), a * (1 - b), a * b, (1 - a) * b], axis=1)
    return Mesh(
        inside,
        _weights(rim, knots),
        _weights(beyond, knots),
        _weights(farther, knots),
        start.astype(np.float32),
        _bending(knots),
    )


def _weights(places: np.ndarray[tuple[int, int], np.dtype[np.float64]], knots: tuple[int, int]) -> Floats:
    """Bilinear weights [places x knots]; beyond the mesh its last cells are continued."""
    result = np.zeros((len(places), knots[0] * knots[1]), np.float32)
    scaled = places * (np.array(knots) - 1)
    cell = np.clip(np.floor(scaled).astype(int), 0, np.array(knots) - 2)
    part = scaled - cell
    for dx in (0, 1):
        for dy in (0, 1):
            share = (part[:, 0] if dx else 1 - part[:, 0]) * (part[:, 1] if dy else 1 - part[:, 1])
            result[np.arange(len(places)), (cell[:, 1] + dy) * knots[0] + cell[:, 0] + dx] += share
    return result


def _bending(knots: tuple[int, int]) -> Floats:
    """Sum of squared second differences along both directions, and a tenth of the squared twist, as a matrix."""
    wide, high = knots
    number = np.arange(wide * high).reshape(high, wide)
    rows: list[tuple[tuple[int, float], ...]] = []
    for line in (*number, *number.T):
        for a, b, c in zip(line, line[1:], line[2:], strict=False):
            rows.append(((a, 1.0), (b, -2.0), (c, 1.0)))
    for y in range(high - 1):
        for x in range(wide - 1):
            twist = (
                (number[y, x], 0.3),
                (number[y, x + 1], -0.3),
                (number[y + 1, x], -0.3),
                (number[y + 1, x + 1], 0.3),
            )
            rows.append(twist)
    matrix = np.zeros((len(rows), wide * high), np.float32)
    for k, row in enumerate(rows):
        for knot, value in row:
            matrix[k, knot] = value
    return np.asarray(matrix.T @ matrix, np.float32)
