"""Sightings of whole flags of any layout, and both ways of looking joined."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np

from verify.matching.flags import finer, glance, orders
from verify.matching.flags.chance import DATA
from verify.matching.flags.charge import bears, charge
from verify.matching.flags.closer import TURNED
from verify.matching.flags.cloth import Cloth, Shrunken
from verify.matching.flags.designs import Bytes, Design
from verify.matching.flags.laid import SHARE, Laid, kin, laid
from verify.matching.flags.naming import Fit, Sighting, inside, sightings, two_colours
from verify.model import Json

BANDS_AT, WHOLE_AT = 1600, 800  # longest side searched: chosen for time, and so that 12-pixel bands survive shrinking
BANDS_MEASURED, WHOLE_MEASURED = 800 * 600, 800 * 600  # pixels of the scenes in which the chances were measured
CERTAIN = 0.0005  # expected places as good in a scene without flags for a yes: half the one in 1,000 asked for
# Sums that much below a place's best (odds of one to five, as odds are weighed) are not told from it: of 390 places of
# flags that were sure, the right design was among those in 386, and the best in 374 (part `chance`)
NEAR = 1.4
# The same, for a design's kin, which photographs mix up more often than composites do: twice as much, chosen. Among
# those 390 it makes no difference, from NEAR to endless
KIN_NEAR = 2 * NEAR
# Natural logarithm of a design's share below which the nets do not speak against it further, so that they may not
# overrule how it fits: the right one has less in 2 in 100 of 206 places of flags (part `chance`, earlier nets)
LEAST_SHARE = SHARE
# By how much more of the outline may have the cloth's own colours beyond it than stand out, for a yes: of 383 right and
# sure places 12 have more, and 4 of 12 wrong ones (0.32 to 0.59; part `chance`)
GOES_ON = 0.3
# Correlation below which a charge that is large enough is missing, for a yes: 0.38 where India's wheel was drawn on
# Azerbaijan's bands; of 31 right flags whose steps of colour agree one has less (part `chance`)
MISSING = 0.45
# How much of a colour's difference from the rest of the drawing is seen, below which it is missing, for a yes: of 251
# right flags whose steps of colour agree 4 have less (part `chance`); fly halves of the United States' flag have
# 0.0, and 0.38 where the wall beside one was taken for its canton
FAINTEST = 0.45
# By how much closer another order of a design's colours may lie than its own, for a yes: of 242 right and sure places
# of banded flags 4 have one closer by more, and 3 of 9 wrong ones, two of Estonia's colours in another order (0.21;
# part `chance`)
CLOSER = 0.05
# Correlation of steps of colour below which cloth is too folded for a colour or a charge to be missed: the fly half of
# the United States' flag, laid as the whole, has 0.56
LIES_WELL = 0.5
STEPS = 0.6  # correlation of steps of colour beyond which it counts no more: stripes of signs agree with some design,
#              and one without a flag had the largest sum of 187 scenes at odds of one to four (chosen on those scenes)
HOISTED = 0.05  # share of all of ImageNet's classes that "flagpole" must take to count: none of 748 versions of scenes
SHOWN = 0.5  # share of all classes that "flagpole" must take to be told: chosen
# Correlation at which a charge counts as seen: of 546 charges laid on other flags 1 in 50 reaches 0.74, and of 31 right
# ones whose steps of colour agree three in four reach 0.76 (part `chance`)
CHARGE = 0.75


@dataclass(frozen=True, slots=True)
class Scale:
    """How the nets' odds, the cloth and ImageNet's view are weighed, and how rare a sum is in scenes without flags."""

    weights: tuple[float, ...]  # of the measures in `measures`, and what is added
    levels: tuple[tuple[float, float], ...]  # sums, and the shares of the scenes that reach them; beyond the last …
    fall: float  # … e times fewer scenes for each `fall` more

    def sum(self, seen: Laid) -> float:
        """The evidence for this drawing at this place."""
        return self._weighed(measures(seen, seen.share))

    def evidence(self, seen: Laid) -> float:
        """The evidence for this drawing or one of its kin, which are named together."""
        return self._weighed(measures(seen, seen.shared))

    def _weighed(self, values: tuple[float, ...]) -> float:
        return float(np.dot(self.weights[:-1], values) + self.weights[-1])

    def chance(self, value: float) -> float:
        """Expected number of places with so large a sum in a scene without flags."""
        sums, shares = (np.array(values) for values in zip(*self.levels, strict=True))
        if value < sums[0]:
            return 1.0
        beyond = max(value - float(sums[-1]), 0.0) / self.fall
        return float(np.exp(np.interp(value, sums, np.log(shares)) - beyond))


def measures(seen: Laid, share: float) -> tuple[float, ...]:
    """The nets' odds; how far the cloth's steps of colour agree with the drawing's; ImageNet's view, if for a flag.

    A pole tells that some flag hangs there, not which, and counts as far as the steps of colour agree. How far its
    colours are adds nothing to the first two: as many of 240 flags are found with it and without (161, were a pole seen
    at each; part `chance`, earlier nets). `share`: natural logarithm of the share of those for which the evidence is
    asked.
    """
    odds = float(np.clip(seen.place.odds, -8, 16)) + max(share, LEAST_SHARE) - TURNED[seen.place.turn]
    steps = min(seen.cloth.steps, STEPS)
    hoisted = max(seen.flagpole - float(np.log(HOISTED)), 0.0)
    return odds, steps, hoisted * max(steps, 0.0) / STEPS


def all_sightings(pixels: Bytes, designs: Sequence[Design], limit: int = 8) -> list[Sighting]:
    """Bands and whole flags, those sure enough for a yes first; where both see one place, the first of them."""
    with ThreadPoolExecutor(1) as pool:  # the one takes as long as the other; most of both is in NumPy and OpenCV
        bands = pool.submit(band_sightings, pixels, designs, limit)
        both = [*whole_sightings(pixels, designs), *bands.result()]
    kept: list[Sighting] = []
    for seen in sorted(both, key=lambda s: (not s.certain, s.chance)):
        if len(kept) < limit and not any(_overlap(seen, other) for other in kept):
            kept.append(seen)
    return kept


def band_sightings(pixels: Bytes, designs: Sequence[Design], limit: int = 8) -> list[Sighting]:
    """Bands in a picture of any size, shrunk to BANDS_AT first; all pixels reported are the picture's own."""
    small, scale = _shrunk(pixels, BANDS_AT)
    crowd = _crowd(small, BANDS_MEASURED)
    return [_grown(seen, scale, crowd) for seen in sightings(small, designs, limit)]


