"""Programs that write picture files, told by the names and traces that they leave."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from verify.metadata.found import Metadata, Tag, text_of

EDITOR, TRANSFER, UNKNOWN, FIRMWARE, GENERATOR = "editor", "transfer", "unknown", "firmware", "generator"
_ORDER = (GENERATOR, TRANSFER, EDITOR)
_PROGRAM_KEYS = (
    *(
        "IFD0:Software",
        "IFD0:ProcessingSoftware",
        "ExifIFD:Software",
        "IFD1:Software",
        "XMP-tiff:Software",
        "XMP-xmp:CreatorTool",
    ),
    *("XMP-xmp:Creatortool", "XMP-xmpMM:HistorySoftwareAgent", "PNG:Software", "GIF:Comment", "File:Comment"),
    *(
        "Photoshop:WriterName",
        "IPTC:OriginatingProgram",
        "XMP-exif:Software",
        "XMP-crs:RawFileName",
        "IFD0:HostComputer",
    ),
)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that the file names, or a trace that only such programs leave."""

    kind: str
    name: str
    where: str


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    text = resources.files("verify.metadata").joinpath("data/programs.toml").read_text("utf-8")
    told: dict[str, list[str]] = tomllib.loads(text)
    return {kind: re.compile(rf"(?:{'|'.join(names)})", re.IGNORECASE) for kind, names in told.items()}


def kind_of(name: str, camera_software: bool = False) -> str:
    """What sort of program a name stands for."""
    known = _patterns()
    for kind in _ORDER:
        if any(known[kind].match(name, at) for at in _word_starts(name)):
            return kind
    return FIRMWARE if camera_software and known[FIRMWARE].match(name.strip()) else UNKNOWN


def _word_starts(name: str) -> list[int]:
    return [match.start() for match in re.finditer(r"(?<![^\W_])\w", name)]


def programs(found: Metadata) -> tuple[Program, ...]:
    """Programs by name, in the order of how directly they are named; each name once."""
    told: list[Program] = []
    camera = bool(found.first("IFD0:Make"))
    for tag in found.all(*_PROGRAM_KEYS):
        for name in _names(tag):
            free_text = tag.name == "Comment" or tag.key == "IFD0:HostComputer"
            kind = kind_of(name, camera)
            if name and not (free_text and kind in {UNKNOWN, FIRMWARE}) and name not in [p.name for p in told]:
                told.append(Program(kind, name, tag.key))
    return tuple(told)


def _names(tag: Tag) -> list[str]:
    if tag.key == "XMP-crs:RawFileName":
        return [f"Camera Raw (from {text_of(tag)})"]
    values = tag.value if isinstance(tag.value, tuple) else (text_of(tag),)
    return [str(value).strip()[:200] for value in values]


def traces(found: Metadata) -> tuple[Program, ...]:
    """Structures that only editing programs are known to write, whatever the file names."""
    told = []
    resources = [t for t in found.tags if t.group == "Photoshop" and t.name not in {"IPTCDigest", "CodedCharacterSet"}]
    if len(resources) >= 3:
        told.append(Program(EDITOR, f"{len(resources)} Photoshop image resources", "Photoshop"))
    if "Ducky" in found.groups:
        told.append(Program(EDITOR, 'Adobe\'s "Save for Web" segment', "Ducky"))
    if found.first("XMP-xmpMM:HistoryAction"):
        actions = found.text("XMP-xmpMM:HistoryAction")
        told.append(Program(EDITOR, f"an editing history: {actions}", "XMP-xmpMM:HistoryAction"))
    if "XMP-crs" in found.groups and found.first("XMP-crs:HasSettings", "XMP-crs:ProcessVersion"):
        told.append(Program(EDITOR, "raw development settings", "XMP-crs"))
    return tuple(told)
