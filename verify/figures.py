"""Pixels and a finding become a drawn figure (RGB): regions in matching colours, lines between matched points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw

from verify.model import Finding, Pair, Region

Pixels = npt.NDArray[np.uint8]
Corners = npt.NDArray[np.int32]  # x, y in panel pixels [N x 2]
Box = tuple[int, int, int, int]  # left, top, right, bottom in panel pixels

WIDTH = 1080  # pixels: the width of a write-up's column, so that a figure is seen as it was drawn
GAP = 10  # pixels between two pictures
LINES = 40  # matched points drawn at most: more of them hide the picture
NEAR = 0.04  # share of the picture below which what was found is shown once more from nearby
LONG = 20.0  # a strip longer than so many times its breadth is squeezed: it would leave no room for anything else
LAID = "emblem"  # the label of places that are shown laid onto what they were compared with
EDGE = 2.0  # pixels of the original: outlines are rounded, a point that made one lies on it
BLUR = 12  # cells along the longer side that are left of a graphic picture: colours remain, shapes do not
INK, PAPER = (23, 26, 31), (255, 255, 255)
# Okabe and Ito (2008): colours that all common kinds of colour vision tell apart; their black hides in shadow
COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (213, 94, 0), (204, 121, 167), (0, 114, 178))


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Pixels that show a part of a picture: left, top, width and height of it in the upright original's pixels."""

    pixels: Pixels
    left: float
    top: float
    width: float
    height: float

    @classmethod
    def whole(cls, pixels: Pixels, size: tuple[int, int] | None = None) -> View:
        """A whole picture; `size` is the original's width and height where the pixels come scaled down."""
        return cls(pixels, 0, 0, *(size or (pixels.shape[1], pixels.shape[0])))


def draw(
    picture: View, finding: Finding, against: View | None = None, *, near: View | None = None, width: int = WIDTH
) -> Pixels:
    """The finding drawn on the picture, beside what it was compared `against` where that is given: RGB [H x W x 3].

    `near` is a closer view of the picture, put beside it; the lines then start there. An emblem is shown once more at
    the end, as it looks laid onto what it was compared with.
    """
    seen = [(view, "picture") for view in (picture, near) if view]
    laid = _laid(seen[-1][0], finding, against) if against else None
    sides = seen + ([(against, "against")] if against else []) + ([(laid, "laid")] if laid else [])
    marks = _marks(finding.regions)
    panels = [_Panel(view, side) for view, side in sides]
    _lay_out(panels, width)
    for panel in panels:
        _regions(panel, finding.regions, marks)
    canvas = np.full((panels[0].pixels.shape[0], panels[-1].right, 3), PAPER, np.uint8)
    for panel in panels:
        canvas[:, panel.x : panel.right] = panel.pixels
    if against:
        _lines(canvas, finding, panels[len(seen) - 1], panels[len(seen)], marks)
    return canvas


