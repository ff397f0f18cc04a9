"""Write-ups from a case's log and store; the only door by which pictures leave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from verify.errors import Refused

FORMATS = ("html", "md")


def write_up(folder: Path | str, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write `write-up.html` and `write-up.md` into a case's folder; the same log and store give the same bytes.

    Raises Refused on an unknown format, LogError, Torn or Tampered where the log or the store cannot be trusted.
    """
    from verify.guard import Guard
    from verify.report import page, plain, reading
    from verify.report.pictures import Album
    from verify.store import Store

    if unknown := [name for name in formats if name not in FORMATS]:
        raise Refused(f"{unknown[0]!r} is no format of a write-up; expected {' or '.join(FORMATS)}")
    folder = Path(folder)
    story = reading.read(folder)
    written = []
    with Guard() as guard:
        album = Album(Store(folder), story.graphic(), guard)
        for name in formats:
            text = page.render(story, album) if name == "html" else plain.render(story, album)
            target = folder / f"write-up.{name}"
            target.write_text(text, encoding="utf-8", newline="\n")
            written.append(target)
    return written
