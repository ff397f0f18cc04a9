"""Perceptual hashes: PDQ by matrix products, in all eight orientations, and ImageHash's pHash and dHash."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.errors import Refused

Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.uint64]

BITS = {"pdq": 256, "phash": 64, "dhash": 64}
PDQ_LEAST_SIDE = 5  # PDQ's reference gives smaller pictures no hash
PDQ_QUALITY = 50  # "discard below": the reference's own advice for flat pictures
# Single precision's step at 255, over the square root of the longer side, by which running sums may drift; chosen wide.
ROUNDING = 2e-4
# Quarter turns to the left that each row of `Pdq.bits` stands for; the last four are of the mirrored picture.
QUARTERS = (0, 1, 2, 3, 2, 0, 1, 3)


@dataclass(frozen=True, slots=True)
class Hash:
    """A perceptual hash. `method` names the algorithm; `bits` are its bytes, first bit highest; `quality` 0 to 100.

    `decoded` says which pixels it was made from; between decodes of one file a hash drifts by a few bits.
    """

    method: str
    bits: bytes
    quality: int = 100
    decoded: str = ""

    def __sub__(self, other: Hash) -> int:
        """Differing bits. Raises Refused between methods."""
        if self.method != other.method or len(self.bits) != len(other.bits):
            raise Refused(f"a {self.method} hash cannot be compared with a {other.method} hash")
        return (int.from_bytes(self.bits) ^ int.from_bytes(other.bits)).bit_count()

    def __str__(self) -> str:
        return f"{self.method}:{self.bits.hex()}"

    @classmethod
    def parse(cls, text: str) -> Hash:
        """The hash that `str` wrote; leading zeros count. Raises Refused."""
        method, _, digits = text.strip().partition(":")
        if method not in BITS or len(digits) * 4 != BITS[method]:
            raise Refused(f"{text.strip()[:80]!r} is no hash; expected METHOD:HEX with METHOD one of {', '.join(BITS)}")
        try:
            return cls(method, bytes.fromhex(digits))
        except ValueError as error:
            raise Refused(f"{text.strip()[:80]!r} is no hash: not hexadecimal") from error


@dataclass(frozen=True, slots=True)
class Pdq:
    """PDQ of one picture: `bits` uint8 [8 x 32], one row an orientation; `quality` 0 to 100."""

    bits: npt.NDArray[np.uint8]
    quality: int


def pdq(luma: npt.NDArray[Any]) -> Pdq:
    """PDQ of a luma picture [H x W], 0 to 255, in all eight orientations; quality 0 below 5 pixels.

    Davis and Rosen, "PDQ and TMK+PDQF", 2019, and the reference implementation in facebook/ThreatExchange: two box
    filters and the decimation to 64 x 64 are linear, so they are one matrix from each side. Where that leaves a
    coefficient too near the median to be sure of its bit, the reference's own order of rounding decides.
    """
    height, width = luma.shape
    if height < PDQ_LEAST_SIDE or width < PDQ_LEAST_SIDE:
        return Pdq(np.zeros((8, 32), np.uint8), 0)
    small = _shrink(height) @ luma.astype(np.float32) @ _shrink(width).T
    dct = _coefficients(small)
    near = np.abs(dct - np.partition(dct.ravel(), 127)[127]) < ROUNDING * np.sqrt(max(height, width))
    if np.count_nonzero(near) > 1:  # one is the median itself
        small, dct = _stepwise(luma.astype(np.float32))
    return Pdq(np.stack([_pack(turned) for turned in _orientations(dct)]), _quality(small))


def pdq_upright(lumas: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """PDQ [N x 32 bytes] of pictures of one size [N x H x W], as they are, for hashes that nobody else computes."""
    shrunk = _shrink(lumas.shape[1]) @ lumas.astype(np.float32) @ _shrink(lumas.shape[2]).T
    return np.array([_pack(dct) for dct in _coefficients(shrunk)], np.uint8).reshape(-1, 32)


def _coefficients(small: npt.NDArray[np.float32]) -> Floats:
    """The 16 x 16 lowest coefficients of 64 x 64 pictures."""
    return np.asarray(_dct().astype(np.float64) @ small.astype(np.float64) @ _dct().T.astype(np.float64))


def pdq_of_rgb(pixels: npt.NDArray[np.uint8]) -> Pdq:
    """PDQ of RGB pixels as other implementations compute it: from luma that was not rounded."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    return pdq((red * 0.299 + green * 0.587 + blue * 0.114).astype(np.float32))


def pdq_hex(bits: npt.NDArray[np.uint8]) -> str:
    """The 64 hexadecimal digits that PDQ lists are exchanged in, leading zeros kept."""
    return bits.tobytes().hex()


