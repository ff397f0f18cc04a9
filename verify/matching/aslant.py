"""A second look at pairs that the first leaves open: floors and other things seen aslant, laid flat before matching.

Both pictures are seen from straight above, at the few tilts that a camera may have had (ASIFT, Morel and Yu 2009, of
one plane only): two such plans of one floor differ by a similarity, which two matches define, so that few agreeing
points are much. What a plan suggests is looked at again, one picture laid over the other: with the view no longer
between them, more of their points match (MODS, Mishkin, Matas and Perdoch 2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from verify.matching import features, geometry
from verify.matching.features import Array, Features
from verify.matching.matches import Matches, guarded, joined, match

if TYPE_CHECKING:
    from verify.image import Arrays, Image
    from verify.matching.surface import Views

PITCHES = (20, 35, 50, 65, 78)  # degrees below the horizon: SIFT matches planes that differ by some 25
FOCAL = 0.9  # of the longer side: telephones have 0.75 to 0.95; what is off shows as a slant that SIFT bears
FLATTEST = 0.2  # sine of the angle under which a floor is still seen
PLAN = 1000  # pixels of the longer side of a plan
MOST = 3000  # features of a plan
CONTRAST = features.CONTRAST
LOOSE = 0.85  # ratio test; what is wrong is left to the geometry
SLACK = 15.0  # pixels of a plan: the tilt is a guess, so a similarity holds roughly
SEEDS, ENOUGH = 3, -1.0  # the best so many plans are followed up, from this log10 of the number of false alarms on
ROUNDS = 5  # of looking again
TURN, GROWTH = 25.0, 0.5  # degrees, and of the logarithm of sizes: features of one spot, laid over each other, agree
MARGIN = 0.03  # of the shorter side: frames, and edges that undistortion leaves
RIM = 13  # pixels: features this near the edge of what is shown describe the edge
LEAST = 2000  # pixels that both show
LOOKS = ((0, 0.0), (1400, 0.0), (700, 0.0), (0, 1.5), (1400, 1.5), (700, 1.5), (0, 3.0), (1400, 3.0), (700, 3.0))
# the last looks, whose matches are pooled: pixels of the plan (0: as photographed) and blur, pixels; a wide view and a
# blurred one, or a fine and a noisy one, agree at different sharpness
METHOD = "rootsift-plans-1"


@dataclass(frozen=True, slots=True)
class Frame:
    """A view that pictures are laid into: `matrix` [3 x 3] of working pixels to its own, and width, height."""

    matrix: Array
    size: tuple[int, int]


def plan(size: tuple[int, int], pitch: float, longest: int) -> Frame:
    """The floor as from straight above, of a picture (width, height) taken `pitch` degrees below the horizon."""
    width, height = size
    focal = FOCAL * max(size)
    lens = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
    turn = np.radians(pitch)
    down = np.array([0.0, np.cos(turn), np.sin(turn)])
    right = np.array([1.0, 0.0, 0.0])
    flat = np.stack([right, np.cross(down, right), down]) @ np.linalg.inv(lens)
    x, y = np.meshgrid(np.arange(0, width, 8.0), np.arange(0, height, 8.0))
    points = np.column_stack([x.ravel(), y.ravel()])
    rays = np.column_stack([points, np.ones(len(points))]) @ np.linalg.inv(lens).T
    seen = geometry.apply(flat, points[rays @ down > FLATTEST * np.linalg.norm(rays, axis=1)])
    low, high = seen.min(axis=0), seen.max(axis=0)
    scale = longest / (high - low).max()
    onto = np.array([[scale, 0, -low[0] * scale], [0, scale, -low[1] * scale], [0, 0, 1]])
    wide, tall = np.ceil((high - low) * scale).astype(int).tolist()
    return Frame(onto @ flat, (wide, tall))


def laid(gray: Array, frame: Frame) -> tuple[Array, Array]:
    """A picture in a frame, and the mask [H x W] of where it shows: not beyond the horizon, not at its own edges."""
    height, width = gray.shape
    margin = round(MARGIN * min(gray.shape))
    inner = np.zeros_like(gray)
    inner[margin : height - margin, margin : width - margin] = 255
    pixels, shown = (cv2.warpPerspective(part, frame.matrix, frame.size) for part in (gray, inner))
    back = np.linalg.inv(frame.matrix)
    x, y = np.arange(frame.size[0]), np.arange(frame.size[1])[:, None]
    depth = back[2, 0] * x + back[2, 1] * y + back[2, 2]
    whole = shown > 254
    side = np.sign(np.median(depth[whole])) if whole.any() else 1.0
    return pixels, whole & (depth * side > 0)


def described(pixels: Array, shown: Array, most: int) -> Features:
    """The features of what is shown, in pixels of the frame."""
    inside = cv2.erode(shown.astype(np.uint8), np.ones((RIM, RIM), np.uint8), borderValue=0) > 0
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    top, left = (int(where[0]) if len(where) else 0 for where in (rows, columns))
    part = pixels[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1] if len(rows) else pixels[:1, :1]
    found = features.extract(np.ascontiguousarray(part), max(part.shape), most, CONTRAST)
    points = found.points + np.array([left, top], np.float32)
    x, y = np.rint(points).astype(np.intp).T
    kept = inside[np.clip(y, 0, inside.shape[0] - 1), np.clip(x, 0, inside.shape[1] - 1)]
    size = (pixels.shape[1], pixels.shape[0])
    return Features(points[kept], found.sizes[kept], found.angles[kept], found.descriptors[kept], size, 1.0)


def plans_of(image: Image) -> list[tuple[Frame, Features]]:
    """The plans of a picture at each of PITCHES, computed once and remembered with it."""
    working, _ = features.shrink(image.gray, features.LONGEST)
    size = (working.shape[1], working.shape[0])
    frames = [plan(size, pitch, PLAN) for pitch in PITCHES]
    stored = image.derive(METHOD, lambda _: _packed(working, frames))
    parts = [{name: stored[f"{name}-{n}"] for name in ("where", "descriptors", "frame")} for n in range(len(frames))]
    return [(frame, features.unpack(part)) for frame, part in zip(frames, parts, strict=True)]


def _packed(working: Array, frames: list[Frame]) -> Arrays:
    stored: Arrays = {}
    for n, frame in enumerate(frames):
        for name, values in features.pack(described(*laid(working, frame), MOST)).items():
            stored[f"{name}-{n}"] = values
    return stored


def seeds(views: Views) -> list[tuple[float, Array, int]]:
    """Where plans agree: log10 of the number of false alarms, map [3 x 3] of working pixels, which plan of the first.

    The number of plans tried multiplies the number of false alarms.
    """
    one, other = (plans_of(picture) for picture in views.pictures)
    tried = np.log10(len(one) * len(other))
    found = []
    for n, (frame, described_a) in enumerate(one):
        for its_frame, described_b in other:
            pairs = match(described_a, described_b, ratio=LOOSE)
            model = geometry.similarity(pairs, SLACK)
            if model and model.log10_nfa + tried <= ENOUGH:
                matrix = np.linalg.inv(its_frame.matrix) @ model.matrix @ frame.matrix
                found.append((model.log10_nfa + tried, matrix, n))
    return sorted(found, key=lambda seed: seed[0])[:SEEDS]


def again(views: Views, matrix: Array, frame: Frame, blur: float = 0.0) -> Matches | None:
    """The matches, in working pixels, of the two pictures laid over each other in a frame of the first."""
    maps = frame.matrix, frame.matrix @ np.linalg.inv(matrix)
    seen = [laid(gray, Frame(onto, frame.size)) for gray, onto in zip(views.gray, maps, strict=True)]
    both = seen[0][1] & seen[1][1]
    if both.sum() < LEAST:
        return None
    pictures = [cv2.GaussianBlur(pixels, (0, 0), blur) if blur else pixels for pixels, _ in seen]
    one, other = (described(pixels, both, features.MOST) for pixels in pictures)
    pairs = match(one, other, ratio=LOOSE)
    if not len(pairs):
        return None
    turned = np.abs((one.angles[pairs.index[:, 0]] - other.angles[pairs.index[:, 1]] + 180) % 360 - 180)
    grown = np.abs(np.log(one.sizes[pairs.index[:, 0]] / other.sizes[pairs.index[:, 1]]))
    pairs = pairs.where((turned < TURN) & (grown < GROWTH))
    a, b = (geometry.apply(np.linalg.inv(onto), p) for onto, p in zip(maps, (pairs.a, pairs.b), strict=True))
    sizes = views.features[0].working, views.features[1].working
    return guarded(Matches(a, b, pairs.ratio, pairs.index, *sizes))


def matches(views: Views) -> Matches | None:
    """The matches of a second look, pooled over its looks; None where no plans agree."""
    best: tuple[float, Array, int] | None = None
    for _, matrix, n in seeds(views):
        frames = Frame(np.eye(3), views.features[0].working), plans_of(views.pictures[0])[n][0]
        for frame in frames:
            value, refined = _refined(views, matrix, frame)
            if best is None or value < best[0]:
                best = value, refined, n
    if best is None or best[0] >= 0:
        return None
    size = views.features[0].working
    pooled = []
    for longest, blur in LOOKS:
        frame = plan(size, PITCHES[best[2]], longest) if longest else Frame(np.eye(3), size)
        pooled.append(again(views, best[1], frame, blur))
    return joined([found for found in pooled if found is not None and len(found)])


def _refined(views: Views, matrix: Array, frame: Frame) -> tuple[float, Array]:
    """The homography that looking again and again ends in, with log10 of its number of false alarms (0: none)."""
    value = 0.0
    for _ in range(ROUNDS):
        found = again(views, matrix, frame)
        model = geometry.homography(found) if found is not None else None
        if model is None or model.log10_nfa > value - 0.3:
            break
        value, matrix = model.log10_nfa, model.matrix
    return value, matrix
