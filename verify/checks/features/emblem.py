"""Emblems: a coat of arms, badge, patch or logo that the investigator knows, looked for in a picture."""

from __future__ import annotations

from collections.abc import Iterable

from verify.errors import Refused
from verify.image import Image
from verify.matching import emblems
from verify.model import Answer, Finding, Pair, Point, Portability, Region

VERSION = "5"
KIND = "emblems"

SMALLEST = 24  # pixels of the picture's shorter side
TOO_SMALL = 45  # pixels: an emblem smaller than this keeps its shape and colours, not what tells it from its like
MEASURED = 0.95  # of its true size, as small as an emblem of 48 px is usually measured
SHOWN = 60  # pairs kept in the finding
LIMITS = (
    "It tells a design, not an object: another copy of the emblem, a print of it or a look-alike matches as well: "
    "in fresh trials 2 of 1,143 others passed for it, and its own charges in another outline in 8 of 189. "
    "Missed are emblems below 45 px, mirrored, covered, blurred, or seen at over 50 degrees aslant. "
    "No likelihood ratio: what others look like was measured on drawn emblems only."
)


def emblem(picture: Image, other: Image, *, yes: float = emblems.YES, hint: float = emblems.HINT) -> Iterable[Finding]:
    """Is this emblem in the picture?

    Method: places proposed by local features that agree on one pose (RootSIFT on the picture at twice its size, the
    reference at three scales and from four sides), and by the reference's edges, as drawn and as a relief, against
    those of every place of the picture (a matched filter over scale, turn and squeeze, whitened by the picture's own
    background); each is aligned, warped back onto the reference and measured, over the whole and deep inside its
    outline: edges, luma, colours with the light's gains cancelled, and luma against the slopes of a low relief under
    light from any side. The score is the best of three: by colours, by shape, by relief; `yes` is what one other in
    5,000 would pass by the tail of the pictures without the emblem that it was set on. The map is a homography: the
    outline drawn follows the perspective. Three things speak against a yes: colours that are not the reference's; a rim
    that is not its rim (where it shows one; by colours a little less is asked of it); by relief, a weakest part that
    hardly agrees, as aligned or once its rim is laid on the picture's: its charge may lie elsewhere in a like outline.

    Limits: "not found" is no "no": absence is never concluded, because two fifths of the photographs of a brand, and a
    quarter of the emblems of 48 px in bare metal relief, are missed. A relief is known where the drawing's bright parts
    stand higher or lower than its dark ones. One design has many copies, and copies can be carried. Each emblem looked
    for has its own chance of a false yes: 2 of 1,143 fresh trials gave one, both sisters of one outline and like
    colours: a crescent on a disc, the same but turned and moved a little, in print; and one of the same quarters and
    wreath with other charges, in bare metal at 99 px. Its own charges in another outline: 8 of 189 (drawn emblems hung
    in photographs of rooms). Of photographs without the brand 0 of 354.

    No likelihood ratio is given: the only population measured is drawn emblems hung in photographs, whose others are
    drawn as well and not the emblems of any institution; and two premises that hang one emblem are not told apart.

    References: Lowe 2004; Arandjelović & Zisserman 2012; Morel & Yu 2009 (ASIFT); Hariharan, Malik & Ramanan 2012;
    Belhumeur & Kriegman 1998; Moisan, Moulon & Monasse 2012.
    """
    try:
        _refuse(picture, other)
        seen = emblems.sightings(picture, other)
        best = max(seen, key=lambda one: (_sure(one, yes), emblems.score(one)), default=None)
        if best is None or emblems.score(best) < yes:
            _refuse_larger(picture, other)
        elif emblems.is_cut_out(picture, other, best.fit.pose):
            raise Refused(
                f"{other.name} was cut out of {picture.name} itself: it matches to the grain and says nothing."
            )
        found = best is not None and emblems.score(best) >= hint
        yield _found(best, picture, other, yes) if best and found else _not_found(best, other)
    except Refused as refused:
        yield Finding(Answer.UNABLE, str(refused), limits=LIMITS)


