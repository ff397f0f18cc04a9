"""An immutable part of an archive: the signatures of a batch of pictures as plain arrays, memory-mapped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.archive import candidates, features, learned
from verify.archive.candidates import TURNS
from verify.archive.features import Features
from verify.archive.search import Scanner
from verify.archive.signature import Signature
from verify.errors import Refused
from verify.store import sync_folder

KEPT = 400  # local features kept of each picture, 80 bytes each: the best of every part of it come first
EACH = ("digests", "numbers", "pdq", "phash", "dhash")  # one row a picture
MANY = {"boxes": "tiles", "panels": "tiles", "points": "local", "sizes": "local", "angles": "local", "codes": "local"}
FILES = (
    *EACH,
    *MANY,
    "tiles",
    "local",
    "thumbnails",
    "shapes",
    "deflated",
    "inflating",
    "vectors",
    "learned",
    "signs",
    "order",
)


def write(folder: Path, batch: Sequence[Signature]) -> None:
    """Write a batch into a new folder, flushed to the disk; the folder's name is the caller's to make final."""
    folder.mkdir(parents=True)
    packed = [picture.pack() for picture in batch]
    for name in ("points", "sizes", "angles", "codes"):
        for one in packed:
            one[name] = one[name][:KEPT]
    arrays: dict[str, npt.NDArray[Any]] = {name: np.stack([one[name] for one in packed]) for name in EACH}
    arrays |= {name: np.concatenate([one[name] for one in packed]) for name in MANY}
    arrays["tiles"] = np.cumsum([0, *[len(one["panels"]) for one in packed]])
    arrays["local"] = np.cumsum([0, *[len(one["codes"]) for one in packed]])
    arrays["thumbnails"] = np.concatenate([one["thumbnail"].ravel() for one in packed])
    arrays["shapes"] = np.array([one["thumbnail"].shape for one in packed])
    arrays["deflated"] = np.concatenate([one["deflated"] for one in packed])
    arrays["inflating"] = np.cumsum([0, *[len(one["deflated"]) for one in packed]])
    arrays["vectors"] = np.concatenate([one["vector"] for one in packed])
    arrays["learned"] = np.cumsum([0, *[len(one["vector"]) for one in packed]])
    signs = candidates.signs(arrays["codes"]) if len(arrays["codes"]) else np.zeros(0, np.uint64)
    arrays["order"] = np.argsort(signs, kind="stable").astype(np.uint32)
    arrays["signs"] = signs[arrays["order"]]  # in one row with the words that features are found by: their upper bits
    for name, array in arrays.items():
        with (folder / f"{name}.npy").open("wb") as file:
            np.save(file, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
    sync_folder(folder)


def digest(folder: Path) -> str:
    """SHA-256 over the names and bytes of a segment's files."""
    total = hashlib.sha256()
    for name in sorted(FILES):
        total.update(f"{name}\n".encode())
        with (folder / f"{name}.npy").open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


