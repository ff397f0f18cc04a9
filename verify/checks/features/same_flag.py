"""Two pictures of flags: one cloth, or two of one design?"""

from __future__ import annotations

from collections.abc import Iterable

from verify.image import Image
from verify.matching.flags.designs import national
from verify.matching.flags.light import colour_trouble
from verify.matching.flags.marks import shared
from verify.matching.flags.naming import POSSIBLE, Sighting
from verify.matching.flags.whole import all_sightings
from verify.model import Answer, Finding, Portability, Region

VERSION = "6"
OWN = True
SAME = -4.0  # log10 of the expected number of so good agreements by accident
SPOTS = 6  # places apart that must agree; fewer lie together like one stain or a photograph's dust
LIMITS = (
    "A flag can be moved: the same cloth in two pictures says that this cloth was before the camera twice, not where. "
    "Agreement needs folds, stains or seams seen from a like side in a like light; a cloth that was moved, washed or "
    "photographed small looks like another, so that 'no' is answered only where the designs differ. The marks' chance "
    "counts accidental agreements and was not measured on pairs of real flags; two copies of one photograph agree too."
)


def same_flag(picture: Image, other: Image) -> Iterable[Finding]:
    """Is the same physical flag, not only the same design, in both pictures?

    Method: the strongest pattern of each picture is named; where one design fits both, local features of the
    cloth away from every drawn border (folds, stains, seams) are matched and must agree with one plane-to-plane map
    in places apart from each other; the chance of that by accident is counted (a contrario).
    Limits: same design is not same object; no agreement is no evidence of two cloths.
    References: Lowe (2004); Moisan & Stival, IJCV 57 (2004).
    """
    seen = []
    for image in (picture, other):
        trouble = colour_trouble(image.pixels) if min(image.size) >= 36 else None
        found = all_sightings(image.pixels, national(), 2) if min(image.size) >= 36 and not trouble else []
        if not found or found[0].chance > POSSIBLE:
            why = trouble.sentence if trouble else "No region of it has a flag's pattern."
            return [Finding(Answer.UNABLE, f"{image.name or 'The picture'}: {why}", limits=LIMITS)]
        seen.append(found[0])
    return [_compared(picture, seen[0], other, seen[1])]


def _compared(picture: Image, here: Sighting, other: Image, there: Sighting) -> Finding:
    common = [fit.design for fit in here.fits if any(fit.design is again.design for again in there.fits)]
    regions = (Region(here.polygon, "flag"), Region(there.polygon, "flag", of="against"))
    names = [fit.design.code for fit in (here.fits[0], there.fits[0])]
    if not common:
        sure = here.certain and there.certain
        because = f"The patterns differ: {names[0].upper()} in {picture.name}, {names[1].upper()} in {other.name}."
        measured = {"designs": names}
        return Finding(
            Answer.NO if sure else Answer.UNCLEAR, because, None, measured, regions,
            portability=Portability.PORTABLE, limits=LIMITS,
        )  # fmt: skip
    marks = shared(picture.pixels, here.polygon, other.pixels, there.polygon)
    same = marks.log10_nfa <= SAME and marks.spots >= SPOTS
    told = f"{marks.spots} marks apart from each other (of {marks.matches} matched) agree with one map"
    because = (
        f"Both have the pattern of the flag of {common[0].name}; {told}, which accident brings about "
        f"10^{marks.log10_nfa:.0f} times: the same cloth."
        if same
        else f"Both have the pattern of the flag of {common[0].name}, but only {told}: one design, perhaps two cloths."
    )
    return Finding(
        Answer.YES if same else Answer.UNCLEAR, because, None,
        {"designs": [design.code for design in common], "matches": marks.matches, "spots": marks.spots,
         "log10_nfa": marks.log10_nfa},
        regions, marks.pairs if same else (), score=-marks.log10_nfa, level="object" if same else "design",
        portability=Portability.PORTABLE, limits=LIMITS,
    )  # fmt: skip
