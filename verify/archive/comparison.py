"""Whether two pictures show the same photograph: alignment, what agrees under it, and the relation in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.archive import describe, judging
from verify.archive.ancestry import likelier_earlier
from verify.archive.judging import Relation
from verify.archive.overlay import Overlay, by_features, by_hash, nearest
from verify.archive.signature import Signature
from verify.model import Answer, Finding, Json, Pair

Floats = npt.NDArray[np.floating[Any]]

SAME_SCORE = 10_000.0  # above what any alignment can reach
LIMITS = (
    "Two photographs by one camera that did not move, as a burst gives them, look like copies; a crop of under a tenth "
    "of a picture, or of a part without detail, may not be found."
)
PAIRS = 24  # matched points given with a comparison


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
    enough = featured is not None and featured.inliers >= judging.WITHIN_SURE
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
    said = judging.verdict(a, b, overlay, found)
    if said.relation is None:
        return _nothing(measured)
    measured |= said.measured()
    panels = judging.is_panel(a, found.outline_a), judging.is_panel(b, found.outline_b)
    earlier, reasons = likelier_earlier(found, a, b, *panels) if said.answer is Answer.YES else ("unclear", ())
    measured |= {"likelier_earlier": earlier, "why_earlier": reasons}
    matched = f"{overlay.inliers} matched points" if overlay.inliers else "the whole-picture hash"
    because = f"{said.because} ({matched}; {100 * agrees.agreeing:.0f} % of what both show there agrees)."
    finding = Finding(
        said.answer,
        because,
        level=said.relation.value,
        measured=measured,
        regions=tuple(describe.regions(found, agrees, a.full, a.thumbnail.shape)),
        pairs=_spread(overlay.points),
        score=round(agrees.squares * agrees.agreeing + overlay.inliers, 1),
        limits=LIMITS,
    )
    return Comparison(said.relation, finding)


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
