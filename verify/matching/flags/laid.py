"""Sightings of whole flags of any layout, and both ways of looking joined."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from verify.matching.flags.chance import DATA, Tail, tail
from verify.matching.flags.cloth import Cloth, small
from verify.matching.flags.colour import Floats, nearest
from verify.matching.flags.designs import Bytes, Design
from verify.matching.flags.naming import ALIKE, FAR, TWO_COLOURS, Fit, Sighting, inside, sightings, two_colours
from verify.matching.flags.whole import Template, cloths, templates
from verify.model import Json

BANDS_AT, WHOLE_AT = 1600, 800  # longest side searched: chosen for time, and so that 12-pixel bands survive shrinking
BANDS_MEASURED, WHOLE_MEASURED = 800 * 600, 640 * 480  # pixels of the scenes in which the chances were measured
PLAIN = (
    60  # pairs of cells with a border between them; plainer designs (a field with a star, two bands) are everywhere:
)
#            a striped shirt in a test was "Poland's" before this was asked
# Whether a whole drawing that fits may be answered yes. Chosen: its tables come from earlier versions that cannot be
# made again, it named wrong flags while it was tuned, and too few scenes without flags were asked since.
MAY_BE_CERTAIN = False
OPEN = 0.1  # share of the outline that counts for a cloth without any edge against its surroundings
EDGED = 0.4  # share of the outline that must step; half a flag's outline may touch its own colour behind it
TURN = {"as drawn": 0.0, "mirrored": 0.0, "turned a quarter": 90.0, "turned a quarter back": -90.0}
FARTHEST = 0.35  # largest scale of a design: one that comes close nowhere is not trusted farther than that


def all_sightings(pixels: Bytes, designs: Sequence[Design], limit: int = 8) -> list[Sighting]:
    """Bands and whole flags, those sure enough for a yes first; where both see one place, the first of them."""
    kept: list[Sighting] = []
    both = [*band_sightings(pixels, designs, limit), *whole_sightings(pixels, designs)]
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
    return [_grown(seen, scale, crowd) for seen in _laid(small, designs)]


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


def closeness(cloth: Cloth) -> float:
    """Distance made comparable between cloths that stand out and patches of a wall; smaller is stronger."""
    return cloth.distance / max(cloth.edge, OPEN)


def _laid(pixels: Bytes, designs: Sequence[Design]) -> list[Sighting]:
    """Places where a whole drawing fits, with an outline that stands out."""
    usual, scales, common = _tables(designs)
    wanted = _templates(tuple(designs))
    floors = [TWO_COLOURS if two_colours(design) or _borders(design) < PLAIN else 0.0 for design in designs]
    found = [
        (
            template,
            cloth,
            max(floors[template.design], float(common.chance(closeness(cloth) / scales[template.design]))),
        )
        for template, cloth in cloths(pixels, wanted, usual)
        if cloth.distance <= FAR and cloth.edge >= EDGED
    ]
    found.sort(key=lambda item: (item[2], item[1].distance))
    result: list[Sighting] = []
    for template, cloth, chance in found:
        if chance >= 1:
            break
        sighting = _sighting(template, cloth, chance, found, wanted, designs, pixels)
        if not any(_overlap(sighting, other) for other in result):
            result.append(sighting)
    return result


def _borders(design: Design) -> int:
    """Pairs of neighbouring cells of the drawing between which a border runs."""
    grid = design.grid()
    return sum(int((np.abs(np.diff(grid, axis=way)).max(axis=2) > 0.2).sum()) for way in (0, 1))


@cache
def _templates(designs: tuple[Design, ...]) -> list[Template]:
    return templates(designs)


def _sighting(
    template: Template, cloth: Cloth, chance: float, found: Sequence[tuple[Template, Cloth, float]],
    wanted: Sequence[Template], designs: Sequence[Design], pixels: Bytes,
) -> Sighting:  # fmt: skip
    """The design laid there, and every other that fits the place or the same cloth within noise."""
    distance = {template.design: (cloth.distance, template, cloth.lean)}
    middle = np.mean(cloth.outline, axis=0)
    for other, laid, _ in found:
        near = np.linalg.norm(np.mean(laid.outline, axis=0) - middle) < 0.3 * cloth.height
        if near and laid.distance < distance.get(other.design, (9.0,))[0] and 0.6 < laid.height / cloth.height < 1.6:
            distance[other.design] = (laid.distance, other, laid.lean)
    same = [t for t in wanted if t.attitude == template.attitude and (t.aspect >= 1) == (template.aspect >= 1)]
    drawn = np.stack([small(t.drawing, cloth.size) for t in same])
    for other, value in zip(same, nearest(cloth.cells[None], drawn)[0], strict=True):
        if value < distance.get(other.design, (9.0,))[0]:
            distance[other.design] = (float(value), other, cloth.lean)
    least = min(value for value, _, _ in distance.values())
    fits = [
        Fit(designs[k], value, TURN[t.attitude] + lean, t.attitude == "mirrored")
        for k, (value, t, lean) in distance.items()
        if value <= min(FAR, least + ALIKE)
    ]
    fits.sort(key=lambda fit: fit.distance)
    across = float(np.ptp(np.array(cloth.outline), axis=0).max())
    measured: dict[str, Json] = {
        "layout": "whole flag",
        "direction": round(cloth.lean, 1),
        "height": round(cloth.height, 1),
        "edge": round(cloth.edge, 3),
        "visible": ["order", "colours", "layout"],
    }
    what = f"the whole drawing fits, {cloth.height:.0f} pixels high, with {cloth.edge:.0%} of its outline standing out"
    size = pixels.shape[1], pixels.shape[0]
    return Sighting(
        inside(cloth.outline, size), across, tuple(fits), chance, what, measured, may_be_certain=MAY_BE_CERTAIN
    )


def _overlap(one: Sighting, other: Sighting) -> bool:
    """Whether the middle of one lies within the box of the other."""
    for a, b in ((one, other), (other, one)):
        box = np.array(b.polygon)
        middle = np.mean(a.polygon, axis=0)
        if bool(((middle > box.min(axis=0)) & (middle < box.max(axis=0))).all()):
            return True
    return False


def scaled(least: Floats) -> tuple[list[float], Tail]:
    """From the least closeness of each design in every scene [scenes x designs]: each design's scale, and one tail.

    The scale is the mean of a design's three closest scenes; the tail is that of the closest of all designs in each,
    each on its own scale, so that it speaks for all designs tried at once.
    """
    scales = np.minimum(np.sort(least, axis=0)[:3].mean(axis=0), FARTHEST)
    return [float(value) for value in scales], tail(np.asarray((least / scales).min(axis=1), np.float32))


@cache
def _measured() -> tuple[dict[str, tuple[float, float]], Tail]:
    stored = json.loads((DATA / "whole.json").read_text())
    return {code: (usual, scale) for code, (usual, scale) in stored["designs"].items()}, Tail(*stored["tail"])


def _tables(designs: Sequence[Design]) -> tuple[list[float], list[float], Tail]:
    """What each design usually explains and its scale, and the tail; one of the shelf gets those of a common design."""
    stored, common = _measured()
    usual, scale = np.array(list(stored.values())).T
    strange = float(np.percentile(usual, 75)), float(np.percentile(scale, 25))
    rows = [stored[d.code] if d.against is None and d.code in stored else strange for d in designs]
    return [row[0] for row in rows], [row[1] for row in rows], common
