"""Whether two pictures show the same room: the same surface, or only things of the same design."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from verify.image import Image
from verify.matching import aslant, features, learned, style
from verify.matching.agreement import apart, within
from verify.matching.calibration import Calibration, shipped
from verify.matching.compact import THING, Rest, best_of
from verify.matching.lattice import Repeat, repeat_of
from verify.matching.marked import Marked
from verify.matching.points import SHOWN, Drawn, judge, told
from verify.matching.standing import portability, strength
from verify.matching.surface import Surface, Views
from verify.model import Answer, Finding, Pair, Region

VERSION = "6"
KIND = "rooms"
OWN = True
SHORTLIST = 40  # of 53 pairs of one room the vote put 51 among the first 20 of 335 references, all among the first 40

SECOND = 30.0  # score of a yes at a second look, which pools matches: 72 twins of one design reach 20 there, 9 at first
LEARNED = math.inf  # no score of it is a yes: 36 pairs of corridors of one design reach 39, 7 hard pairs of one room 8
SMALLEST = 32  # pixels of the shorter side: below it nothing of a room can be told apart
FEWEST = 20  # features: a uniform or black picture has fewer, all but the barest of 310 interiors over 100
DIFFERS = 0.15  # share of the details of a fixed thing that agree: of two unlike things 0.02 to 0.1 do
LIMITS = (
    "Premises fitted out alike agree in doors, radiators, tiles and printed things; a plain, dark or blurred wall "
    "hides what tells them apart. One printed thing in two rooms is the same surface, and semi-fixed; a board that "
    "fills the view, or two things carried together, pass for a wall. "
    "No match says nothing: on hard pairs of one room most stay unmatched. "
    "Whether the picture is a composite is not examined here."
)


def room(
    picture: Image,
    other: Image,
    *,
    surface: float = 18.0,
    contrast: float = features.CONTRAST,
    second_look: bool = False,
    matcher: str = "sift",
    points: Mapping[str, Any] | None = None,
    point_error: float = 0.008,
    regions: Sequence[Mapping[str, Any]] = (),
    bracketed_by: str = "",
    calibration: Mapping[str, Any] | None = None,
) -> Iterable[Finding]:
    """Do the two pictures show the same room?

    Method: RootSIFT features down to the grain of plain walls, each part of a picture having its turn; mutual nearest
    neighbours with ratio test, without frames and overlays; planes found by MAGSAC++ and judged by how many so good
    agreements chance would give (a contrario, all matches of one spot counted once); then every textured window of the
    plane is compared, not only the matched points. The score is the first, as a power of ten, times the share of
    windows that agree, reduced where few matched spots are irregular detail and where the plane is small. Yes from
    `surface` on: twice what the rooms of one design of a rendered station reach (9); different homes reach 0. One board
    or poster is no wall: a plane is fixed only where it reaches `surface` again without the square of three tenths of
    the view in which most of its points lie; else its strength is bounded by convention. Level: same surface, same
    design, same style, undetermined, contradicted. A higher `contrast` finds fewer, stronger points; likelihood ratios
    hold at the default only. Where no plane agrees, colours do or do not: same style is said where their shares, as in
    grey light, are as alike as those of 1 % of pairs of different houses (of the other half of the houses 0.6 %); a
    third to a half of the pairs of views of one room are, of the views of panoramas of plain rooms one in a hundred.
    A `second_look` takes 5 to 25 seconds more, where the first gives no yes: both pictures seen from straight above, at
    five tilts each, then one laid over the other, again and again; its yes lies at 30, half more than 72 twins reach
    there, and it has no calibration.
    The `matcher` "learned" (an extra) takes the matches of ALIKED and LightGlue instead, never both, judged as above:
    they show a person where to look, and are never a yes, a no or a likelihood ratio, for they match things of one
    design as readily as one surface.
    A person may draw `points` (pairs and lines; see the points file): then these alone decide, by their residuals
    (`point_error` of the longer side) and by how often random clicks fit as well. `regions` are drawn on the picture:
    portable things are left out; a fixed thing that differs in a plane otherwise registered makes a no, but only where
    `bracketed_by` says which dated references lie before and after. `calibration` is what `verify calibrate` wrote.

    Limits: "no match" is no contradiction. Things of one design in different rooms agree with each other; what is
    repeated or could have been carried there does not tell rooms apart. Two frames of one film match trivially.

    References: Lowe 2004; Arandjelović & Zisserman 2012; Moisan, Moulon & Monasse 2012; Barath et al. 2020; Morel & Yu
    2009 (ASIFT); Mishkin, Matas & Perdoch 2015 (MODS); Buchsbaum 1980 (grey light); Zhao et al. 2023 (ALIKED);
    Lindenberger, Sarlin & Pollefeys 2023 (LightGlue).
    """
    if unfit := _unfit(picture, points) or _unfit(other, points):
        yield Finding(Answer.UNABLE, unfit)
        return
    if points:
        drawn = Drawn.of(points)
        yield told(drawn, judge(drawn, picture.size, other.size), max(other.size), point_error, LIMITS)
        return
    marked = Marked.of(regions, picture.size)
    views = learned.views(picture, other, contrast, matcher, second_look=second_look)
    taught = isinstance(views, learned.LearnedViews)
    if taught:
        surface = LEARNED
    polygons = [mark.polygon for mark in marked]
    chosen, again = _chosen(views, polygons, surface, second_look)
    if chosen is None:
        finding = _of_style(views, style.likeness(style.colours(picture, polygons), style.colours(other)), second_look)
        yield _taught(finding) if taught else finding
        return
    best, left = chosen
    fixed = [mark for mark in marked if mark.fixed and left]
    held = {m.label: within(*views.gray, best.model, m.polygon / views.features[0].scale) for m in fixed}
    ratios = Calibration.of(calibration) if calibration else shipped("room-4/homes")
    needed = max(surface, SECOND) if again else surface
    finding = _of_surface(best, views, left, needed, held, bracketed_by, ratios)
    if repeat := repeat_of(best, views):
        finding = _of_repeats(finding, repeat)
    if again:
        finding = replace(finding, because=f"{finding.because[:-1]} (second look, at floors laid flat).")
    if taught:
        finding = _taught(finding)
    measured = dict(finding.measured) | {"second_look": again}
    calibrated = contrast == features.CONTRAST and not (again or taught)  # ratios: SIFT's first look at the default
    yield replace(finding, measured=measured, strength=finding.strength if calibrated else ())


def _taught(finding: Finding) -> Finding:
    """The same, said to be of the learned matcher."""
    because = f"{finding.because[:-1]} (learned matcher, of which no score is a yes)."
    return replace(finding, because=because, measured=dict(finding.measured) | {"matcher": learned.identity()})


def _chosen(
    views: Views, polygons: list[features.Array], surface: float, second_look: bool
) -> tuple[tuple[Surface, Rest | None] | None, bool]:
    """The plane to report, outside these polygons, and whether a second look found it."""
    first = best_of(views, views.outside(polygons, views.matches), surface)
    if not second_look or (first and first[0].score >= surface):
        return first, False
    more = aslant.matches(views)
    second = best_of(views, views.outside(polygons, more), max(surface, SECOND)) if more else None
    again = second is not None and (first is None or second[0].score > first[0].score)
    return (second, True) if again else (first, False)


def _unfit(image: Image, points: object) -> str:
    """Why a picture cannot serve, as a sentence; empty where it can."""
    width, height = image.size
    if min(width, height) < SMALLEST:
        return (
            f"{image.name} is too small to compare: {width} x {height} pixels; expected at least {SMALLEST} each way."
        )
    if not points and (count := len(features.features(image))) < FEWEST:
        return f"{image.name} is too uniform to compare: {count} points stand out; expected at least {FEWEST}."
    return ""


def _of_style(views: Views, likeness: float, second_look: bool) -> Finding:
    """The finding where no plane agrees: perhaps the same colours, which say little, and never a no."""
    count = len(views.matches)
    measured = {"matches": count, "second_look": second_look, "colours_alike": round(likeness, 3)}
    because = f"No plane of the two pictures agrees: {count} scattered points look alike, as in any two rooms."
    level = "undetermined"
    if likeness >= style.ALIKE:
        level = "same style"
        because = (
            f"{because[:-1]}; their colours are {likeness:.2f} alike, where {style.TOLD} reach {style.ALIKE:g}: the "
            "same style, which many rooms share."
        )
    return Finding(Answer.UNCLEAR, because, measured=measured, score=0.0, level=level, limits=LIMITS)


def _of_surface(
    best: Surface,
    views: Views,
    left: Rest | None,
    surface: float,
    held: Mapping[str, float | None],
    bracketed_by: str,
    ratios: Calibration,
) -> Finding:
    """The finding about the best plane; `held` says how much of each fixed thing drawn on it agrees."""
    differs = [label for label, share in held.items() if share is not None and share < DIFFERS]
    wide = left is not None and left.score >= surface
    counted = _counted(best, left)
    if differs and bracketed_by:
        answer, level = Answer.NO, "contradicted"
        because = (
            f"The plane is the same, but {differs[0]} is not, between dated references ({bracketed_by}): {counted}."
        )
    elif differs:
        answer, level = Answer.UNCLEAR, "undetermined"
        because = (
            f"The plane agrees but {differs[0]} differs, and no dates say that it may not have changed: {counted}."
        )
    elif wide:
        answer, level, because = Answer.YES, "same surface", f"The same surface: {counted}."
    elif left:
        answer, level = Answer.YES, "same surface"
        because = f"The same surface, but perhaps only one thing that hangs there: {counted}."
    else:
        answer, level = Answer.UNCLEAR, "same design"
        because = f"Something of the same design, not shown to be the same surface: {counted}."
    standing = portability(best, wide=wide)
    places = apart(*views.gray, best.model, best.found) if level == "same design" else []
    if places:
        decides = "whether they are another room's, a change or something in front of it decides"
        because = f"{because[:-1]}; {len(places)} places in it differ (marked): {decides}."
    return Finding(
        answer,
        because,
        measured=_measured(best, left) | ({"drawn": dict(held), "bracketed_by": bracketed_by} if held else {}),
        regions=(*_regions(best, views), *_differing(places, views)),
        pairs=_pairs(best, views),
        score=round(best.score, 3),
        strength=strength(best.score, standing, ratios) if level in {"same surface", "same design"} else (),
        level=level,
        portability=standing,
        limits=LIMITS,
    )


def _of_repeats(finding: Finding, repeat: Repeat) -> Finding:
    """The same of a plane that repeats itself, as tiles do; no yes where the next repeat would do as well."""
    counts = {
        "repeats_every_pixels": round(repeat.pixels, 1),
        "windows_for_this_repeat": round(repeat.here, 1),
        "windows_for_the_next": round(repeat.there, 1),
    }
    finding = replace(finding, measured=dict(finding.measured) | counts)
    if repeat.settled or finding.level not in {"same surface", "same design"}:
        return finding
    because = (
        f"The same pattern, perhaps off by whole repeats: it repeats every {repeat.pixels:.0f} pixels, and "
        f"{repeat.there:.0f} windows speak for the next repeat, {repeat.here:.0f} for this. {finding.because}"
    )
    return replace(finding, answer=Answer.UNCLEAR, level="same design", because=because, strength=())


def _counted(best: Surface, left: Rest | None) -> str:
    counted = (
        f"{best.model.count} of {len(best.found)} matched points lie on one plane, in {best.spots} separate spots, "
        f"{best.irregular} of them irregular, and {round(100 * best.agreement.share)} % of its details agree"
    )
    if left is None:
        return counted
    return (
        f"{counted}; {round(100 * left.share)} % of what agrees lies in one part {round(100 * THING)} % of the view "
        f"wide, and without it {left.spots} spots agree"
    )


def _measured(best: Surface, left: Rest | None) -> dict[str, Any]:
    outside = {} if left is None else _outside(left)
    return outside | {
        "matches": len(best.found),
        "inliers": best.model.count,
        "log10_nfa": round(best.model.log10_nfa, 2),
        "precision_pixels": round(best.model.precision, 2),
        "spots": best.spots,
        "log10_nfa_of_spots": round(best.spread, 2),
        "irregular_spots": best.irregular,
        "windows": round(best.agreement.windows, 1),
        "share_agreeing": round(best.agreement.share, 3),
        "area_share": round(best.agreement.area, 4),
    }


def _outside(left: Rest) -> dict[str, Any]:
    return {
        "densest_part_share": round(left.share, 3),
        "outside_it_spots": left.spots,
        "outside_it_irregular_spots": left.irregular,
        "outside_it_score": round(left.score, 3),
    }


def _regions(best: Surface, views: Views) -> tuple[Region, ...]:
    import cv2

    regions = []
    for points, of, frame in zip((best.found.a, best.found.b), ("picture", "against"), views.features, strict=True):
        hull = cv2.convexHull(points[best.model.inliers].astype(np.float32))[:, 0] * frame.scale
        regions.append(Region(tuple((float(x), float(y)) for x, y in hull), "the plane that agrees", of))
    return tuple(regions)


def _differing(places: list[features.Array], views: Views) -> list[Region]:
    scaled = [polygon * views.features[0].scale for polygon in places]
    return [Region(tuple((float(x), float(y)) for x, y in polygon), "differs") for polygon in scaled]


def _pairs(best: Surface, views: Views) -> tuple[Pair, ...]:
    a = best.found.a[best.model.inliers] * views.features[0].scale
    b = best.found.b[best.model.inliers] * views.features[1].scale
    return _paired(np.hstack((a, b)))


def _paired(rows: features.Array) -> tuple[Pair, ...]:
    rounded = np.round(rows[:SHOWN], 1).tolist()
    return tuple(Pair((x, y), (its_x, its_y)) for x, y, its_x, its_y in rounded)