def whole_sightings(pixels: Bytes, designs: Sequence[Design]) -> list[Sighting]:
    """Whole flags in a picture of any size, shrunk to WHOLE_AT first; all pixels reported are the picture's own."""
    small, scale = _shrunk(pixels, WHOLE_AT)
    crowd = _crowd(small, WHOLE_MEASURED)
    return [_grown(seen, scale, crowd) for seen in _laid(small, designs, scale)]


def _shrunk(pixels: Bytes, longest: int) -> tuple[Bytes, float]:
    """The picture, no side longer than that, and how many times smaller it is."""
    scale = max(1.0, max(pixels.shape[:2]) / longest)
    if scale == 1:
        return pixels, 1.0
    small = cv2.resize(pixels, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), scale


def _crowd(pixels: Bytes, measured: int) -> float:
    """How many times more places the picture has than the scenes of the tables: chances grow with them."""
    return max(1.0, float(pixels.shape[0] * pixels.shape[1]) / measured)


def _grown(seen: Sighting, scale: float, crowd: float) -> Sighting:
    """The sighting in pixels of a picture that was `scale` times as large, with `crowd` times the places."""
    sizes: dict[str, Json] = {
        k: round(float(str(seen.measured[k])) * scale, 1) for k in ("height", "band_height") if k in seen.measured
    }
    polygon = tuple((x * scale, y * scale) for x, y in seen.polygon)
    measured = {**seen.measured, **sizes}
    return replace(seen, polygon=polygon, across=seen.across * scale, chance=seen.chance * crowd, measured=measured)


def _laid(pixels: Bytes, designs: Sequence[Design], larger: float) -> list[Sighting]:
    """Places where a whole drawing fits, those sure enough for a yes first, then the least probable by chance.

    The picture itself is `larger`.
    """
    result: list[Sighting] = []
    scale, groups = scale_of(), laid(pixels, designs, glance.net(), finer.nets())
    found = [[(scale.sum(seen), seen) for seen in group] for group in groups]
    every = [(max(value for value, _ in group), _sighting(group, scale, designs, pixels, larger)) for group in found]
    for _, sighting in sorted(every, key=lambda each: (not each[1].certain, -each[0])):
        if sighting.chance < 1 and not any(_overlap(sighting, other) for other in result):
            result.append(sighting)
    return result


