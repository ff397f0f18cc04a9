"""Whether a picture is in an archive: candidates by hashes and local features, each confirmed by comparing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.appearances import Appearance, published_first, weighed
from verify.archive import candidates, comparison, hashing, learned, notes
from verify.archive.comparison import Comparison
from verify.archive.notes import Decision
from verify.archive.overlay import PDQ_NEAR
from verify.archive.segment import Segment
from verify.archive.signature import METHOD, Signature
from verify.archive.store import Archive
from verify.errors import Refused
from verify.model import Answer

MOST = 60  # candidates compared, the most promising first
FOREIGN_NEAR = 31  # bits; the reference's own threshold, for hashes of which no picture is at hand
SAMPLE = 20_000  # pictures that the archive's own null is measured on, spread over it
# What a search does, for the record: bits of PDQ, equal local features, candidates compared at most.
SEARCHED = {"pdq_bits": PDQ_NEAR, "equal_features": candidates.VOTES, "compared_at_most": MOST, "method": METHOD}


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture of the archive that shows, or may show, the same; the asked picture is the comparison's first."""

    digest: str
    paths: tuple[str, ...]
    comparison: Comparison
    appearances: tuple[Appearance, ...] = ()
    decision: Decision | None = None  # somebody told the two apart; the measurement stands beside it

    def to_json(self) -> dict[str, Any]:
        """The line that `verify archive search --json` prints."""
        told = self.comparison.finding.to_json()
        fields = {name: told[name] for name in ("answer", "because", "score", "measured", "regions", "pairs")}
        relation = self.comparison.relation
        return {
            "digest": self.digest,
            "paths": list(self.paths),
            "relation": relation and relation.value,
            **fields,
            "appearances": [seen.to_json() for seen in self.appearances],
            "told_apart": self.decision and self.decision.to_json(),
        }


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a search did and found: hits, the surest first.

    Of `searched` pictures `proposed` were worth comparing and `compared` were compared; `unsearchable` ones lie in
    damaged segments.
    """

    hits: tuple[Hit, ...]
    searched: int
    proposed: int
    compared: int
    unsearchable: int


def look_up(archive: Archive, picture: Signature) -> LookedUp:
    """Every picture of the archive that shares content with this one, the surest first."""
    gone = archive.removed()
    rank: list[tuple[int, str, int, bool | None]] = []
    for name, part in archive.segments():
        try:
            rows = proposed(part, picture)
        except (IndexError, ValueError):  # offsets that lead nowhere: `info --check` tells more
            archive.set_aside(name, f"{name}: its files are damaged; expected those of an archive")
            continue
        digests = part.arrays["digests"]
        rank += [
            (weight, name, row, mirrored) for row, (weight, mirrored) in rows.items() if digests[row, 0] not in gone
        ]
    chosen = sorted(rank, key=lambda item: (-item[0], *item[1:3]))[:MOST]
    found = [hit for _, name, row, mirrored in chosen if (hit := _hit(archive, picture, name, row, mirrored))]
    lost = sum(len(archive.pictures_in(name)) for name in archive.damaged())
    hits = tuple(sorted(found, key=_strength, reverse=True))
    return LookedUp(hits, len(archive) - lost, len(rank), len(chosen), lost)


def _hit(archive: Archive, picture: Signature, name: str, row: int, mirrored: bool | None) -> Hit | None:
    try:
        other = archive.segment(name).signature(row)
        compared = comparison.compare(picture, other, mirrored)
    except Refused as error:  # set aside while its other rows were looked at, or now; counted as unsearchable
        archive.set_aside(name, str(error))
        return None
    if not compared.relation:
        return None
    seen = notes.appearances(archive, other.digest)
    compared = _with_chance(compared, by_chance(archive))
    if compared.finding.answer is Answer.YES:
        compared = with_appearances(compared, notes.appearances(archive, picture.digest), seen)
    apart = notes.decision(archive, picture.digest, other.digest)
    return Hit(other.digest, tuple(archive.paths(other.digest)), compared, seen, apart)


def with_appearances(
    compared: Comparison, picture: tuple[Appearance, ...], other: tuple[Appearance, ...]
) -> Comparison:
    """With where the two were published weighed first in which is likelier the earlier."""
    measured = compared.finding.measured
    inferred, reasons = str(measured.get("likelier_earlier", "unclear")), measured.get("why_earlier", ())
    assert isinstance(reasons, (tuple, list)), "the comparison gives a list of sentences"
    side, why = weighed(published_first(picture, other), inferred, [str(reason) for reason in reasons])
    told = {**measured, "likelier_earlier": side, "why_earlier": why}
    return replace(compared, finding=replace(compared.finding, measured=told))


def proposed(part: Segment, picture: Signature) -> dict[int, tuple[int, bool | None]]:
    """Rows of a segment worth comparing: how promising, and the handedness where it is known."""
    rows: dict[int, tuple[int, bool | None]] = dict(part.votes(picture.features))
    if picture.quality >= hashing.PDQ_QUALITY:
        tiles, owner = part.tiles
        asked = hashing.words(np.concatenate([picture.pdq, picture.panels]))
        _, near, bits = part.hashes.search(asked, PDQ_NEAR)
        _keep(rows, near, bits)
        _, near, bits = tiles.search(asked[:8], PDQ_NEAR)
        _keep(rows, owner[near], bits)
    for rank, near_row in enumerate(part.alike(picture).tolist()):  # like a hash that is so many bits within reach
        rows[near_row] = (rows.get(near_row, (0, None))[0] + learned.MOST - rank, None)
    return rows


def _keep(rows: dict[int, tuple[int, bool | None]], near: npt.NDArray[np.intp], bits: npt.NDArray[np.uint16]) -> None:
    """A near hash counts as so many votes as it is nearer than the threshold, and leaves the handedness open."""
    for row, apart in zip(near.tolist(), bits.tolist(), strict=True):
        rows[row] = (rows.get(row, (0, None))[0] + PDQ_NEAR - apart + 1, None)


def by_chance(archive: Archive) -> tuple[float, float, int]:
    """The archive's own null: mean and deviation, in bits, of PDQ between pictures that nothing connects; and how many.

    Pictures at a fixed distance in the archive are paired; the middle half of the distances gives both figures, so that
    copies among them do not count. Measured once while the archive is open.
    """
    if archive.null is None:
        archive.null = _null(archive)
    return archive.null


def _null(archive: Archive) -> tuple[float, float, int]:
    rows = [part.hashes.columns for _, part in archive.segments()]
    total = sum(part.shape[1] for part in rows)
    every = np.concatenate([part[:, :: total // SAMPLE + 1] for part in rows] or [np.zeros((4, 0), np.uint64)], axis=1)
    shifts = [shift for shift in (1, 7, 31, 101) if shift % max(every.shape[1], 1)]
    if not shifts:
        return 128.0, 8.2, total  # that of 499,500 pairs of photographs
    bits = [np.bitwise_count(every ^ np.roll(every, shift, axis=1)).sum(axis=0) for shift in shifts]
    low, middle, high = np.percentile(np.concatenate(bits), [25, 50, 75])
    return float(middle), max(float(high - low) / 1.349, 4.0), total


def _with_chance(compared: Comparison, chance: tuple[float, float, int]) -> Comparison:
    """With the number of unrelated pictures that would come as near by their hashes, in any of eight orientations."""
    middle, deviation, count = chance
    bits = compared.finding.measured.get("pdq_bits")
    if not isinstance(bits, int):
        return compared
    tail = 0.5 * math.erfc((middle - bits - 0.5) / (deviation * math.sqrt(2)))
    measured = {**compared.finding.measured, "pdq_expected_by_chance": float(f"{8 * count * tail:.2g}")}
    return replace(compared, finding=replace(compared.finding, measured=measured))


def near_foreign(archive: Archive, picture: Signature) -> list[tuple[str, str, int]]:
    """Imported hashes near this picture's: method, name, and differing bits."""
    own = {"pdq": picture.pdq[0].tobytes(), "phash": picture.phash, "dhash": picture.dhash}
    near = []
    for method, bits, name in archive.database().execute("SELECT method, bits, name FROM foreign_hash"):
        distance = hashing.Hash(method, own[method]) - hashing.Hash(method, bits)
        if distance <= FOREIGN_NEAR * len(bits) // 32:
            near.append((method, name, distance))
    return sorted(near, key=lambda item: item[2])


def _strength(hit: Hit) -> tuple[bool, float]:
    finding = hit.comparison.finding
    return finding.answer is Answer.YES, finding.score or 0.0