def _sure(seen: emblems.Sighting, yes: float) -> bool:
    return emblems.score(seen) >= yes and seen.fit.size >= MEASURED * TOO_SMALL


def _refuse_larger(picture: Image, other: Image) -> None:
    """Raises Refused for a reference that had to be scaled down and then was not found."""
    (width, height), (wide, high) = picture.size, other.size
    if wide > width and high > height:
        raise Refused(
            f"{other.name}: the reference ({wide} x {high}) is larger than the picture ({width} x {height}), and "
            f"scaled down it is not found; are the two exchanged?"
        )


def _refuse(picture: Image, other: Image) -> None:
    """Raises Refused where the picture is too small, or the reference is the picture."""
    if picture.digest == other.digest:
        raise Refused(f"{other.name} is {picture.name} itself: a reference must come from elsewhere.")
    if min(picture.size) < SMALLEST:
        wide, high = picture.size
        raise Refused(
            f"{picture.name}: {wide} x {high} pixels; expected at least {SMALLEST} a side to look for an emblem."
        )


def _found(best: emblems.Sighting, picture: Image, other: Image, yes: float) -> Finding:
    score, sure = emblems.score(best), _sure(best, yes)
    outline, corners = best.fit.outline, _inside(emblems.own_outline(best), other.size)
    pairs = tuple(Pair((float(x), float(y)), (float(u), float(v))) for x, y, u, v in best.pairs[:SHOWN])
    shape = f"{best.fit.size:.0f} px, known by its {emblems.known_by(best)}, edges agree at {best.fit.edges:.2f}"
    shape += f", {len(best.pairs)} features on one plane" if len(best.pairs) else ""
    if but := emblems.objection(best):
        because = f"Something like {other.name}, but {but}: {shape}."
    elif sure:
        because = f"The design of {other.name} is in the picture: {shape} (score {score:.1f}, needed {yes:.1f})."
    elif score >= yes:
        because = f"In shape and colours consistent with {other.name}, but too small to tell apart: {shape}."
    else:
        because = f"Something like {other.name}, not enough to say so: {shape} (score {score:.1f}, needed {yes:.1f})."
    return Finding(
        Answer.YES if sure else Answer.UNCLEAR,
        because,
        measured=_measured(best),
        regions=(Region(_inside(outline, picture.size), "emblem"), Region(corners, "emblem", "against")),
        pairs=pairs or tuple(Pair(a, b) for a, b in zip(outline, corners, strict=True)),
        score=round(score, 3),
        level="same design" if sure else "shape and colours consistent" if score >= yes else "undetermined",
        portability=Portability.PORTABLE,
        limits=LIMITS,
    )


def _inside(outline: tuple[Point, ...], size: tuple[int, int]) -> tuple[Point, ...]:
    return tuple((min(max(x, 0.0), float(size[0])), min(max(y, 0.0), float(size[1]))) for x, y in outline)


def _not_found(best: emblems.Sighting | None, other: Image) -> Finding:
    why = f"an emblem below {TOO_SMALL} px, strongly aslant, covered or blurred is missed"
    because = f"{other.name} was not found; {why}, so this is no absence."
    score = emblems.score(best) if best else None
    measured = _measured(best) if best else {}
    return Finding(
        Answer.UNCLEAR, because, measured=measured, score=score and round(score, 3), level="not found", limits=LIMITS
    )


def _measured(best: emblems.Sighting) -> dict[str, float | None]:
    fit = best.fit
    return {
        "edges": round(fit.edges, 3),
        "edges_inside": round(fit.edges_inside, 3),
        "luma": round(fit.grey, 3),
        "luma_inside": round(fit.grey_inside, 3),
        "colour": None if fit.colour is None else round(fit.colour, 3),
        "colour_inside": None if fit.colour_inside is None else round(fit.colour_inside, 3),
        "other_colours": round(fit.other_colours, 3),
        "relief_inside": round(fit.relief_inside, 3),
        "relief_weakest": round(fit.relief_weakest, 3),
        "pixels": round(fit.size, 1),
        "features": len(best.pairs),
        "log10_nfa": round(best.log10_nfa, 2),
        "z": round(best.z, 2),
    }
