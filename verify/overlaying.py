"""Points drawn by hand on one pair of pictures: read for the room check, and the two pictures laid over each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from verify import image
from verify.errors import Refused
from verify.guard import Guard
from verify.matching import points as points_by_hand

MAX_POINTS = 2**20  # bytes of a points file: a person draws some dozens


def settings(
    kind: str,
    pictures: Sequence[str | Path],
    references: Sequence[str | Path],
    points: Path | None,
    calibration: Path | None,
    *,
    second_look: bool = False,
    matcher: str | None = None,
) -> dict[str, Any] | None:
    """The settings of the check that these files stand for. Raises Refused, Unreadable."""
    told: dict[str, Any] = {}
    if points:
        if kind != "room" or len(pictures) != 1 or len(references) != 1:
            raise Refused(
                "points are drawn on one picture and one reference of a room; expected --kind room and one each"
            )
        told["points"] = drawn(points)
    if calibration:
        if kind != "room":
            raise Refused("a calibration is for rooms; expected --kind room")
        try:
            told["calibration"] = json.loads(image.read_bytes(calibration))
        except ValueError as error:
            raise Refused(f"{calibration.name}: not JSON; expected what `verify calibrate` wrote") from error
    if second_look:
        if kind != "room":
            raise Refused("a second look is for rooms; expected --kind room")
        told["second_look"] = True
    if matcher:
        if kind != "room":
            raise Refused("a matcher is chosen for rooms; expected --kind room")
        told["matcher"] = matcher
    return told or None


def drawn(points: Path) -> dict[str, Any]:
    """The setting that a points file stands for. Raises Refused, Unreadable."""
    try:
        return points_by_hand.read(image.read_bytes(points, max_bytes=MAX_POINTS).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refused(f"{points.name}: not text; expected JSON or CSV") from error


def kept(looks: Iterator[Any], folder: Path) -> Iterator[Any]:
    """The same looks; of one whose points fit a plane, the registered pictures are written into `folder`.

    blink-1.png is the reference, blink-2.png the picture laid over it, overlay.png their mean.
    """
    import PIL.Image

    for look in looks:
        plane = look.finding.measured.get("homography")
        if plane and look.reference:
            with Guard() as guard:  # decoding strangers' files is for the child, here as everywhere
                laid = guard.call(f"{__name__}:_laid", one=look.picture.path, other=look.reference.path, plane=plane)
            folder.mkdir(parents=True, exist_ok=True)
            for name, pixels in laid.items():
                PIL.Image.fromarray(pixels).save(folder / f"{name}.png")
        yield look


def _laid(one: str, other: str, plane: list[list[float]]) -> dict[str, Any]:
    import numpy as np

    picture, reference = image.open(one).pixels, image.open(other).pixels
    laid = points_by_hand.registered(picture, np.array(plane), (reference.shape[1], reference.shape[0]))
    mean = ((laid.astype(np.uint16) + reference) // 2).astype(np.uint8)
    return {"blink-1": reference, "blink-2": laid, "overlay": mean}
