"""Which of two copies is likelier the earlier one, and why: an inference from the pictures alone, often unclear."""

from __future__ import annotations

from verify.archive.describe import WHOLE, Geometry

FEWER = 0.8  # of the other's pixels along a side: resizing by less may be the rounding of a crop


def likelier_earlier(found: Geometry, panel_of_picture: bool, panel_of_other: bool) -> tuple[str, tuple[str, ...]]:
    """Gives "picture", "other" or "unclear", and the reasons; where reasons disagree it is unclear.

    `panel_of_picture` says that the common part is a picture inside the picture: a tile, or what a border surrounds.
    When and where each was published outweighs all of this.
    """
    for_picture, for_other = [], []
    if found.covers_a < WHOLE <= found.covers_b:
        if panel_of_picture:
            for_other.append("the other stands, whole, inside the picture")
        else:
            for_picture.append("the other shows a part of the picture")
    if found.covers_b < WHOLE <= found.covers_a:
        if panel_of_other:
            for_picture.append("the picture stands, whole, inside the other")
        else:
            for_other.append("the picture shows a part of the other")
    if found.scale < FEWER:
        for_picture.append("the picture has more pixels for the same part")
    if found.scale > 1 / FEWER:
        for_other.append("the other has more pixels for the same part")
    if bool(for_picture) == bool(for_other):
        return "unclear", (*for_picture, *for_other)
    return ("picture", tuple(for_picture)) if for_picture else ("other", tuple(for_other))
