"""A flag's pattern: which designs fit it, and where it is."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from verify.errors import EvidenceError
from verify.image import Image
from verify.known import Known
from verify.matching.flags.designs import Design, national, read
from verify.matching.flags.light import colour_trouble, contrast
from verify.matching.flags.naming import POSSIBLE, Fit, Sighting
from verify.matching.flags.whole import all_sightings
from verify.model import Answer, Finding, Json, Portability, Region

VERSION = "10"
SMALLEST = 36  # pixels of the shorter side: three bands of 12
BAND = 12  # pixels: the thinnest band that is sought
CONTRAST = 10.0  # CIELAB, chosen: parts of one drawing differ by 29 (Micronesia) or by 55 and more; dim light halves it
SHOWN = 8  # regions reported
SENTENCE = 4  # designs named in the sentence; `fits` lists all
MOVABLE = (
    "A flag can be moved: that its pattern was before the camera says nothing about where the camera was, and cannot "
    "decide between 'taken there' and 'staged elsewhere with the same flag'."
)
LIMITS = (
    f"{MOVABLE} A flag's pattern may be printed, on a screen, a sleeve or a book; people must look at what bears it. "
    "A yes needs three bands of three colours hung as drawn, or a whole flag that taught nets see and whose drawing, "
    "laid there as cloth, agrees; all else is 'unclear' at most, and its names are often wrong. Two plain bands "
    "(Poland, Monaco, Ukraine) and flags of the shelf get no yes. A flag on its pole out of doors is told from other "
    "things by a net taught on such photographs; one on a wall has no such help. "
    "Chances were measured in 246 pictures of rooms and everyday scenes for bands, in 187 for whole flags (those also "
    "mirrored and enlarged in part), and extrapolated below 1 in 246 or 187; elsewhere (shop fronts, "
    "sports, street art, other flags) striped colours are commoner. A flag of no design here that is nearly one of "
    "them may be called that. Waving stripes (the United States, Liberia, Malaysia) are hard to tell apart."
)


def flag(picture: Image, known: Known) -> Iterable[Finding]:
    """Is the pattern of a national or known flag in the picture, of which one, and where?

    Method: two ways of looking. Stacks of three even bands are sought in every direction and size, followed along
    folds, and compared with every design after the gains that a light can make (von Kries) are removed. For whole
    flags of any layout, as drawn, turned by a quarter or upside down, a small net, taught on drawn flags, proposes
    places; three finer ones, taught on simulated cloth, judge them, after one has centred them; the first layers of two
    were taught on everyday photographs. The likeliest drawings are laid there as cloth. What the nets say, how the
    steps of colour agree, and whether a net taught on everyday photographs sees a flag on its pole there are weighed
    together. Each is judged by how often scenes without flags come as close. Every design that fits within noise is
    named.
    Limits: grey-scale, sepia and infrared pictures give no answer; bands below 12 pixels and whole flags below 40 (80
    where they hang turned) are not sought, in pictures shrunk to 1,600 pixels (whole flags: 800) where they are larger.
    A whole flag gets no yes where a colour, or a charge that is large enough, is missing on cloth that lies well, where
    its colours fit better in another order or go on beyond its outline, where a larger place about it looks as much
    like another flag, where it is turned and bears nothing but bands, or where it is nothing but bands of two colours.
    A flag of no country in a country's colours may still get that country's name. Not found is unclear, since flags are
    often missed; no is said only of a picture without two colours to make one of.
    References: von Kries (1902); Hill, Annals of Statistics 3 (1975) for the tail of the chance; Lucas & Kanade (1981);
    Tan & Le, ICML (2019), for the net taught on everyday photographs.
    """
    shelf, left_out = _on_shelf(known)
    pixels = picture.pixels
    if min(pixels.shape[:2]) < SMALLEST:
        width, height = picture.size
        because = f"The picture is {width} x {height} pixels; at least {SMALLEST} on the shorter side are needed."
        return [Finding(Answer.UNABLE, because, limits=LIMITS), *left_out]
    if trouble := colour_trouble(pixels):
        return [Finding(Answer.UNABLE, trouble.sentence, measured=trouble.measured, limits=LIMITS), *left_out]
    designs = (*shelf, *national())
    found = [_finding(s, designs) for s in all_sightings(pixels, designs, SHOWN) if s.chance <= POSSIBLE]
    return [*(found or [_nothing(picture, designs)]), *left_out]


def _on_shelf(known: Known) -> tuple[tuple[Design, ...], list[Finding]]:
    """Designs of the shelf's flags, and a finding for each reference that cannot serve."""
    usable, left_out = [], []
    for reference in known.flags:
        try:
            usable.append(read(reference.open().data, reference.name, reference.name, reference.against))
        except EvidenceError as error:
            sentence = f"The reference {reference.name!r} is left out: {str(error).rstrip('.')}."
            left_out.append(Finding(Answer.UNABLE, sentence, reference.against, limits=MOVABLE))
    return tuple(usable), left_out


