"""What an overlay of two pictures supports: the rules, their thresholds, and where each comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from verify.archive import closer, geometry
from verify.archive.closer import Closer
from verify.archive.describe import Geometry
from verify.archive.overlay import Overlay, between, full_pixels
from verify.archive.signature import Signature
from verify.model import Answer, Json, Point

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
# Or of what those greys leave, where so many matches agree: things on a plain ground; the most of the designs was 0.61.
LEFT, LEFT_SURE = 0.75, 50
MANY_TONES = 0.25  # where they make up less, it is no design: the least of the designs had 0.3
# Between the two: of the places with texture and no strong edge (copies 0.49 and more, designs 0.19), and of the
# common part (1,180 copies of the tuning half 0.057 and more but for one, pages of one text and two photographs 0.032).
QUIET_SAME, SOME_DETAIL = 0.35, 0.05
KEPT = 0.25  # of what one of the two shows must be found in the other for a yes: less may be a logo or a caption
SQUARES = 6  # independent agreeing squares for a yes
BLOCK = 0.3  # of the overlap that differs and is one rectangle: a different picture in the same frame
SHARP, LIKE = 0.7, 0.95  # below both, edges are displaced as from another standpoint; the least of the copies had 0.72
# Pixels by which neighbouring matches lie off together, from which a closer look is taken. Copies (120 photographs of
# the tuning half, 22 edits): under 0.1 in 99 of 100; two exposures (film frames, a street, two cameras on one
# standpoint; all scenes in sight): the least 0.144. From the second on, only a closer look that finds nearly all blocks
# equal clears them: walls drawn from two places were not displaced where equal, but a third of their blocks differed.
# Few matches tell it badly: from features of 352 pixels, not 384, the two cameras had 78 of them and 0.012.
BEND, BENT = 0.1, 0.14
# A closer look: blocks that are equal at least, pixels by which they may be displaced together, and share of those with
# texture that may differ. Of 2,160 copies (tuning half, 18 edits) that were looked at, 1 in 100 is displaced by over
# 0.06, those bent by over 0.1 by 0.064 at most but for one (0.089); two exposures 0.114, 0.163, 0.17 and more. Two
# pages of one layout (60 pictures in one frame) differ in 0.216 and more, copies at JPEG quality 10 in up to 0.09.
# No edit tilts a picture; a photograph of a screen does, and so does another standpoint: what is seen at an angle needs
# that look always, since few matches tell no bend (two standpoints before one cupboard: 22 matches that bend by 0, 48
# blocks, displaced by 0.103). 28 tilted copies (40 originals of the tuning half) had 125 blocks or more, 0.062 or less.
BLOCKS, DISPLACED, DIFFERING = 60, 0.08, 0.12
# Or nothing displaced, and photographic texture in so much of one picture's area: a photograph set into another. Two
# pages of one layout have 0.09 at most, drawn designs that are not displaced 0.18 (325 and 208 pairs); dense print has
# more, but not `DETAIL`.
PHOTOGRAPHIC = 0.25
STRAINED = 2.5  # chosen: a panorama forced into a square is stretched by 2
PART = 0.9  # of either's area: with more around it in both, seen at an angle or stretched so, as panoramas are
ODD = 1.2
SET_IN = 0.6  # of either's area: where both have more around the common part, and it is a panel of both: collages
PANEL = 0.85  # overlap over union with a panel
OVERLAY_SURE, OVERLAY_SAME = 12, 0.3  # below both, what little agrees is chance and not worth a reader's time
HASH_SAME = 0.8  # where only the whole-picture hash aligned the two
HASH_SQUARES = 25
FRAMED_DOUBT = "Frame lies on frame, and much of what they hold differs: the same picture altered, or two in one frame"


class Relation(StrEnum):
    """How two pictures that share content are related."""

    SAME_BYTES = "same-bytes"
    SAME_PIXELS = "same-pixels"
    NEAR_DUPLICATE = "near-duplicate"  # recompressed, resized, filtered: the whole frame, unturned
    DERIVED = "derived"  # crop, overlay, collage, screenshot, rotation, mirror
    SHARES_OVERLAY = "shares-overlay"  # a logo, design, caption, frame, thing or place in common, not the picture


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, the relation (None where nothing in common was found) and why; `closer` where it took that look."""

    answer: Answer
    relation: Relation | None
    because: str
    closer: Closer | None

    def measured(self) -> dict[str, Json]:
        """What the closer look measured."""
        if not self.closer:
            return {}
        return {
            "equal_blocks": self.closer.blocks,
            "displaced_pixels": round(self.closer.displaced, 3),
            "differing_blocks": round(self.closer.differing, 3),
            "photographic_part": round(self.closer.photographic, 3),
        }


