"""Windows for teaching the first glance: flags as cloth in scenes, and what is no whole flag, all from a seed."""

import cv2
import numpy as np

from verify.matching.flags.glance import CELLS

FINE = 2  # pixels of a made window to a cell
TALL = 48  # pixels in which drawings are kept here
NONE, STRANGER = -1, -2  # labels of what is no whole flag, and of a whole flag of no known design


class Maker:
    """Makes windows [down x across x 3] (sRGB, 0 to 1), labels and corners (of the window, 0 to 1, clockwise)."""

    def __init__(self, designs, scenes, seed):
        self.rng = np.random.default_rng(seed)
        self.drawn = [_prepared(design.drawing) for design in designs]
        self.grids = np.stack([cv2.resize(d.drawing, (9, 6), interpolation=cv2.INTER_AREA) for d in designs]) / 255.0
        self.scenes = scenes
        across, down = CELLS
        y, x = np.mgrid[0 : down * FINE, 0 : across * FINE].astype(np.float32)
        self.places = np.stack([(x + 0.5) / (across * FINE) * 1.5, (y + 0.5) / (down * FINE)], axis=2)  # height is 1

    def batch(self, count, hard=()):
        """`count` windows; `hard`: windows without flags that were taken for flags."""
        windows, labels, corners = [], [], []
        for _ in range(count):
            kind = self.rng.random()
            if kind < 0.52:
                made = self._flag(int(self.rng.integers(len(self.drawn))))
            elif kind < 0.68:
                made = self._part()
            elif kind < 0.78:
                made = self._stranger()
            elif kind < 0.89 and len(hard):
                made = (hard[self.rng.integers(len(hard))], NONE, np.zeros(8))
            else:
                made = (shrunk(self._scene()), NONE, np.zeros(8))
            windows.append(made[0])
            labels.append(made[1])
            corners.append(made[2])
        return np.stack(windows), np.array(labels), np.stack(corners).astype(np.float32)

    def _scene(self):
        """What stands behind: a piece of a scene, or a sky."""
        rng = self.rng
        high, wide = self.places.shape[:2]
        if rng.random() < 0.2:
            sky = np.array([rng.uniform(0.1, 0.9), rng.uniform(0.3, 0.9), rng.uniform(0.5, 1)]) * rng.uniform(0.3, 1)
            if rng.random() < 0.4:
                sky = np.full(3, rng.uniform(0, 1))
            ramp = 1 + rng.uniform(-0.3, 0.3) * self.places[..., :1] + rng.uniform(-0.3, 0.3) * self.places[..., 1:]
            return np.clip(sky * ramp, 0, 1).astype(np.float32)
        scene = self.scenes[rng.integers(len(self.scenes))]
        h, w = scene.shape[:2]
        side = min(h, w / 1.5) * np.exp(rng.uniform(np.log(0.12), 0))
        x0, y0 = rng.uniform(0, w - 1.5 * side), rng.uniform(0, h - side)
        step = max(1, int(side / high))
        piece = scene[int(y0) : int(y0 + side) + 1 : step, int(x0) : int(x0 + 1.5 * side) + 1 : step]
        piece = cv2.resize(piece, (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        return piece[:, ::-1] if rng.random() < 0.5 else piece

    def _flag(self, design):
        largest = self.rng.uniform(0.68, 1.0)
        return self._laid(design, largest, self.rng.uniform(-0.12, 0.12, 2), design)

    def _part(self):
        """A part of a flag, or a flag much smaller than the window: no whole flag at this window."""
        design = int(self.rng.integers(len(self.drawn)))
        if self.rng.random() < 0.7:
            largest = self.rng.uniform(1.7, 4)
            away = self.rng.uniform(-0.5, 0.5, 2) * largest
        else:
            largest, away = self.rng.uniform(0.2, 0.5), self.rng.uniform(-0.3, 0.3, 2)
        return self._laid(design, largest, away, NONE)

    def _stranger(self):
        """A layout in colours that make it no known flag."""
        while True:
            linear, keys = self.drawn[self.rng.integers(len(self.drawn))]
            count = keys.max() + 1
            palette = self.rng.choice(COLOURS, count).astype(np.float32)
            if self.rng.random() < 0.5:
                means = np.stack(
                    [linear[keys == k].mean(axis=0) if (keys == k).any() else palette[k] for k in range(count)]
                )
                palette = means[self.rng.permutation(count)].astype(np.float32)
            made = palette[keys]
            grid = cv2.resize(made ** (1 / 2.2), (9, 6), interpolation=cv2.INTER_AREA)
            both = min(np.abs(self.grids - g).mean(axis=(1, 2, 3)).min() for g in (grid, grid[:, ::-1]))
            if both > 0.11:
                return self._laid((made, keys), self.rng.uniform(0.68, 1.0), self.rng.uniform(-0.12, 0.12, 2), STRANGER)

    def _laid(self, design, largest, away, label):
        """The drawing bent, lit and set before a scene; `largest`: its larger extent, of the window's."""
        rng = self.rng
        linear, keys = self.drawn[design] if isinstance(design, int) else design
        tall, wide = keys.shape
        ends = _corners(wide / tall, rng)
        mirrored = rng.random() < 0.25
        extent = np.ptp(ends, axis=0) / (1.5, 1)
        ends = ends * (largest / extent.max())
        ends = ends - (ends.max(axis=0) + ends.min(axis=0)) / 2 + (0.75, 0.5) + away * (1.5, 1)
        source = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
        back = cv2.getPerspectiveTransform(ends.astype(np.float32), source)
        flat = cv2.perspectiveTransform(self.places.reshape(1, -1, 2), back).reshape(*self.places.shape[:2], 2)
        u, v, shade = _waved(flat[..., 0], flat[..., 1], wide / tall, rng)
        cover = np.clip(np.minimum(np.minimum(u, 1 - u) * wide, np.minimum(v, 1 - v) * tall) / 1.5 + 0.5, 0, 1)
        if rng.random() < 0.15:
            side, part = rng.integers(4), rng.uniform(0.05, 0.35)
            cover = cover * ((u, 1 - u, v, 1 - v)[side] > part)
        dye = np.exp(rng.normal(0, 0.12, (keys.max() + 1, 3)) + rng.normal(0, 0.18, (keys.max() + 1, 1)))
        coloured = (linear * dye[keys]).astype(np.float32)
        seen_u = 1 - u if mirrored else u
        maps = (seen_u * wide - 0.5).astype(np.float32), (v * tall - 0.5).astype(np.float32)
        cloth = cv2.remap(coloured, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        haze = rng.uniform(0.003, 0.05)
        gain = np.exp(rng.normal(0, (0.2, 0.05, 0.2))) * rng.uniform(0.25, 1.1)
        cloth = (haze + (1 - haze) * np.clip(cloth, 0, 1)) * shade[..., None] * gain
        window = (self._scene() ** 2.2) * (1 - cover[..., None]) + cloth * cover[..., None]
        value = np.clip(window, 0, 1) ** (1 / 2.2) * rng.uniform(0.85, 1.15)
        value = cv2.GaussianBlur(value.astype(np.float32), (0, 0), rng.uniform(0.3, 2.0))
        grey = value.mean(axis=2, keepdims=True)
        value = np.clip(grey + (value - grey) * rng.uniform(0.75, 1.15), 0, 1)
        value = shrunk(value) + rng.normal(0, rng.uniform(0, 0.02), (CELLS[1], CELLS[0], 3))
        return np.clip(value, 0, 1).astype(np.float32), label, (ends / (1.5, 1)).ravel()


COLOURS = np.array(
    [
        *((0.6, 0, 0.02), (0.8, 0.1, 0.05), (0, 0.2, 0.05), (0, 0.35, 0.1), (0, 0.02, 0.2), (0.02, 0.1, 0.5)),
        *((0.2, 0.5, 0.8), (1, 1, 1), (0.9, 0.7, 0), (0.9, 0.3, 0), (0, 0, 0), (0.3, 0.0, 0.3), (0.3, 0.3, 0.3)),
        *((0.3, 0.2, 0.1), (0.6, 0.5, 0.4)),
    ],
    np.float32,
)


def shrunk(window):
    """A made window in cells."""
    return cv2.resize(window, CELLS, interpolation=cv2.INTER_AREA)


def _prepared(drawing):
    """Linear colours and the number of each pixel's dye."""
    small = cv2.resize(drawing, (round(drawing.shape[1] * TALL / drawing.shape[0]), TALL), interpolation=cv2.INTER_AREA)
    linear = ((small / 255.0) ** 2.2).astype(np.float32)
    coarse = (small // 64).astype(int) @ np.array([16, 4, 1])
    kept, counts = np.unique(coarse, return_counts=True)
    kept = kept[np.argsort(-counts)][:8]
    palette = np.stack([np.median(small[coarse == k], axis=0) for k in kept])
    keys = np.abs(small[:, :, None].astype(float) - palette).sum(axis=3).argmin(axis=2)
    return linear, keys


def _corners(aspect, rng):
    """Corners of a cloth one high, seen from the side and hanging a little."""
    aspect = aspect * np.exp(rng.uniform(-0.45, 0.15))
    box = np.array([[-aspect, -1], [aspect, -1], [aspect, 1], [-aspect, 1]]) / 2
    roll = np.deg2rad(np.clip(rng.normal(0, 12), -32, 32))
    box = box + rng.normal(0, 0.06, (4, 2))
    box[:, 1] += rng.normal(0, 0.15) * box[:, 0]
    return box @ np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])


def _waved(u, v, aspect, rng):
    """Places on the drawing after two or three waves, and the shade that they make."""
    shade = np.ones_like(u)
    du, dv = np.zeros_like(u), np.zeros_like(u)
    strong = rng.uniform(0, 1)
    for _ in range(rng.integers(1, 4)):
        long, phase, lean = rng.uniform(0.35, 1.6), rng.uniform(0, 6.3), rng.uniform(-0.8, 0.8)
        wave = 2 * np.pi * (u * aspect + lean * v) / long + phase
        depth = strong * rng.uniform(0, 0.06)
        dv += depth * np.sin(wave)
        du += rng.uniform(-0.5, 0.5) * depth * np.cos(wave) / aspect
        shade *= 1 + 6 * depth * rng.uniform(-1, 1) * np.cos(wave + rng.uniform(-0.5, 0.5))
    return u + du * np.clip(u + 0.3, 0, 1), v + dv, np.clip(shade, 0.35, 1.6)