def _nothing(picture: Image, designs: tuple[Design, ...]) -> Finding:
    """No where there are not even two colours that bands could have; unclear where a flag may have been missed."""
    apart = contrast(picture.pixels, BAND)
    measured: dict[str, Json] = {"designs": len(designs), "fits": [], "contrast": round(apart, 1)}
    if apart < CONTRAST:
        because = (
            f"No flag's pattern can be there: parts of {BAND} pixels differ by at most {apart:.0f} in colour (CIELAB), "
            f"and any flag needs more than {CONTRAST:g}."
        )
        return Finding(Answer.NO, because, measured=measured, limits=LIMITS)
    because = (
        f"No region of the {picture.size[0]} x {picture.size[1]} picture was found to have the pattern of one of "
        f"{len(designs)} designs; flags that are folded, cut off, small, dark or of few colours are often missed, so "
        "this is no absence."
    )
    return Finding(Answer.UNCLEAR, because, measured=measured, limits=LIMITS)


def _finding(seen: Sighting, designs: tuple[Design, ...]) -> Finding:
    answer = Answer.YES if seen.certain else Answer.UNCLEAR
    hung = seen.fits[0].hung
    first = [fit for fit in seen.fits if fit.hung == hung]
    others = [fit.design.name for fit in seen.fits if fit.hung != hung]
    named = _listed([fit.design.name for fit in first])
    verb = "has" if answer is Answer.YES else "may have"
    turned = "" if hung == "as drawn" else f" ({hung})"
    turned += f", or, hung otherwise, of {_listed(others)}" if others else ""
    because = (
        f"A region {seen.across:.0f} pixels across {verb} the pattern of the flag of {named}{turned}: {seen.what}; "
        f"{len(designs) - len(seen.fits)} of {len(designs)} designs do not fit, and scenes without flags hold a region "
        f"as close about {_rarity(seen.chance)}."
    )
    measured: dict[str, Json] = {
        "fits": [_listing(fit) for fit in seen.fits],
        "chance": float(seen.chance),
        "designs": len(designs),
        **seen.measured,
    }
    against = next((fit.design.against for fit in first if fit.design.against), None)
    region = Region(seen.polygon, "/".join(fit.design.codes[0] for fit in first[:SENTENCE]))
    return Finding(
        answer, because, against, measured, (region,), score=float(-np.log10(max(seen.chance, 1e-12))),
        portability=Portability.PORTABLE, limits=LIMITS,
    )  # fmt: skip


def _listed(names: list[str]) -> str:
    shown = names[:SENTENCE]
    more = len(names) - len(shown)
    text = " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
    return f"{text} (or of {more} more designs)" if more else text


def _listing(fit: Fit) -> dict[str, Json]:
    return {
        "codes": list(fit.design.codes),
        "name": fit.design.name,
        "distance": fit.distance,
        "hung": fit.hung,
        "tilt": round(fit.tilt),
    }


def _rarity(chance: float) -> str:
    if chance >= 0.01:
        return f"{chance * 100:.0f} times in 100"
    return f"once in {10 ** int(-np.log10(max(chance, 1e-9))):,}"