def _sighting(
    group: Sequence[tuple[float, Laid]], scale: Scale, designs: Sequence[Design], pixels: Bytes, larger: float
) -> Sighting:
    """The drawing that explains a place best, and every other that explains it nearly as well."""
    group = sorted(group, key=lambda item: -item[0])
    best, first = group[0]
    evidence = scale.evidence(first)
    twins = kin(tuple(designs))[first.design]
    fits: dict[int, Fit] = {}
    for value, seen in sorted(group, key=lambda item: not _hung_alike(item[1], first)):
        if value >= best - (KIN_NEAR if seen.design in twins else NEAR):
            fits.setdefault(seen.design, Fit(designs[seen.design], seen.cloth.distance, seen.cloth.lean, seen.mirrored))
    cloth, design = first.cloth, designs[first.design]
    named = [seen for value, seen in group if seen.design in twins and value >= best - KIN_NEAR]
    charges = {designs[n]: charge(pixels, cloth, designs[n], mirrored=first.mirrored) for n in fits if n in twins}
    borne = charges[design]
    chance = scale.chance(evidence)
    reasons = _against(first, design, charges, [seen.cloth for seen in named])
    if chance <= CERTAIN and not reasons:  # it takes time
        reasons = _in_another_order(pixels, first, design)
    measured: dict[str, Json] = {
        "layout": "whole flag",
        "direction": round(cloth.lean, 1),
        "height": round(cloth.height, 1),
        "odds": round(first.place.odds, 2),
        "flagpole": round(first.flagpole, 2),
        "share": round(first.share, 2),
        "edge": round(cloth.edge, 3),
        "own": round(cloth.own, 3),
        "steps": round(cloth.steps, 3),
        "least": round(cloth.least, 3),
        "no_yes_because": list(reasons),
        "sum": round(evidence, 3),
        "charge": "none large enough to be looked for" if borne is None else round(borne, 3),
        "visible": ["order", "colours", "layout", *(["charge"] if borne is not None and borne >= CHARGE else [])],
    }
    told = "" if borne is None else ", its charge seen" if borne >= CHARGE else ", its charge not visible"
    seen_around = cloth.edge > 0 or cloth.own > 0
    around = (
        f"{cloth.edge:.0%} of its outline standing out" if seen_around else "too little around it to see its outline"
    )
    if (hoisted := np.exp(first.flagpole)) >= SHOWN:
        told += f", and a net taught on everyday photographs sees a flag on its pole there ({hoisted:.0%})"
    but = f", but {' and '.join(reasons)}" if reasons else ""
    what = f"the whole drawing fits, {cloth.height * larger:.0f} pixels high, {around}{told}{but}"
    size = pixels.shape[1], pixels.shape[0]
    return Sighting(
        inside(cloth.outline, size), float(np.ptp(np.array(cloth.outline), axis=0).max()), tuple(fits.values()),
        chance, what, measured, 0.0 if reasons or design.against else CERTAIN,
    )  # fmt: skip


def _against(seen: Laid, design: Design, charges: Mapping[Design, float | None], named: Sequence[Cloth]) -> list[str]:
    """What speaks against a yes, in words.

    `charges`: how far the charge of the design and of each of its kin that is named with it agrees, if one could be
    seen. `named`: their cloths, also folded ones. What is not missing from one of them is not missing.
    """
    cloth, borne, lies_well = seen.cloth, charges[design], seen.cloth.steps >= LIES_WELL
    missing = all(found is not None and found < MISSING for found in charges.values())
    bands_alone = (borne is None or borne < CHARGE) and all(each.bands is not None for each in charges)
    found = {
        f"its {cloth.faintest} is missing": lies_well and all(each.least < FAINTEST for each in named),
        "its charge is missing": missing and lies_well,
        "its colours go on beyond its outline": cloth.own - cloth.edge > GOES_ON,
        "a larger place about it looks as much like another flag": seen.part,
        "three bands of two colours are on many things": borne is None and _repeats(design),
        "two plain bands may be a part of another flag": _two_plain(design),
        "hung turned it shows nothing but bands": seen.place.turn > 0 and bands_alone,
    }
    return [reason for reason, holds in found.items() if holds]


def _in_another_order(pixels: Bytes, seen: Laid, design: Design) -> list[str]:
    """What speaks against a yes, in words, where the design's colours fit better in another order."""
    nearer = orders.nearer(Shrunken(pixels), seen.place.corners, design, mirrored=seen.mirrored)
    return ["its colours fit better in another order"] if nearer > CLOSER else []


def _repeats(design: Design) -> bool:
    """Whether it is three bands of two colours: such stripes go on, on shirts, signs and kerbs."""
    return design.bands is not None and len(design.bands.colours) == 3 and two_colours(design)


def _two_plain(design: Design) -> bool:
    """Whether it is two bands and nothing else: Egypt's are that where black is not told from what is behind.

    Of 9 sure places named so, 2 were wrong: Egypt's, and Malta's hung turned (part `chance`, 480 flags).
    """
    return design.bands is not None and len(design.bands.colours) == 2 and not bears(design)


def _hung_alike(one: Laid, other: Laid) -> bool:
    """Whether two drawings are laid the same way round."""
    return one.mirrored == other.mirrored and one.place.turn == other.place.turn


def _overlap(one: Sighting, other: Sighting) -> bool:
    """Whether the middle of one lies within the box of the other."""
    for a, b in ((one, other), (other, one)):
        box = np.array(b.polygon)
        middle = np.mean(a.polygon, axis=0)
        if bool(((middle > box.min(axis=0)) & (middle < box.max(axis=0))).all()):
            return True
    return False


@cache
def scale_of() -> Scale:
    """The scale that ships; `tests/bench/flag_chances.py` makes it."""
    stored = json.loads((DATA / "whole.json").read_text())
    return Scale(tuple(stored["weights"]), tuple((value, share) for value, share in stored["levels"]), stored["fall"])
