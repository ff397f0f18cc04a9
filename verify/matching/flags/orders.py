"""Order rivals: whether a design's bands, or the same colours in another order, lie closer to what is seen."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np

from verify.matching.flags.cloth import Shrunken, fit
from verify.matching.flags.colour import Floats
from verify.matching.flags.designs import SAME, Bands, Bytes, Design

MOST = 4  # colours whose orders are tried: a choice for time, 0.01 s an order and 24 orders of four
# Share of the whole that each band must have: two of the cells in which cloth is laid. In folds thin stripes lie on the
# next ones, and Liberia's in the other order
THINNEST = 1 / 8


def nearer(picture: Shrunken, corners: Floats, design: Design, *, mirrored: bool) -> float:
    """By how much the nearest other order of its colours lies closer than its own: distances as `Cloth.distance`.

    Below 0 where its own is nearest; minus infinity where it has no bands, thin ones, or more than MOST colours.
    Charges are left out of all. Corners [4 x 2] in pixels of the picture, clockwise from the drawing's top left.
    """
    drawn = orders(design.bands, design.drawing.shape[:2]) if design.bands else []
    if not drawn:
        return -np.inf
    own, *others = fit(picture, corners, [np.ascontiguousarray(d[:, ::-1]) if mirrored else d for d in drawn])
    return own.distance - min(other.distance for other in others)


def orders(bands: Bands, size: tuple[int, int]) -> list[Bytes]:
    """The bands as they are, then with their colours in every other order: sRGB bytes [size x 3]."""
    each = np.array(bands.colours)
    if min(bands.shares) < THINNEST * sum(bands.shares):
        return []
    alike = (np.abs(each[:, None] - each).max(axis=2) < SAME).argmax(axis=1)  # for each band, the first of its colour
    colours = sorted(set(alike.tolist()))
    if not 1 < len(colours) <= MOST:
        return []
    along = size[1] if bands.upright else size[0]
    ends = np.round(np.cumsum([0, *bands.shares]) / np.sum(bands.shares) * along).astype(int)
    found = []
    for order in permutations(colours):
        now = dict(zip(colours, order, strict=True))
        line = np.empty((along, 3), np.uint8)
        for (start, end), colour in zip(pairwise(ends), alike.tolist(), strict=True):
            line[start:end] = np.round(each[now[colour]] * 255)
        drawn = line[None] if bands.upright else line[:, None]
        found.append(np.ascontiguousarray(np.broadcast_to(drawn, (*size, 3))))
    return found
