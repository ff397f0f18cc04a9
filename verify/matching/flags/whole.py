"""Finds whole flags of any layout: windows compared with every drawing coarsely, the best ones fitted as cloth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from verify.matching.flags.bands import turned
from verify.matching.flags.cloth import Cloth, Shrunken, fit
from verify.matching.flags.colour import Floats, hazed
from verify.matching.flags.designs import Bytes, Design

COARSE = (9, 6)  # cells across and down of a lying window; standing windows have them exchanged
ASPECTS = (1.0, 1.4, 1.95, 1 / 1.4, 1 / 1.95)  # width over height of the windows
LEANS = (0, -14, 14)  # degrees; the fit takes up what lies between
STEP = 1.25  # between the sizes of windows
COLOURFUL = (
    0.13  # spread of chroma within a window, of its brightness, below which it is passed over: a choice for speed
)
ALIKE = 0.03  # mean difference of two attitudes of a drawing that are one
SOFT = 0.7  # cells of blur, so that a window off by half a cell still resembles a drawing of thin stripes
EXPLAINED = 0.15  # share of a window's variance that a drawing must explain before it is considered
PER_DESIGN, FITTED = 2, 60  # windows fitted for one design, and for all


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A drawing in one attitude, in cells."""

    design: int  # index among the designs searched
    attitude: str
    drawing: Bytes  # [H x W x 3]
    aspect: float


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A place that one template explains coarsely."""

    template: int
    explained: float  # share of the window's variance
    corners: Floats  # [4 x 2] picture pixels, clockwise from the template's top left


def templates(designs: Sequence[Design]) -> list[Template]:
    """Every design in every attitude that differs: as drawn, from behind, turned a quarter either way."""
    found = []
    for number, design in enumerate(designs):
        picture = design.drawing
        for shape in ("lying", "standing"):
            if shape == "lying":
                ways = {"as drawn": picture, "mirrored": picture[:, ::-1]}
            else:
                ways = {"turned a quarter": np.rot90(picture, -1), "turned a quarter back": np.rot90(picture)}
            kept: list[Floats] = []
            for attitude, seen in ways.items():
                cells = np.asarray(
                    cv2.resize(np.ascontiguousarray(seen), (18, 18), interpolation=cv2.INTER_AREA), np.float32
                )
                if all(np.abs(cells - other).mean() > ALIKE * 255 for other in kept):
                    kept.append(cells)
                    found.append(Template(number, attitude, np.ascontiguousarray(seen), seen.shape[1] / seen.shape[0]))
    return found


def cloths(
    pixels: Bytes, wanted: Sequence[Template], usual: Sequence[float], smallest: float = 56
) -> Iterator[tuple[Template, Cloth]]:
    """The best windows of the picture, each fitted as cloth by its template, `smallest` pixels high and more.

    `usual`: for each design, the share of a window's variance that it explains in one scene in five without its flag.
    """
    best = _best(list(_windows(pixels, wanted, smallest)), wanted, usual)
    picture = Shrunken(pixels)
    for window in best:
        template = wanted[window.template]
        yield template, fit(picture, window.corners, template.drawing)


def _best(windows: list[Window], wanted: Sequence[Template], usual: Sequence[float]) -> list[Window]:
    """The windows explained best beyond what is usual for their design: few a design, and apart from each other."""
    kept: list[Window] = []
    count: dict[int, int] = {}
    for window in sorted(windows, key=lambda w: (1 - w.explained) / (1 - usual[wanted[w.template].design])):
        design = wanted[window.template].design
        if count.get(design, 0) >= PER_DESIGN:
            continue
        middle, size = window.corners.mean(axis=0), np.linalg.norm(window.corners[2] - window.corners[0])
        near = (k for k in kept if wanted[k.template].design == design)
        if any(np.linalg.norm(k.corners.mean(axis=0) - middle) < 0.35 * size for k in near):
            continue
        count[design] = count.get(design, 0) + 1
        kept.append(window)
        if len(kept) == FITTED:
            break
    return kept


def _windows(pixels: Bytes, wanted: Sequence[Template], smallest: float) -> Iterator[Window]:
    """Windows of every size, shape and lean that a template explains."""
    for aspect in ASPECTS:
        across, down = COARSE if aspect >= 1 else COARSE[::-1]
        fitting = [
            k
            for k, t in enumerate(wanted)
            if abs(np.log(t.aspect / aspect)) < 0.42 and (t.aspect >= 1) == (aspect >= 1)
        ]
        if not fitting:
            continue
        cells = np.stack([_cells(wanted[k].drawing, (across, down)) for k in fitting])
        height = max(smallest, smallest / aspect)
        while height * max(1.0, aspect) < 1.1 * min(pixels.shape[:2]) or height == smallest:
            scale_y, scale_x = down / height, across / (height * aspect)
            yield from _at(pixels, (scale_x, scale_y), (across, down), cells, fitting)
            height *= STEP


def _cells(drawing: Bytes, size: tuple[int, int]) -> Floats:
    """A drawing in coarse cells [N x 3], a little hazed (sRGB 0 to 1)."""
    fine = cv2.resize(drawing, (4 * size[0], 4 * size[1]), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(fine, (0, 0), 4 * SOFT, borderType=cv2.BORDER_REPLICATE)
    small = cv2.resize(soft, size, interpolation=cv2.INTER_AREA).reshape(-1, 3)
    return np.asarray(hazed(np.asarray(np.asarray(small, np.float32) / 255, np.float32))[1], np.float32)


def _at(
    pixels: Bytes, scale: tuple[float, float], size: tuple[int, int], cells: Floats, fitting: list[int]
) -> Iterator[Window]:
    """Windows of one size and shape, at every lean."""
    across, down = size
    for lean in LEANS:
        level, back = _level(pixels, scale, lean)
        if level.shape[0] < down or level.shape[1] < across:
            continue
        mean = cv2.boxFilter(level, -1, size, anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
        bright = mean.mean(axis=2) + 1e-3
        tint = level - level.mean(axis=2, keepdims=True)
        spread = cv2.boxFilter(tint * tint, -1, size, anchor=(0, 0)) - cv2.boxFilter(tint, -1, size, anchor=(0, 0)) ** 2
        vivid = np.sqrt(np.maximum(spread.sum(axis=2), 0)) > COLOURFUL * bright
        rows, columns = np.nonzero(vivid[: level.shape[0] - down + 1, : level.shape[1] - across + 1])
        if len(rows):
            yield from _explained(level, rows, columns, size, cells, fitting, back)


def _level(pixels: Bytes, scale: tuple[float, float], lean: float) -> tuple[Floats, Floats]:
    """The picture turned and shrunk (each direction its own), and the matrix from it to the picture's pixels."""
    most = max(scale)
    once = cv2.resize(pixels, None, fx=min(1.0, 2 * most), fy=min(1.0, 2 * most), interpolation=cv2.INTER_AREA)
    upright, back = turned(np.asarray(once, np.uint8), lean)
    width, height = (max(1, round(upright.shape[1 - k] * scale[k] / min(1.0, 2 * most))) for k in (0, 1))
    level = cv2.resize(upright, (width, height), interpolation=cv2.INTER_AREA)
    level = cv2.GaussianBlur(level, (0, 0), SOFT)
    grow = np.diag([upright.shape[1] / width, upright.shape[0] / height, 1.0])
    matrix = (back @ grow) * np.array([[pixels.shape[1] / once.shape[1]], [pixels.shape[0] / once.shape[0]]])
    return np.asarray(level, np.float32), np.asarray(matrix, np.float32)


