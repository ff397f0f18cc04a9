"""Pictures of flags for measuring: a drawing made cloth (folds, dye, light) and set into a scene, all from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tests.bench.flag_cloths import moved, taken


@dataclass(frozen=True)
class Composite:
    pixels: np.ndarray  # RGB uint8
    corners: np.ndarray  # [N x 2] of the flag's outline, before folding where it is waved, picture pixels
    jpeg: bytes


def composite(scene, drawing, height, seed, *, turned=False):
    """A flag `height` pixels high (mean over the cloth) somewhere in the scene (RGB uint8), as JPEG.

    Dye: each colour off by 8 % a channel, 2 to 7 % haze. Folds: two waves, up to 5 % of the height, shading to 30 %.
    View: turned up to 40 degrees about the pole, 15 about the level, 20 in the picture. Light: red and blue gains
    to 35 %, exposure 0.6 to 1.1, noise, blur 0.4 to 0.9 pixels, JPEG 60 to 90. One flag in five is cut by something.
    """
    rng = np.random.default_rng(seed)
    cloth, shade = _cloth(drawing, height, rng)
    tall, wide = cloth.shape[:2]
    corners = _view(wide, tall, height, rng, turned)
    h, w = scene.shape[:2]
    spread = np.ptp(corners, axis=0)
    room = np.maximum(np.array([w, h]) - spread - 4, 1)
    corners = corners - corners.min(axis=0) + 2 + rng.random(2) * room
    source = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    lit = cloth * shade[..., None] * _light(rng)
    mask = np.ones((tall, wide), np.float32)
    lit, mask = _folded(lit, mask, height, rng)
    if rng.random() < 0.2:
        mask = _cut(mask, rng)
    step = max(1.0, tall / height / 1.2)
    lit, mask = (cv2.GaussianBlur(a, (0, 0), 0.35 * step) for a in (lit, mask))
    placed = cv2.warpPerspective(lit, matrix, (w, h), flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(mask, matrix, (w, h), flags=cv2.INTER_LINEAR)[..., None]
    return _taken(scene, placed, cover, corners, rng)


def worn(scene, drawing, height, seed, maps, *, least=0.5, turned=False):
    """As `composite`, with a simulated cloth (`flag_cloths`) of which at least the share `least` is visible.

    Its box is `height` pixels high, or as wide as a flat flag of that height. Seen from behind one time in five.
    `turned`: by a quarter, or upside down.
    """
    rng = np.random.default_rng(seed)
    dyed, _ = _cloth(drawing, height, rng)
    aspect = drawing.shape[1] / drawing.shape[0]
    near = np.flatnonzero((np.abs(np.log(maps["aspect"] / aspect)) < 0.3) & (maps["shown"] >= least))
    near = near if len(near) else np.flatnonzero(maps["shown"] >= least)
    uv, normal, cover, _ = taken(maps, int(rng.choice(near)), flip=rng.random() < 0.5, mirrored=rng.random() < 0.2)
    if turned:
        turn = int(rng.integers(1, 4))
        uv, normal, cover = (np.ascontiguousarray(np.rot90(part, turn)) for part in (uv, normal, cover))
    y, x = np.nonzero(cover)
    hull = cv2.convexHull(np.c_[x, y].astype(np.float32))[:, 0].astype(np.float64)
    extent = np.ptp(hull, axis=0)
    h, w = scene.shape[:2]
    scale = min(height / extent[1], height * aspect / extent[0], *(0.95 * np.array([w, h]) / extent))
    room = np.maximum(np.array([w, h]) - extent * scale - 4, 1)
    first = 2 + rng.random(2) * room
    corners = (hull - hull.min(axis=0)) * scale + first
    matrix = np.c_[np.eye(2) * scale, first - hull.min(axis=0) * scale]
    fine = np.c_[matrix * 2]
    fine[:, 2] += 0.5
    uv, normal, cover = moved(uv, normal, cover, fine, (2 * w, 2 * h))
    light = rng.normal(0, 1, 3) * np.array([1, 1, 0.6])
    lit = normal @ (light / np.linalg.norm(light)).astype(np.float32)
    shade = np.clip(1 + rng.uniform(0.2, 1.0) * (lit - float((lit * cover).mean() / cover.mean())), 0.25, 1.8)
    level = (
        dyed if dyed.shape[0] < 2.5 * height else cv2.resize(dyed, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    )
    at = np.asarray(uv * level.shape[1::-1] - 0.5, np.float32)
    seen = cv2.remap(level, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = seen * shade[..., None] * _light(rng)
    cover = np.clip(2 * cover - 0.5, 0, 1).astype(np.float32)
    placed, cover = (cv2.resize(a, (w, h), interpolation=cv2.INTER_AREA) for a in (seen * cover[..., None], cover))
    return _taken(scene, placed, cover[..., None], corners, rng)


def _taken(scene, placed, cover, corners, rng):
    """The picture as a camera takes it: `placed` (linear light) where `cover` says, before the scene."""
    linear = (scene.astype(np.float32) / 255) ** 2.2
    mixed = linear * (1 - cover) + placed * (cover > 0)
    mixed = cv2.GaussianBlur(mixed, (0, 0), rng.uniform(0.4, 0.9))
    value = np.clip(mixed, 0, 1) ** (1 / 2.2) * 255 + rng.normal(0, rng.uniform(1, 4), mixed.shape)
    value = np.clip(value, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", value[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 91))])
    return Composite(cv2.imdecode(jpeg, 1)[:, :, ::-1].copy(), corners, jpeg.tobytes())


def _cloth(drawing, height, rng):
    """The drawing in linear light with dyes off and hazed, large enough to be warped down, and a flat shade."""
    scale = max(2.0, 1.5 * height / drawing.shape[0])
    big = cv2.resize(drawing, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    keys = (drawing.reshape(-1, 3) // 48).astype(int) @ np.array([36, 6, 1])
    linear = (np.clip(big, 0, 255).astype(np.float32) / 255) ** 2.2
    out = linear.copy()
    for key in np.unique(keys):
        colour = np.median(drawing.reshape(-1, 3)[keys == key], axis=0)
        near = np.abs(big.astype(np.float32) - colour).max(axis=2) < 40
        out[near] = linear[near] * np.exp(rng.normal(0, 0.08, 3))
    haze = rng.uniform(0.005, 0.03)
    return np.clip(haze + (1 - haze) * out, 0, 1), np.ones(big.shape[:2], np.float32)


def _view(wide, tall, height, rng, turned):
    """Corners of the cloth seen from the side, in pixels, the mean of its left and right edges `height` long."""
    box = np.array([[-wide / tall, -1], [wide / tall, -1], [wide / tall, 1], [-wide / tall, 1]]) / 2
    yaw, pitch, roll = np.deg2rad(rng.uniform([-40, -15, -20], [40, 15, 20]))
    roll += np.pi / 2 * rng.choice([-1, 1]) if turned else 0
    points = np.c_[box, np.zeros(4)]
    points = points @ np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]]).T
    points = points @ np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]).T
    flat = points[:, :2] / (1 + points[:, 2:] / rng.uniform(3, 8))
    flat = flat @ np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]]).T
    edges = np.linalg.norm(flat[3] - flat[0]) + np.linalg.norm(flat[2] - flat[1])
    return flat * height * 2 / edges


def _light(rng):
    gain = np.array([rng.uniform(0.65, 1.35), 1.0, rng.uniform(0.65, 1.35)])
    return (gain / gain.max() * rng.uniform(0.6, 1.1)).astype(np.float32)


def _folded(lit, mask, height, rng):
    """Two waves along the cloth move its borders and shade it."""
    tall, wide = mask.shape
    y, x = np.mgrid[0:tall, 0:wide].astype(np.float32) / tall
    dy, shade = np.zeros_like(x), np.zeros_like(x)
    for strength in (1.0, 0.5):
        long, phase, lean = rng.uniform(0.5, 1.4) * strength**0.5, rng.uniform(0, 6.3), rng.uniform(-0.5, 0.5)
        wave = 2 * np.pi * (x + lean * y) / long + phase
        depth = rng.uniform(0, 0.05) * strength
        dy += depth * np.sin(wave)
        shade += 3 * depth * np.cos(wave) * rng.choice([-1, 1]) * 2
    shade = np.clip(1 + shade - shade.max() * 0.5, 0.55, 1.2)
    maps = (x * tall).astype(np.float32), ((y + dy) * tall).astype(np.float32)
    lit = cv2.remap(lit * shade[..., None], *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return lit, cv2.remap(mask, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def _cut(mask, rng):
    """Something stands before up to a third of the cloth."""
    mask = mask.copy()
    part = int(mask.shape[1] * rng.uniform(0.1, 0.35))
    if rng.random() < 0.5:
        mask[:, :part] = 0
    else:
        mask[:, -part:] = 0
    return mask


def strange(designs, rng):
    """A drawing in the layout of a design and the colours of others that is none of the designs."""
    grids = np.stack([cv2.resize(d.drawing, (9, 6), interpolation=cv2.INTER_AREA) for d in designs]).astype(float)
    while True:
        drawing = designs[rng.integers(len(designs))].drawing
        turned = np.roll(drawing, int(rng.integers(1, 3)), axis=2) if rng.random() < 0.5 else drawing[..., ::-1]
        if rng.random() < 0.5:
            turned = 255 - turned
        grid = cv2.resize(np.ascontiguousarray(turned), (9, 6), interpolation=cv2.INTER_AREA).astype(float)
        if min(np.abs(grids - g).mean(axis=(1, 2, 3)).min() for g in (grid, grid[:, ::-1])) > 0.11 * 255:
            return np.ascontiguousarray(turned)


def interval(hits, n):
    """Wilson's 95 % interval of a share."""
    if not n:
        return 0.0, 1.0
    z, p = 1.96, hits / n
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
