"""Windows for teaching the first glance: flags as cloth before scenes, and what is no whole flag, all from a seed.

Needs torch, which nothing but the teaching needs.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from verify.matching.flags.glance import CELLS

FINE = 2  # pixels of a made window to a cell
ROWS, COLUMNS, DYES = 60, 90, 8  # in which drawings are kept here
NONE, STRANGER = -1, -2  # labels of what is no whole flag, and of a whole flag of no known design
WHOLE, PART, MADE = 0.5, 0.6, 0.73  # shares of the kinds of windows, added up: flags, parts or small, of no design
HARD = 0.75  # of the rest, which has no flag: those that were taken for flags
STRANGE, NEARLY = 0.11, 0.045  # mean difference (sRGB, 0 to 1) from every design that makes one of none; or this …
PLAIN = 0.35  # … with so large a one in some cell. What is nearer, and no design, is not taught


class Maker:
    """Makes windows [N x 3 x down x across] (sRGB, 0 to 1), labels, weights and corners (of the window, clockwise)."""

    def __init__(self, designs, scenes, seed, cells=CELLS, fine=FINE):
        self.rng = torch.Generator().manual_seed(seed)
        prepared = [_prepared(design) for design in designs]
        self.covers = torch.stack([cover for cover, _, _ in prepared])  # [D x DYES x ROWS x COLUMNS]
        self.dyes = torch.stack([dyes for _, dyes, _ in prepared])  # [D x DYES x 3] linear light
        self.opaque = torch.stack([opaque for _, _, opaque in prepared])
        self.aspects = torch.tensor([d.drawing.shape[1] / d.drawing.shape[0] for d in designs])
        self.scenes = scenes
        self.cells, self.fine = cells, fine
        self.across, self.down = cells[0] * fine, cells[1] * fine
        y, x = torch.meshgrid(torch.arange(self.down) + 0.5, torch.arange(self.across) + 0.5, indexing="ij")
        self.places = torch.stack([x / fine, y / fine, torch.ones_like(x)], dim=2).reshape(-1, 3)  # in cells
        self.grids = _grids(torch.einsum("dkhw,dkc->dchw", self.covers.float(), self.dyes))

    def u(self, low, high, *shape):
        """Evenly distributed."""
        return low + (high - low) * torch.rand(*shape, generator=self.rng)

    def n(self, spread, *shape):
        """Normally distributed about 0."""
        return spread * torch.randn(*shape, generator=self.rng)

    def chosen(self, share, count):
        """True for about this share."""
        return torch.rand(count, generator=self.rng) < share

    def batch(self, count, hard=None):
        """`count` windows; `hard`: windows [N x 3 x down x across] without flags that were taken for flags."""
        kind = torch.rand(count, generator=self.rng)
        design = torch.randint(len(self.dyes), (count,), generator=self.rng)
        strange = (kind >= PART) & (kind < MADE)
        cloth, weights = self._dyed(design, strange)
        largest = self.u(0.6, 0.97, count)
        away = self.u(-0.13, 0.13, count, 2) + self.n(0.03, count, 2)
        part = (kind >= WHOLE) & (kind < PART)
        zoomed = part & self.chosen(0.7, count)
        largest = torch.where(zoomed, self.u(1.6, 5, count), largest)
        away = torch.where(zoomed[:, None], self.u(-0.5, 0.5, count, 2) * largest[:, None], away)
        apart = part & ~zoomed
        largest = torch.where(apart, self.u(0.15, 0.42, count), largest)
        ends, back = self._posed(self.aspects[design], largest, away)
        windows = self._seen(cloth, self.opaque[design], ends, back, self.aspects[design], kind < MADE)
        labels = torch.where(strange, STRANGER, torch.where(kind < WHOLE, design, NONE))
        if hard is not None and len(hard):
            here = torch.nonzero(kind >= MADE + (1 - MADE) * (1 - HARD))[:, 0]
            windows[here] = hard[torch.randint(len(hard), (len(here),), generator=self.rng)].float() / 255
        return windows, labels, weights, ends / torch.tensor(self.cells, dtype=torch.float32)

    def _dyed(self, design, strange):
        """Cloth [N x 3 x ROWS x COLUMNS] in linear light, and how much each window counts."""
        count = len(design)
        dyes = self.dyes[design]
        dyes = dyes * torch.exp(self.n(0.12, count, DYES, 3) + self.n(0.18, count, DYES, 1))
        anything = _hue(self.u(0, 1, count, DYES, 3))
        order = torch.rand(count, DYES, generator=self.rng).argsort(1)[..., None]
        mixed = torch.gather(dyes, 1, order.expand(-1, -1, 3))
        one = F.one_hot(torch.randint(4, (count,), generator=self.rng), DYES)[..., None].bool()
        how = torch.randint(4, (count,), generator=self.rng)[:, None, None]
        other = torch.where(how == 0, anything, torch.where(how == 1, mixed, torch.where(one, anything, dyes)))
        other = torch.where(how == 3, dyes, other)  # the colours stay, and something is laid over the design
        dyes = torch.where(strange[:, None, None], other, dyes)
        cloth = torch.einsum("nkhw,nkc->nchw", self.covers[design].float(), dyes)
        patched = strange & ((how[:, 0, 0] == 3) | self.chosen(0.2, count))
        over = (patched[:, None, None] & self._shapes(count))[:, None]
        cloth = torch.where(over, anything[:, -1, :, None, None], cloth)
        far = self._strangeness(cloth[strange])
        weights = torch.ones(count)
        weights[strange] = far.float()
        return cloth.clamp(0, 1), weights

    def _strangeness(self, cloth):
        """Whether cloth is of none of the designs, also seen from behind."""
        grid = _grids(cloth)
        result = torch.ones(len(grid), dtype=torch.bool)
        for one in (grid, grid.flip(3)):
            off = (one[:, None] - self.grids[None]).abs()
            mean, most = off.mean(dim=(2, 3, 4)), off.mean(dim=2).amax(dim=(2, 3))
            result &= ((mean > STRANGE) | ((mean > NEARLY) & (most > PLAIN))).all(dim=1)
        return result

    def _shapes(self, count):
        """Where a triangle at the pole, a disc, a canton, a band or a cross lies on the cloth [N x ROWS x COLUMNS]."""
        v, u = torch.meshgrid(torch.linspace(0, 1, ROWS), torch.linspace(0, 1, COLUMNS), indexing="ij")
        a, b, c = (self.u(0, 1, count)[:, None, None] for _ in range(3))
        shapes = torch.stack([
            u < (0.3 + 0.4 * a) * (1 - 2 * (v - 0.5).abs()),
            ((u - 0.3 - 0.4 * b) * 1.5) ** 2 + (v - 0.5) ** 2 < (0.18 + 0.15 * a) ** 2,
            (u < 0.3 + 0.25 * a) & (v < 0.35 + 0.25 * b),
            (v - b).abs() < 0.1 + 0.12 * a,
            ((v - 0.5).abs() < 0.06 + 0.08 * a) | ((u - 0.3 - 0.3 * b).abs() < 0.04 + 0.06 * c),
            (u - b).abs() < 0.1 + 0.1 * a,
        ])  # fmt: skip
        which = torch.randint(len(shapes), (count,), generator=self.rng)
        return shapes[which, torch.arange(count)]

    def _posed(self, aspect, largest, away):
        """Corners of the cloth in cells [N x 4 x 2], and the map from cells to places of the cloth [N x 3 x 3]."""
        count = len(aspect)
        aspect = aspect * torch.exp(self.u(-0.8, 0.25, count))
        roll = self.n(0.24, count).clamp(-0.75, 0.75)
        shear, lean = self.n(0.2, count), self.n(0.12, count)
        cos, sin = torch.cos(roll), torch.sin(roll)
        forward = torch.zeros(count, 3, 3)
        forward[:, 0, 0], forward[:, 0, 1] = cos * aspect - sin * shear * aspect, cos * lean - sin
        forward[:, 1, 0], forward[:, 1, 1] = sin * aspect + cos * shear * aspect, sin * lean + cos
        forward[:, 2, :2] = self.n(0.09, count, 2)
        forward[:, 2, 2] = 1
        square = torch.tensor([[-0.5, -0.5, 1], [0.5, -0.5, 1], [0.5, 0.5, 1], [-0.5, 0.5, 1]])
        ends = square @ forward.transpose(1, 2)
        ends = ends[..., :2] / ends[..., 2:]
        low, high = ends.amin(1), ends.amax(1)
        window = torch.tensor(self.cells, dtype=torch.float32)
        scale = largest * (window / (high - low)).amin(1)
        shift = window * (0.5 + away) - scale[:, None] * (low + high) / 2
        place = torch.zeros(count, 3, 3)
        place[:, 0, 0] = place[:, 1, 1] = scale
        place[:, :2, 2], place[:, 2, 2] = shift, 1
        return ends * scale[:, None, None] + shift[:, None], torch.linalg.inv(place @ forward)

    def _seen(self, cloth, opaque, ends, back, aspect, laid):
        """The windows: cloth bent, lit, covered in part, before a scene; `laid`: there is cloth at all."""
        count = len(cloth)
        down, across = self.down, self.across
        at = self.places @ back.transpose(1, 2)
        at = (at[..., :2] / at[..., 2:].clamp(min=1e-3) + 0.5).reshape(count, down, across, 2)
        u, v, shade = self._waved(at[..., 0], at[..., 1], aspect[:, None, None])
        cover = ((u > 0) & (u < 1) & (v > 0) & (v < 1) & laid[:, None, None]).float()
        side = torch.stack([u, 1 - u, v, 1 - v])[torch.randint(4, (count,), generator=self.rng), torch.arange(count)]
        cover *= ~(self.chosen(0.18, count)[:, None, None] & (side < self.u(0.04, 0.36, count)[:, None, None]))
        seen_u = torch.where(self.chosen(0.25, count)[:, None, None], 1 - u, u)
        grid = torch.stack([seen_u, v], dim=3) * 2 - 1
        lit = F.grid_sample(cloth, grid, padding_mode="border", align_corners=False)
        cover *= F.grid_sample(opaque[:, None].float(), grid, padding_mode="border", align_corners=False)[:, 0].round()
        haze = self.u(0.003, 0.06, count, 1, 1, 1)
        gain = torch.exp(self.n(1, count, 3) * torch.tensor([0.2, 0.05, 0.2])) * self.u(0.2, 1.15, count, 1)
        lit = (haze + (1 - haze) * lit) * shade[:, None] * gain[:, :, None, None]
        scene = self._scenes(count) ** 2.2
        pole = laid & self.chosen(0.3, count)
        beside = (u < 0) & (u > -self.u(0.01, 0.07, count)[:, None, None]) & (v < 3) & (v > -0.3)
        scene = torch.where((pole[:, None, None] & beside)[:, None], self.u(0, 0.8, count, 1, 1, 1), scene)
        mixed = scene * (1 - cover[:, None]) + lit * cover[:, None]
        return self._shot(self._framed(mixed))

    def _waved(self, u, v, aspect):
        """Places on the drawing after folds and hanging, and the shade that folds make."""
        count = len(u)
        strong = self.u(0, 1, count, 1, 1)
        du, dv = self.n(0.12, count, 1, 1) * (u - 0.5) * (v - 0.5), self.n(0.3, count, 1, 1) * (u - 0.5) ** 2
        shade = torch.ones_like(u)
        for _ in range(4):
            long, phase = torch.exp(self.u(-1.4, 0.5, count, 1, 1)), self.u(0, 6.3, count, 1, 1)
            wave = 2 * np.pi * (u * aspect + self.u(-0.9, 0.9, count, 1, 1) * v) / long + phase
            depth = strong * self.u(0, 0.16, count, 1, 1) * long.clamp(max=1) * self.chosen(0.6, count)[:, None, None]
            dv = dv + depth * torch.sin(wave) * (0.3 + u.clamp(0, 1))
            du = du + self.u(-0.7, 0.7, count, 1, 1) * depth * torch.cos(wave) / aspect
            slope = depth / long.clamp(min=0.25)
            shade = shade * (1 + 6 * slope * self.u(-1, 1, count, 1, 1) * torch.cos(wave + self.n(0.4, count, 1, 1)))
        shade = shade * (1 + self.n(0.15, count, 1, 1) * (u - 0.5) + self.n(0.15, count, 1, 1) * (v - 0.5))
        return u + du, v + dv, shade.clamp(0.25, 1.8)

    def _scenes(self, count):
        """What stands behind [N x 3 x H x W] (sRGB): pieces of scenes, skies, and boxes and stripes of any colour."""
        down, across = self.down, self.across
        result = torch.stack([self._piece(down, across) for _ in range(count)])
        y, x = torch.meshgrid(torch.linspace(-0.5, 0.5, down), torch.linspace(-0.5, 0.5, across), indexing="ij")
        blue = torch.stack([self.u(0.1, 0.9, count), self.u(0.3, 0.9, count), self.u(0.5, 1, count)], 1)
        flat = torch.where(self.chosen(0.4, count)[:, None], self.u(0, 1, count, 1), blue * self.u(0.3, 1, count, 1))
        cloud = F.interpolate(self.n(1, count, 1, 5, 7), (down, across), mode="bicubic")
        cloud = cloud + 0.5 * F.interpolate(self.n(1, count, 1, 14, 18), (down, across), mode="bicubic")
        sky = flat[:, :, None, None] * (1 + self.n(0.2, count, 1, 1, 1) * x + self.n(0.3, count, 1, 1, 1) * y)
        cloud = (cloud * self.u(0, 0.35, count, 1, 1, 1)).clamp(0, 1) * self.chosen(0.6, count)[:, None, None, None]
        sky = sky + (self.u(0.6, 1, count, 1, 1, 1) - sky) * cloud
        result = torch.where(self.chosen(0.25, count)[:, None, None, None], sky, result)
        for _ in range(3):
            low, size = self.u(-0.5, 0.5, count, 2), self.u(0.03, 0.6, count, 2)
            turn = self.n(0.3, count)[:, None, None]
            s, t = x * torch.cos(turn) + y * torch.sin(turn), y * torch.cos(turn) - x * torch.sin(turn)
            box = (s > low[:, :1, None]) & (s < (low + size)[:, :1, None]) & (t > low[:, 1:, None])
            box &= (t < (low + size)[:, 1:, None]) & self.chosen(0.12, count)[:, None, None]
            period = self.u(0.03, 0.4, count)[:, None, None]
            pick = (t / period).floor().long().remainder(3) * self.chosen(0.6, count)[:, None, None]
            dyes = _hue(self.u(0, 1, count, 3, 3)) ** (1 / 2.2)
            colour = torch.gather(dyes, 1, pick.reshape(count, -1, 1).expand(-1, -1, 3)).reshape(count, down, across, 3)
            result = torch.where(box[:, None], colour.permute(0, 3, 1, 2), result)
        return result.clamp(0, 1)

    def _piece(self, down, across):
        scene = self.scenes[int(torch.randint(len(self.scenes), (1,), generator=self.rng))]
        h, w = scene.shape[:2]
        shape = across / down
        side = min(h, w / shape) * float(torch.exp(self.u(np.log(0.1), 0, 1)))
        x, y = float(self.u(0, w - shape * side, 1)), float(self.u(0, h - side, 1))
        piece = scene[int(y) : int(y + side) + 1, int(x) : int(x + shape * side) + 1]
        piece = cv2.resize(piece, (across, down), interpolation=cv2.INTER_AREA if side > down else cv2.INTER_LINEAR)
        piece = piece[:, ::-1] if bool(self.chosen(0.5, 1)) else piece
        return torch.from_numpy(piece.transpose(2, 0, 1).astype(np.float32) / 255)

    def _framed(self, windows):
        """One window in six reaches beyond the picture, whose edge is continued there."""
        count, _, down, across = windows.shape
        cut = self.chosen(0.17, count)[:, None]
        some = self.chosen(0.5, count * 4).reshape(count, 4) & cut
        low = (self.u(0, 0.22, count, 2) * some[:, :2] * torch.tensor([across, down])).long()
        high = ((1 - self.u(0, 0.22, count, 2) * some[:, 2:]) * torch.tensor([across, down])).long()
        rows = torch.arange(down)[None].clamp(low[:, 1:], high[:, 1:] - 1)
        columns = torch.arange(across)[None].clamp(low[:, :1], high[:, :1] - 1)
        return windows[torch.arange(count)[:, None, None], :, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)

    def _shot(self, linear):
        """Light over all, tone, blur, saturation and noise, in cells (sRGB)."""
        count = len(linear)
        cast = torch.exp(self.n(1, count, 3) * torch.tensor([0.15, 0.04, 0.15]) * self.chosen(0.5, count)[:, None])
        value = (linear * cast[:, :, None, None]).clamp(0, 1) ** (1 / 2.2 * torch.exp(self.n(0.15, count, 1, 1, 1)))
        value = value * self.u(0.7, 1.15, count, 1, 1, 1)
        soft = torch.randint(4, (count,), generator=self.rng)
        for size in (3, 5):
            value[soft == size // 2] = _blurred(value[soft == size // 2], size)
        grey = value.mean(1, keepdim=True)
        value = grey + (value - grey) * self.u(0.55, 1.35, count, 1, 1, 1)
        value = F.avg_pool2d(value.clamp(0, 1), self.fine)
        noise = torch.randn(value.shape, generator=self.rng) * self.u(0, 0.025, count, 1, 1, 1)
        return (value + noise).clamp(0, 1)


def _hue(values):
    """Colours in linear light from even values [… x 3]: a third of them white, black or grey."""
    hue, full, bright = values[..., :1], values[..., 1:2], values[..., 2:]
    wheel = (((hue + torch.tensor([0, 1 / 3, 2 / 3])) * 6 % 6 - 3).abs() - 1).clamp(0, 1)
    plain = torch.where(full < 0.12, 0.02, torch.where(full < 0.28, 0.95, bright))
    vivid = (0.15 + 0.85 * bright) * (1 - (full + 0.3).clamp(max=1) * (1 - wheel))
    return torch.where(full < 0.33, plain.expand_as(wheel), vivid) ** 2.2


def _grids(cloth):
    """Cloth in linear light in few cells (sRGB) [N x 3 x 6 x 9]."""
    return F.adaptive_avg_pool2d(cloth.clamp(0, 1) ** (1 / 2.2), (6, 9))


def _blurred(windows, size):
    """Two box filters of `size`."""
    for _ in range(2):
        windows = F.avg_pool2d(windows, size, 1, size // 2, count_include_pad=False)
    return windows


def _prepared(design):
    """Shares of up to DYES colours at each place, those colours in linear light, and where the drawing is opaque."""
    drawing = cv2.resize(design.drawing, (COLUMNS * 2, ROWS * 2), interpolation=cv2.INTER_AREA)
    coarse = (drawing // 64).astype(int) @ np.array([16, 4, 1])
    kept, counts = np.unique(coarse, return_counts=True)
    kept = kept[np.argsort(-counts)][:DYES]
    dyes = np.stack([np.median(drawing[coarse == k], axis=0) for k in kept])
    keys = np.abs(drawing[:, :, None].astype(float) - dyes).sum(axis=3).argmin(axis=2)
    parts = [(keys == k).astype(np.float32) for k in range(DYES)]
    cover = np.stack([cv2.resize(part, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA) for part in parts])
    padded = np.zeros((DYES, 3), np.float32)
    padded[: len(dyes)] = (dyes / 255.0) ** 2.2
    opaque = cv2.resize(design.opaque.astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(cover).half(), torch.from_numpy(padded), torch.from_numpy(opaque)