class Segment:
    """A segment opened for reading. Raises Refused where a file of it is missing, no array, or fits not the others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.arrays: dict[str, npt.NDArray[Any]] = {}
        for name in FILES:
            path = folder / f"{name}.npy"
            try:
                self.arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError, EOFError) as error:
                raise Refused(f"{folder.name}/{path.name}: missing or damaged; expected an archive's file") from error
        if wrong := next(self._misfits(), None):
            raise Refused(f"{folder.name}/{wrong}.npy: damaged; its rows are not those of the segment's other files")

    def _misfits(self) -> Iterator[str]:
        """Names of arrays whose length or offsets cannot be."""
        count = len(self.arrays["digests"])
        for name in (*EACH, "shapes"):
            if len(self.arrays[name]) != count:
                yield name
        ends = {
            name: self.arrays[of]
            for name, of in (
                ("tiles", "panels"),
                ("local", "codes"),
                ("inflating", "deflated"),
                ("learned", "vectors"),
            )
        }
        for name, many in ends.items():
            offsets = self.arrays[name]
            if len(offsets) != count + 1 or offsets[0] or (np.diff(offsets) < 0).any() or offsets[-1] != len(many):
                yield name
        for name, span in (*MANY.items(), ("signs", "local"), ("order", "local")):
            if len(self.arrays[name]) != len(ends[span]):
                yield name
        shapes = self.arrays["shapes"]
        if (
            shapes.shape != (count, 2)
            or (shapes < 1).any()
            or shapes.prod(axis=1).sum() != len(self.arrays["thumbnails"])
        ):
            yield "thumbnails"

    def __len__(self) -> int:
        return len(self.arrays["numbers"])

    @cached_property
    def hashes(self) -> Scanner:
        """PDQ of every picture, upright."""
        rows = np.ascontiguousarray(self.arrays["pdq"][:, 0]).view(np.uint64)
        return Scanner(np.ascontiguousarray(rows.T))

    @cached_property
    def tiles(self) -> tuple[Scanner, npt.NDArray[np.intp]]:
        """PDQ of every panel, and the picture each is of."""
        rows = np.ascontiguousarray(self.arrays["panels"]).view(np.uint64)
        return Scanner(np.ascontiguousarray(rows.T)), np.repeat(np.arange(len(self)), np.diff(self.arrays["tiles"]))

    def signature(self, row: int) -> Signature:
        """One picture as it was stored."""
        tiles, local = (slice(*self.arrays[name][row : row + 2]) for name in ("tiles", "local"))
        shape = self.arrays["shapes"]
        start = int((shape[:row, 0] * shape[:row, 1]).sum())
        height, width = map(int, shape[row])
        one = {name: np.array(self.arrays[name][row]) for name in EACH}
        one |= {name: np.array(self.arrays[name][tiles if span == "tiles" else local]) for name, span in MANY.items()}
        one["thumbnail"] = np.array(self.arrays["thumbnails"][start : start + height * width]).reshape(height, width)
        one["deflated"] = np.array(self.arrays["deflated"][slice(*self.arrays["inflating"][row : row + 2])])
        one["vector"] = np.array(self.arrays["vectors"][slice(*self.arrays["learned"][row : row + 2])])
        return Signature.unpack(one)

    def alike(self, picture: Signature) -> npt.NDArray[np.intp]:
        """Rows whose learned vectors are near the picture's, made by the same model."""
        rows = np.flatnonzero(self.arrays["digests"][:, 2] == picture.model)
        if not picture.model or not len(rows):
            return np.zeros(0, np.intp)
        places = self.arrays["learned"][rows][:, None] + np.arange(len(picture.vector))
        return np.asarray(rows[learned.nearest(picture.vector, self.arrays["vectors"][places])], np.intp)

    def votes(self, query: Features) -> dict[int, tuple[int, bool]]:
        """Rows whose pictures have features equal to the query's: the number that are turned alike, and handedness."""
        best: dict[int, tuple[int, bool]] = {}
        for mirrored in (False, True):
            codes = query.codes * features.mirror_signs() if mirrored else query.codes
            angles = (180 - query.angles) % 360 if mirrored else query.angles
            feature, row = self._equal(codes)
            picture = np.searchsorted(self.arrays["local"], row, side="right") - 1
            turn = ((self.arrays["angles"][row] - angles[feature]) % 360 * (TURNS / 360)).astype(np.int64) % TURNS
            table = np.bincount(picture * TURNS + turn, minlength=len(self) * TURNS).reshape(-1, TURNS)
            number = (table + np.roll(table, -1, axis=1)).max(axis=1, initial=0)
            for at in np.flatnonzero(number >= candidates.VOTES):
                best[int(at)] = max(best.get(int(at), (0, False)), (int(number[at]), mirrored))
        return best

    def _equal(self, codes: npt.NDArray[np.int8]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Pairs (feature of the query, stored feature) with equal words and signs that are nearly equal."""
        if not len(codes):
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        plain = candidates.signs(codes)
        asked = np.concatenate([plain, *candidates.probes(codes, plain)])
        asking = np.argsort(asked)  # asked in their order, the searches below stay in the cache
        first = asked[asking] >> _REST << _REST
        left = np.searchsorted(self.arrays["signs"], first, side="left")
        right = np.searchsorted(self.arrays["signs"], first | ((np.uint64(1) << _REST) - np.uint64(1)), side="right")
        size = np.minimum(right - left, candidates.REPEATS)
        asking = np.repeat(asking % len(codes), size)
        place = np.repeat(left - np.r_[0, np.cumsum(size)[:-1]], size) + np.arange(int(size.sum()))
        near = np.bitwise_count(self.arrays["signs"][place] ^ plain[asking]) <= candidates.SIGNS_APART
        return asking[near], np.asarray(self.arrays["order"][place[near]], np.intp)


_REST = np.uint64(64 - candidates.WORD_BITS)  # bits of a sign number below its word
