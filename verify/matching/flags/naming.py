"""Which designs a stack of bands fits, hung which way, and how improbable that is without a flag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from verify.matching.flags.bands import Stack, stacks
from verify.matching.flags.chance import closeness, tails
from verify.matching.flags.colour import Floats, colour_word, nearest
from verify.matching.flags.designs import Bytes, Design
from verify.model import Json, Point

CERTAIN = 0.0001  # expected regions as close in a scene without flags, over all designs, for a yes. Chosen: ten times
#                below the one in 1,000 asked of scenes without flags, because pictures of other flags come closer than
#                rooms do: with 0.001, photographs of Canada's, China's and the United Kingdom's flags were named as
#                Luxembourg's, Slovakia's and Croatia's (chances of 0.0005 to 0.001)
POSSIBLE = 0.05  # the same for unclear. Chosen: about one scene in twenty holds such a region
FAR = 0.14  # distance beyond which no design is listed; rendered rooms reach 0.125, composites of thirteen designs 0.06
#            in nine of ten (tuning half)
ALIKE = 0.03  # distance within which designs are named together: a choice; dyes vary by about as much in composites
RIBBON = 8.5  # band heights; no flag of three bands is longer than 6 (Qatar's 2.5 by 1 is no tricolour): a pole, a kerb
TWO_COLOURS = (
    0.002  # least chance of red-white-red and its like: stripes of two colours go on, three bands of them or more
)
ODD = 50  # degrees from the drawing's own attitude within which a flag hangs as drawn


@dataclass(frozen=True, slots=True)
class Fit:
    """A design that fits, and how the flag would then hang."""

    design: Design
    distance: float
    tilt: float  # degrees clockwise from the drawing's attitude; 180: upside down, or upright bands mirrored
    mirrored: bool = False  # seen from behind

    @property
    def hung(self) -> str:
        """How the flag would hang, in a word or two."""
        if abs(self.tilt) <= ODD:
            return "mirrored" if self.mirrored else "as drawn"
        if abs(self.tilt) < 180 - ODD:
            return "turned a quarter"
        bands = self.design.bands
        return "mirrored or upside down" if bands and bands.upright else "upside down"


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A region that has a flag's pattern."""

    polygon: tuple[Point, ...]
    across: float  # pixels, its longer side
    fits: tuple[Fit, ...]  # those that hang as the best does first, each group best first; of bands, those as drawn
    chance: float  # expected number of regions as close to any one design in a scene without flags
    what: str  # what was seen, for a sentence
    measured: dict[str, Json]
    bound: (
        float  # chance up to which what was seen so may be answered yes; 0: never. Of bands, only those hung as drawn
    )
    # have one: upright stripes of a balloon, read as a flag turned a quarter, were Slovenia's (chance 0.00006)

    @property
    def certain(self) -> bool:
        """Whether it is improbable enough without a flag to be answered yes."""
        return self.chance <= self.bound


def sightings(pixels: Bytes, designs: Sequence[Design], limit: int = 8) -> list[Sighting]:
    """Regions with the three bands of a design, the least probable by chance first; each place once."""
    three = [d for d in designs if d.bands and len(d.bands.colours) == 3]
    found = list(stacks(pixels))
    if not three or not found:
        return []
    drawn = np.array([d.bands.colours for d in three if d.bands], np.float32)
    both = np.concatenate([drawn, drawn[:, ::-1]])
    rough = nearest(np.median([stack.cells for stack in found], axis=1), both).min(axis=1)
    found = [stack for stack, least in zip(found, rough, strict=True) if least <= FAR and stack.length <= RIBBON]
    distance = (
        nearest(np.stack([stack.cells.reshape(-1, 3) for stack in found]), np.tile(both, (1, 4, 1))) if found else rough
    )
    chance = _chances(found, distance, three)
    kept: list[int] = []
    for number in np.argsort(chance, kind="stable"):
        if len(kept) == limit or chance[number] >= 1:
            break
        if not any(_same_place(found[number], found[other]) for other in kept):
            kept.append(int(number))
    return [_sighting(found[n], _fits(found[n], three, distance[n]), float(chance[n]), pixels) for n in kept]


