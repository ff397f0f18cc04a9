"""Pixels and a finding become a drawn figure (RGB): regions in matching colours, lines between matched points."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw

from verify.model import Finding, Pair, Region

Pixels = npt.NDArray[np.uint8]
Corners = npt.NDArray[np.int32]  # x, y in panel pixels [N x 2]

WIDTH = 1080  # pixels: the width of a write-up's column, so that a figure is seen as it was drawn
GAP = 10  # pixels between two pictures
LINES = 40  # matched points drawn at most: more of them hide the picture
BLUR = 12  # cells along the longer side that are left of a graphic picture: colours remain, shapes do not
INK, PAPER = (23, 26, 31), (255, 255, 255)
# Okabe and Ito (2008): colours that all common kinds of colour vision tell apart; their black hides in shadow
COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (213, 94, 0), (204, 121, 167), (0, 114, 178))


def draw(
    picture: Pixels,
    finding: Finding,
    against: Pixels | None = None,
    *,
    size: tuple[int, int] | None = None,
    against_size: tuple[int, int] | None = None,
    width: int = WIDTH,
) -> Pixels:
    """The finding drawn on the picture, beside what it was compared `against` where that is given: RGB [H x W x 3].

    `size` and `against_size` are the upright width and height, in pixels, in which the finding's coordinates count;
    they default to the pixels' own, and differ where the pixels come scaled down.
    """
    size = size or _size(picture)
    if against is None:
        panel, scale = _fitted(picture, size, width, int(width * 0.75))
        _regions(panel, finding.regions, "picture", scale, _marks(finding.regions))
        return panel
    left, right, scales = _side_by_side(picture, against, size, against_size or _size(against), width)
    marks = _marks(finding.regions)
    _regions(left, finding.regions, "picture", scales[0], marks)
    _regions(right, finding.regions, "against", scales[1], marks)
    canvas = np.full((left.shape[0], left.shape[1] + GAP + right.shape[1], 3), PAPER, np.uint8)
    canvas[:, : left.shape[1]] = left
    canvas[:, left.shape[1] + GAP :] = right
    _lines(canvas, finding, scales, left.shape[1] + GAP, marks)
    return canvas


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


def _size(pixels: Pixels) -> tuple[int, int]:
    return pixels.shape[1], pixels.shape[0]


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    if (width, height) == _size(pixels):
        return pixels.copy()
    smaller = width < pixels.shape[1]
    resized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)


def _fitted(pixels: Pixels, size: tuple[int, int], width: int, height: int) -> tuple[Pixels, float]:
    """The panel within these bounds, and its scale: panel pixels per pixel of the original."""
    scale = min(
        width / size[0], height / size[1], max(1.0, width / 2 / size[0])
    )  # small pictures grow to half the width
    panel = _resized(pixels, max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    return panel, panel.shape[1] / size[0]


def _side_by_side(
    picture: Pixels, against: Pixels, size: tuple[int, int], against_size: tuple[int, int], width: int
) -> tuple[Pixels, Pixels, tuple[float, float]]:
    """Two panels of one height that fill the width together."""
    shapes = size[0] / size[1], against_size[0] / against_size[1]
    height = max(1, min(int((width - GAP) / sum(shapes)), int(width * 0.6)))
    panels = [
        _resized(pixels, max(1, round(height * shape)), height)
        for pixels, shape in zip((picture, against), shapes, strict=True)
    ]
    return panels[0], panels[1], (height / size[1], height / against_size[1])


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


def _regions(panel: Pixels, regions: Sequence[Region], side: str, scale: float, marks: dict[int, int]) -> None:
    """Outlines with a dark edge (seen on any ground) and a chip with number and label, drawn in place."""
    chips = []
    for index, region in enumerate(regions):
        if region.of != side or not region.polygon:
            continue
        points = _scaled(region.polygon, scale, panel)
        for thickness, colour in ((4, INK), (2, _colour(marks[index]))):
            cv2.polylines(panel, [points], isClosed=True, color=colour, thickness=thickness, lineType=cv2.LINE_AA)
        chips.append((points, marks[index], region.label))
    picture = PIL.Image.fromarray(panel)
    for points, mark, label in chips:
        _chip(picture, points, f"{mark}  {_plain(label)}".rstrip(), _colour(mark))
    panel[:] = np.asarray(picture)


def _scaled(polygon: Sequence[tuple[float, float]], scale: float, panel: Pixels) -> Corners:
    """Corners in panel pixels, kept within reach of the panel: a wild homography must not overflow the drawing."""
    height, width = panel.shape[:2]
    points = np.nan_to_num(np.asarray(polygon, np.float64) * scale, posinf=1e6, neginf=-1e6)
    return np.clip(points, (-width, -height), (2 * width, 2 * height)).round().astype(np.int32)


def _plain(label: str) -> str:
    """At most 40 characters that the drawing's letters have."""
    text = "".join(c if c.isprintable() and ord(c) < 0x250 else "?" for c in label)
    return text if len(text) <= 40 else text[:39] + "…"


def _chip(
    picture: PIL.Image.Image,
    points: Corners,
    text: str,
    colour: tuple[int, int, int],
) -> None:
    """A small label above the outline, or inside where there is no room above."""
    brush = PIL.ImageDraw.Draw(picture)
    box = brush.textbbox((0, 0), text, font_size=14)
    width, height = box[2] + 10, 20
    x = int(np.clip(points[:, 0].min(), 0, max(0, picture.width - width)))
    top = int(points[:, 1].min())
    y = int(np.clip(top - height - 3 if top >= height + 3 else top + 4, 0, max(0, picture.height - height)))
    brush.rectangle((x, y, x + width, y + height), fill=INK)
    brush.rectangle((x, y, x + 3, y + height), fill=colour)
    brush.text((x + 7, y + 2), text, fill="white", font_size=14)


def _lines(canvas: Pixels, finding: Finding, scales: tuple[float, float], offset: int, marks: dict[int, int]) -> None:
    """Thin half-transparent lines between matched points, each in the colour of the region it starts in."""
    over = canvas.copy()
    drawn = []
    for number, pair in enumerate(spread(finding.pairs, LINES)):
        a = (round(pair.a[0] * scales[0]), round(pair.a[1] * scales[0]))
        b = (round(pair.b[0] * scales[1]) + offset, round(pair.b[1] * scales[1]))
        if all(0 <= x < canvas.shape[1] and 0 <= y < canvas.shape[0] for x, y in (a, b)):
            drawn.append((a, b, _colour(_mark_at(pair, finding.regions, marks) or number + 1)))
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
            if cv2.pointPolygonTest(outline, (float(pair.a[0]), float(pair.a[1])), measureDist=False) >= 0:
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
