"""One file's metadata as one JSON object: the job of the guarded child behind `verify metadata`."""

from __future__ import annotations

from typing import Any

from verify import image
from verify.metadata.reading import read


def listing(path: str) -> dict[str, Any]:
    """Everything as read: picture, digest, format, size, tags, jpeg, c2pa, problems. Raises Unreadable."""
    picture = image.open(path)
    found = read(picture)
    return {
        "version": 1,
        "picture": picture.name,
        "digest": picture.digest,
        "format": found.format,
        "size": found.size,
        "tags": [tag.to_json() for tag in found.tags],
        "jpeg": found.jpeg.to_json() if found.jpeg else None,
        "c2pa": None,
        "problems": list(found.problems),
    }


def text(told: dict[str, Any]) -> str:
    """The listing for people: a line a tag, group by group in file order."""
    lines = [f"{told['picture']}  {told['format'] or 'unknown format'}, {told['size']} bytes, SHA-256 {told['digest']}"]
    group = None
    for tag in told["tags"]:
        if tag["group"] != group:
            group = tag["group"]
            lines.append(f"  {group}")
        value = tag["value"]
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        where = "" if tag["offset"] is None else f"  @{tag['offset']}"
        lines.append(f"    {tag['name']:<32} {printable(shown)[:160]}{where}")
    if told["jpeg"]:
        jpeg = told["jpeg"]
        quality = f"IJG quality {'' if jpeg['quality_exact'] else 'near '}{jpeg['quality']}"
        size = f"{jpeg['width']} x {jpeg['height']}"
        lines.append(
            f"  JPEG {jpeg['process']}, {size}, {jpeg['subsampling']}, {quality}, {jpeg['huffman']} Huffman tables"
        )
        lines.append(f"    {' '.join(jpeg['markers'][:60])}")
    lines += [f"  problem: {printable(problem)}" for problem in told["problems"]]
    return "\n".join(lines)


def printable(text: str) -> str:
    """Control characters as escapes: a terminal must not obey a stranger's file."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
