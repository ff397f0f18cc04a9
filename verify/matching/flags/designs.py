"""The flags that a pattern is compared with: national drawings that ship with the toolkit, and those on the shelf."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from verify import image
from verify.errors import Refused
from verify.model import Against

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

DRAWINGS = Path(__file__).parents[2] / "data" / "flags"
SMALLEST = 60  # pixels on the shorter side of a reference; below, bands and charges are a few pixels wide
GRID = (24, 16)  # cells across and down in which two drawings are called identical, and whole flags are searched
IDENTICAL = (
    0.012  # mean difference of two drawings on the grid (0 to 1); the nearest others of one shape are EH/PS, 0.013
)
FLAT = 0.7  # share of the scanlines in their own most common colour for bands to make up the design
PLAINEST = 0.6  # the same for the least plain band: a disc reaches 0.58
SAME = 0.1  # sRGB difference (0 to 1) within which two pixels of a drawing are one colour
THINNEST = 0.04  # share of a flag's height below which a run is a soft edge or an ornament
HEIGHT = 96  # pixels in which drawings are kept


@dataclass(frozen=True, slots=True)
class Bands:
    """Parallel bands of a design, from the top, or from the left where `upright`."""

    colours: tuple[tuple[float, float, float], ...]  # sRGB, 0 to 1
    shares: tuple[float, ...]  # of the flag's height, or width
    upright: bool


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """One design; drawings that are identical share it."""

    codes: tuple[str, ...]  # ISO 3166 codes in lower case (GB's parts: gb-eng …), or names from the shelf
    names: tuple[str, ...]
    drawing: Bytes  # sRGB [96 x W x 3]
    opaque: npt.NDArray[np.bool_]  # [H x W], false where the reference is cut out
    bands: Bands | None
    against: Against | None = None  # the reference on the shelf; nothing for those that ship

    @property
    def code(self) -> str:
        """How the design is listed."""
        return "/".join(self.codes)

    @property
    def name(self) -> str:
        """Its name for a sentence: the first of those that share the drawing."""
        more = len(self.codes) - 1
        return self.names[0] + (
            f" (the same drawing as {', '.join(c.upper() for c in self.codes[1:])})" if more else ""
        )

    def grid(self, size: tuple[int, int] = GRID) -> Floats:
        """The drawing in cells [down x across x 3]."""
        return np.asarray(cv2.resize(self.drawing, size, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)


@cache
def national() -> tuple[Design, ...]:
    """The drawings that ship with the toolkit; identical ones once, the best-known country's code first."""
    names = json.loads((DRAWINGS / "names.json").read_text(encoding="utf-8"))
    drawn = [read((DRAWINGS / f"{code}.png").read_bytes(), code, names[code]) for code in _by_weight(names)]
    return tuple(_merged(drawn))


