"""Where a picture may show a reference, and how strongly each place speaks for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.image import Image
from verify.matching.emblems import fit, keypoints, templates
from verify.matching.emblems.reference import reference_of

Array = npt.NDArray[Any]

YES, HINT = 6.0, 3.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """A place that looks like the reference: how it was found, and how it looks after alignment.

    `z`: standard deviations above the picture's own background (0 where keypoints proposed the place); `log10_nfa`: of
    the keypoints that agree on it (0 where too few do); `pairs` [k x 4]: x, y in the picture and in the reference.
    """

    fit: fit.Fit
    z: float
    log10_nfa: float
    pairs: Array = field(compare=False)


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
    return [_upright(sighting, prepared["scale"], prepared["corner"]) for sighting in found]


def _upright(sighting: Sighting, scale: Array, corner: Array) -> Sighting:
    """The same in upright pixels of the reference file: its emblem was cut out at `corner` and shrunk by `scale`."""
    linear = sighting.fit.affine[:, :2] * scale
    affine = np.column_stack([linear, sighting.fit.affine[:, 2] - linear @ corner])
    pairs = np.hstack([sighting.pairs[:, :2], sighting.pairs[:, 2:] / scale + corner])
    return replace(sighting, fit=replace(sighting.fit, affine=affine), pairs=pairs)


def score(sighting: Sighting) -> float:
    """How strongly a place speaks for the reference: higher is stronger, 0 even among the trials it was fitted on."""
    seen = sighting.fit
    return 10 * (seen.edges - 0.6) + 3 * abs(seen.grey) + 2 * (seen.colour or 0) - 0.2 * sighting.log10_nfa
