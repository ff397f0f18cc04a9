"""Whether two pictures show the same photograph: alignment, what agrees under it, and the relation in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.archive import describe, geometry
from verify.archive.ancestry import likelier_earlier
from verify.archive.describe import Geometry
from verify.archive.overlay import Overlay, between, by_features, by_hash, full_pixels, nearest
from verify.archive.signature import Signature
from verify.model import Answer, Finding, Json, Pair, Point

Floats = npt.NDArray[np.floating[Any]]

# Tuned on one half of the photographs of tests/bench/bench_duplicates.py (22 edits each), reported on the other half.
SURE = 16  # agreeing matches for a yes; not enough alone: one logo in two pictures gave 23, two drawings of one 87
FEW, REPEATED, FEW_SAME = 8, 0.2, 0.75  # or so few, if they repeat so many of the features there and so much agrees
SAME = 0.45  # of what the overlap shows must be the same for a yes; the least of 2,590 edited copies had 0.48
FRAMED, FRAMED_SAME = 0.9, 0.65  # two pages of one layout with much text reached 0.61 with different pictures in them
# Or this, where no more of it is alike or sharp: two flags rendered on one cloth had 0.77, 0.976 and 0.83.
FRAMED_ALIKE, FRAMED_LIKE, FRAMED_SHARP = 0.8, 0.98, 0.85
WITHIN, WITHIN_SURE = 0.9, 100  # so much of either found again, by so many matches: all of it, under what was added
# A design (logo, flag, document) drawn or printed twice agrees edge on edge, but not in texture and shade beside them.
# Fitted with all emblems and flags in sight (none held out) and on 24 photographs with 22 edits each.
FEW_TONES, DETAIL = 0.5, 0.3  # where three greys make up half of either picture: the least share in agreeing detail
MANY_TONES = 0.25  # where they make up less, it is no design: the least of the designs had 0.3
QUIET_SAME = 0.35  # between the two: of the places with texture and no strong edge; copies 0.49 and more, designs 0.19
KEPT = 0.25  # of what one of the two shows must be found in the other for a yes: less may be a logo or a caption
SQUARES = 6  # independent agreeing squares for a yes
BLOCK = 0.3  # of the overlap that differs and is one rectangle: a different picture in the same frame
SHARP, LIKE = 0.7, 0.95  # below both, edges are displaced as from another standpoint; the least of the copies had 0.72
# Pixels by which neighbouring matches lie off together: copies (24 photographs, 22 edits each) 0.13 at most, 0.06 in 95
# of 100; film frames, a street and two cameras on one standpoint, half of the scenes in sight, 0.18 to 0.85.
BEND = 0.15
STRAINED = 2.5  # chosen: a panorama forced into a square is stretched by 2
PART = 0.9  # of either's area: with more around it in both, seen at an angle or stretched so, as panoramas are
ODD = 1.2
SET_IN = 0.6  # of either's area: where both have more around the common part, and it is a panel of both: collages
PANEL = 0.85  # overlap over union with a panel
OVERLAY_SURE, OVERLAY_SAME = 12, 0.3  # below both, what little agrees is chance and not worth a reader's time
HASH_SAME = 0.8  # where only the whole-picture hash aligned the two
HASH_SQUARES = 25
SAME_SCORE = 10_000.0  # above what any alignment can reach
LIMITS = (
    "Two photographs of one scene from one standpoint, as a burst of a camera gives them, look like copies; a crop of "
    "under a tenth of a picture, or of a part without detail, may not be found."
)
PAIRS = 24  # matched points given with a comparison


class Relation(StrEnum):
    """How two pictures that share content are related."""

    SAME_BYTES = "same-bytes"
    SAME_PIXELS = "same-pixels"
    NEAR_DUPLICATE = "near-duplicate"  # recompressed, resized, filtered: the whole frame, unturned
    DERIVED = "derived"  # crop, overlay, collage, screenshot, rotation, mirror
    SHARES_OVERLAY = "shares-overlay"  # a logo, design, caption, frame, thing or place in common, not the picture


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing two pictures; `relation` is None where nothing in common was found.

    The finding's regions and pairs are in upright pixels of the full pictures; the first of the two is its "picture".
    """

    relation: Relation | None
    finding: Finding

    def pack(self) -> dict[str, Any]:
        """As JSON."""
        return {"relation": self.relation and self.relation.value, "finding": self.finding.to_json()}

    @classmethod
    def unpack(cls, value: dict[str, Any]) -> Comparison:
        """What `pack` wrote."""
        return cls(Relation(value["relation"]) if value["relation"] else None, Finding.from_json(value["finding"]))

    def with_same_pixels(self) -> Comparison:
        """After a full decode of both has shown that they are equal."""
        because = "The two files differ, but decode to the same pixels, every one of them."
        level = Relation.SAME_PIXELS.value
        found = replace(self.finding, answer=Answer.YES, because=because, level=level, regions=())
        return Comparison(Relation.SAME_PIXELS, found)


