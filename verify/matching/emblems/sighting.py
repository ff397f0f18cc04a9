"""Where a picture may show a reference, and how strongly each place speaks for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from verify.image import Image
from verify.matching.emblems import fit, keypoints, templates
from verify.matching.emblems.reference import reference_of

Array = npt.NDArray[Any]

# Two ways to know an emblem, by shape and colours or by shape alone, each a logistic fit of what was measured at the
# places proposed; a place's score is the better of the two, in logits. Fitted by tests/bench/bench_emblem.py (its table
# of places lies beside it) on half of the brands with their photographs, half of the photographs without a brand, and
# drawn emblems hung in half of the rooms (seeds below 5000); the constants moved so that the highest of 3,150 wrong
# places of 45 px or more scores 1.2 in both.
PAINTED = {
    "edges": 0.38,
    "edges above 0.65": 13.72,
    "luma": 2.27,
    "colour": 3.46,
    "colour x luma": 3.29,
    "size": 0.87,
    "z": 0.5,
    "features": 1.7,
    "": -5.05,
}
RELIEF = {"edges": 2.43, "edges above 0.65": 20.49, "luma": 0.71, "size": 0.9, "z": 0.74, "lead": 8.26, "": -6.12}
# No trial (a picture against all references of an emblem it does not show) reached it at 45 px or more: 0 of 622 on
# the fitting half, 0 of 354 on the test half of the brands, where 21 of 30 photographs of a brand do.
YES = 2.0
HINT = 0.5  # below it nothing is said to be like the reference
FLAT = 8  # features from which a homography is worth more than the affine map: twice those that define one
OFF = 0.02  # of the emblem: how far a feature may lie from its place under a homography
FARTHEST = 0.2  # of the emblem: how far its corners may lie from those of the affine map
LONE = 0.35  # edges of an average place: stands for the others where none was proposed


@dataclass(frozen=True, slots=True)
class Sighting:
    """A place that looks like the reference: how it was found, and how it looks after alignment.

    `z`: standard deviations above the picture's own background (0 where keypoints proposed the place); `log10_nfa`: of
    the keypoints that agree on it (0 where too few do); `lead`: by how much its edges agree better than those of the
    median other place; `pairs` [k x 4]: x, y in the picture and in the reference.
    """

    fit: fit.Fit
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
    shapes = templates.search(picture, reference, prepared)
    found = [Sighting(fit.fitted(pyramid, sheet, p.affine), 0.0, p.log10_nfa, p.pairs) for p in places]
    found += [Sighting(fit.fitted(pyramid, sheet, affine), z, 0.0, np.zeros((0, 4))) for z, affine in shapes]
    edges = np.array([sighting.fit.edges for sighting in found])
    leads = [
        s.fit.edges - (float(np.median(np.delete(edges, n))) if len(found) > 1 else LONE) for n, s in enumerate(found)
    ]
    upright = [_upright(sighting, prepared["scale"], prepared["corner"]) for sighting in found]
    return [replace(sighting, lead=lead) for sighting, lead in zip(upright, leads, strict=True)]


def _upright(sighting: Sighting, scale: Array, corner: Array) -> Sighting:
    """The same in upright pixels of the reference file: its emblem was cut out at `corner` and shrunk by `scale`."""
    linear = sighting.fit.affine[:, :2] * scale
    affine = np.column_stack([linear, sighting.fit.affine[:, 2] - linear @ corner])
    pairs = np.hstack([sighting.pairs[:, :2], sighting.pairs[:, 2:] / scale + corner])
    return replace(sighting, fit=replace(sighting.fit, affine=affine), pairs=pairs)


def terms(sighting: Sighting) -> dict[str, float]:
    """What the two fits weigh, by name."""
    seen, colour = sighting.fit, max(0.0, sighting.fit.colour or 0.0)
    luma = max(0.0, seen.grey)
    return {
        "edges": seen.edges,
        "edges above 0.65": max(0.0, seen.edges - 0.65),
        "luma": luma,
        "colour": colour,
        "colour x luma": colour * luma,
        "size": min(0.7, float(np.log2(max(8.0, seen.size) / 64))),
        "z": min(max(sighting.z - 6, 0.0), 10.0) / 10,
        "features": min(float(np.log2(max(4, len(sighting.pairs)) / 4)), 3.5),
        "lead": sighting.lead,
        "": 1.0,
    }


def score(sighting: Sighting) -> float:
    """How strongly a place speaks for the reference, in logits of the better of the two fits; higher is stronger."""
    seen = terms(sighting)
    return max(sum(weight * seen[name] for name, weight in fitted.items()) for fitted in (PAINTED, RELIEF))


def outline(sighting: Sighting) -> tuple[tuple[float, float], ...]:
    """The emblem's four corners in the picture: by the homography of its features where they give one, else affine."""
    corners = np.array(sighting.fit.outline)
    if len(sighting.pairs) < FLAT:
        return sighting.fit.outline
    affine = sighting.fit.affine
    onto, inside = cv2.findHomography(
        sighting.pairs[:, 2:], sighting.pairs[:, :2], cv2.USAC_MAGSAC, max(1.0, OFF * sighting.fit.size)
    )
    if onto is None or inside.sum() < FLAT:
        return sighting.fit.outline
    own = (corners - affine[:, 2]) @ np.linalg.inv(affine[:, :2]).T
    seen = cv2.perspectiveTransform(own[None], onto)[0]
    if np.hypot(*(seen - corners).T).max() > FARTHEST * sighting.fit.size:  # features too close together to say
        return sighting.fit.outline
    return tuple((float(x), float(y)) for x, y in seen)