def _laid(source: View, finding: Finding, against: View) -> View | None:
    """The place of an emblem as seen through the frame of its reference; None where the finding has no such place."""
    ends = {
        region.of: region.polygon for region in finding.regions if region.label == LAID and len(region.polygon) == 4
    }
    if ends.keys() != {"picture", "against"}:
        return None
    there, here = (_Panel(view, of).at(ends[of]) for view, of in ((source, "picture"), (against, "against")))
    there *= source.pixels.shape[1] / source.width
    here *= against.pixels.shape[1] / against.width
    if not (np.isfinite(there).all() and abs(cv2.contourArea(there.astype(np.float32))) >= 1):
        return None
    onto = cv2.getPerspectiveTransform(there.astype(np.float32), here.astype(np.float32))
    height, width = against.pixels.shape[:2]
    pixels = cv2.warpPerspective(source.pixels, onto, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return View(np.asarray(pixels, np.uint8), 0, 0, against.width, against.height)


def focus(finding: Finding, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Left, top, width and height of the place worth a closer view, or None where what was found is large enough."""
    points = [point for region in finding.regions if region.of == "picture" for point in region.polygon]
    if not points or not np.isfinite(points).all():
        return None
    low, high = np.clip(np.min(points, axis=0), 0, size), np.clip(np.max(points, axis=0), 0, size)
    if not 0 < np.prod(high - low) < NEAR * size[0] * size[1]:
        return None
    border = 0.35 * max(high - low) + 8
    left, top = np.clip(low - border, 0, size).astype(int)
    right, bottom = np.clip(high + border, 0, size).astype(int)
    return int(left), int(top), int(right - left), int(bottom - top)


def fit(pixels: Pixels, longest: int) -> Pixels:
    """The picture with its longer side at most `longest` pixels; never enlarged."""
    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    return _resized(pixels, max(1, round(width * scale)), max(1, round(height * scale)))


def blur(pixels: Pixels) -> Pixels:
    """The picture with its shapes removed from the pixels themselves: `BLUR` cells along the longer side, smoothed."""
    height, width = pixels.shape[:2]
    scale = BLUR / max(height, width)
    cells = _resized(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


# --- panels -----------------------------------------------------------------------------------------------------------


class _Panel:
    """A view in its place in the figure."""

    def __init__(self, view: View, side: str) -> None:
        self.view, self.side = view, side
        self.pixels = view.pixels
        self.x = 0
        self.scale = 1.0  # pixels of the figure per pixel of the original

    @property
    def right(self) -> int:
        return self.x + int(self.pixels.shape[1])

    def at(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Original coordinates [N x 2] as pixels of this panel."""
        return (np.asarray(points, np.float64).reshape(-1, 2) - (self.view.left, self.view.top)) * self.scale


def _lay_out(panels: list[_Panel], width: int) -> None:
    """Panels of one height that fill the width together; nothing is enlarged more than three times."""
    shapes = [min(max(panel.view.width / panel.view.height, 1 / LONG), LONG) for panel in panels]
    tallest = min(0.62 * width, 3 * panels[0].view.height)
    height = max(1, int(min((width - GAP * (len(panels) - 1)) / sum(shapes), tallest)))
    x = 0
    for panel, shape in zip(panels, shapes, strict=True):
        panel.pixels = _resized(panel.view.pixels, max(1, round(height * shape)), height)
        panel.scale, panel.x = height / panel.view.height, x
        x = panel.right + GAP


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    if (width, height) == (pixels.shape[1], pixels.shape[0]):
        return pixels.copy()
    smaller = width < pixels.shape[1]
    resized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)


# --- what is drawn on them --------------------------------------------------------------------------------------------


def _marks(regions: Sequence[Region]) -> dict[int, int]:
    """A number for each region by its index: regions of both sides that belong together share it.

    They belong together where their label is the same and unique on each side; otherwise in their order.
    """
    sides = {side: [i for i, region in enumerate(regions) if region.of == side] for side in ("picture", "against")}
    marks = {index: number for number, index in enumerate(sides["picture"], 1)}
    labels = [regions[index].label for index in sides["picture"]]
    following = len(labels)
    for order, index in enumerate(sides["against"]):
        label = regions[index].label
        if label and labels.count(label) == 1:
            marks[index] = labels.index(label) + 1
        elif not label and order < len(labels):
            marks[index] = order + 1
        else:
            following += 1
            marks[index] = following
    return marks


def _colour(mark: int) -> tuple[int, int, int]:
    return COLOURS[(mark - 1) % len(COLOURS)]


def _regions(panel: _Panel, regions: Sequence[Region], marks: dict[int, int]) -> None:
    """Outlines with a dark edge (seen on any ground) and a chip with number and label, drawn in place."""
    chips = []
    for index, region in enumerate(regions):
        if region.of != panel.side or not region.polygon:
            continue
        corners = _within_reach(panel.at(region.polygon), panel.pixels)
        for thickness, colour in ((4, INK), (2, _colour(marks[index]))):
            cv2.polylines(
                panel.pixels, [corners], isClosed=True, color=colour, thickness=thickness, lineType=cv2.LINE_AA
            )
        chips.append((corners, marks[index], region.label))
    picture = PIL.Image.fromarray(panel.pixels)
    taken: list[Box] = []
    for corners, mark, label in chips:
        taken.append(_chip(picture, corners, f"{mark}  {_plain(label)}".rstrip(), _colour(mark), taken))
    panel.pixels = np.array(picture)


def _within_reach(points: npt.NDArray[np.float64], pixels: Pixels) -> Corners:
    """Corners that a wild homography cannot send where the drawing overflows."""
    height, width = pixels.shape[:2]
    finite = np.nan_to_num(points, posinf=1e6, neginf=-1e6)
    return np.clip(finite, (-width, -height), (2 * width, 2 * height)).round().astype(np.int32)


def _plain(label: str) -> str:
    """At most 40 characters that the drawing's letters have."""
    text = "".join(c if c.isprintable() and ord(c) < 0x250 else "?" for c in label)
    return text if len(text) <= 40 else text[:39] + "…"


def _chip(
    picture: PIL.Image.Image, corners: Corners, text: str, colour: tuple[int, int, int], taken: Sequence[Box]
) -> Box:
    """A small label above the outline, or inside where there is no room above, clear of those drawn before it."""
    brush = PIL.ImageDraw.Draw(picture)
    box = brush.textbbox((0, 0), text, font_size=14)
    width, height = int(box[2]) + 10, 20
    x = int(np.clip(corners[:, 0].min(), 0, max(0, picture.width - width)))
    top = int(corners[:, 1].min())
    y = int(np.clip(top - height - 3 if top >= height + 3 else top + 4, 0, max(0, picture.height - height)))
    for left, above, right, below in sorted(taken, key=lambda box: box[1]):
        if x < right and left < x + width and y < below and above < y + height:
            y = below + 1
    brush.rectangle((x, y, x + width, y + height), fill=INK)
    brush.rectangle((x, y, x + 3, y + height), fill=colour)
    brush.text((x + 7, y + 2), text, fill="white", font_size=14)
    return x, y, x + width, y + height


def _lines(canvas: Pixels, finding: Finding, left: _Panel, right: _Panel, marks: dict[int, int]) -> None:
    """Thin half-transparent lines between matched points, each in the colour of the region it starts in."""
    over = canvas.copy()
    drawn = []
    for number, pair in enumerate(spread(finding.pairs, LINES)):
        ends = []
        for panel, point in ((left, pair.a), (right, pair.b)):
            x, y = panel.at(point)[0].round()
            if 0 <= x < panel.pixels.shape[1] and 0 <= y < panel.pixels.shape[0]:
                ends.append((int(x) + panel.x, int(y)))
        if len(ends) == 2:
            drawn.append((ends[0], ends[1], _colour(_mark_at(pair, finding.regions, marks) or number + 1)))
    for a, b, colour in drawn:
        cv2.line(over, a, b, colour, 1, cv2.LINE_AA)
    canvas[:] = cv2.addWeighted(over, 0.65, canvas, 0.35, 0)
    for a, b, colour in drawn:
        for point in (a, b):
            cv2.circle(canvas, point, 4, INK, -1, cv2.LINE_AA)
            cv2.circle(canvas, point, 3, colour, -1, cv2.LINE_AA)


def _mark_at(pair: Pair, regions: Sequence[Region], marks: dict[int, int]) -> int | None:
    for index, region in enumerate(regions):
        if region.of == "picture" and region.polygon:
            outline = np.asarray(region.polygon, np.float32)
            if cv2.pointPolygonTest(outline, (float(pair.a[0]), float(pair.a[1])), measureDist=True) >= -EDGE:
                return marks[index]
    return None


def spread(pairs: Sequence[Pair], most: int) -> list[Pair]:
    """At most so many of the pairs, spread over the picture: each next one is the farthest from those chosen."""
    finite = [pair for pair in pairs if np.isfinite([*pair.a, *pair.b]).all()]
    if len(finite) <= most:
        return finite
    points = np.array([pair.a for pair in finite])
    chosen = [0]
    distance = np.full(len(points), np.inf)
    while len(chosen) < most:
        distance = np.minimum(distance, np.hypot(*(points - points[chosen[-1]]).T))
        chosen.append(int(distance.argmax()))
    return [finite[index] for index in sorted(chosen)]
