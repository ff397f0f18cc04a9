"""Keypoint search: places of the picture that several local features of the reference agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from verify.image import Image
from verify.matching.features import extract
from verify.matching.nfa import Chance, log10_nfa

if TYPE_CHECKING:
    import numpy.typing as npt

    from verify.image import Arrays

    Array = npt.NDArray[np.float64]

LONGEST = 1600  # pixels of the picture that is searched, before it is doubled
DOUBLED = 3200  # pixels, longer side of what features are sought on: doubling finds emblems of 48 px (0.94 against 0.75)
MOST = 6000  # features of the picture
MOST_OF_REFERENCE = 400  # features of a view of the reference, half of it in slanted ones
CONTRAST = 0.015
RATIO = 0.9  # of the distance to the nearest feature elsewhere on the reference
ELSEWHERE = 0.1  # of the reference's longer side
FAR = 0.75  # distance of unit descriptors beyond which nothing is a match
MOST_MATCHES = 600
NEAR = 0.12  # of the reference's longer side: how far from its place a feature may be, under a pose guessed from one match
TURN, GROWTH = 25.0, 1.7  # degrees and factor within which two matches have one pose
VIEWS = ((1.0, 1.0, 0), (0.5, 1.0, 0), (0.25, 1.0, 0), *((0.5, 2.0, turn) for turn in (0, 45, 90, 135)))  # scale, tilt, turn
METHOD = "emblem-keypoints-1"


def scene_of(image: Image) -> Arrays:
    """`frames` [N x 6] of the picture's features, x, y and the map [2 x 2] of a unit circle, and `descriptors` [N x 128]."""
    return image.derive(METHOD + " scene", _scene)


def _scene(image: Image) -> Arrays:
    longest = max(image.size)
    scale = min(2.0, DOUBLED / longest) if longest <= LONGEST else min(LONGEST * 2, DOUBLED) / longest
    gray = _resized(image.gray, scale)
    frames, descriptors = _features(gray, MOST)
    frames /= np.array([gray.shape[1], gray.shape[0]] * 3)[[0, 1, 0, 0, 1, 1]] / np.array([*image.size] * 3)[[0, 1, 0, 0, 1, 1]]
    return {"frames": frames, "descriptors": descriptors}


def views_of(image: Image, reference: Arrays) -> Arrays:
    """The same for the reference, seen at three scales and from four sides; frames in pixels of `reference`."""
    return image.derive(METHOD + " reference", lambda _: _views(reference))


def _views(reference: Arrays) -> Arrays:
    gray = cv2.cvtColor(reference["pixels"], cv2.COLOR_RGB2GRAY)
    mask = cv2.dilate(reference["mask"].astype(np.uint8), np.ones((5, 5)))
    frames, descriptors = [], []
    for scale, tilt, turn in VIEWS:
        view, onto = _seen(gray, scale * 320 / max(gray.shape), tilt, turn)
        found, described = _features(view, MOST_OF_REFERENCE // (2 if tilt > 1 else 1))
        back = np.linalg.inv(onto[:, :2])
        found[:, :2] = (found[:, :2] - onto[:, 2]) @ back.T
        found[:, 2:] = (back @ found[:, 2:].reshape(-1, 2, 2)).reshape(-1, 4)
        x, y = np.rint(found[:, :2]).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
        inside[inside] = mask[y[inside], x[inside]] > 0
        frames.append(found[inside])
        descriptors.append(described[inside])
    return {"frames": np.concatenate(frames), "descriptors": np.concatenate(descriptors)}


def _seen(gray, scale, tilt, turn):
    """The reference turned by `turn` degrees and narrowed by `tilt`, and the affine map onto it."""
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    linear = scale * np.diag([1 / tilt, 1]) @ np.array([[cos, -sin], [sin, cos]])
    if turn or tilt != 1:
        linear = np.array([[cos, sin], [-sin, cos]]) @ linear
    height, width = gray.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ linear.T
    onto = np.column_stack([linear, 8 - corners.min(axis=0)])
    blurred = cv2.GaussianBlur(gray, (0, 0), 0.5 / scale) if scale < 1 else gray
    size = tuple(int(s) for s in np.ceil(np.ptp(corners, axis=0)) + 16)
    return cv2.warpAffine(blurred, onto, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), onto


def _features(gray, most):
    found = extract(gray, max(gray.shape), most, CONTRAST)
    turn, half = np.radians(found.angles.astype(float)), found.sizes.astype(float) / 2
    cos, sin = np.cos(turn) * half, np.sin(turn) * half
    frames = np.column_stack([found.points.astype(float), cos, -sin, sin, cos])
    return frames, found.descriptors


def _resized(gray, scale):
    size = max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale))
    return cv2.resize(gray, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)


