"""Finds whole flags of any layout: places that a glance proposes, and drawings laid there as cloth."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from verify.matching.flags.closer import places
from verify.matching.flags.cloth import Cloth, Shrunken, fit, flat, small
from verify.matching.flags.colour import Floats, nearest
from verify.matching.flags.designs import Bytes, Design
from verify.matching.flags.finer import Judge
from verify.matching.flags.glance import Net, Place
from verify.matching.flags.imagenet import flagpole

ALIKE = 0.03  # mean difference of a drawing from its mirror image below which they are one
SHARE = -4.6  # natural logarithm of a design's share at a place below which it is not tried there (1 in 100)
TRIED, LIKE = 5, 1  # designs tried at a place by their share, and by their colours as the place is
KIN_CELLS, KIN = (6, 4), 0.08  # drawings nearer than that in few cells are named together: a photograph of the United
#                               States' flag was Liberia's alone (distances 0.11 and 0.17), which are 0.054 apart
COARSE = (12, 8)  # cells in which colours are compared before a fit
FAINT = -1.0  # odds (natural logarithm), judged again, below which nothing is tried at a place
LOWEST = 30  # pixels of a cloth's height below which it is left out: flags from 40 pixels are sought, some lie aslant
RIVAL = 2.0  # natural logarithm: a larger place with another flag at odds less than that below a place's own makes it a
#              part. Among 290 composites a star of China's flag was Vietnam's, 8.7 to 7.3, and a corner of a flag of no
#              design Hong Kong's, 5.2 to 6.8; whole flags of six designs had 1 to 4 to their 6 to 13 (scenes kept for
#              measuring)
LARGER = 1.6  # times the area from which another place is a larger one, and not the same seen once more: chosen
FITTED = 40  # cloths fitted in a picture: a choice for time, 0.01 s each


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A drawing laid at a place."""

    place: Place
    design: int  # index among the designs searched
    mirrored: bool
    share: float  # natural logarithm of the design's share at the place, as the nets see it
    shared: float  # the same, of the design's and its kin's: those are named with it
    cloth: Cloth
    part: bool  # a larger place about it looks as much like another flag, of a design or of none
    flagpole: float  # as `imagenet.flagpole` sees the place


def laid(pixels: Bytes, designs: Sequence[Design], judge: Net, nets: Sequence[Judge]) -> Iterator[list[Laid]]:
    """For each place, the drawings that may lie there, each fitted as cloth; the likeliest place first."""
    column = {code: number for number, code in enumerate(judge.codes)}
    known = [column.get(design.code, -1) if design.against is None else -1 for design in designs]
    strangers = [number for number, at in enumerate(known) if at < 0]
    relatives = kin(tuple(designs))
    picture, left = Shrunken(pixels), FITTED
    proposed = places(pixels, judge, nets, strangers=bool(strangers))
    for ways in proposed:
        found: list[Laid] = []
        likely = [p for p in ways if max(p.odds, p.other if strangers else p.odds) >= FAINT]
        hoisted = flagpole(pixels, likely[0].corners) if likely else 0.0
        for place in likely:
            shares = np.array([place.logs[at] if at >= 0 else -np.inf for at in known])
            tried = [int(n) for n in np.argsort(-shares)[:TRIED] if shares[n] >= SHARE]
            likes = nearest(flat(picture, place.corners, COARSE)[None], _coarse(tuple(designs)))[0]
            twins = [twin for number in tried[:1] for twin in relatives[number]]
            tried = list(dict.fromkeys([*tried, *(int(n) for n in np.argsort(likes)[:LIKE]), *twins, *strangers]))
            larger = [_read(other, place.turn) for other in proposed]
            drawn = _drawn(designs, tried)[: max(left, 0)]
            left -= len(drawn)
            hung = [designs[n].drawing[:, ::-1] if mirrored else designs[n].drawing for n, mirrored in drawn]
            cloths = fit(picture, place.corners, [np.ascontiguousarray(each) for each in hung])
            for (number, mirrored), cloth in zip(drawn, cloths, strict=True):
                share, shared = (
                    (float(shares[number]), float(np.logaddexp.reduce(shares[list(relatives[number])])))
                    if known[number] >= 0
                    else (0.0, 0.0)
                )
                alike = {known[relative] for relative in relatives[number]}
                part = any(holds(other, place, alike) for other in larger)
                if cloth.height >= LOWEST:
                    found.append(Laid(place, number, mirrored, share, shared, cloth, part, hoisted))
        if found:
            yield found


def _drawn(designs: Sequence[Design], tried: Sequence[int]) -> list[tuple[int, bool]]:
    """The designs as drawn, and those mirrored whose mirror image is another drawing."""
    return [(n, mirrored) for n in tried for mirrored in (False, True) if not mirrored or _sided(designs[n].drawing)]


def _read(ways: Sequence[Place], turn: int) -> Place:
    """A place as it is likeliest to hang; where that is no known flag, rather as it is seen in this turn.

    Seen turned, any flag is one of no known design.
    """
    return ways[0] if ways[0].odds >= 0 else next((each for each in ways if each.turn == turn), ways[0])


def holds(larger: Place, place: Place, alike: Collection[int]) -> bool:
    """Whether the place lies in a larger one that looks like a flag, of no design `alike` (the net's numbers)."""
    low, high = larger.corners.min(axis=0), larger.corners.max(axis=0)
    middle = place.corners.mean(axis=0)
    extent = float(np.prod(np.ptp(place.corners, axis=0)))
    if (
        larger.other < place.odds - RIVAL
        or float(np.prod(high - low)) < LARGER * extent
        or not ((middle > low) & (middle < high)).all()
    ):
        return False
    return larger.odds < 0 or int(larger.logs.argmax()) not in alike


@cache
def kin(designs: tuple[Design, ...]) -> tuple[tuple[int, ...], ...]:
    """For each design, itself and those that folds and few pixels make it: Liberia's for the United States'."""
    cells = np.stack([small(design.drawing, KIN_CELLS) for design in designs])
    apart = nearest(cells, cells)
    np.fill_diagonal(apart, 0)
    return tuple(tuple(int(n) for n in np.flatnonzero(row < KIN)) for row in np.minimum(apart, apart.T))


@cache
def _coarse(designs: tuple[Design, ...]) -> Floats:
    """Drawings in few cells [designs x N x 3]."""
    return np.stack([small(design.drawing, COARSE) for design in designs])


def _sided(drawing: Bytes) -> bool:
    """Whether the drawing differs from its mirror image."""
    cells = np.asarray(cv2.resize(drawing, (18, 12), interpolation=cv2.INTER_AREA), np.float32) / 255
    return float(np.abs(cells - cells[:, ::-1]).mean()) > ALIKE