def compare(a: Signature, b: Signature, mirrored: bool | None = None) -> Comparison:
    """Compare two pictures; `mirrored` says which handedness to try, where the candidate search knows."""
    if a.digest == b.digest:
        because = "The two files are the same, byte for byte."
        same = Finding(Answer.YES, because, level=Relation.SAME_BYTES.value, score=SAME_SCORE)
        return Comparison(Relation.SAME_BYTES, same)
    near = nearest(a, b)
    measured: dict[str, Json] = {"pdq_bits": near.bits, "pdq_quality": min(a.quality, b.quality)}
    featured = by_features(a, b, mirrored)
    enough = featured is not None and featured.inliers >= WITHIN_SURE
    overlays = [o for o in (featured, None if enough else by_hash(a, b, near)) if o]
    if not overlays:
        return _nothing(measured)
    return judge(a, b, max(overlays, key=_support), measured)


def judge(a: Signature, b: Signature, overlay: Overlay, measured: dict[str, Json]) -> Comparison:
    """The answer and the relation that an overlay supports."""
    found = describe.describe(overlay.matrix, a.full, b.full)
    if len(found.outline_a) < 3:
        return _nothing(measured)
    measured |= found.measured() | _numbers(overlay)
    agrees = overlay.agreement
    answer, relation, because = _verdict(a, b, overlay, found)
    if relation is None:
        return _nothing(measured)
    panels = _is_panel(a, found.outline_a), _is_panel(b, found.outline_b)
    earlier, reasons = likelier_earlier(found, *panels) if answer is Answer.YES else ("unclear", ())
    measured |= {"likelier_earlier": earlier, "why_earlier": reasons}
    matched = f"{overlay.inliers} matched points" if overlay.inliers else "the whole-picture hash"
    said = f"{because} ({matched}; {100 * agrees.agreeing:.0f} % of what both show there agrees)."
    finding = Finding(
        answer,
        said,
        level=relation.value,
        measured=measured,
        regions=tuple(describe.regions(found, agrees, a.full, a.thumbnail.shape)),
        pairs=_spread(overlay.points),
        score=round(agrees.squares * agrees.agreeing + overlay.inliers, 1),
        limits=LIMITS,
    )
    return Comparison(relation, finding)


def _verdict(a: Signature, b: Signature, overlay: Overlay, found: Geometry) -> tuple[Answer, Relation | None, str]:
    agrees = overlay.agreement
    kept = max(agrees.kept_a, agrees.kept_b)
    small = max(found.covers_a, found.covers_b) < KEPT  # a bar or a logo alone, however much of a flat picture it is
    within = kept >= WITHIN and overlay.inliers >= WITHIN_SURE
    same = agrees.agreeing >= SAME or within
    if not same or kept < KEPT or agrees.block > BLOCK or small or agrees.band:
        if overlay.inliers < OVERLAY_SURE and agrees.agreeing < OVERLAY_SAME:
            return Answer.NO, None, ""
        part = f"Only a part of what they show agrees ({100 * kept:.0f} %)"
        because = f"{part}: they may share a thing, a wall, a logo or a frame, not the photograph"
        return Answer.UNCLEAR, Relation.SHARES_OVERLAY, because
    alike = agrees.likeness >= FRAMED_LIKE or agrees.sharp >= FRAMED_SHARP
    least = FRAMED_SAME if alike else FRAMED_ALIKE
    if min(found.covers_a, found.covers_b) > FRAMED and agrees.agreeing < least and not within:
        because = (
            "Frame lies on frame, and much of what they hold differs: the same picture altered, or two in one frame"
        )
        return Answer.UNCLEAR, Relation.SHARES_OVERLAY, because
    doubt = _doubt(overlay, found)
    if doubt:
        return Answer.UNCLEAR, Relation.SHARES_OVERLAY, doubt
    relation = Relation.NEAR_DUPLICATE if found.whole and not agrees.differing else Relation.DERIVED
    tiles = max(found.covers_a, found.covers_b) < SET_IN
    if tiles and _is_panel(a, found.outline_a) and _is_panel(b, found.outline_b):
        because = f"The same picture is set into two different surroundings: {found.words()}"
        return Answer.UNCLEAR, relation, because
    because = f"The two show the same picture: {found.words()}"
    return Answer.YES if _sure(a, b, overlay, found) else Answer.UNCLEAR, relation, because