def read(data: bytes, code: str, name: str, against: Against | None = None) -> Design:
    """A reference's bytes as a design. Raises Unreadable, or Refused where it cannot serve."""
    on_white, on_black = image.decode(data, name), image.decode(data, name, over="black")
    red, green, blue = cv2.split(cv2.absdiff(on_white, on_black))
    opaque = cv2.max(cv2.max(red, green), blue) < 128
    rows, columns = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
    if not len(rows):
        raise Refused(f"{name}: wholly transparent; expected a drawing of a flag")
    inside = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    drawing, opaque = on_white[inside], opaque[inside]
    if min(drawing.shape[:2]) < SMALLEST:
        raise Refused(
            f"{name}: {drawing.shape[1]} x {drawing.shape[0]} pixels; expected at least {SMALLEST} on the shorter side"
        )
    if against:
        _refuse_photograph(drawing, name)
    size = (round(drawing.shape[1] * HEIGHT / drawing.shape[0]), HEIGHT)
    drawing = np.asarray(cv2.resize(drawing, size, interpolation=cv2.INTER_AREA), np.uint8)
    opaque = cv2.resize(opaque.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return Design((code,), (name,), drawing, opaque, bands_of(drawing), against)


def _refuse_photograph(drawing: Bytes, name: str) -> None:
    """Raises Refused where too little of the reference is flat colour: shading and texture are no part of a design."""
    height, width = drawing.shape[:2]
    scale = min(1.0, 240 / max(height, width))
    small = cv2.resize(drawing, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else drawing
    sample = np.asarray(small, np.float32) / 255
    step = np.maximum(
        np.abs(np.diff(sample, axis=0))[:, :-1].max(axis=2), np.abs(np.diff(sample, axis=1))[:-1].max(axis=2)
    )
    rough = float(((step > ROUGH_STEP[0]) & (step < ROUGH_STEP[1])).mean())
    if rough > ROUGH_SHARE:
        raise Refused(
            f"{name}: {rough:.0%} of it is shaded or textured, as in a photograph; expected a drawing in flat colours"
        )


ROUGH_STEP = (0.008, 0.12)  # differences of neighbouring pixels that are neither flat colour nor a drawn edge
ROUGH_SHARE = 0.35  # the 256 drawings lie below


def bands_of(drawing: Bytes) -> Bands | None:
    """The parallel bands of a drawing, across or upright, whatever charge lies on them; nothing for other layouts."""
    across, upright = _runs(drawing), _runs(drawing.transpose(1, 0, 2))
    if (len(across) >= 2) == (len(upright) >= 2):
        return None  # neither, or both: a cross, or a disc on a field
    runs = across if len(across) >= 2 else upright
    total = sum(length for _, length in runs)
    return Bands(tuple(colour for colour, _ in runs), tuple(length / total for _, length in runs), runs is upright)


def _runs(drawing: Bytes) -> list[tuple[tuple[float, float, float], int]]:
    """Colour and thickness of each band from the top; empty where bands do not make up the design."""
    down, across = (
        np.linspace(0.5, side - 0.5, count).astype(int) for side, count in zip(drawing.shape, (72, 31), strict=False)
    )
    rows = drawing[down][:, across].astype(np.float32) / 255
    near = np.ones((len(rows), rows.shape[1], rows.shape[1]), bool)  # [row x sample x sample]: one colour
    for channel in np.moveaxis(rows, 2, 0):
        near &= np.abs(channel[:, :, None] - channel[:, None]) < SAME
    common = near.sum(axis=2).argmax(axis=1)
    colours, shares = rows[np.arange(len(rows)), common], near[np.arange(len(rows)), common].mean(axis=1)
    starts = [0, *(np.flatnonzero(np.abs(np.diff(colours, axis=0)).max(axis=1) > SAME) + 1), len(rows)]
    runs = [(a, b) for a, b in pairwise(starts) if b - a >= THINNEST * len(rows)]
    flat = [float(np.median(shares[a:b])) for a, b in runs]
    if not flat or min(flat) < PLAINEST or float(np.average(flat, weights=[b - a for a, b in runs])) < FLAT:
        return []
    merged: list[tuple[npt.NDArray[np.float32], int]] = []
    for a, b in runs:
        colour = np.median(colours[a:b], axis=0)
        if merged and np.abs(merged[-1][0] - colour).max() < SAME:
            merged[-1] = (merged[-1][0], merged[-1][1] + b - a)
        else:
            merged.append((colour, b - a))
    return [((float(c[0]), float(c[1]), float(c[2])), length) for c, length in merged]


def _merged(designs: list[Design]) -> list[Design]:
    """Identical drawings once."""
    grids = np.stack([design.grid().ravel() for design in designs])
    aspects = np.array([_aspect(design) for design in designs])
    kept: dict[int, list[int]] = {}
    for number, (grid, aspect) in enumerate(zip(grids, aspects, strict=True)):
        firsts = list(kept)
        same = np.abs(grids[firsts] - grid).mean(axis=1) < IDENTICAL
        same &= np.abs(aspects[firsts] / aspect - 1) < 0.1
        kept.setdefault(firsts[int(same.argmax())] if same.any() else number, []).append(number)
    return [
        replace(
            designs[first],
            codes=tuple(designs[n].codes[0] for n in group),
            names=tuple(designs[n].names[0] for n in group),
        )
        for first, group in kept.items()
    ]


def _aspect(design: Design) -> float:
    return float(design.drawing.shape[1] / design.drawing.shape[0])


def _by_weight(names: dict[str, str]) -> list[str]:
    """Codes in alphabetical order, but the state before the territories that fly its flag."""
    territories = {
        "bl",
        "bq",
        "bv",
        "gb-nir",
        "gf",
        "gp",
        "hm",
        "mf",
        "mq",
        "nc",
        "pm",
        "re",
        "sh",
        "sj",
        "um",
        "wf",
        "yt",
    }
    return sorted(names, key=lambda code: (code in territories, code))
