"""Keypoint search: places of the picture that several local features of the reference agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from verify.image import Image
from verify.matching.features import extract
from verify.matching.nfa import Chance, log10_nfa

if TYPE_CHECKING:
    from verify.image import Arrays

Array = npt.NDArray[Any]

DOUBLED = 2048  # pixels, longer side searched at twice the size at most; doubling finds emblems of 48 px
MOST = 5000  # features of the picture
MOST_OF_REFERENCE = 400  # features of a view of the reference, half of it in slanted ones
CONTRAST = 0.015
RATIO = 0.9  # of the distance to the nearest feature elsewhere on the reference
ELSEWHERE = 0.1  # of the reference's longer side
FAR = 0.75  # distance of unit descriptors beyond which nothing is a match
MOST_MATCHES = 300
NEAR = 0.12  # of the emblem's longer side: how far from its place a feature may be, the pose guessed from one match
TURN, GROWTH = 25.0, 1.7  # degrees and factor within which two matches have one pose
FULL = 240  # pixels, longer side of a view of scale 1
VIEWS = ((1.0, 1.0, 0), (0.5, 1.0, 0), (0.25, 1.0, 0), *((0.5, 2.0, turn) for turn in (0, 45, 90, 135)))
# scale, narrowing and its direction in degrees: ASIFT (Morel and Yu 2009) on the reference alone, at one tilt
FEWEST = 3  # matches that define an affine map
NARROWEST = 12  # pixels: a smaller emblem gives no features
SLANTED = 4.0  # longer over shorter axis of a circle seen: 75 degrees
METHOD = "emblem-keypoints-1"


def scene_of(image: Image) -> Arrays:
    """The picture's features: `frames` [N x 6], x, y and the map [2 x 2] of a unit circle; `descriptors` [N x 128].

    Descriptors are float32 of length 1.
    """
    return image.derive(METHOD + " scene", _scene)


def _scene(image: Image) -> Arrays:
    factor = min(2.0, DOUBLED / max(image.size))
    size = max(1, round(image.size[0] * factor)), max(1, round(image.size[1] * factor))
    gray = cv2.resize(image.gray, size, interpolation=cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA)
    frames, descriptors = _features(gray, MOST)
    return {"frames": frames / factor, "descriptors": _unit(descriptors)}


def views_of(image: Image, reference: Arrays) -> Arrays:
    """The same for the reference, seen at three scales and from four sides; frames in pixels of `reference`."""
    return image.derive(METHOD + " reference", lambda _: _views(reference))


def _views(reference: Arrays) -> Arrays:
    pixels: Array = reference["pixels"]
    gray: Array = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    mask = cv2.dilate(reference["mask"].astype(np.uint8), np.ones((5, 5)))
    frames, descriptors = [], []
    for scale, tilt, turn in VIEWS:
        view, onto = _seen(gray, scale * FULL / max(gray.shape), tilt, turn)
        found, described = _features(view, MOST_OF_REFERENCE // (2 if tilt > 1 else 1))
        back = np.linalg.inv(onto[:, :2])
        found[:, :2] = (found[:, :2] - onto[:, 2]) @ back.T
        found[:, 2:] = (back @ found[:, 2:].reshape(-1, 2, 2)).reshape(-1, 4)
        x, y = np.rint(found[:, :2]).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
        inside[inside] = mask[y[inside], x[inside]] > 0
        frames.append(found[inside])
        descriptors.append(described[inside])
    return {"frames": np.concatenate(frames), "descriptors": _unit(np.concatenate(descriptors))}


def _seen(gray: Array, scale: float, tilt: float, turn: float) -> tuple[Array, Array]:
    """The reference turned by `turn` degrees and narrowed by `tilt`, and the affine map onto it."""
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    linear = scale * np.diag([1 / tilt, 1]) @ np.array([[cos, -sin], [sin, cos]])
    if turn or tilt != 1:
        linear = np.array([[cos, sin], [-sin, cos]]) @ linear
    height, width = gray.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ linear.T
    onto = np.column_stack([linear, 8 - corners.min(axis=0)])
    blurred = cv2.GaussianBlur(gray, (0, 0), 0.5 / scale) if scale < 1 else gray
    wide, high = (np.ceil(np.ptp(corners, axis=0)) + 16).astype(int).tolist()
    size = int(wide), int(high)
    return cv2.warpAffine(blurred, onto, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), onto


def _features(gray: Array, most: int) -> tuple[Array, Array]:
    """Frames [N x 6] and descriptors [N x 128] in pixels of `gray`."""
    found = extract(gray, max(gray.shape), most, CONTRAST, at_once=True)
    turn, half = np.radians(found.angles.astype(float)), found.sizes.astype(float) / 2
    cos, sin = np.cos(turn) * half, np.sin(turn) * half
    frames = np.column_stack([found.points.astype(float), cos, -sin, sin, cos])
    return frames, found.descriptors


@dataclass(frozen=True, slots=True)
class Place:
    """Where matches agree that the reference is: `affine` [2 x 3] maps it into the picture.

    `pairs` [k x 4] hold x, y in the picture and in the reference; `log10_nfa` is that of `affine` among all matches.
    """

    affine: Array
    pairs: Array
    log10_nfa: float


def matches(scene: Arrays, views: Arrays, longest: int) -> tuple[Array, Array]:
    """Frames [M x 6] of the picture and of the reference that look alike, best first; several places may match one."""
    if len(scene["frames"]) == 0 or len(views["frames"]) < 2:
        return np.zeros((0, 6)), np.zeros((0, 6))
    frames: Array = views["frames"]
    described: Array = scene["descriptors"]
    alike: Array = described @ views["descriptors"].T
    first = alike.max(axis=1)
    close = np.flatnonzero(first > 1 - FAR**2 / 2)
    alike, first = alike[close], first[close]
    best = alike.argmax(axis=1)
    x, y = frames[:, 0], frames[:, 1]
    apart = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    alike[apart[best] < (ELSEWHERE * longest) ** 2] = -1
    ratio = (1 - first) / np.maximum(1 - alike.max(axis=1), 1e-6)
    kept = np.argsort(ratio, kind="stable")[: min(MOST_MATCHES, int((ratio < RATIO**2).sum()))]
    return scene["frames"][close[kept]], frames[best[kept]]


def _unit(descriptors: Array) -> Array:
    found = descriptors.astype(np.float32)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1))


def search(scene: Arrays, views: Arrays, longest: int, area: float, keep: int = 3) -> list[Place]:
    """The places that most matches agree on, least likely by chance first.

    Every match is a pose of its own (its two frames); those of one pose are counted and fitted. `longest` is the
    reference's longer side in pixels, `area` the picture's in square pixels.
    """
    there, here = matches(scene, views, longest)
    found: list[Place] = []
    if len(there) < FEWEST:
        return found
    linear = there[:, 2:].reshape(-1, 2, 2) @ np.linalg.inv(here[:, 2:].reshape(-1, 2, 2))
    size = longest * np.sqrt(np.abs(np.linalg.det(linear)))
    votes = _votes(there, here, linear, size)
    left = (size >= NARROWEST) & (np.linalg.det(linear) > 0)
    for _ in range(keep):
        best = int(((votes & left).sum(axis=1) * left).argmax())
        members = np.flatnonzero(votes[best] & left)
        members = members[_distinct(there[members], here[members], longest, size[best])]
        if len(members) < FEWEST:
            break
        affine, inside = _fitted(there[members, :2], here[members, :2], 0.06 * size[best])
        if affine is not None:
            pairs = np.hstack([there[members, :2], here[members, :2]])[inside]
            found.append(Place(affine, pairs, _chance(pairs, affine, len(there), size[best], area)))
        left &= ~votes[best]
        left[best] = False
    return sorted(found, key=lambda place: place.log10_nfa)


def _votes(there: Array, here: Array, linear: Array, size: Array) -> Array:
    """Whether match j [columns] has the pose of match i [rows]; `size` is that of the emblem, by match, in pixels."""
    x, y = (row @ here[:, :2].T for row in linear.transpose(1, 0, 2))  # where each pose puts each point, but for
    own = np.einsum("iab,ib->ia", linear, here[:, :2]) - there[:, :2]  # what it is off for the match it came from
    off = np.hypot(x - own[:, :1] - there[:, 0], y - own[:, 1:] - there[:, 1])
    turn = np.degrees(np.arctan2(linear[:, 1, 0] - linear[:, 0, 1], linear[:, 0, 0] + linear[:, 1, 1]))
    turned = np.abs((turn[None] - turn[:, None] + 180) % 360 - 180)
    grown = np.abs(np.subtract.outer(np.log(np.maximum(size, 1e-6)), np.log(np.maximum(size, 1e-6))))
    return np.asarray((off < NEAR * size[:, None]) & (turned < TURN) & (grown < np.log(GROWTH)))


def _distinct(there: Array, here: Array, longest: int, size: float) -> Array:
    """Indices of one match a cell of either picture; a cell is a fortieth of the emblem."""
    cells = np.rint(np.hstack([there[:, :2] * 40 / size, here[:, :2] * 40 / longest])).astype(int)
    keep = np.unique(cells[:, :2], axis=0, return_index=True)[1]
    return np.sort(keep[np.unique(cells[keep, 2:], axis=0, return_index=True)[1]])


def _fitted(there: Array, here: Array, tolerance: float) -> tuple[Array | None, Array]:
    """The affine map that most pairs follow, or None where it is no view of a flat thing; and which pairs do."""
    affine, inside = cv2.estimateAffine2D(here, there, method=cv2.RANSAC, ransacReprojThreshold=tolerance, maxIters=300)
    if affine is None or inside.sum() < FEWEST:
        return None, np.zeros(len(there), bool)
    wide, narrow = np.linalg.svd(affine[:, :2], compute_uv=False)
    upright = np.linalg.det(affine[:, :2]) > 0 and wide <= SLANTED * narrow
    return (affine if upright else None), inside.ravel().astype(bool)


def _chance(pairs: Array, affine: Array, matches: int, size: float, area: float) -> float:
    """log10 of the number of false alarms of an affine map that `pairs` [k x 4] follow, among so many matches."""
    off = np.hypot(*(pairs[:, :2] - pairs[:, 2:] @ affine[:, :2].T - affine[:, 2]).T)
    chances = np.ones(matches)
    chances[: len(pairs)] = np.minimum(1.0, np.pi * np.maximum(off, 0.01 * size) ** 2 / area)
    return log10_nfa(chances, Chance(3, 1))[0]