def matches(scene: Arrays, views: Arrays, longest: float) -> tuple[Array, Array]:
    """Frames [M x 6] of the picture and of the reference that describe the same; several places may match one."""
    near = np.zeros((0, 6))
    if len(scene["frames"]) == 0 or len(views["frames"]) < 2:
        return near, near
    alike = _unit(scene["descriptors"]) @ _unit(views["descriptors"]).T
    best = alike.argmax(axis=1)
    first = alike[np.arange(len(best)), best]
    close = np.flatnonzero(first > 1 - FAR**2 / 2)
    alike, first, best = alike[close], first[close], best[close]
    apart = np.hypot(*(views["frames"][:, None, :2] - views["frames"][None, :, :2]).transpose(2, 0, 1))
    alike[apart[best] < ELSEWHERE * longest] = -1
    ratio = (1 - first) / np.maximum(1 - alike.max(axis=1), 1e-6)
    kept = np.argsort(ratio, kind="stable")[: min(MOST_MATCHES, int((ratio < RATIO**2).sum()))]
    return scene["frames"][close[kept]], views["frames"][best[kept]]


def _unit(descriptors):
    found = descriptors.astype(np.float32)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1)


def search(scene: Arrays, views: Arrays, shape: tuple[int, int], area: float, keep: int = 3) -> list[tuple[float, Array, Array]]:
    """Places that matches agree on: (log10 NFA, affine map [2 x 3] of the reference into the picture, pairs [k x 4]).

    Every match is a pose of its own (its two frames); those of the same pose are counted and fitted. `shape` is the
    reference's height and width, `area` the picture's, square pixels.
    """
    there, here = matches(scene, views, max(shape))
    found = []
    if len(there) < 3:
        return []
    linear = there[:, 2:].reshape(-1, 2, 2) @ np.linalg.inv(here[:, 2:].reshape(-1, 2, 2))
    left = np.ones(len(there), bool)
    size = np.sqrt(np.abs(np.linalg.det(linear)))
    turn = np.degrees(np.arctan2(linear[:, 1, 0] - linear[:, 0, 1], linear[:, 0, 0] + linear[:, 1, 1]))
    plausible = (size * max(shape) >= 12) & (np.linalg.det(linear) > 0)
    votes = _votes(there, here, linear, size, turn, max(shape)) & plausible[:, None]
    for _ in range(keep):
        counts = (votes & left).sum(axis=1)
        best = int(counts.argmax())
        members = np.flatnonzero(votes[best] & left)
        members = members[_distinct(there[members], here[members], max(shape), size[best])]
        if len(members) < 3:
            break
        affine, inside = _fitted(there[members, :2], here[members, :2], 0.06 * max(shape) * size[best])
        if affine is not None:
            found.append((_chance(affine, there, here, size[best], shape, area), affine, np.hstack([there[members[inside], :2], here[members[inside], :2]])))
        left &= ~votes[best]
    return sorted(found, key=lambda f: f[0])


def _votes(there, here, linear, size, turn, longest):
    """Whether match j [columns] has the pose of match i [rows]."""
    moved = here[None, :, :2] - here[:, None, :2]
    expected = there[:, None, :2] + np.einsum("iab,ijb->ija", linear, moved)
    off = np.hypot(*(there[None, :, :2] - expected).transpose(2, 0, 1))
    turned = np.abs((turn[None] - turn[:, None] + 180) % 360 - 180)
    grown = np.abs(np.log(np.maximum(size, 1e-9)[None] / np.maximum(size, 1e-9)[:, None]))
    return (off < NEAR * longest * size[:, None]) & (turned < TURN) & (grown < np.log(GROWTH))


def _distinct(there, here, longest, size):
    """Indices of one match a cell of both pictures (a cell is 1/40 of the emblem)."""
    cell = longest / 40
    both = np.rint(np.hstack([there[:, :2] / (cell * size), here[:, :2] / cell])).astype(int)
    keep = np.unique(both[:, :2], axis=0, return_index=True)[1]
    return np.sort(keep[np.unique(both[keep, 2:], axis=0, return_index=True)[1]])


def _fitted(there, here, tolerance):
    affine, inside = cv2.estimateAffine2D(here, there, method=cv2.RANSAC, ransacReprojThreshold=float(tolerance), maxIters=300)
    if affine is None or inside.sum() < 3:
        return None, None
    values = np.linalg.svd(affine[:, :2], compute_uv=False)
    if np.linalg.det(affine[:, :2]) <= 0 or values[0] > 4 * values[1]:
        return None, None
    return affine, inside.ravel().astype(bool)


def _chance(affine, there, here, size, shape, area):
    """log10 of the number of false alarms of an affine map among all matches, one a cell."""
    one = _distinct(there, here, max(shape), size)
    off = np.hypot(*(there[one, :2] - here[one, :2] @ affine[:, :2].T - affine[:, 2]).T)
    floor = 0.01 * max(shape) * size
    return log10_nfa(np.minimum(1.0, np.pi * np.maximum(off, floor) ** 2 / area), Chance(3, 1))[0]