def imagehash_of(luma: npt.NDArray[np.uint8]) -> tuple[bytes, bytes]:
    """ImageHash's pHash and dHash (8 bytes each): the same hexadecimal digits as `str(imagehash.phash(…))`."""
    import imagehash
    import PIL.Image

    picture = PIL.Image.fromarray(luma)
    return bytes.fromhex(str(imagehash.phash(picture))), bytes.fromhex(str(imagehash.dhash(picture)))


def words(bits: npt.NDArray[np.uint8]) -> Bits:
    """Packed hashes [… x 32 bytes] as uint64 [… x 4]: what the searches work on."""
    return np.ascontiguousarray(bits).view(np.uint64)


@lru_cache(maxsize=64)
def _shrink(size: int) -> npt.NDArray[np.float32]:
    """Two passes of PDQ's box filter and the decimation to 64 samples, as one 64 x `size` matrix."""
    window = (size + 127) // 128
    at = np.arange(size)
    right = np.minimum(at + (window + 2) // 2, size)
    left = np.maximum(at + (window + 2) // 2 - window, 0)
    picked = ((np.arange(64) + 0.5) * size / 64).astype(int)
    second = ((at >= left[picked, None]) & (at < right[picked, None])) / (right - left)[picked, None]
    steps = np.zeros((size + 1, 64))  # the first pass under the second: each sample adds over its own window
    np.add.at(steps, left, (second / (right - left)).T)
    np.add.at(steps, right, -(second / (right - left)).T)
    return np.ascontiguousarray(np.cumsum(steps, axis=0)[:size].T, np.float32)


@lru_cache(maxsize=1)
def _dct() -> npt.NDArray[np.float32]:
    """Rows 1 to 16 of the 64-point DCT-II, rounded as the reference rounds them."""
    k, n = np.arange(1, 17)[:, None], np.arange(64)[None]
    scale = float(np.float32(np.sqrt(2 / 64)))
    return np.asarray(scale * np.cos(np.pi / 2 / 64 * k * (2 * n + 1)), np.float32)


def _stepwise(luma: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], Floats]:
    """The 64 x 64 picture and its 16 x 16 coefficients, every sum of single precision in the reference's order."""
    height, width = luma.shape
    for _ in range(2):
        luma = _box(_box(luma.T, (width + 127) // 128).T, (height + 127) // 128)
    picked = [((np.arange(64) + 0.5) * size / 64).astype(int) for size in (height, width)]
    small = luma[np.ix_(*picked)]
    dct = _dct()
    across = np.zeros((16, 64), np.float32)
    both = np.zeros((16, 16), np.float32)
    for k in range(64):
        across += dct[:, k, None] * small[k]
    for k in range(64):
        both += across[:, k, None] * dct[:, k]
    return small, both.astype(np.float64)


def _box(rows: npt.NDArray[np.float32], window: int) -> npt.NDArray[np.float32]:
    """Means over so many rows, by a running sum: what comes in is added before what falls out is taken away."""
    ahead = (window + 2) // 2
    total, out = np.zeros(rows.shape[1], np.float32), np.empty_like(rows)
    for row in rows[: ahead - 1]:
        total += row
    for at in range(len(rows)):
        right, left = at + ahead - 1, at + ahead - 1 - window
        if right < len(rows):
            total += rows[right]
        if left >= 0:
            total -= rows[left]
        out[at] = total / np.float32(min(right, len(rows) - 1) - max(left, -1))
    return out


def _orientations(dct: Floats) -> list[Floats]:
    """The DCTs of the eight turned and mirrored pictures: transposes and signs, in pdqhash's order."""
    odd = np.where(np.arange(1, 17) % 2, -1.0, 1.0)
    across, down = dct * odd, dct * odd[:, None]
    both = across * odd[:, None]
    return [dct, across.T, both, down.T, down, across, dct.T, both.T]


def _pack(dct: Floats) -> npt.NDArray[np.uint8]:
    """Bit 255 first, as the reference prints it."""
    flat = dct.ravel()
    median = np.partition(flat, 127)[127]  # the lower middle, as the reference's selection gives it
    return np.packbits((flat > median)[::-1])


def _quality(small: npt.NDArray[np.float32]) -> int:
    """The sum of gradients of the 64 x 64 picture, as the reference scales and rounds it."""
    total = 0
    for axis in (0, 1):
        total += int(np.abs((np.diff(small, axis=axis) * np.float32(100) / np.float32(255)).astype(np.int32)).sum())
    return min(100, total // 90)
