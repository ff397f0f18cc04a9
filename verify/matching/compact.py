"""What of a plane's agreement is left without its densest part: one thing hung on a wall is not the wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.matching import geometry
from verify.matching.agreement import shared
from verify.matching.detail import Edges, irregular_spots
from verify.matching.features import Array
from verify.matching.matches import Matches
from verify.matching.surface import INDIVIDUAL, Surface, Views

THING = 0.3  # of the longer side: a notice board or a poster in a view of a room is up to a quarter wide
CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)


@dataclass(frozen=True, slots=True)
class Rest:
    """A plane without the square of THING in which most of its matched points lie.

    `share` 0…1 is the part of the agreeing details that lies in that square; the others describe what lies outside:
    log10 of the number of false alarms with each spot counted once, spots, and spots on irregular detail.
    """

    share: float
    log10_nfa: float
    spots: int
    irregular: int

    @property
    def score(self) -> float:
        """-log10 of the number of false alarms, reduced where little is irregular: whole planes of twins reach 12."""
        return max(0.0, -self.log10_nfa) * min(1.0, (1 + self.irregular) / (1 + INDIVIDUAL))


def rest(best: Surface, gray: tuple[Array, Array], edges: tuple[Edges, Edges]) -> Rest:
    """What is left without the densest part, in whichever picture that leaves less (luma, edges at working size)."""
    found, inliers = best.found, best.model.inliers
    sides = []
    for swap, (points, size) in enumerate(((found.a, found.size_a), (found.b, found.size_b))):
        side = THING * max(size)
        corner = densest(points[inliers], side)
        inside = np.asarray(((points >= corner) & (points <= corner + side)).all(axis=1))
        left = found.where(~inside)
        model = geometry.scored(best.model.kind, best.model.matrix, left)
        sides.append((*geometry.spread(model, left), bool(swap), corner + side * CORNERS, model, left))
    log10_nfa, spots, swap, square, model, left = max(sides, key=lambda told: told[0])
    irregular = irregular_spots(*edges, model, left) if model.count else 0
    return Rest(shared(*gray, best.model, found, square, swap=swap), log10_nfa, spots, irregular)


def best_of(views: Views, found: Matches, enough: float) -> tuple[Surface, Rest | None] | None:
    """The strongest plane that stays at `enough` without its densest part, else the strongest.

    The rest is None where the plane itself stays below `enough`; None for no planes at all.
    """
    strongest = None
    for plane in views.surfaces(found):
        left = rest(plane, views.gray, views.edges) if plane.score >= enough else None
        if left and left.score >= enough:
            return plane, left
        strongest = strongest or (plane, left)
    return strongest


def densest(points: Array, side: float) -> Array:
    """The upper left corner (x, y) of the upright square of this side that holds most points [N x 2]; N at least 1."""
    best, corner = 0, points[0]
    across, down = points[np.argsort(points[:, 1])].T
    for x in points[:, 0]:
        ends = down[(across >= x) & (across <= x + side)]
        if len(ends) <= best:
            continue
        counts = np.searchsorted(ends, ends + side, side="right") - np.arange(len(ends))
        if counts.max() > best:
            best, corner = int(counts.max()), np.array([x, ends[counts.argmax()]])
    return np.asarray(corner)
