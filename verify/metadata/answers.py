"""What every check on metadata says in the same words: nothing readable, and how often originals trip a rule."""

from __future__ import annotations

from verify.image import Image
from verify.metadata.found import Metadata
from verify.model import Answer, Finding

STRIPPED = (
    "Platforms, messengers and screenshots remove or never write such data: absence says nothing about the picture."
)


def unreadable(picture: Image, found: Metadata) -> Finding | None:
    """The finding for a file whose format has no reader, or None where it was read."""
    if found.format:
        return None
    return Finding(
        Answer.UNABLE,
        f"The file is in no format whose metadata can be read; its first bytes are {picture.data[:8].hex(' ')}.",
        measured={"bytes": found.size},
    )


def share(hits: int, of: int) -> str:
    """A rate in words, with its 95 % interval (Wilson, 1927): "2 of 71 (0.8 % to 9.7 %)"."""
    low, high = interval(hits, of)
    return f"{hits} of {of} ({low:.1%} to {high:.1%})"


def interval(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson score)."""
    if not of:
        return 0.0, 1.0
    z, rate = 1.959964, hits / of
    middle, half = rate + z * z / (2 * of), z * (rate * (1 - rate) / of + z * z / (4 * of * of)) ** 0.5
    return max(0.0, (middle - half) / (1 + z * z / of)), min(1.0, (middle + half) / (1 + z * z / of))
