"""Which of two copies is likelier the earlier one, and why: an inference from the pictures alone, often unclear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.archive.describe import WHOLE, Geometry
from verify.archive.signature import Signature
from verify.model import Point

Floats = npt.NDArray[np.floating[Any]]

FEWER = 0.8  # of the other's pixels along a side: resizing by less may be the rounding of a crop
# The step across the edge of the common part, against steps beside it: 14 photographs with 21 edits each gave 2.4 and
# more where the part was set into a border, a page, a collage or an empty canvas (but for one edge in twelve), and less
# than 1.5 in all but 2 of 70 crops.
SET_IN, GOES_ON = 2.0, 1.5
SIDES = 2  # inner edges from which a crop is believed: below one alone, a bar may have been added as like the picture
APART, BESIDE, FLOOR = 2.0, (2.0, 5.0, 8.0), 2.0  # thumbnail pixels from the edge, and luma levels of noise


def likelier_earlier(
    found: Geometry, a: Signature, b: Signature, panel_of_picture: bool, panel_of_other: bool
) -> tuple[str, tuple[str, ...]]:
    """Gives "picture", "other" or "unclear", and the reasons; where reasons disagree it is unclear.

    `panel_of_picture` says that the common part is a picture inside the picture: a tile, or what a border surrounds.
    When and where each was published outweighs all of this.
    """
    for_picture, for_other = [], []
    if found.covers_a < WHOLE <= found.covers_b:
        how = "set in" if panel_of_picture else surrounded(a, found.outline_a)
        if how == "set in":
            for_other.append("the other stands, whole, inside the picture")
        elif how == "goes on":
            for_picture.append("the other shows a part of the picture")
    if found.covers_b < WHOLE <= found.covers_a:
        how = "set in" if panel_of_other else surrounded(b, found.outline_b)
        if how == "set in":
            for_picture.append("the picture stands, whole, inside the other")
        elif how == "goes on":
            for_other.append("the picture shows a part of the other")
    if found.scale < FEWER:
        for_picture.append("the picture has more pixels for the same part")
    if found.scale > 1 / FEWER:
        for_other.append("the other has more pixels for the same part")
    if bool(for_picture) == bool(for_other):
        return "unclear", (*for_picture, *for_other)
    return ("picture", tuple(for_picture)) if for_picture else ("other", tuple(for_other))


def surrounded(picture: Signature, outline: Sequence[Point]) -> str:
    """Whether what a picture shows "goes on" beyond the outline [full pixels], is "set in" there, or "" for neither.

    A crop's edge runs through the original like any other line; the edge of what was set in is a step.
    """
    ratios = [step / (beside + FLOOR) for step, beside in _steps(picture, outline)]
    if not ratios:
        return ""
    middle = float(np.median(ratios))
    if middle >= SET_IN:
        return "set in"
    return "goes on" if middle < GOES_ON and len(ratios) >= SIDES else ""


def _steps(picture: Signature, outline: Sequence[Point]) -> Iterator[tuple[float, float]]:
    """For each edge of the outline inside the frame: the mean step of luma across it, and across lines within it."""
    luma = picture.thumbnail.astype(float)
    scale = np.array([luma.shape[1] / picture.full[0], luma.shape[0] / picture.full[1]])
    corners = np.array(outline) * scale
    for begin, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        length = float(np.hypot(*(end - begin)))
        if length < 4 * BESIDE[-1]:
            continue
        inward = np.array([begin[1] - end[1], end[0] - begin[0]]) / length
        inward *= np.sign(np.dot(corners.mean(axis=0) - begin, inward))
        line = begin + np.linspace(0.08, 0.92, int(length))[:, None] * (end - begin)  # its ends may be beside the part
        outside = line - (APART + 1) * inward
        if (outside < 0).any() or (outside >= np.array([luma.shape[1], luma.shape[0]])).any():
            continue  # an edge of the frame
        step = np.abs(_at(luma, line + APART * inward) - _at(luma, line - APART * inward)).mean()
        beside = [
            np.abs(_at(luma, line + (away + 2 * APART) * inward) - _at(luma, line + away * inward)).mean()
            for away in BESIDE
        ]
        yield float(step), float(np.mean(beside))


def _at(luma: Floats, points: Floats) -> Floats:
    """Luma at points [N x 2: x, y], pixel edges at whole numbers; beyond the frame that of its edge."""
    column = np.clip(points[:, 0].astype(int), 0, luma.shape[1] - 1)
    row = np.clip(points[:, 1].astype(int), 0, luma.shape[0] - 1)
    return np.asarray(luma[row, column])