def verdict(a: Signature, b: Signature, overlay: Overlay, found: Geometry) -> Verdict:
    """What an overlay supports. Raises Refused where a picture's kept work image is damaged."""
    judged = _Judged(a, b, overlay, found)
    answer, relation, because = judged.verdict()
    return Verdict(answer, relation, because, judged.__dict__.get("closer"))


class _Judged:
    """One overlay under the rules; the closer look is taken where one of them asks for it."""

    def __init__(self, a: Signature, b: Signature, overlay: Overlay, found: Geometry) -> None:
        self.a, self.b = a, b
        self.overlay, self.found = overlay, found
        self.agrees = overlay.agreement

    @cached_property
    def closer(self) -> Closer | None:
        """The closer look; None where no local features aligned the two or too few blocks agree."""
        if not self.overlay.inliers or not len(self.a.deflated) or not len(self.b.deflated):
            return None
        ours = self.a.work_image()
        turned = np.ascontiguousarray(ours[:, ::-1]) if self.overlay.mirrored else ours
        return closer.look(turned, self.b.work_image(), self.overlay.alignment.matrix)

    @property
    def displaced(self) -> bool:
        """Whether the closer look finds blocks displaced together."""
        return self.closer is not None and self.closer.blocks >= BLOCKS and self.closer.displaced > DISPLACED

    @property
    def straight(self) -> bool:
        """Whether the closer look finds enough blocks and nothing displaced."""
        return self.closer is not None and self.closer.blocks >= BLOCKS and not self.displaced

    @property
    def equal(self) -> bool:
        """Whether the closer look finds nothing displaced and nearly nothing that differs."""
        return self.straight and self.closer is not None and self.closer.differing <= DIFFERING

    @property
    def part(self) -> bool:
        """Whether a photographic part of one lies flat in the other, nothing of it displaced, whatever is around it."""
        if self.overlay.inliers < SURE or self.found.tilted or self.found.stretch > ODD or self.agrees.detail < DETAIL:
            return False
        return self.straight and self.closer is not None and self.closer.photographic >= PHOTOGRAPHIC

    @property
    def framed(self) -> bool:
        """Whether frame lies on frame and much of what they hold differs."""
        agrees = self.agrees
        alike = agrees.likeness >= FRAMED_LIKE or agrees.sharp >= FRAMED_SHARP
        least = FRAMED_SAME if alike else FRAMED_ALIKE
        return min(self.found.covers_a, self.found.covers_b) > FRAMED and agrees.agreeing < least

    def verdict(self) -> tuple[Answer, Relation | None, str]:
        agrees, overlay, found = self.agrees, self.overlay, self.found
        kept = max(agrees.kept_a, agrees.kept_b)
        small = max(found.covers_a, found.covers_b) < KEPT  # a bar or a logo alone, however much of a flat picture
        less = kept < KEPT or agrees.block > BLOCK or small or agrees.band
        within = kept >= WITHIN and overlay.inliers >= WITHIN_SURE
        same = agrees.agreeing >= SAME or within or (kept >= WITHIN and not less and self.equal)
        framed = self.framed and not (within or less or self.equal)
        part = not less and (framed or not same) and self.part
        if less or not (same or part):
            if overlay.inliers < OVERLAY_SURE and agrees.agreeing < OVERLAY_SAME:
                return Answer.NO, None, ""
            because = f"Only a part of what they show agrees ({100 * kept:.0f} %)"
            because = f"{because}: they may share a thing, a wall, a logo or a frame, not the photograph"
            return Answer.UNCLEAR, Relation.SHARES_OVERLAY, because
        doubt = FRAMED_DOUBT if framed and not part else self.doubt()
        if doubt:
            return Answer.UNCLEAR, Relation.SHARES_OVERLAY, doubt
        relation = Relation.NEAR_DUPLICATE if found.whole and not agrees.differing else Relation.DERIVED
        tiles = max(found.covers_a, found.covers_b) < SET_IN
        if tiles and is_panel(self.a, found.outline_a) and is_panel(self.b, found.outline_b):
            because = f"The same picture is set into two different surroundings: {found.words()}"
            return Answer.UNCLEAR, relation, because
        because = self.partly() if part else f"The two show the same picture: {found.words()}"
        return Answer.YES if self.sure() else Answer.UNCLEAR, relation, because

    def partly(self) -> str:
        """What lies in the other picture, and how much of it."""
        share = 100 * self.closer.photographic if self.closer else 0
        return (
            f"A photographic part of one is in the other, {share:.0f} % of its area, nothing of it displaced: "
            f"{self.found.words()}; a poster or screen in a scene, photographed flat-on, would look the same"
        )

    def doubt(self) -> str:
        """Why much agrees and the two may be no copies all the same; nothing where no reason is known."""
        agrees, overlay, found = self.agrees, self.overlay, self.found
        if found.stretch > STRAINED and overlay.inliers:  # the whole-picture hash does not see a stretch at all
            return f"Much agrees, but only under a stretch by {100 * (found.stretch - 1):.0f} %, which no edit makes"
        if (found.tilted or found.stretch > ODD) and max(found.covers_a, found.covers_b) < PART:
            return "Much agrees, seen at an angle and with more around it in both: one picture or two of one scene"
        if overlay.bend > BEND and (self.displaced or (overlay.bend > BENT and not self.equal)):
            return self.bent()
        if found.tilted and overlay.inliers and not self.straight:
            return self.bent() if self.displaced else "Much agrees, seen at an angle, and too little for a closer look"
        if agrees.sharp < SHARP and agrees.likeness < LIKE and not self.equal:
            return "Much agrees, but displaced within the common part, as in another photograph of the same place"
        quiet = agrees.quiet >= QUIET_SAME and agrees.detail >= SOME_DETAIL
        left = LEFT * (1 - agrees.tones) if overlay.inliers >= LEFT_SURE else DETAIL
        shaded = agrees.detail >= min(DETAIL, left) if agrees.tones > FEW_TONES else quiet
        if agrees.tones > MANY_TONES and not shaded:
            return (
                f"Edges agree, but texture and shade beside them in only {100 * agrees.detail:.0f} % of the common "
                "part: a logo, flag or document that was drawn or printed twice looks like that, and so does a copy"
            )
        return ""

    def bent(self) -> str:
        """How far things lie off together."""
        if self.closer and self.displaced:
            said = f"blocks of it are displaced together, by {self.closer.displaced:.2f} pixels"
            return (
                f"Much agrees, but neighbouring {said} of the reduced picture where copies keep under {DISPLACED}: "
                "one exposure seen through another lens, or two of one scene"
            )
        return (
            f"Much agrees, but neighbouring points are displaced together, by {self.overlay.bend:.2f} pixels of the "
            "reduced picture, and too little is left for a closer look: one exposure or two of one scene"
        )

    def sure(self) -> bool:
        """Whether enough agrees for a yes."""
        agrees, overlay = self.agrees, self.overlay
        if overlay.by != "local features":
            return agrees.agreeing >= HASH_SAME and agrees.squares >= HASH_SQUARES
        found = self.found
        possible = min(_features_in(self.a, found.outline_a), _features_in(self.b, found.outline_b))
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


def is_panel(picture: Signature, outline: Sequence[Point]) -> bool:
    """Whether an outline in full pixels is one of the pictures inside a picture, as a tile of a collage is."""
    corners = geometry.apply(between(picture.full, picture.work), np.array(outline))
    low, high = corners.min(axis=0), corners.max(axis=0)
    boxes = picture.boxes.astype(float)
    inner = np.minimum(high, boxes[:, :2] + boxes[:, 2:]) - np.maximum(low, boxes[:, :2])
    common = np.maximum(inner, 0).prod(axis=1)
    union = (high - low).prod() + boxes[:, 2:].prod(axis=1) - common
    return bool((common >= PANEL * union).any())
