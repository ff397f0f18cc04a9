"""The same room: does a picture show a surface that a reference shows, or only things of the same design?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from verify.image import Image
from verify.matching import agreement, features, geometry, matches
from verify.model import Answer, Finding, Pair, Portability, Region

VERSION = "1"
KIND = "rooms"
OWN = True

SMALLEST = 32  # pixels of the shorter side: below it nothing of a room can be told apart
FEWEST = 20  # features: a uniform or black picture has fewer, the plainest of 280 interiors has over 300
SHOWN = 60  # pairs drawn in the figure and kept in the finding
DESIGN = -3.0  # log10 of the number of false alarms from which a model is worth naming: one in a thousand comparisons
LIMITS = (
    "Two premises fitted out alike agree in doors, radiators, tiles and printed things; a plain, dark or blurred wall "
    "hides what tells them apart. No match says nothing: on hard pairs of one room, four in five stay unmatched."
)


@dataclass(frozen=True, slots=True)
class _Plane:
    """One plane that both pictures may show, and what speaks for it."""

    model: geometry.Model
    found: matches.Matches
    spread: float
    spots: int
    agreement: agreement.Agreement

    @property
    def score(self) -> float:
        return max(0.0, -self.spread) * self.agreement.share


def room(picture: Image, other: Image, *, surface: float = 40.0) -> Iterable[Finding]:
    """Is it the same room?

    Method: RootSIFT features, mutual nearest neighbours with ratio test, without frames and overlays; planes found by
    MAGSAC++ and judged by how many so good agreements chance would give (a contrario), with all matches of one spot
    counted once; then every textured window of the plane is compared, not only the matched points. The score is the
    first, as a power of ten, times the share of windows that agree. Yes from `surface` on: the rooms of a rendered
    station of one design reach 19, different homes 0.

    Limits: "no match" is no contradiction. Things of one design in different rooms agree with each other; what is
    repeated or could have been carried there does not tell rooms apart. Two frames of one film match trivially.

    References: Lowe 2004; Arandjelović & Zisserman 2012; Moisan, Moulon & Monasse 2012; Barath et al. 2020.
    """
    if unfit := _unfit(picture) or _unfit(other):
        yield Finding(Answer.UNABLE, unfit)
        return
    a, b = features.features(picture), features.features(other)
    gray = _working(picture), _working(other)
    found = matches.guarded(matches.match(a, b))
    planes = [
        _Plane(model, rest, *geometry.spread(model, found), agreement.agreement(*gray, model, rest))
        for model, rest in geometry.planes(found, enough=DESIGN)
    ]
    yield _finding(max(planes, key=lambda plane: plane.score, default=None), found, (a, b), surface)


def _unfit(image: Image) -> str:
    """Why a picture cannot serve, as a sentence; empty where it can."""
    width, height = image.size
    if min(width, height) < SMALLEST:
        return (
            f"{image.name} is too small to compare: {width} x {height} pixels; expected at least {SMALLEST} each way."
        )
    if (count := len(features.features(image))) < FEWEST:
        return f"{image.name} is too uniform to compare: {count} points stand out; expected at least {FEWEST}."
    return ""


def _working(image: Image) -> features.Array:
    return features.shrink(image.gray, features.LONGEST)[0]


def _finding(
    best: _Plane | None, found: matches.Matches, both: tuple[features.Features, features.Features], surface: float
) -> Finding:
    if best is None:
        because = f"No plane of the two pictures agrees: {len(found)} scattered points look alike, as in any two rooms."
        measured = {"matches": len(found)}
        return Finding(Answer.UNCLEAR, because, measured=measured, score=0.0, level="undetermined", limits=LIMITS)
    model = best.model
    share = round(100 * best.agreement.share)
    yes = best.score >= surface
    counted = (
        f"{model.count} of {len(found)} matched points lie on one plane, in {best.spots} separate spots, and {share} %"
    )
    if yes:
        because = f"The same surface: {counted} of what it shows there agrees."
    else:
        because = f"Something of the same design, not shown to be the same surface: {counted} of the plane agrees."
    return Finding(
        Answer.YES if yes else Answer.UNCLEAR,
        because,
        measured=_measured(best, found),
        regions=_regions(best, both),
        pairs=_pairs(best, both),
        score=round(best.score, 3),
        level="same surface" if yes else "same design",
        portability=Portability.FIXED if yes else Portability.PORTABLE,
        limits=LIMITS,
    )


def _measured(best: _Plane, found: matches.Matches) -> dict[str, float]:
    return {
        "matches": len(found),
        "inliers": best.model.count,
        "log10_nfa": round(best.model.log10_nfa, 2),
        "precision_pixels": round(best.model.precision, 2),
        "spots": best.spots,
        "log10_nfa_of_spots": round(best.spread, 2),
        "windows": round(best.agreement.windows, 1),
        "share_agreeing": round(best.agreement.share, 3),
        "area_share": round(best.agreement.area, 4),
    }


def _regions(best: _Plane, both: tuple[features.Features, features.Features]) -> tuple[Region, ...]:
    import cv2

    regions = []
    for points, of, scale in ((best.found.a, "picture", both[0].scale), (best.found.b, "against", both[1].scale)):
        hull = cv2.convexHull(points[best.model.inliers].astype(np.float32))[:, 0] * scale
        regions.append(Region(tuple((float(x), float(y)) for x, y in hull), "the plane that agrees", of))
    return tuple(regions)


def _pairs(best: _Plane, both: tuple[features.Features, features.Features]) -> tuple[Pair, ...]:
    a, b = best.found.a[best.model.inliers] * both[0].scale, best.found.b[best.model.inliers] * both[1].scale
    return tuple(
        Pair((round(float(p[0]), 1), round(float(p[1]), 1)), (round(float(q[0]), 1), round(float(q[1]), 1)))
        for p, q in zip(a[:SHOWN], b[:SHOWN], strict=True)
    )
