"""Groups of files that show the same picture, each with the pair that holds it together least."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from verify.archive.duplicates import Duplicate, Unread
from verify.model import Answer


@dataclass(frozen=True, slots=True)
class Cluster:
    """Files joined by pairs that were answered yes.

    `weakest` is the least sure of the pairs that are needed to hold the group together: files at its two ends may
    never have been found alike themselves, so a chain is no stronger than it.
    """

    files: tuple[str, ...]
    pairs: tuple[Duplicate, ...]
    weakest: Duplicate


def clusters(found: Iterable[Duplicate | Unread]) -> list[Cluster]:
    """Groups from the pairs answered yes, the largest first: the strongest pairs join first (Kruskal, 1956)."""
    sure = [pair for pair in found if isinstance(pair, Duplicate) and pair.finding.answer is Answer.YES]
    above: dict[str, str] = {}
    weakest: dict[str, Duplicate] = {}

    def top(file: str) -> str:
        while above.setdefault(file, file) != file:
            above[file] = above[above[file]]
            file = above[file]
        return file

    for pair in sorted(sure, key=_score, reverse=True):
        a, b = top(pair.a), top(pair.b)
        if a != b:
            above[b] = a
            weakest[a] = pair  # pairs come by falling score: the last that was needed is the weakest
    members: dict[str, list[str]] = {}
    for file in above:
        members.setdefault(top(file), []).append(file)
    pairs: dict[str, list[Duplicate]] = {}
    for pair in sure:
        pairs.setdefault(top(pair.a), []).append(pair)
    groups = [Cluster(tuple(sorted(members[at])), tuple(pairs[at]), weakest[at]) for at in members]
    return sorted(groups, key=lambda group: (-len(group.files), group.files))


def _score(pair: Duplicate) -> float:
    return pair.finding.score or 0.0
