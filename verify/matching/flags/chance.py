"""How often scenes without flags come as close to a design: measured scenes, with a fitted tail below them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from verify.matching.flags.colour import Floats, nearest
from verify.matching.flags.designs import Design

DATA = Path(__file__).parents[2] / "data" / "flags"
LONGEST = 6.0  # band heights beyond which a longer stack is no stronger: carpets and blinds go on for ever
TAIL = 0.2  # share of the scenes, the closest ones, from which the tail is fitted
CAUTION = 1.645  # standard errors by which the tail's exponent is lowered before it is trusted


def closeness(distance: Floats, length: Floats) -> Floats:
    """Distance made comparable between stacks of different lengths (band heights); smaller is stronger.

    The least distance found in scenes without flags rises as the root of the length (measured for Azerbaijan's colours:
    0.16, 0.24 and 0.30 at 1.5, 3 and 5 band heights): a short stack finds its colours more easily.
    """
    return np.asarray(distance / np.sqrt(np.minimum(length, LONGEST)), np.float32)


@dataclass(frozen=True, slots=True)
class Tail:
    """How often a scene without flags comes close to one design: `share` of them within `edge`, fewer by a power."""

    edge: float
    share: float
    exponent: float

    def chance(self, seen: Floats | float) -> Floats:
        """Probability that a scene without flags holds something as close as `seen`."""
        inside = self.share * (np.maximum(seen, 1e-4) / self.edge) ** self.exponent
        return np.asarray(np.where(seen < self.edge, inside, 1.0), np.float32)

    def listed(self) -> list[float]:
        """Its numbers as they are stored."""
        return [round(self.edge, 5), round(self.share, 4), round(self.exponent, 3)]


def tail(minima: Floats) -> Tail:
    """The tail of the least closeness in each scene: its closest fifth, and Hill's estimator of the exponent below.

    The exponent is lowered by 1.645 standard errors before it is trusted (B. M. Hill, Annals of Statistics 3, 1975).
    """
    least = np.sort(minima)
    count = max(8, int(len(least) * TAIL))
    edge = float(least[count - 1])
    exponent = count / float(np.log(edge / np.maximum(least[:count], 1e-4)).sum() + 1e-9)
    return Tail(edge, count / len(least), exponent * (1 - CAUTION / np.sqrt(count)))


@dataclass(frozen=True, slots=True, eq=False)
class Scenes:
    """Stacks of three bands measured in scenes without flags."""

    cells: Floats  # [n x 12 x 3] sRGB 0 to 1
    length: Floats  # [n] band heights
    picture: npt.NDArray[np.uint16]  # [n] which scene
    pictures: int  # how many scenes

    def tail(self, bands: Floats) -> Tail:
        """The tail for a design of these bands [3 x 3], in either order."""
        drawn = np.stack([np.tile(bands, (4, 1)), np.tile(bands[::-1], (4, 1))])
        close = closeness(nearest(self.cells, drawn).min(axis=1), self.length)
        least = np.full(self.pictures, 1.0, np.float32)
        np.minimum.at(least, self.picture, close)
        return tail(least)


@cache
def scenes() -> Scenes:
    """The scenes that ship with the toolkit: numbers only, no pixels."""
    with np.load(DATA / "scenes.npz") as stored:
        return Scenes(
            stored["cells"].astype(np.float32) / 255,
            stored["length"].astype(np.float32) / 10,
            stored["picture"],
            int(stored["pictures"]),
        )


@cache
def _measured() -> dict[str, Tail]:
    """Tails of the designs that ship, by code; `scenes()` gives the same."""
    return {code: Tail(*values) for code, values in json.loads((DATA / "tails.json").read_text()).items()}


def tails(designs: Sequence[Design]) -> list[Tail]:
    """The tail of every design of three bands; computed for those of the shelf, stored for those that ship."""
    stored = _measured()
    return [
        stored[d.code]
        if d.against is None and d.code in stored
        else scenes().tail(np.array(d.bands.colours if d.bands else (), np.float32))
        for d in designs
    ]
