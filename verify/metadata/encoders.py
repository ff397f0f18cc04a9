"""Encoders told by their quantisation tables: a table of signatures seen in files, and where a file stands in it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from verify.metadata import editors
from verify.metadata.devices import device
from verify.metadata.found import Jpeg, Metadata

SAME_MODEL, SAME_MAKE, PROGRAM, LIBRARY, OUTSIDE = "same model", "same make", "program", "library", "outside"


@dataclass(frozen=True, slots=True)
class Table:
    """Signatures: by `key` the cameras, by quantisation digest the editing programs, each with the number of files."""

    cameras: Mapping[str, Mapping[str, int]]
    programs: Mapping[str, Mapping[str, int]]

    @property
    def models(self) -> int:
        """How many camera models the table covers."""
        return len({name for seen in self.cameras.values() for name in seen})

    @property
    def makes(self) -> int:
        """How many makes it covers."""
        return len({name.split("|")[0] for seen in self.cameras.values() for name in seen})

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `table` reads."""
        return {"cameras": self.cameras, "programs": self.programs}


def digest(jpeg: Jpeg) -> str:
    """Twelve hex digits for the quantisation tables."""
    return hashlib.sha256(repr(jpeg.quantisation).encode("ascii")).hexdigest()[:12]


def key(jpeg: Jpeg) -> str:
    """The signature of an encoder: tables, subsampling, process and kind of Huffman tables."""
    return f"{digest(jpeg)} {jpeg.subsampling} {jpeg.process} {jpeg.huffman}"


def named(found: Metadata) -> str:
    """The camera that a file names, as the table writes it: MAKE|model, or ""."""
    told = device(found)
    make = (told.make.upper().split() or [""])[0]
    return f"{make}|{told.model}" if make and told.model else ""


def build(readings: Iterable[Metadata]) -> Table:
    """A table from files: cameras where nothing names an editor, programs where one is named and has its own tables."""
    cameras: dict[str, Counter[str]] = defaultdict(Counter)
    programs: dict[str, Counter[str]] = defaultdict(Counter)
    for found in readings:
        if not found.jpeg or not found.jpeg.quantisation:
            continue
        told = [p for p in editors.programs(found) if p.kind == editors.EDITOR]
        if told:
            if not found.jpeg.quality_exact:
                programs[digest(found.jpeg)][told[0].name[:40]] += 1
        elif named(found) and not editors.traces(found):
            cameras[key(found.jpeg)][named(found)] += 1
    return Table(
        {k: dict(sorted(v.items())) for k, v in sorted(cameras.items())},
        {k: dict(sorted(v.items())) for k, v in sorted(programs.items())},
    )


@cache
def table() -> Table:
    """The table that ships with the toolkit, made by tests/bench/make_encoders.py."""
    text = resources.files("verify.metadata").joinpath("data/encoders.json").read_text("utf-8")
    return Table(**json.loads(text))


def place(found: Metadata, known: Table) -> tuple[str, str]:
    """Where a JPEG that names a camera stands in a table, and one clause that says so."""
    assert found.jpeg
    camera, signature = named(found), key(found.jpeg)
    seen = known.cameras.get(signature, {})
    if camera in seen:
        return SAME_MODEL, f"the encoding of {seen[camera]} file(s) of the same model"
    makes = {name.split("|")[0] for name in seen}
    if camera.split("|")[0] in makes:
        return SAME_MAKE, f"the encoding of other models of {camera.split('|')[0]}"
    tables = digest(found.jpeg)
    programs = known.programs.get(tables, {})
    by_cameras = any(other.startswith(tables) for other in known.cameras)
    if programs and not by_cameras:
        name, count = max(programs.items(), key=lambda item: item[1])
        return PROGRAM, f"the quantisation tables of {name} ({count} file(s)) and of no camera in the table"
    if found.jpeg.quality_exact:
        return LIBRARY, f"the IJG library's tables at quality {found.jpeg.quality}, which programs and phones alike use"
    return OUTSIDE, "an encoding that the table does not hold"
