"""Where a picture may show a reference, and how strongly each place speaks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from verify.image import Image
from verify.matching.emblems import fit, keypoints, templates
from verify.matching.emblems.likeness import Fit, fitted
from verify.matching.emblems.reference import reference_of

if TYPE_CHECKING:
    from verify.image import Arrays

Array = npt.NDArray[Any]

# Three ways to know an emblem: by its colours, by its shape, by its relief; each a logistic fit, with weights of at
# least 0, of what was measured at the places proposed, and a place's score is the best of them, in logits. Fitted by
# tests/bench/bench_emblem.py, in one run (its table lies beside it), on half of the brands with their photographs, half
# of the photographs without a brand, and drawn emblems hung in half of the rooms (seeds below 5000).
WAYS = {
    "colours": {
        "luma": 1.62,
        "luma inside": 1.5,
        "colour": 1.94,
        "colour inside": 1.99,
        "colour x luma": 2.75,
        "colour x luma inside": 0.86,
        "edges inside": 1.8,
        "rim": 0.73,
        "features x edges inside": 1.21,
        "": -8.45,
    },
    "shape": {
        "edges above 0.65": 19.1,
        "edges inside": 2.72,
        "features x edges inside": 3.84,
        "lead": 10.85,
        "": -6.88,
    },
    "relief": {
        "relief": 2.29,
        "relief x rim": 5.09,
        "relief weakest": 10.46,
        "edges above 0.65": 7.49,
        "lead": 3.94,
        "": -5.91,
    },
}
HIGHEST_CORRELATION = 0.98  # what agrees better than this agrees as well as pictures can
# What one other in 5,000 passes, by the tail of the ten highest of 816 trials of the table without the emblem, each
# half of the scenes scored by the weights of the other half (3.57; the highest scored 2.9). Left out of it are cousins,
# other outlines around the emblem's own charges, of which 2 of 124 pass: as wrong places they would cost a tenth of the
# right ones of 48 pixels.
YES = 3.6
OTHER = 0.12  # of 320 drawn emblems where they hang none had more than 0.08, of their rivals in print two thirds do
# Of 94 reliefs of the fitting half 3 have a rim of less than 0.8, two of them at 96 pixels (0.77, 0.78: large, a bevel
# shows as two edges). Of 209 prints and patches one has less than 0.75, of four cousins known by their colours two.
RIM, RIM_OF_LARGE = 0.8, 0.75  # correlation of the edges of the rim, below which an outline is another's
LARGE = 64  # pixels
WEAKEST = 0.3  # correlation of the relief's weakest part, below which a charge is another's; theirs reach 0.33 and more
OTHERWISE = 2.0  # so that such a place is never a yes
HINT = 0.5  # below it nothing is said to be like the reference
SIFTED = 4  # places that are looked at on the full sheet for their edges on a small one
STRIKING = 3  # and for their z: of 88 reliefs of the fitting half, 7 of 10 lost ones had one of the first three
LONE = 0.35  # edges of an average place: stands for the others where none was proposed


@dataclass(frozen=True, slots=True)
class Sighting:
    """A place that looks like the reference: how it was found, and how it looks after alignment.

    `z`: standard deviations above the picture's own background (0 where keypoints proposed the place); `log10_nfa`: of
    the keypoints that agree on it (0 where too few do); `lead`: by how much its edges agree better than those of the
    median other place; `pairs` [k x 4]: x, y in the picture and in the reference.
    """

    fit: Fit
    z: float
    log10_nfa: float
    pairs: Array = field(compare=False)
    lead: float = 0.0


def sightings(picture: Image, reference: Image) -> list[Sighting]:
    """The places of `picture` most like `reference`. Raises Refused for a reference that cannot serve, Unreadable."""
    prepared = reference_of(reference)
    views = keypoints.views_of(reference, prepared)
    sheet = fit.sheet_of(prepared)
    pyramid = fit.pyramid_of(picture)
    longest, area = max(prepared["mask"].shape), float(np.prod(picture.size))
    places = keypoints.search(keypoints.scene_of(picture), views, longest, area)
    found = [Sighting(fitted(pyramid, sheet, fit.square(p.affine)), 0.0, p.log10_nfa, p.pairs) for p in places]
    for z, pose in _sifted(pyramid, sheet, prepared, templates.search(picture, reference, prepared)):
        found.append(Sighting(fitted(pyramid, sheet, pose), z, 0.0, np.zeros((0, 4))))
    edges = np.array([sighting.fit.edges for sighting in found])
    leads = [
        s.fit.edges - (float(np.median(np.delete(edges, n))) if len(found) > 1 else LONE) for n, s in enumerate(found)
    ]
    upright = [_upright(sighting, prepared["scale"], prepared["corner"]) for sighting in found]
    return [replace(sighting, lead=lead) for sighting, lead in zip(upright, leads, strict=True)]


def _sifted(
    pyramid: Arrays, sheet: fit.Sheet, prepared: Arrays, shapes: list[tuple[float, Array]]
) -> list[tuple[float, Array]]:
    """The few of many proposed poses (z, map) that look right, aligned on a small sheet, and those of the highest z.

    Of a low relief hardly an edge looks right on so few pixels.
    """
    assert sheet.coarse is not None
    looked = [(*fit.aligned(pyramid, sheet.coarse, pose, slanted=False), z) for z, pose in shapes]
    alike = sorted(looked[STRIKING:], key=lambda one: -one[0])
    strength = {id(pose): z for _, pose, z in looked}
    ordered = [(score, pose) for score, pose, _ in looked[:STRIKING] + alike]
    kept = templates.apart(ordered, prepared["mask"].shape, STRIKING + SIFTED)
    return [(strength[id(pose)], pose) for _, pose in kept]


def _upright(sighting: Sighting, scale: Array, corner: Array) -> Sighting:
    """The same in upright pixels of the reference file: its emblem was cut out at `corner` and shrunk by `scale`."""
    cut = np.array([[scale[0], 0, -corner[0] * scale[0]], [0, scale[1], -corner[1] * scale[1]], [0, 0, 1]])
    pairs = np.hstack([sighting.pairs[:, :2], sighting.pairs[:, 2:] / scale + corner])
    return replace(sighting, fit=replace(sighting.fit, pose=sighting.fit.pose @ cut), pairs=pairs)


def measures(sighting: Sighting) -> dict[str, float]:
    """What was measured at a place, by name; a colour that the reference does not have counts as nought."""
    seen = sighting.fit
    return {
        "edges": seen.edges,
        "edges inside": seen.edges_inside,
        "edges of the rim": seen.edges_rim,
        "luma": seen.grey,
        "luma inside": seen.grey_inside,
        "colour": seen.colour or 0.0,
        "colour inside": seen.colour_inside or 0.0,
        "other colours": seen.other_colours,
        "relief inside": seen.relief_inside,
        "relief weakest": seen.relief_weakest,
        "outlined": float(seen.outlined),
        "pixels": seen.size,
        "z": sighting.z,
        "features": float(len(sighting.pairs)),
        "lead": sighting.lead,
    }


def terms(measured: Mapping[str, float]) -> dict[str, float]:
    """What the three fits weigh, by name, of what was measured."""
    luma, colour = max(0.0, measured["luma"]), max(0.0, measured["colour"])
    luma_in, colour_in = max(0.0, measured["luma inside"]), max(0.0, measured["colour inside"])
    edges_in, relief = max(0.0, measured["edges inside"]), measured["relief inside"]
    features = min(float(np.log2(max(4.0, measured["features"]) / 4)), 3.5)
    return {
        "edges above 0.65": max(0.0, measured["edges"] - 0.65),
        "rim": measured["edges of the rim"],
        "edges inside": _bits(edges_in),
        "luma": luma,
        "luma inside": _bits(luma_in),
        "colour": colour,
        "colour inside": _bits(colour_in),
        "colour x luma": colour * luma,
        "colour x luma inside": colour_in * luma_in,
        "relief": _bits(relief),
        "relief x rim": relief * max(0.0, measured["edges of the rim"]),
        "relief weakest": max(0.0, measured["relief weakest"]),
        "features x edges inside": features * edges_in,
        "lead": measured["lead"],
        "": 1.0,
    }


def _bits(correlation: float) -> float:
    """What a correlation tells, by cell: twice the mutual information of two Gaussians, nats."""
    return float(-np.log(1 - min(correlation, HIGHEST_CORRELATION) ** 2))


def score(sighting: Sighting) -> float:
    """How strongly a place speaks for the reference, in logits of the best of the three fits; higher is stronger."""
    return score_of(measures(sighting))


def score_of(measured: Mapping[str, float]) -> float:
    """The same, of what was measured; a way that something speaks against does not make a yes."""
    against = objections(measured)
    scores = _scores(measured)
    return max(min(scores[way], OTHERWISE) if way in against else scores[way] for way in WAYS)


def objections(measured: Mapping[str, float]) -> dict[str, str]:
    """What speaks against knowing the emblem in a way, by way: it is "in other colours", "within another outline"…"""
    if measured["other colours"] > OTHER:
        return dict.fromkeys(WAYS, "in other colours")
    rim = RIM_OF_LARGE if measured["pixels"] >= LARGE else RIM
    if measured["outlined"] and measured["edges of the rim"] < rim:
        ways = WAYS if measured["edges of the rim"] < RIM_OF_LARGE else ("shape", "relief")
        return dict.fromkeys(ways, "within another outline")
    return {"relief": "a part of it differs"} if measured["relief weakest"] < WEAKEST else {}


def objection(sighting: Sighting) -> str:
    """What keeps a place from a yes that it would have had; nothing where nothing does."""
    measured = measures(sighting)
    scores = _scores(measured)
    best = max(scores, key=lambda way: scores[way])
    return objections(measured).get(best, "") if scores[best] >= YES > score_of(measured) else ""


def known_by(sighting: Sighting) -> str:
    """What a place's score rests on: its "colours", its "shape" or its "relief"."""
    measured = measures(sighting)
    against, scores = objections(measured), _scores(measured)
    return max(scores, key=lambda way: min(scores[way], OTHERWISE) if way in against else scores[way])


def _scores(measured: Mapping[str, float]) -> dict[str, float]:
    seen = terms(measured)
    return {way: sum(weight * seen[name] for name, weight in weights.items()) for way, weights in WAYS.items()}


def own_outline(sighting: Sighting) -> tuple[tuple[float, float], ...]:
    """The emblem's four corners in the reference, in the order of the fit's outline."""
    own = fit.through(np.linalg.inv(sighting.fit.pose), np.array(sighting.fit.outline))
    return tuple((float(x), float(y)) for x, y in own)
