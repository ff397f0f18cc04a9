"""One file's metadata as one JSON object: the job of the guarded child behind `verify metadata`."""

from __future__ import annotations

from typing import Any

from verify import image
from verify.metadata import credentials, exiftool
from verify.metadata.reading import read


def listing(path: str, deep: bool = True, trust: str = "") -> dict[str, Any]:
    """Everything as read: picture, digest, format, size, tags, jpeg, c2pa, problems. Raises Unreadable.

    With `deep`, and where ExifTool is installed, its tags stand behind those of the built-in readers. `trust` is the
    text of a PEM list for Content Credentials.
    """
    picture = image.open(path)
    found = read(picture)
    deeper, problems = exiftool.read(picture.data) if deep and exiftool.program() else ((), ())
    signed = credentials.verify(picture.data, found, trust) if credentials.available() else None
    if credentials.present(found) and not credentials.available():
        problems = (*problems, credentials.ABSENT)
    return {
        "version": 1,
        "picture": picture.name,
        "digest": picture.digest,
        "format": found.format,
        "size": found.size,
        "tags": [tag.to_json() for tag in (*found.tags, *deeper)],
        "jpeg": found.jpeg.to_json() if found.jpeg else None,
        "c2pa": signed.to_json() if signed else None,
        "problems": [*found.problems, *problems],
    }


def text(told: dict[str, Any]) -> str:
    """The listing for people: a line a tag, group by group in file order."""
    lines = [f"{told['picture']}  {told['format'] or 'unknown format'}, {told['size']} bytes, SHA-256 {told['digest']}"]
    group = None
    for tag in told["tags"]:
        if (tag["group"], tag["reader"]) != group:
            group = (tag["group"], tag["reader"])
            lines.append(f"  {tag['group']}" + ("" if tag["reader"] == "built-in" else f"  ({tag['reader']})"))
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
    if told["c2pa"]:
        signed = told["c2pa"]
        lines.append(f"  Content Credentials: {signed['state']}, trust {signed['trust']} (SDK {signed['sdk']})")
        lines += [
            f"    {m['generator']}, signed by {m['issuer'] or m['signer']} {m['signed']}" for m in signed["manifests"]
        ]
    lines += [f"  problem: {printable(problem)}" for problem in told["problems"]]
    return "\n".join(lines)


def printable(text: str) -> str:
    """Control characters as escapes: a terminal must not obey a stranger's file."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
