"""Windows for teaching the finer net: drawings on simulated or waved cloth before scenes, and what is no whole flag.

All from a seed; `flag_cloths.py` simulates the cloth.
"""

import cv2
import numpy as np

from tests.bench.flag_cloths import moved, taken
from verify.matching.flags.finer import CELLS

FINE = 1.5  # pixels of the cloth to a cell of the window
ROWS, COLUMNS, DYES = 72, 108, 8  # in which drawings are kept here
NONE, STRANGER = -1, -2  # labels of what is no whole flag, and of a whole flag of no known design
WHOLE, PART, MADE = 0.59, 0.65, 0.76  # shares of the kinds of windows, added up: flags, parts or small, of no design
CAST, STRONG = 0.15, 0.3  # spread of the light's colour (natural logarithm), and in one window of ten
HARD = 0.75  # of the rest, which has no flag: those that were taken for flags
SIMULATED = 0.7  # of the cloths; the others are waved
STRANGE, NEARLY = 0.11, 0.045  # mean difference (sRGB, 0 to 1) from every design that makes one of none; or this …
PLAIN = 0.35  # … with so large a one in some cell. What is nearer, and no design, is not taught
USED = 0.02  # share of a drawing that a colour must have to change places with another
ACROSS, DOWN = CELLS
FINE_SIZE = int(ACROSS * FINE), int(DOWN * FINE)
SHOWN = 0.6  # share of a cloth that is visible, below which it is taken the more rarely
TONES = (np.arange(4096, dtype=np.float32) / 4095) ** (1 / 2.2)