def _explained(
    level: Floats, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], size: tuple[int, int],
    cells: Floats, fitting: list[int], back: Floats,
) -> Iterator[Window]:  # fmt: skip
    """The best windows for each template at one level: the residual after a gain a channel, against the variance."""
    across, down = size
    view = np.lib.stride_tricks.sliding_window_view(level, (down, across), axis=(0, 1))
    unit = cells / np.linalg.norm(cells, axis=1, keepdims=True)  # [D x N x 3]
    energy, variance = np.zeros(len(rows), np.float32), np.zeros(len(rows), np.float32)
    caught = np.zeros((len(rows), len(fitting)), np.float32)
    for c in range(3):
        seen = np.ascontiguousarray(view[rows, columns, c].reshape(len(rows), -1))
        energy += np.einsum("mn,mn->m", seen, seen)
        variance += seen.var(axis=1) * seen.shape[1]
        caught += (seen @ np.ascontiguousarray(unit[:, :, c].T)) ** 2
    share = 1 - (energy[:, None] - caught) / np.maximum(variance, 1e-6)[:, None]
    tops = np.argpartition(-share, min(2, len(rows) - 1), axis=0)[:3]
    for k, template in enumerate(fitting):
        for m in tops[:, k]:
            if share[m, k] < EXPLAINED:
                continue
            x, y = float(columns[m]), float(rows[m])
            corners = np.array([[x, y, 1], [x + across, y, 1], [x + across, y + down, 1], [x, y + down, 1]], np.float32)
            yield Window(template, float(share[m, k]), (corners @ back.T).astype(np.float32))