def _sighting(stack: Stack, fits: tuple[Fit, ...], chance: float, pixels: Bytes) -> Sighting:
    bands = fits[0].design.bands
    assert bands is not None, "only designs of bands come here"
    colours = (
        " beside ".join(colour_word(c) for c in bands.colours)
        if bands.upright
        else " over ".join(colour_word(c) for c in bands.colours)
    )
    size = pixels.shape[1], pixels.shape[0]
    across = max(stack.length, 3.0) * stack.height
    what = f"{colours}, followed over {stack.length:.1f} times the height of a band"
    measured: dict[str, Json] = {
        "layout": "three bands",
        "direction": stack.angle,
        "band_height": round(stack.height, 1),
        "length_in_bands": round(stack.length, 2),
        "visible": ["order", "colours"],
    }
    drawn = any(fit.hung == "as drawn" for fit in fits)
    return Sighting(inside(stack.polygon(), size), across, fits, chance, what, measured, CERTAIN if drawn else 0.0)


def inside(polygon: tuple[Point, ...], size: tuple[int, int]) -> tuple[Point, ...]:
    """The polygon, no point outside the picture (width, height)."""
    return tuple((min(max(x, 0.0), size[0] - 1.0), min(max(y, 0.0), size[1] - 1.0)) for x, y in polygon)


def _chances(found: Sequence[Stack], distance: Floats, three: Sequence[Design]) -> Floats:
    """For each stack, its least chance over the designs, times the number of designs: each had its own try."""
    if not found:
        return np.zeros(0, np.float32)
    close = closeness(distance, np.array([[stack.length] for stack in found], np.float32))
    close = np.where(distance <= FAR, close, np.inf)
    count = len(three)
    each = [tail.chance(np.minimum(close[:, k], close[:, count + k])) * count for k, tail in enumerate(tails(three))]
    floors = [TWO_COLOURS if two_colours(design) or _in_other_flags(design) else 0.0 for design in three]
    return np.asarray(np.minimum.reduce([np.maximum(c, f) for c, f in zip(each, floors, strict=True)]), np.float32)


def two_colours(design: Design) -> bool:
    """Whether the design is two bands, or three of which the outer are alike."""
    if design.bands is None or len(design.bands.colours) > 3:
        return False
    colours = design.bands.colours
    return len(colours) == 2 or max(abs(a - b) for a, b in zip(colours[0], colours[2], strict=True)) < 0.15


def _in_other_flags(design: Design) -> bool:
    """Whether its bands are red, white and blue: the Union Jack's borders were named Croatia's (chance 0.00003)."""
    return design.bands is not None and {colour_word(c) for c in design.bands.colours} == {"red", "white", "blue"}


def _same_place(one: Stack, other: Stack) -> bool:
    """Whether the middle of one stack lies among the bands of the other."""
    gap = np.linalg.norm(other.spine - one.spine[len(one.spine) // 2], axis=1).min()
    back = np.linalg.norm(one.spine - other.spine[len(other.spine) // 2], axis=1).min()
    return bool(min(gap, back) < 1.5 * max(one.height, other.height))


def _fits(stack: Stack, three: Sequence[Design], distance: Floats) -> tuple[Fit, ...]:
    """Every design as near as noise allows to the best."""
    count = len(three)
    fits: dict[int, Fit] = {}
    for k in np.argsort(distance, kind="stable"):
        if distance[k] > min(FAR, distance.min() + ALIKE):
            break
        fits.setdefault(k % count, _fit(stack, three[k % count], float(distance[k]), reverse=bool(k >= count)))
    return tuple(sorted(fits.values(), key=lambda fit: (abs(fit.tilt) > ODD, fit.distance)))


def _fit(stack: Stack, design: Design, distance: float, *, reverse: bool) -> Fit:
    """Where the drawing's first band points as seen, against where it points in the drawing: up, or left."""
    radians = np.deg2rad(stack.angle)
    first = np.array([-np.sin(radians), -np.cos(radians)]) * (-1 if reverse else 1)
    assert design.bands is not None, "only designs of bands come here"
    drawn = np.array([-1.0, 0.0]) if design.bands.upright else np.array([0.0, -1.0])
    tilt = np.degrees(np.arctan2(drawn[0] * first[1] - drawn[1] * first[0], drawn @ first))
    return Fit(design, distance, float(tilt))
