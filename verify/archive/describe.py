"""The geometry between two pictures as numbers, as words and as regions to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.archive import geometry
from verify.archive.agreement import Agreement
from verify.model import Json, Region

Floats = npt.NDArray[np.floating[Any]]

WHOLE = 0.97  # of a picture's area: from here on it is called whole; feature noise moves an edge by under 1 %
TURNED = 1.0  # degrees
STRETCHED = 1.03
TILTED = 1.08  # scale from one end of the common part to the other
HORIZON = 0.05  # of the largest depth: what lies beyond is never seen in the other picture
RIGHT_AND_DOWN = np.array([[0.0, 0], [1, 0], [0, 1]])


@dataclass(frozen=True, slots=True)
class Geometry:
    """How `a` lies in `b`: scale in pixels of `b` per pixel of `a`; rotation in degrees, clockwise; areas as shares."""

    mirrored: bool
    rotation: float
    scale: float
    stretch: float
    tilt: float  # how much scale changes over the common part: seen in perspective, as in a photograph of a screen
    covers_a: float
    covers_b: float
    outline_a: tuple[tuple[float, float], ...]  # the overlap, in pixels of `a`
    outline_b: tuple[tuple[float, float], ...]

    @property
    def tilted(self) -> bool:
        """Whether it is seen at an angle."""
        return self.tilt > TILTED

    @property
    def whole(self) -> bool:
        """Whether each shows all of the other, unturned and unstretched."""
        straight = not self.mirrored and not self.tilted and abs(self.rotation) < TURNED and self.stretch < STRETCHED
        return straight and min(self.covers_a, self.covers_b) >= WHOLE

    def measured(self) -> dict[str, Json]:
        """Every number, rounded to what it is worth."""
        return {
            "mirrored": self.mirrored,
            "rotation_degrees": round(self.rotation, 1),
            "scale": round(self.scale, 3),
            "stretch": round(self.stretch, 3),
            "perspective": self.tilted,
            "overlap_of_picture": round(self.covers_a, 3),
            "overlap_of_other": round(self.covers_b, 3),
        }

    def words(self) -> str:
        """The geometry in a few words, the other picture as seen from the first."""
        said = ["mirrored"] if self.mirrored else []
        if abs(self.rotation) >= TURNED:
            said.append(f"turned by {self.rotation:.1f}°")
        if self.stretch >= STRETCHED:
            said.append(f"stretched by {100 * (self.stretch - 1):.0f} %")
        if self.tilted:
            said.append("seen at an angle")
        if self.covers_a < WHOLE:
            said.append(f"{100 * self.covers_a:.0f} % of the picture's area")
        if self.covers_b < WHOLE:
            said.append(f"{100 * self.covers_b:.0f} % of the other's area")
        return ", ".join(said) or "the whole frame"


def describe(matrix: Floats, size_a: tuple[int, int], size_b: tuple[int, int]) -> Geometry:
    """The geometry of a homography from full pixels of `a` to full pixels of `b`."""
    corners = _corners(size_a)
    depth = corners @ matrix[2, :2] + matrix[2, 2]
    sign = float(np.sign(depth[np.abs(depth).argmax()]))
    corners = _half(corners, sign * depth - HORIZON * np.abs(depth).max())
    outline_b = clip(geometry.apply(matrix, corners), size_b)
    back = np.linalg.inv(matrix)
    outline_a = geometry.apply(back, outline_b) if len(outline_b) else outline_b
    middle = outline_a.mean(axis=0) if len(outline_a) else np.array(size_a) / 2
    step = geometry.apply(matrix, middle + RIGHT_AND_DOWN)
    linear = np.array([step[1] - step[0], step[2] - step[0]]).T
    mirrored = bool(np.linalg.det(linear) < 0)
    u, stretches, vt = np.linalg.svd(linear)
    turn = u @ vt @ np.diag([-1, 1]) if mirrored else u @ vt  # the nearest rotation, once the mirror is taken off
    return Geometry(
        mirrored=mirrored,
        rotation=float(np.rad2deg(np.arctan2(turn[1, 0], turn[0, 0]))),
        scale=float(np.sqrt(stretches[0] * stretches[1])),
        stretch=float(stretches[0] / max(stretches[1], 1e-9)),
        tilt=_tilt(matrix, outline_a),
        covers_a=min(1.0, area(outline_a) / (size_a[0] * size_a[1])),
        covers_b=min(1.0, area(outline_b) / (size_b[0] * size_b[1])),
        outline_a=tuple((float(x), float(y)) for x, y in outline_a),
        outline_b=tuple((float(x), float(y)) for x, y in outline_b),
    )


def regions(found: Geometry, agreement: Agreement, size: tuple[int, int], thumbnail: tuple[int, ...]) -> list[Region]:
    """The common part in both pictures, and where the first shows something else."""
    drawn = [Region(found.outline_a, "common part"), Region(found.outline_b, "common part", "against")]
    x, y = size[0] / thumbnail[1], size[1] / thumbnail[0]
    for left, top, width, height in agreement.differing:
        across = size[0] - (left + width) * x if found.mirrored else left * x
        drawn.append(Region.box(across, top * y, width * x, height * y, "differs"))
    return drawn


def clip(polygon: Floats, size: tuple[int, int]) -> Floats:
    """A convex polygon cut to a frame of width x height."""
    for axis, bound in enumerate(size):
        polygon = _half(polygon, polygon[:, axis])
        polygon = _half(polygon, bound - polygon[:, axis])
    return polygon


def _half(polygon: Floats, inside: Floats) -> Floats:
    """The part of a polygon [N x 2] where `inside` [N], linear over the plane, is not below 0.

    Sutherland and Hodgman, 1974.
    """
    kept: list[Floats] = []
    for here, there, depth, next_depth in zip(
        polygon, np.roll(polygon, -1, axis=0), inside, np.roll(inside, -1), strict=True
    ):
        if depth >= 0:
            kept.append(here)
        if (depth >= 0) != (next_depth >= 0):
            kept.append(here + (there - here) * depth / (depth - next_depth))
    return np.array(kept).reshape(-1, 2)


def area(polygon: Floats) -> float:
    """Of a simple polygon, square pixels."""
    if len(polygon) < 3:
        return 0.0
    x, y = polygon[:, 0], polygon[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _corners(size: tuple[int, int]) -> Floats:
    return np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], float)


def _tilt(matrix: Floats, outline: Floats) -> float:
    """The largest depth of an outline's corners, as a multiple of the least."""
    depth = np.abs(outline @ matrix[2, :2] + matrix[2, 2])
    return float(depth.max() / max(depth.min(), 1e-9)) if len(depth) else 1.0
