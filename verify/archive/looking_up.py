"""Whether a picture is in an archive: candidates by hashes and local features, each confirmed by comparing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from verify.archive import comparison, hashing, search
from verify.archive.comparison import Comparison
from verify.archive.overlay import PDQ_NEAR
from verify.archive.segment import Segment
from verify.archive.signature import Signature
from verify.archive.store import Archive
from verify.model import Answer

MOST = 60  # candidates compared, the most promising first
FOREIGN_NEAR = 31  # bits; the reference's own threshold, for hashes of which no picture is at hand


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture of the archive that shows, or may show, the same; the asked picture is the comparison's first."""

    digest: str
    paths: tuple[str, ...]
    comparison: Comparison

    def to_json(self) -> dict[str, Any]:
        """The line that `verify archive search --json` prints."""
        told = self.comparison.finding.to_json()
        fields = {name: told[name] for name in ("answer", "because", "score", "measured", "regions", "pairs")}
        relation = self.comparison.relation
        return {"digest": self.digest, "paths": list(self.paths), "relation": relation and relation.value, **fields}


def look_up(archive: Archive, picture: Signature) -> list[Hit]:
    """Every picture of the archive that shares content with this one, the surest first.

    Pairs that somebody has found to be different pictures are left out.
    """
    rank: list[tuple[int, str, int, bool | None]] = []
    for name, part in archive.segments():
        rank += [(weight, name, row, mirrored) for row, (weight, mirrored) in proposed(part, picture).items()]
    found, chance = [], by_chance(archive)
    digests = {(name, row): digest for name, row, digest in archive.rows()}
    for _, name, row, mirrored in sorted(rank, key=lambda item: (-item[0], *item[1:3]))[:MOST]:
        digest = digests.get((name, row))
        if digest is None or _told_apart(archive, picture.digest, digest):
            continue
        compared = comparison.compare(picture, archive.segment(name).signature(row), mirrored)
        if compared.relation:
            found.append(Hit(digest, tuple(archive.paths(digest)), _with_chance(compared, chance)))
    return sorted(found, key=_strength, reverse=True)


def proposed(part: Segment, picture: Signature) -> dict[int, tuple[int, bool | None]]:
    """Rows of a segment worth comparing: how promising, and the handedness where it is known."""
    rows: dict[int, tuple[int, bool | None]] = dict(part.votes(picture.features))
    if picture.quality >= hashing.PDQ_QUALITY:
        tiles, owner = part.tiles
        asked = hashing.words(np.concatenate([picture.pdq, picture.panels]))
        for one in asked:
            for row, bits in zip(*search.scan(part.hashes, one, PDQ_NEAR), strict=True):
                _keep(rows, int(row), int(bits))
        for one in asked[:8]:
            for tile, bits in zip(*search.scan(tiles, one, PDQ_NEAR), strict=True):
                _keep(rows, int(owner[tile]), int(bits))
    return rows


def _keep(rows: dict[int, tuple[int, bool | None]], row: int, bits: int) -> None:
    """A near hash counts as so many votes as it is nearer than the threshold, and leaves the handedness open."""
    rows[row] = (rows.get(row, (0, None))[0] + PDQ_NEAR - bits + 1, None)


def by_chance(archive: Archive) -> tuple[float, float, int]:
    """The archive's own null: mean and deviation, in bits, of PDQ between pictures that nothing connects; and how many.

    Pictures at a fixed distance in the archive are paired; the middle half of the distances gives both figures, so that
    copies among them do not count.
    """
    rows = [part.hashes for _, part in archive.segments()]
    every = np.concatenate(rows, axis=1) if rows else np.zeros((4, 0), np.uint64)
    count = every.shape[1]
    shifts = [shift for shift in (1, 7, 31, 101) if shift % max(count, 1)]
    if not shifts:
        return 128.0, 8.2, count  # that of 499,500 pairs of photographs
    bits = [np.bitwise_count(every ^ np.roll(every, shift, axis=1)).sum(axis=0) for shift in shifts]
    low, middle, high = np.percentile(np.concatenate(bits), [25, 50, 75])
    return float(middle), max(float(high - low) / 1.349, 4.0), count


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


def tell_apart(archive: Archive, a: str, b: str, because: str, actor: str) -> None:
    """Remember that two pictures (by digest) were looked at and are different ones."""
    with archive.database() as database:
        row = (*sorted((a, b)), because, actor)
        database.execute("INSERT OR REPLACE INTO distinct_pair VALUES (?, ?, ?, ?)", row)


def _told_apart(archive: Archive, a: str, b: str) -> bool:
    query = "SELECT count(*) FROM distinct_pair WHERE a = ? AND b = ?"
    return bool(archive.database().execute(query, sorted((a, b))).fetchone()[0])


def _strength(hit: Hit) -> tuple[bool, float]:
    finding = hit.comparison.finding
    return finding.answer is Answer.YES, finding.score or 0.0
