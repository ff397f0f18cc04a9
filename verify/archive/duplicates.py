"""Every pair of files that shows the same picture: sign each file once, vote for candidates, compare those."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from verify import guard
from verify.archive import candidates, comparison, hashing, learned
from verify.archive.comparison import Comparison
from verify.archive.judging import Relation
from verify.archive.overlay import PDQ_NEAR
from verify.archive.signature import Signature
from verify.errors import EvidenceError, Refused
from verify.model import Answer, Finding

Progress = Callable[[Iterable[Any], int, str], Iterator[Any]]
Proposal = tuple[int, int, bool | None]  # two pictures by number, and their handedness where it is known

PANEL_TURNS = (0, 5)  # tiles and screenshots show a picture upright, perhaps mirrored
BATCH = 16  # comparisons a guarded job: about a megabyte through the pipe


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two files that show, or may show, the same picture."""

    a: str
    b: str
    relation: Relation
    finding: Finding

    def to_json(self) -> dict[str, Any]:
        """The line that `verify duplicates --json` prints."""
        return {"a": self.a, "b": self.b, "relation": self.relation.value, **_told(self.finding)}


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that could not be compared with anything, and why."""

    path: str
    because: str

    def to_json(self) -> dict[str, Any]:
        """The line that `verify duplicates --json` prints."""
        return {"a": self.path, "b": None, "relation": None, **_told(Finding(Answer.UNABLE, self.because))}


def _told(finding: Finding) -> dict[str, Any]:
    told = finding.to_json()
    return {name: told[name] for name in ("answer", "because", "score", "measured", "regions", "pairs")}


def find_duplicates(
    paths: Sequence[Path | str],
    *,
    model: Path | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Iterator[Duplicate | Unread]:
    """Every pair of the files, and of the files in the folders, that shows or may show the same picture.

    A learned `model` proposes pairs as well. Files that cannot be read come first, one Unread each. Raises Refused
    where there is no file at all.
    """
    files = every_file(paths)
    watched = progress or silent
    signed: dict[int, Signature] = {}
    for number, result in watched(_sign(files, model, workers), len(files), "reading"):
        if isinstance(result, EvidenceError):
            yield Unread(str(files[number]), named(result, files[number]))
        else:
            signed[number] = Signature.unpack(result)
    same: dict[str, list[int]] = {}
    for number in sorted(signed):
        same.setdefault(signed[number].digest, []).append(number)
    for numbers in same.values():
        for i, j in combinations(numbers, 2):
            yield _record(files, i, j, comparison.compare(signed[i], signed[j]))
    unique = [numbers[0] for numbers in same.values()]
    pictures = [signed[number] for number in unique]
    proposals = propose(pictures)
    for a, b, found in watched(_compare(pictures, proposals, workers), len(proposals), "comparing"):
        if found:
            files_a, files_b = same[pictures[a].digest], same[pictures[b].digest]
            found = _pixels(found, pictures[a], pictures[b], files[files_a[0]], files[files_b[0]])
            for i, j in product(files_a, files_b):
                yield _record(files, i, j, found)


def every_file(paths: Sequence[Path | str]) -> list[Path]:
    """The files named and those in the folders named, each once, hidden ones left out. Raises Refused if none."""
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if not p.is_dir())
            found |= dict.fromkeys(p for p in inside if not any(part[0] == "." for part in p.relative_to(path).parts))
        else:
            found[path] = None
    if not found:
        raise Refused(
            f"no file to read in {', '.join(map(str, paths)) or 'nothing'}; expected pictures or folders of them"
        )
    return list(found)


def propose(pictures: Sequence[Signature]) -> list[Proposal]:
    """The pairs worth comparing: by votes of local features, and by whole-picture hashes in all orientations."""
    voted: dict[tuple[int, int], list[candidates.Candidate]] = {}
    for found in candidates.self_join([picture.features for picture in pictures]):
        voted.setdefault((found.a, found.b), []).append(found)
    clearly = Counter(n for pair, both in voted.items() if both[0].votes >= candidates.JOIN_VOTES for n in pair)
    proposals: dict[tuple[int, int], bool | None] = {}
    for pair, both in voted.items():
        if both[0].votes < candidates.JOIN_VOTES and min(clearly[n] for n in pair) >= candidates.LONELY:
            continue
        clear = len(both) == 1 or both[0].votes > 2 * both[1].votes
        proposals[pair] = both[0].mirrored if clear else None
    for pair in (*_near_hashes(pictures), *_near_vectors(pictures)):
        proposals.setdefault(pair, None)
    return [(a, b, mirrored) for (a, b), mirrored in sorted(proposals.items())]


def _near_hashes(pictures: Sequence[Signature]) -> Iterator[tuple[int, int]]:
    """Pairs in which the whole of one picture, in any orientation, is near the whole or a panel of the other."""
    good = np.array([n for n, picture in enumerate(pictures) if picture.quality >= hashing.PDQ_QUALITY], np.intp)
    if not len(good):
        return
    wholes = hashing.words(np.stack([pictures[n].pdq[0] for n in good]))
    tiles = hashing.words(np.concatenate([pictures[n].panels for n in good]))
    owner = np.repeat(good, [len(pictures[n].panels) for n in good])
    for number in good:
        turned = hashing.words(pictures[number].pdq)
        near = {int(good[n]) for one in turned for n in _within(wholes, one)}
        near |= {int(owner[n]) for one in turned[list(PANEL_TURNS)] for n in _within(tiles, one)}
        for other in sorted(near - {int(number)}):
            yield min(int(number), other), max(int(number), other)


def _near_vectors(pictures: Sequence[Signature]) -> Iterator[tuple[int, int]]:
    """Pairs that a learned model takes for alike."""
    seen = np.array([n for n, picture in enumerate(pictures) if picture.model], np.intp)
    if len(seen):
        vectors = np.stack([pictures[n].vector for n in seen])
        for number in seen:
            for other in seen[learned.nearest(pictures[number].vector, vectors)]:
                if other != number:
                    yield min(int(number), int(other)), max(int(number), int(other))


def _within(hashes: npt.NDArray[np.uint64], one: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    return np.flatnonzero(np.bitwise_count(hashes ^ one).sum(axis=1, dtype=np.uint16) <= PDQ_NEAR)


def _sign(files: Sequence[Path], model: Path | None, workers: int | None) -> Iterator[tuple[int, Any]]:
    jobs = [{"path": str(path), "model": model and str(model)} for path in files]
    return guard.map("verify.archive.signature:sign_file", jobs, workers=workers)


def _compare(
    pictures: Sequence[Signature], proposals: Sequence[Proposal], workers: int | None
) -> Iterator[tuple[int, int, Comparison | None]]:
    batches = [proposals[start : start + BATCH] for start in range(0, len(proposals), BATCH)]
    for number, result in guard.map(f"{__name__}:compare_batch", _jobs(pictures, batches), workers=workers):
        if isinstance(result, EvidenceError):
            raise result
        for (a, b, _), packed in zip(batches[number], result, strict=True):
            yield a, b, Comparison.unpack(packed) if packed else None


def _jobs(pictures: Sequence[Signature], batches: Sequence[Sequence[Proposal]]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        used = {number: place for place, number in enumerate(sorted({n for a, b, _ in batch for n in (a, b)}))}
        pairs = [[used[a], used[b], mirrored] for a, b, mirrored in batch]
        yield {"pictures": [pictures[number].pack() for number in used], "pairs": pairs}


def compare_batch(pictures: list[dict[str, Any]], pairs: list[Proposal]) -> list[dict[str, Any] | None]:
    """The guard's job: comparisons, packed; None for two pictures with nothing in common."""
    opened = [Signature.unpack(picture) for picture in pictures]
    found = (comparison.compare(opened[a], opened[b], mirrored) for a, b, mirrored in pairs)
    return [comparison.pack() if comparison.relation else None for comparison in found]


def _pixels(found: Comparison, a: Signature, b: Signature, path_a: Path, path_b: Path) -> Comparison:
    """`same-pixels` is claimed only after both files were decoded in full."""
    if a.luma != b.luma or a.full != b.full:
        return found
    with guard.Guard() as child:
        equal = child.call("verify.archive.signature:same_pixels", path=str(path_a), other=str(path_b))
    return found.with_same_pixels() if equal else found


def _record(files: Sequence[Path], i: int, j: int, found: Comparison) -> Duplicate:
    assert found.relation
    return Duplicate(str(files[i]), str(files[j]), found.relation, found.finding)


def named(error: EvidenceError, path: Path) -> str:
    """The error as a sentence that names the file."""
    text = str(error).rstrip(".") + "."
    return text if path.name in text else f"{path.name}: {text}"


def silent(items: Iterable[Any], total: int, what: str) -> Iterator[Any]:
    """Progress that nobody watches."""
    del total, what
    return iter(items)
