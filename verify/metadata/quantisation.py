"""Quantisation tables and the nearest quality of the Independent JPEG Group's encoder (ITU-T T.81 annex K.1)."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split()))


ZIGZAG = _numbers(
    "0 1 8 16 9 2 3 10 17 24 32 25 18 11 4 5 "
    "12 19 26 33 40 48 41 34 27 20 13 6 7 14 21 28 "
    "35 42 49 56 57 50 43 36 29 22 15 23 30 37 44 51 "
    "58 59 52 45 38 31 39 46 53 60 61 54 47 55 62 63"
)
_LUMA = _numbers(
    "16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 "
    "14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62 "
    "18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 "
    "49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"
)
_CHROMA = _numbers(
    "17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 "
    "24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 99 "
    "99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 "
    "99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99"
)
Tables = tuple[tuple[int, tuple[int, ...]], ...]


def from_zigzag(steps: tuple[int, ...]) -> tuple[int, ...]:
    """64 steps in the order of the file as 64 steps in row order."""
    rows = [0] * 64
    for place, step in zip(ZIGZAG, steps, strict=True):
        rows[place] = step
    return tuple(rows)


@cache
def ijg(quality: int, chroma: bool = False) -> tuple[int, ...]:
    """The table that libjpeg's `jpeg_set_quality` makes for a quality of 1 to 100, limited to 8 bits."""
    scale = 5000 // quality if quality < 50 else 200 - quality * 2
    return tuple(min(255, max(1, (step * scale + 50) // 100)) for step in (_CHROMA if chroma else _LUMA))


@cache
def _every() -> npt.NDArray[np.float64]:
    """Tables of all qualities [100 x 2 x 64]."""
    return np.array([[ijg(quality), ijg(quality, True)] for quality in range(1, 101)], dtype=np.float64)


@lru_cache(maxsize=256)
def nearest(tables: Tables) -> tuple[int | None, bool]:
    """The quality whose tables differ least (relative difference, summed), and whether they are exactly the same."""
    if not tables:
        return None, False
    ours = np.array([steps for _, steps in tables[:2]], dtype=np.float64)
    theirs = _every()[:, : len(ours)]
    distance = (np.abs(theirs - ours) / (theirs + 1)).sum(axis=(1, 2))
    best = int(distance.argmin())
    return best + 1, bool(distance[best] == 0)
