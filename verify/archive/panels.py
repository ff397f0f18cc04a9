"""The pictures inside a picture: tiles of a collage, the photograph in a screenshot, what a border surrounds."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from verify.archive import hashing

Luma = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]  # x, y, width, height

SIDE = 256  # pixels of the longer side that panels are looked for in
FLAT = 5.0  # standard deviation in grey levels of a row that belongs to a bar or a page
STEP = 8  # grey levels between neighbours that count as a step
SEAM = 0.45  # of a line's length must step, and twice as much as beside it; different tiles step along about 0.7
LEAST = 28  # pixels of a panel's sides, and
LEAST_AREA = 0.03  # of the picture
DEPTH = 4
MOST = 12
HASHED = 128  # pixels; a panel is brought to this square before it is hashed


def panels(work: Luma) -> list[Box]:
    """Boxes in pixels of `work` [H x W], the largest first; the whole picture is not among them."""
    scale = SIDE / max(work.shape)
    small = cv2.resize(work, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else work
    back = max(work.shape) / max(small.shape)
    height, width = small.shape
    found: set[Box] = set()
    _cut(small.astype(np.int16), (0, 0, width, height), 0, found)
    found |= _quarters(width, height)
    found.discard((0, 0, width, height))
    chosen = sorted(found, key=lambda b: (-b[2] * b[3], b))[:MOST]
    return [(round(x * back), round(y * back), round(w * back), round(h * back)) for x, y, w, h in chosen]


def hashes(work: Luma, boxes: list[Box]) -> npt.NDArray[np.uint8]:
    """PDQ [N x 32 bytes] of each panel, as it is."""
    tiles = [
        cv2.resize(work[y : y + h, x : x + w], (HASHED, HASHED), interpolation=cv2.INTER_AREA) for x, y, w, h in boxes
    ]
    return hashing.pdq_upright(np.array(tiles, np.uint8).reshape(-1, HASHED, HASHED))


def _cut(small: npt.NDArray[np.int16], box: Box, depth: int, found: set[Box]) -> None:
    """Trim flat margins, then split at the strongest straight seam or flat band; every part on the way is a panel."""
    box = _trimmed(small, box)
    x, y, w, h = box
    if min(w, h) < LEAST or w * h < LEAST_AREA * small.size:
        return
    found.add(box)
    if depth == DEPTH:
        return
    part = small[y : y + h, x : x + w]
    down, across = _split(part), _split(part.T)
    if max(down[1], across[1]) <= 0:
        return
    if down[1] >= across[1]:
        first, second = (x, y, down[0], h), (x + down[0], y, w - down[0], h)
    else:
        first, second = (x, y, w, across[0]), (x, y + across[0], w, h - across[0])
    _cut(small, first, depth + 1, found)
    _cut(small, second, depth + 1, found)


def _split(part: npt.NDArray[np.int16]) -> tuple[int, float]:
    """The column at which a part is best cut, and how good the cut is; 0 where there is none."""
    height, width = part.shape
    if width < 2 * LEAST:
        return 0, 0.0
    flat = part.std(axis=0) < FLAT
    inner = slice(LEAST, width - LEAST)
    if flat[inner].any() and not flat.all():
        return LEAST + int(flat[inner].argmax()), 2.0
    steps = (np.abs(np.diff(part, axis=1)) >= STEP).mean(axis=0)
    smooth = np.convolve(steps, np.ones(13) / 13, mode="same")
    score = np.where(steps >= np.maximum(SEAM, 2 * (smooth - steps / 13)), steps, 0)[LEAST - 1 : width - LEAST]
    return LEAST + int(score.argmax()), float(score.max(initial=0.0)) if height else 0.0


def _trimmed(small: npt.NDArray[np.int16], box: Box) -> Box:
    x, y, w, h = box
    part = small[y : y + h, x : x + w]
    rows, columns = np.flatnonzero(part.std(axis=1) >= FLAT), np.flatnonzero(part.std(axis=0) >= FLAT)
    if not len(rows) or not len(columns):
        return x, y, 0, 0
    top, left = int(rows[0]), int(columns[0])
    return x + left, y + top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top


def _quarters(width: int, height: int) -> set[Box]:
    """The four quarters: most collages are of four, and some tiles meet without a seam."""
    w, h = width // 2, height // 2
    return {(x, y, w, h) for x in (0, width - w) for y in (0, height - h)} if min(w, h) >= LEAST else set()
