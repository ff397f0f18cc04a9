"""How alike a place of the picture and the reference are, laid over each other: edges, luma, colours, relief."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from verify.matching.emblems.fit import BLUR, Sheet, aligned, blurred, held_by_rim, square, through, warped
from verify.matching.emblems.gradients import correlation, edges, luma_of, slopes

if TYPE_CHECKING:
    from verify.image import Arrays

Array = npt.NDArray[Any]

COLOURLESS = 0.15  # spread of log colour below which a reference counts as grey
AGREED, COLOURFUL = 0.6, 0.6  # correlation of colours, and their spread, from which on more says no more
WINDOW = 5.0  # pixels, standard deviation: how much of the sheet is one part; about a charge of an emblem of five
PART = 0.05  # of what is to be seen: the weakest part is this large
FLAT = 0.1  # of the mean power: a part as flat as that hardly agrees or disagrees
GREY = 0.4  # spread of log colour that bare metal and grey prints stay below: 0.24 in 99 of 100 of the fitting half
HELD = 0.5  # relief from which on the rim is asked as well: what agrees less is no yes
SOFT = 1.2  # pixels: luma is compared this soft, about as soft as an emblem of 48 px is on the sheet


@dataclass(frozen=True, slots=True)
class Fit:
    """How a place of the picture looks like the reference, after alignment; correlations lie in -1…1.

    What ends in `inside` is measured deep in the emblem alone, where another emblem of the same outline is another.
    """

    pose: Array  # [3 x 3], pixels of the reference to pixels of the picture
    edges: float  # of the edge fields
    grey: float  # of luma; below 0 where dark and bright are exchanged
    colour: float | None  # of the colours, gains of the light cancelled; None where the reference is grey
    edges_inside: float
    edges_rim: float  # of the edge fields, where it is not inside
    grey_inside: float
    colour_inside: float | None
    other_colours: float  # how strong the colours inside are while they are not the reference's, 0…1
    relief_inside: float  # of luma with the reference's slopes under the light that suits best, 0…1
    relief_weakest: float  # the same where the two agree least, or do once the rim is laid on: another charge, or the
    # same elsewhere in the outline
    outlined: bool  # whether the reference shows what it ends against, so that its rim can be missed
    outline: tuple[tuple[float, float], ...]  # the four corners of the emblem in the picture

    @property
    def size(self) -> float:
        """Pixels, longer side of the upright box around the outline."""
        return float(np.ptp(self.outline, axis=0).max())


def fitted(pyramid: Arrays, sheet: Sheet, guess: Array) -> Fit:
    """The fit after alignment, from a guess of the map [3 x 3] of reference pixels into the picture."""
    return measured(pyramid, sheet, aligned(pyramid, sheet, guess)[1])


def measured(pyramid: Arrays, sheet: Sheet, pose: Array) -> Fit:
    """What the warped-back picture and the reference have in common under a map of its pixels into the picture."""
    height, width = sheet.weight.shape
    back = pose @ np.linalg.inv(square(sheet.onto))
    seen = warped(pyramid, back, (width, height))
    fuzzy = blurred(edges(seen), BLUR)
    luma, own = luma_of(seen), luma_of(sheet.pixels)
    colours = _opponents(sheet.pixels), _opponents(seen)
    relief, weakest = _relief(sheet, seen)
    if sheet.outlined and relief >= HELD:
        held = held_by_rim(pyramid, sheet, pose) @ np.linalg.inv(square(sheet.onto))
        weakest = min(weakest, _relief(sheet, warped(pyramid, held, (width, height)))[1])
    return Fit(
        pose=pose,
        edges=correlation(sheet.field, fuzzy, sheet.weight),
        grey=_alike(own, luma, sheet.weight),
        colour=_colour(*colours, sheet.weight),
        edges_inside=correlation(sheet.field, fuzzy, sheet.inside),
        edges_rim=correlation(sheet.field, fuzzy, sheet.rim),
        grey_inside=_alike(blurred(own, SOFT), blurred(luma, SOFT), sheet.inside),
        colour_inside=_colour(*colours, sheet.inside),
        other_colours=_other_colours(*colours, sheet.inside),
        relief_inside=relief,
        relief_weakest=weakest,
        outlined=sheet.outlined,
        outline=tuple((float(x), float(y)) for x, y in through(back, sheet.corners)),
    )


def _relief(sheet: Sheet, seen: Array) -> tuple[float, float]:
    """Multiple correlation of luma inside, as `seen`, with the reference's slopes, whatever side the light comes from.

    The whole's, and that of its weakest part under the whole's light.

    A low relief lit from one side is about as bright as it slopes towards the light, so that all its pictures lie in a
    plane of two (Belhumeur and Kriegman 1998); the reference's luma stands for the height. What is left of the light is
    a slope of brightness over the whole.
    """
    soft, weight = blurred(luma_of(seen), SOFT), sheet.inside
    height, width = weight.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(height, width)
    slope = blurred(slopes(luma_of(sheet.pixels)), SOFT)
    root = np.sqrt(weight)
    light = np.stack([np.ones_like(x), x, y]) * root
    basis, _ = np.linalg.qr(light.reshape(3, -1).T.astype(np.float64))
    values = np.stack([soft, slope[..., 0], slope[..., 1]]) * root
    left = values.reshape(3, -1).T.astype(np.float64)
    left -= basis @ (basis.T @ left)
    ours, theirs = left[:, 1:], left[:, 0]
    normal = ours.T @ ours
    normal[np.diag_indices(2)] += 1e-3 * np.trace(normal) / 2 + 1e-9
    power = float(theirs @ theirs)
    if power < 1e-6:
        return 0.0, 0.0
    shaded = ours @ np.linalg.solve(normal, ours.T @ theirs)
    off = theirs - shaded
    weakest = _weakest(shaded.reshape(weight.shape), theirs.reshape(weight.shape), weight)
    return float(np.sqrt(max(0.0, 1 - float(off @ off) / power))), weakest


def _weakest(one: Array, two: Array, weight: Array) -> float:
    """Correlation of two fields [h x w] about nought where it is lowest: the PART of what either shows, -1…1."""

    def around(values: Array) -> Array:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), WINDOW, borderType=cv2.BORDER_CONSTANT))

    powers = []
    for field in (one, two):
        mean = float((weight * field * field).sum() / weight.sum()) + 1e-9
        powers.append((around(weight * field * field) / mean, mean))
    (ours, mean), (theirs, other) = powers
    flat = FLAT * around(weight.astype(np.float64)) + 1e-9
    alike = around(weight * one * two) / np.sqrt(mean * other * (ours + flat) * (theirs + flat))
    order = np.argsort(alike[weight > 0], kind="stable")
    shown = np.cumsum((ours + theirs)[weight > 0][order])
    return float(alike[weight > 0][order][np.searchsorted(shown, PART * shown[-1])])


def _alike(ours: Array, theirs: Array, weight: Array) -> float:
    return correlation(_centred(ours[..., None], weight), _centred(theirs[..., None], weight), weight)


def _colour(reference: Array, seen: Array, weight: Array) -> float | None:
    """Correlation of colours, as `_opponents`, about their means: three free gains, so any illuminant and exposure."""
    ours, theirs = (_centred(opponents, weight) for opponents in (reference, seen))
    return correlation(ours, theirs, weight) if _spread(ours, weight) >= COLOURLESS else None


def _other_colours(reference: Array, seen: Array, weight: Array) -> float:
    """0 where the colours agree and where the picture has none, as of bare metal.

    Where the reference has none, what colour the picture has beyond GREY.
    """
    colourful = min(_spread(_centred(seen, weight), weight), COLOURFUL)
    alike = _colour(reference, seen, weight)
    return max(0.0, colourful - GREY) if alike is None else max(0.0, AGREED - alike) * colourful


def _spread(opponents: Array, weight: Array) -> float:
    return float(np.sqrt((weight * (opponents**2).sum(axis=2)).sum() / weight.sum()))


def _opponents(pixels: Array) -> Array:
    linear = np.log((np.clip(blurred(pixels, 2.0), 0, 255) / 255) ** 2.2 + 0.02)
    red, green, blue = linear[..., 0], linear[..., 1], linear[..., 2]
    return np.dstack([red - green, (red + green) / 2 - blue])


def _centred(values: Array, weight: Array) -> Array:
    return np.asarray(values - (values * weight[..., None]).sum(axis=(0, 1)) / weight.sum())