class Maker:
    """Makes windows [N x down x across x 3] (sRGB bytes), labels, weights and corners (of the window, clockwise)."""

    def __init__(self, designs, scenes, cloths, seed):
        self.rng = np.random.default_rng(seed)
        prepared = [_prepared(design) for design in designs]
        self.covers = [cover for cover, _, _ in prepared]  # [ROWS x COLUMNS x DYES]
        self.dyes = np.stack([dyes for _, dyes, _ in prepared])  # [D x DYES x 3] linear light
        self.opaque = [opaque for _, _, opaque in prepared]
        self.aspects = [d.drawing.shape[1] / d.drawing.shape[0] for d in designs]
        self.grids = np.stack([_grid(cover @ dyes) for cover, dyes in zip(self.covers, self.dyes, strict=True)])
        self.scenes, self.cloths = scenes, cloths
        self.noise = self.rng.normal(0, 1, (160, 160, 3)).astype(np.float32)
        self.clouds = [self._cloud() for _ in range(60)]
        self.last = []

    def batch(self, count, hard):
        """`count` windows; `hard`: windows without flags that were taken for flags, bytes."""
        made = [self._window(hard) for _ in range(count)]
        return [np.stack(values) for values in zip(*made, strict=True)]

    def _window(self, hard):
        kind = self.rng.random()
        if kind >= MADE:
            corners, weight = np.zeros((4, 2), np.float32), np.float32(1)
            if self.rng.random() < HARD:
                return self._varied(hard[self.rng.integers(len(hard))]), NONE, weight, corners
            return self._shot(self._framed(self._background(empty=True))), NONE, weight, corners
        number = int(self.rng.integers(len(self.dyes)))
        drawing, opaque, aspect, strange, weight = self._dyed(number, strange=PART <= kind < MADE)
        whole = not WHOLE <= kind < PART
        largest, away = self.rng.uniform(0.6, 0.97), self.rng.uniform(-0.13, 0.13, 2) + self.rng.normal(0, 0.03, 2)
        if not whole and self.rng.random() < 0.7:
            largest = self.rng.uniform(1.6, 5)
            away = self.rng.uniform(-0.5, 0.5, 2) * largest
        elif not whole:
            largest = self.rng.uniform(0.15, 0.42)
        laid = self._simulated if self.rng.random() < SIMULATED else self._waved
        uv, cover, shade, corners = laid(aspect, largest, away)
        window = self._seen(drawing, opaque, uv, cover, shade)
        label = NONE if not whole else STRANGER if strange else number
        window = self._shot(self._framed(window))
        self.last = [*self.last[-50:], window]
        return window, label, weight, (corners / CELLS).astype(np.float32)

    def _varied(self, window):
        """A window in other light, a little cut and perhaps mirrored (bytes), so that none is learned by heart."""
        rng, size = self.rng, np.array(CELLS)
        x, y = (rng.uniform(0, 0.12, 2) * size).astype(int)
        w, h = ((1 - rng.uniform(0, 0.12, 2)) * size).astype(int)
        window = cv2.resize(window[y:h, x:w], CELLS, interpolation=cv2.INTER_LINEAR)
        window = window[:, ::-1] if rng.random() < 0.5 else window
        gain = np.exp(rng.normal(0, 1, 3) * np.array([0.1, 0.04, 0.1])) * np.exp(rng.normal(0, 0.2))
        return np.clip(window * gain.astype(np.float32), 0, 255).astype(np.uint8)

    def _dyed(self, number, strange):
        """A drawing [H x W x 3] in linear light, where it is opaque, its aspect, whether strange, its weight."""
        rng, cover, dyes = self.rng, self.covers[number], self.dyes[number]
        aspect = self.aspects[number]
        dyes = dyes * np.exp(rng.normal(0, 0.12, (DYES, 3)) + rng.normal(0, 0.18, (DYES, 1)))
        opaque = self.opaque[number]
        if not strange:
            return (cover @ dyes.astype(np.float32)), opaque, aspect, False, np.float32(1)
        anything, how = _hue(rng.random((DYES, 3))), rng.integers(5)
        if how == 0:
            dyes = anything
        elif how == 1:
            used = np.flatnonzero(cover.mean(axis=(0, 1)) > USED)
            dyes[used] = dyes[rng.permutation(used)]
        elif how == 2:
            dyes[rng.integers(4)] = anything[0]
        drawing = cover @ dyes.astype(np.float32)
        if how == 3 or rng.random() < 0.2:
            drawing[self._shape()] = anything[-1]
        if how == 4:
            turns = int(rng.integers(1, 4))
            drawing, opaque = (np.ascontiguousarray(np.rot90(part, turns)) for part in (drawing, opaque))
            aspect = 1 / aspect if turns % 2 else aspect
        return drawing, opaque, aspect, True, np.float32(self._is_strange(drawing))

    def _is_strange(self, drawing):
        """Whether a drawing is of none of the designs, also seen from behind."""
        grid = _grid(drawing)
        for one in (grid, grid[:, ::-1]):
            off = np.abs(self.grids - one)
            mean, most = off.mean(axis=(1, 2, 3)), off.mean(axis=3).max(axis=(1, 2))
            if not ((mean > STRANGE) | ((mean > NEARLY) & (most > PLAIN))).all():
                return False
        return True

    def _shape(self):
        """Where a triangle at the pole, a disc, a canton, a band or a cross lies on a drawing [ROWS x COLUMNS]."""
        v, u = np.mgrid[0 : 1 : ROWS * 1j, 0 : 1 : COLUMNS * 1j]
        a, b, c = self.rng.random(3)
        which = self.rng.integers(6)
        if which == 0:
            return u < (0.3 + 0.4 * a) * (1 - 2 * np.abs(v - 0.5))
        if which == 1:
            return ((u - 0.3 - 0.4 * b) * 1.5) ** 2 + (v - 0.5) ** 2 < (0.18 + 0.15 * a) ** 2
        if which == 2:
            return (u < 0.3 + 0.25 * a) & (v < 0.35 + 0.25 * b)
        if which == 3:
            return np.abs(v - b) < 0.1 + 0.12 * a
        if which == 4:
            return (np.abs(v - 0.5) < 0.06 + 0.08 * a) | (np.abs(u - 0.3 - 0.3 * b) < 0.04 + 0.06 * c)
        return np.abs(u - b) < 0.1 + 0.1 * a

    def _placed(self, corners, low, high, largest, away):
        """The map [2 x 3] that brings a box to its share `largest` of the window; the corners after it."""
        scale = largest * float(np.min(np.array(CELLS) / np.maximum(high - low, 1e-3)))
        shift = np.array(CELLS) * (0.5 + away) - scale * (low + high) / 2
        return np.c_[np.eye(2) * scale, shift], corners * scale + shift

    def _simulated(self, aspect, largest, away):
        """Simulated cloth: places on the drawing, cover, shade [fine pixels], corners [cells]."""
        rng, cloths = self.rng, self.cloths
        near = np.flatnonzero(np.abs(np.log(cloths["aspect"] / aspect)) < 0.25)
        near = near if len(near) > 50 else np.arange(len(cloths["aspect"]))
        k = int(rng.choice(near))
        while rng.random() > cloths["shown"][k] / SHOWN:
            k = int(rng.choice(near))
        flip, mirrored = rng.random() < 0.5, rng.random() < 0.25
        uv, normal, cover, corners = taken(cloths, k, flip=flip, mirrored=mirrored)
        turn, squash, shear = rng.normal(0, 0.16), np.exp(rng.uniform(-0.45, 0.3)), rng.normal(0, 0.1)
        spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        spin = spin @ np.array([[squash, shear], [0, 1]])
        ends = corners @ spin.T
        y, x = np.nonzero(cover[::3, ::3])
        seen = np.concatenate([np.c_[x, y] * 3.0 @ spin.T, ends])
        place, ends = self._placed(ends, seen.min(axis=0), seen.max(axis=0), largest, away)
        whole = np.c_[place[:, :2] @ spin, place[:, 2]]
        fine = np.c_[whole[:, :2] * FINE, whole[:, 2] * FINE + (FINE - 1) / 2]
        uv, normal, cover = moved(uv, normal, cover, fine, FINE_SIZE)
        light = rng.normal(0, 1, 3) * np.array([1, 1, 0.6])
        lit = normal @ (light / np.linalg.norm(light)).astype(np.float32)
        lit = lit - float((lit * cover).mean() / max(cover.mean(), 1e-6))
        shade = np.clip(1 + rng.uniform(0.1, 1.3) * lit, 0.2, 1.9)
        return uv, np.clip(cover * 2 - 0.5, 0, 1), shade, ends

    def _waved(self, aspect, largest, away):
        """A plane at an angle with waves along it; as `_simulated`."""
        rng = self.rng
        aspect = aspect * float(np.exp(rng.uniform(-0.8, 0.25)))
        roll = np.clip(rng.normal(0, 0.24), -0.75, 0.75)
        shear, lean = rng.normal(0, 0.2), rng.normal(0, 0.12)
        cos, sin = np.cos(roll), np.sin(roll)
        forward = np.array([[cos * aspect - sin * shear * aspect, cos * lean - sin, 0],
                            [sin * aspect + cos * shear * aspect, sin * lean + cos, 0],
                            [*rng.normal(0, 0.09, 2), 1]])  # fmt: skip
        ends = np.array([[-0.5, -0.5, 1], [0.5, -0.5, 1], [0.5, 0.5, 1], [-0.5, 0.5, 1]]) @ forward.T
        ends = ends[:, :2] / ends[:, 2:]
        place, corners = self._placed(ends, ends.min(axis=0), ends.max(axis=0), largest, away)
        back = [[float(v) for v in row] for row in np.linalg.inv(np.r_[place, [[0, 0, 1]]] @ forward)]
        y, x = (np.mgrid[0 : FINE_SIZE[1], 0 : FINE_SIZE[0]].astype(np.float32) + 0.5) / FINE
        below = np.maximum(back[2][0] * x + back[2][1] * y + back[2][2], 1e-3)
        u = (back[0][0] * x + back[0][1] * y + back[0][2]) / below + 0.5
        v = (back[1][0] * x + back[1][1] * y + back[1][2]) / below + 0.5
        strong, away_u = rng.random(), u - 0.5
        du, dv = rng.normal(0, 0.12) * away_u * (v - 0.5), rng.normal(0, 0.3) * away_u**2
        shade = 1 + rng.normal(0, 0.15) * away_u + rng.normal(0, 0.15) * (v - 0.5)
        for _ in range(int(rng.integers(1, 5))):
            long, lean = float(np.exp(rng.uniform(-1.4, 0.5))), rng.uniform(-0.9, 0.9)
            wave = (u * aspect + lean * v) * np.float32(2 * np.pi / long) + np.float32(rng.uniform(0, 6.3))
            depth = strong * rng.uniform(0, 0.16) * min(long, 1)
            dv = dv + depth * np.sin(wave) * (0.3 + np.clip(u, 0, 1))
            ripple = np.cos(wave)
            du = du + rng.uniform(-0.7, 0.7) * depth / aspect * ripple
            shade = shade * (1 + 6 * depth / max(long, 0.25) * rng.uniform(-1, 1) * ripple)
        u, v = u + du, v + dv
        cover = ((u > 0) & (u < 1) & (v > 0) & (v < 1)).astype(np.float32)
        u = 1 - u if rng.random() < 0.25 else u
        return np.dstack([u, v]).astype(np.float32), cover, np.clip(shade, 0.2, 1.9), corners

    def _seen(self, drawing, opaque, uv, cover, shade):
        """The window in linear light: cloth lit, covered in part, before what stands behind."""
        rng = self.rng
        tall, wide = drawing.shape[:2]
        at = uv * np.array([wide, tall], np.float32) - 0.5
        lit = cv2.remap(drawing, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if opaque.min() == 0:
            cover = cover * cv2.remap(opaque, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if rng.random() < 0.18:
            u, v = uv[..., 0], uv[..., 1]
            side = (u, 1 - u, v, 1 - v)[rng.integers(4)]
            cover = cover * (side > rng.uniform(0.04, 0.36))
        if rng.random() < 0.4:  # creases finer than the cloth's mesh
            crease = self.clouds[rng.integers(len(self.clouds))]
            shade = shade * (1 + rng.uniform(0.05, 0.3) * cv2.resize(crease, shade.shape[::-1]))
        haze = rng.uniform(0.003, 0.06)
        gain = (np.exp(rng.normal(0, 1, 3) * np.array([0.2, 0.05, 0.2])) * rng.uniform(0.15, 1.15)).astype(np.float32)
        lit = (haze + (1 - haze) * lit) * gain * np.asarray(shade, np.float32)[..., None]
        behind = cv2.resize(self._background(empty=False), FINE_SIZE, interpolation=cv2.INTER_LINEAR)
        if rng.random() < 0.35:
            self._pole(behind, uv, cover)
        cover = np.asarray(cover, np.float32)[..., None]
        return cv2.resize(behind * (1 - cover) + lit * cover, CELLS, interpolation=cv2.INTER_AREA)

    def _pole(self, behind, uv, cover):
        """A straight pole of one shade beside the cloth's first or last column."""
        near = np.argwhere((cover > 0.5) & ((uv[..., 0] < 0.04) if self.rng.random() < 0.8 else (uv[..., 0] > 0.96)))
        if len(near) < 20:
            return
        (top, left), (bottom, right) = near[near[:, 0].argmin()], near[near[:, 0].argmax()]
        along = np.array([right - left, bottom - top]) / max(bottom - top, 1)
        start = np.array([left, top]) - along * self.rng.uniform(4, 40)
        end = start + along * self.rng.uniform(150, 400)
        tone = np.full(3, self.rng.uniform(0, 0.8)) * np.exp(self.rng.normal(0, 0.1, 3))
        width = int(self.rng.integers(2, 9))
        cv2.line(behind, [int(v) for v in start], [int(v) for v in end], [float(t) for t in tone], width, cv2.LINE_AA)

    def _background(self, empty):
        """What stands behind [DOWN x ACROSS x 3] (linear light): pieces of scenes, skies, earlier windows, boxes."""
        rng, kind = self.rng, self.rng.random()
        if kind < 0.38 and not empty:
            result = self._sky()
        elif kind < 0.48 and not empty and self.last:
            result = self._piece(self.last[rng.integers(len(self.last))], 0.25)
        else:
            result = self._piece(self.scenes[rng.integers(len(self.scenes))], 0.1)
        result = np.asarray(result, np.float32)
        for _ in range(3):
            if rng.random() < 0.12:
                self._box(result)
        return np.clip(result, 0, 1) ** np.float32(2.2)

    def _sky(self):
        """One shade from side to side, with clouds or without (sRGB)."""
        rng = self.rng
        y, x = np.mgrid[-0.5 : 0.5 : DOWN * 1j, -0.5 : 0.5 : ACROSS * 1j].astype(np.float32)
        blue = np.array([rng.uniform(0.1, 0.9), rng.uniform(0.3, 0.9), rng.uniform(0.5, 1)]) * rng.uniform(0.3, 1)
        flat = (np.full(3, rng.random()) if rng.random() < 0.4 else blue).astype(np.float32)
        sky = flat * (1 + rng.normal(0, 0.2) * x + rng.normal(0, 0.3) * y)[..., None]
        if rng.random() < 0.6:
            cloud = np.clip(self.clouds[rng.integers(len(self.clouds))] * rng.uniform(0, 0.5), 0, 1)[..., None]
            sky = sky + (rng.uniform(0.6, 1) - sky) * cloud
        return sky

    def _cloud(self):
        """Smooth noise [DOWN x ACROSS] about 0, of two sizes, turned to lie along some direction."""
        shapes = (5, 7), (14, 18), tuple(int(n) for n in self.rng.integers(3, 20, 2))
        some = [cv2.resize(self.rng.normal(0, 1, shape), CELLS, interpolation=cv2.INTER_CUBIC) for shape in shapes]
        return np.asarray(some[0] + 0.3 * some[1] + 0.3 * some[2], np.float32)

    def _box(self, scene):
        """A box of one colour, or of stripes of two or three, drawn into the scene (sRGB)."""
        rng = self.rng
        colours = _hue(rng.random((3, 3))) ** (1 / 2.2)
        size = rng.uniform(0.03, 0.6, 2) * CELLS
        middle, turn = rng.random(2) * CELLS, rng.normal(0, 0.3) + np.pi / 2 * rng.integers(2)
        bands = int(rng.integers(2, 9)) if rng.random() < 0.6 else 1
        axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        for band in range(bands):
            x0, x1 = -0.5 + band / bands, -0.5 + (band + 1) / bands
            ends = np.array([[x0, -0.5], [x1, -0.5], [x1, 0.5], [x0, 0.5]]) * size @ axes + middle
            cv2.fillConvexPoly(scene, (ends * 8).astype(np.int32), colours[band % 3].tolist(), cv2.LINE_AA, 3)

    def _piece(self, scene, least):
        """A piece of a picture (bytes) at some size [DOWN x ACROSS x 3] (sRGB, 0 to 1)."""
        h, w = scene.shape[:2]
        shape = ACROSS / DOWN
        side = min(h, w / shape) * np.exp(self.rng.uniform(np.log(least), 0))
        x, y = self.rng.uniform(0, w - shape * side + 1e-6), self.rng.uniform(0, h - side + 1e-6)
        piece = scene[int(y) : int(y + side) + 1, int(x) : int(x + shape * side) + 1]
        piece = cv2.resize(piece, CELLS, interpolation=cv2.INTER_AREA if side > DOWN else cv2.INTER_LINEAR)
        return np.asarray(piece[:, ::-1] if self.rng.random() < 0.5 else piece, np.float32) / 255

    def _framed(self, window):
        """One window in six reaches beyond the picture, whose edge is continued there."""
        if self.rng.random() < 0.17:
            some, size = self.rng.random(4) < 0.5, np.array([ACROSS, DOWN])
            low = (self.rng.uniform(0, 0.22, 2) * some[:2] * size).astype(int)
            high = ((1 - self.rng.uniform(0, 0.22, 2) * some[2:]) * size).astype(int)
            rows, columns = (np.clip(np.arange(n), low[k], high[k] - 1) for k, n in ((1, DOWN), (0, ACROSS)))
            return window[rows][:, columns]
        return window

    def _shot(self, linear):
        """Light over all, tone, blur, saturation, noise and compression: bytes (sRGB)."""
        rng = self.rng
        if rng.random() < 0.5:
            cast = STRONG if rng.random() < 0.2 else CAST
            linear = linear * np.exp(rng.normal(0, 1, 3) * np.array([1, 0.27, 1]) * cast).astype(np.float32)
        value = TONES[(np.clip(linear, 0, 1) * 4095).astype(np.int32)] ** np.float32(np.exp(rng.normal(0, 0.15)))
        value = value * np.float32(rng.uniform(0.7, 1.15))
        soft = int(rng.integers(4))
        if soft:
            value = cv2.GaussianBlur(value, (0, 0), (0.3, 0.6, 1.2)[soft - 1])
        grey = value.mean(axis=2, keepdims=True)
        value = grey + (value - grey) * np.float32(rng.uniform(0.55, 1.35))
        y, x = rng.integers(0, 160 - DOWN), rng.integers(0, 160 - ACROSS)
        value = value + self.noise[y : y + DOWN, x : x + ACROSS] * np.float32(rng.uniform(0, 0.025))
        bytes_ = (np.clip(value, 0, 1) * 255).astype(np.uint8)
        smaller = rng.uniform(0.35, 0.9) if rng.random() < 0.35 else 1  # pictures in which a flag has few pixels
        if smaller < 1:
            bytes_ = cv2.resize(bytes_, None, fx=smaller, fy=smaller, interpolation=cv2.INTER_AREA)
        if rng.random() < (0.3 if smaller == 1 else 0.6):
            _, jpeg = cv2.imencode(".jpg", bytes_, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
            bytes_ = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        return bytes_ if smaller == 1 else cv2.resize(bytes_, CELLS, interpolation=cv2.INTER_LINEAR)


def _hue(values):
    """Colours in linear light from even values [… x 3]: a third of them white, black or grey."""
    hue, full, bright = values[..., :1], values[..., 1:2], values[..., 2:]
    wheel = np.clip(np.abs((hue + np.array([0, 1 / 3, 2 / 3])) * 6 % 6 - 3) - 1, 0, 1)
    plain = np.where(full < 0.12, 0.02, np.where(full < 0.28, 0.95, bright))
    vivid = (0.15 + 0.85 * bright) * (1 - np.minimum(full + 0.3, 1) * (1 - wheel))
    return np.where(full < 0.33, np.broadcast_to(plain, wheel.shape), vivid) ** 2.2


def _grid(cloth):
    """Cloth in linear light in few cells (sRGB) [6 x 9 x 3]."""
    return cv2.resize(np.clip(cloth, 0, 1) ** np.float32(1 / 2.2), (9, 6), interpolation=cv2.INTER_AREA)


def _prepared(design):
    """Shares of up to DYES colours at each place, those colours in linear light, and where the drawing is opaque."""
    drawing = cv2.resize(design.drawing, (COLUMNS * 2, ROWS * 2), interpolation=cv2.INTER_AREA)
    coarse = (drawing // 64).astype(int) @ np.array([16, 4, 1])
    kept, counts = np.unique(coarse, return_counts=True)
    kept = kept[np.argsort(-counts)][:DYES]
    dyes = np.stack([np.median(drawing[coarse == k], axis=0) for k in kept])
    keys = np.abs(drawing[:, :, None].astype(float) - dyes).sum(axis=3).argmin(axis=2)
    parts = [(keys == k).astype(np.float32) for k in range(DYES)]
    cover = np.stack([cv2.resize(part, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA) for part in parts], axis=2)
    padded = np.zeros((DYES, 3), np.float32)
    padded[: len(dyes)] = (dyes / 255.0) ** 2.2
    opaque = cv2.resize(design.opaque.astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return cover.astype(np.float32), padded, opaque