def _doubt(overlay: Overlay, found: Geometry) -> str:
    """Why much agrees and the two may be no copies all the same; nothing where no reason is known."""
    agrees = overlay.agreement
    if found.stretch > STRAINED and overlay.inliers:  # the whole-picture hash does not see a stretch at all
        return f"Much agrees, but only under a stretch by {100 * (found.stretch - 1):.0f} %, which no edit makes"
    if (found.tilted or found.stretch > ODD) and max(found.covers_a, found.covers_b) < PART:
        return "Much agrees, seen at an angle and with more around it in both: one picture or two of one scene"
    if overlay.bend > BEND:
        return (
            f"Much agrees, but neighbouring points are displaced together, by {overlay.bend:.2f} pixels of the reduced "
            "picture where copies keep under 0.15: one exposure seen through another lens, or two of one scene"
        )
    if agrees.sharp < SHARP and agrees.likeness < LIKE:
        return "Much agrees, but displaced within the common part, as in another photograph of the same place"
    shaded = agrees.detail >= DETAIL if agrees.tones > FEW_TONES else agrees.quiet >= QUIET_SAME
    if agrees.tones > MANY_TONES and not shaded:
        return (
            f"Edges agree, but texture and shade beside them in only {100 * agrees.detail:.0f} % of the common part: "
            "a logo, flag or document that was drawn or printed twice looks like that, and so does a copy of one"
        )
    return ""


def _sure(a: Signature, b: Signature, overlay: Overlay, found: Geometry) -> bool:
    agrees = overlay.agreement
    if overlay.by != "local features":
        return agrees.agreeing >= HASH_SAME and agrees.squares >= HASH_SQUARES
    possible = min(_features_in(a, found.outline_a), _features_in(b, found.outline_b))
    few = overlay.inliers >= max(FEW, REPEATED * possible) and agrees.agreeing >= FEW_SAME
    return agrees.squares >= SQUARES and (few or overlay.inliers >= SURE)


def _features_in(picture: Signature, outline: Sequence[Point]) -> int:
    """Local features inside a convex outline in full pixels."""
    points = geometry.apply(full_pixels(picture), picture.features.points.astype(float))
    corners = np.array(outline)
    edges = np.roll(corners, -1, axis=0) - corners
    side = edges[:, 0, None] * (points[:, 1] - corners[:, 1, None]) - edges[:, 1, None] * (
        points[:, 0] - corners[:, 0, None]
    )
    return int(((side >= 0).all(axis=0) | (side <= 0).all(axis=0)).sum())


def _is_panel(picture: Signature, outline: Sequence[Point]) -> bool:
    """Whether an outline in full pixels is one of the pictures inside a picture, as a tile of a collage is."""
    corners = geometry.apply(between(picture.full, picture.work), np.array(outline))
    low, high = corners.min(axis=0), corners.max(axis=0)
    boxes = picture.boxes.astype(float)
    inner = np.minimum(high, boxes[:, :2] + boxes[:, 2:]) - np.maximum(low, boxes[:, :2])
    common = np.maximum(inner, 0).prod(axis=1)
    union = (high - low).prod() + boxes[:, 2:].prod(axis=1) - common
    return bool((common >= PANEL * union).any())


def _numbers(overlay: Overlay) -> dict[str, Json]:
    agrees = overlay.agreement
    return {
        "aligned_by": overlay.by,
        "matched_points": overlay.inliers,
        "tentative_matches": overlay.tentative,
        "agreeing": round(agrees.agreeing, 3),
        "kept_of_picture": round(agrees.kept_a, 3),
        "kept_of_other": round(agrees.kept_b, 3),
        "agreeing_squares": agrees.squares,
        "differing_places": len(agrees.differing),
        "differing_block": round(agrees.block, 3),
        "likeness": round(agrees.likeness, 3),
        "sharpness": round(agrees.sharp, 3),
        "agreeing_detail": round(agrees.detail, 3),
        "agreeing_quiet": round(agrees.quiet, 3),
        "three_tones": round(agrees.tones, 3),
        "bend_pixels": round(overlay.bend, 3),
    }


def _spread(points: Floats) -> tuple[Pair, ...]:
    """At most `PAIRS` of the matched points, evenly from the most alike to the least."""
    chosen = points[np.linspace(0, len(points) - 1, min(PAIRS, len(points))).astype(int)] if len(points) else points
    return tuple(Pair((float(p[0]), float(p[1])), (float(p[2]), float(p[3]))) for p in chosen)


def _nothing(measured: dict[str, Json]) -> Comparison:
    bits = measured["pdq_bits"]
    because = f"No part in common could be aligned (the whole-picture hashes differ in {bits} of 256 bits)."
    return Comparison(None, Finding(Answer.NO, because, measured=measured, score=0.0, limits=LIMITS))


def _support(overlay: Overlay) -> float:
    return overlay.agreement.agreeing * overlay.agreement.squares + overlay.inliers
