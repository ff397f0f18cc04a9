"""Flags simulated as cloth and seen from somewhere: maps of where on the drawing each pixel lies, and of normals.

python -m tests.bench.flag_cloths --count 6000 --out cloths.npz --seed 1 --sheet cloths.png
"""

import argparse
import time

import cv2
import numpy as np

ROWS, COLUMNS = 24, 36  # nodes of a cloth
ACROSS, DOWN, FILLED = 120, 90, 0.92  # pixels of a map, and the share of it that the cloth's box fills
CLOTHS, FRAMES, VIEWS = 32, 8, 3  # simulated at once; kept of each; views of each frame
STEP, SETTLING, BETWEEN, PASSES = 1 / 80, 200, 28, 3  # seconds; steps; steps; over all threads in a step
THICK, APART = 0.055, 5  # layers are kept so far from each other, in heights, every so many steps
GRAVITY, PRESSURE, FRICTION = 6.5, 4.0, 1.0  # heights/s², then 1/s of the wind square to and along the cloth
KINDS = ("pole", "leaning", "left corners", "top edge", "top corners", "held")
SHARES = (0.50, 0.15, 0.10, 0.10, 0.05, 0.10)
WINDS = ((0.0, 1.0), (1.2, 5.0), (5.0, 14.0))  # limp, half flying, spread: heights/s
WINDY = (0.15, 0.45, 0.40)
SEEN = (24, 16)  # cells of the drawing in which what is visible is counted
FINER = 3  # the painted map is so many times as large, to hit pixels' centres
DRAWINGS = ("us", "cn", "az", "jp")


class Cloths:
    """`count` cloths, height 1, swinging; places [3 x ROWS x COLUMNS x count]: right, down, towards the camera."""

    def __init__(self, count, rng):
        self.rng, self.time = rng, 0.0
        self.aspect = rng.uniform(1.0, 2.1, count).astype(np.float32)
        self.kind = _shared(SHARES, count, rng)
        self.soft = (0.03 + 0.3 * rng.random(count) ** 2).astype(np.float32)  # share of bending undone in a pass
        self.shear = rng.uniform(0.15, 0.5, count).astype(np.float32)
        v, u = np.mgrid[0 : 1 : ROWS * 1j, 0 : 1 : COLUMNS * 1j].astype(np.float32)
        flat = np.stack([u[..., None] * self.aspect, np.repeat(v[..., None], count, 2), np.zeros((*u.shape, count))])
        self.now = np.zeros((3, ROWS, COLUMNS, count), np.float32)
        self.fixed = np.zeros((ROWS, COLUMNS, count), bool)
        self.tethers = [(np.zeros_like(self.now), np.zeros_like(self.fixed, np.float32)) for _ in range(2)]
        for i in range(count):
            self._hang(i, flat[..., i])
        self.pins = self.now.copy()
        self.now += rng.normal(0, 0.006, self.now.shape) * ~self.fixed
        self.before = self.now.copy()
        self._weather(count, u, v)
        self.springs = _springs(self.aspect, self.shear, self.soft)
        half = flat[:2, ::2, ::2].reshape(2, -1, count).transpose(2, 1, 0)  # every second node, [count x nodes x 2]
        rest = np.square(half[:, :, None] - half[:, None]).sum(axis=3)
        self.close = np.where(rest > (2.5 * THICK) ** 2, THICK**2, -1) * np.triu(np.ones(rest.shape[1:]), 1)
        self.close = self.close.astype(np.float32)

    def _hang(self, i, flat):
        """Cloth `i` at its start, its fixed nodes, and the nodes that none can be farther from than when flat."""
        rng, kind = self.rng, KINDS[self.kind[i]]
        start, fixed = flat.copy(), self.fixed[..., i]
        row, column = np.mgrid[0:ROWS, 0:COLUMNS]
        zero = np.zeros_like(row)
        first, second = (zero, zero), (zero, zero + COLUMNS - 1)
        if kind in ("pole", "leaning"):
            fixed[:, 0] = True
            second = (row, zero)
            start = _turned(start, 0, 2, rng.uniform(-0.6, 0.6))
            if kind == "leaning":
                start = _turned(start, 0, 1, np.deg2rad(rng.uniform(-15, 50)))
        elif kind == "left corners":
            fixed[[0, -1], 0] = True
            second = (zero + ROWS - 1, zero)
            start[1] = 0.5 + (start[1] - 0.5) * rng.uniform(0.85, 1.0)
        else:
            start = _gathered(start, rng.uniform(0.8, 1.0), rng.integers(2, 7), rng.uniform(0, 6.3))
            if kind == "top edge":
                fixed[0] = True
                second = (zero, column)
            elif kind == "top corners":
                fixed[0, [0, -1]] = True
            elif rng.random() < 0.5:
                fixed[np.ix_([0, -1], [0, -1])] = True
            else:
                fixed[:, [0, -1]] = True
                first, second = (row, zero), (row, zero + COLUMNS - 1)
        self.now[..., i] = start
        for (place, reach), (r, c) in zip(self.tethers, (first, second), strict=True):
            place[..., i] = start[:, r, c]
            reach[..., i] = 1.01 * np.linalg.norm(flat - flat[:, r, c], axis=0)

    def _weather(self, count, u, v):
        """Wind [3 x count] and its gusts: two waves running along each cloth, and one in time alone."""
        rng = self.rng
        force = _shared(WINDY, count, rng)
        low, high = np.array(WINDS).T
        self.wind = rng.uniform(low[force], high[force]).astype(np.float32)
        free = self.kind < 3
        way = np.where(free, np.deg2rad(rng.uniform(-35, 35, count)), rng.uniform(-np.pi, np.pi, count))
        self.wind *= np.where(free, 1, 0.4)
        rise = rng.normal(0, 0.08, count)
        self.blow = (np.stack([np.cos(way), rise, np.sin(way)]) * self.wind).astype(np.float32)
        side = np.stack([-np.sin(way), rng.normal(0, 0.3, count), np.cos(way)])
        self.gusts = []
        for _ in range(2):
            along = 2 * np.pi / rng.uniform(0.35, 1.5, count)
            phase = u[:-1, :-1, None] * self.aspect * along + v[:-1, :-1, None] * rng.normal(0, 2.5, count)
            phase += rng.uniform(0, 6.3, count)
            size = (side * (0.12 + self.wind * rng.uniform(0.15, 0.65, count))).astype(np.float32)
            pace = (along * rng.uniform(0.8, 2.5, count)).astype(np.float32)
            self.gusts.append((phase.astype(np.float32), pace, size))
        self.slow = rng.uniform(1.0, 3.0, count), rng.uniform(0, 6.3, count), rng.uniform(0.1, 0.4, count)

    def run(self, steps):
        """Lets the time of `steps` pass."""
        for step in range(steps):
            moved = (self.now - self.before) * np.float32(0.992)
            push = self._push(moved / np.float32(STEP))
            push[1] += GRAVITY
            self.before[...] = self.now
            self.now += moved
            push *= np.float32(STEP**2)
            self.now += push
            for _ in range(PASSES):
                for a, b, rest, share in self.springs:
                    _pull(self.now[a], self.now[b], rest, share)
                np.copyto(self.now, self.pins, where=self.fixed)
            for place, reach in self.tethers:
                away = self.now - place
                far = np.sqrt(np.einsum("i...,i...->...", away, away))
                away *= np.minimum(1, reach / np.maximum(far, 1e-6))
                np.add(place, away, out=self.now)
            self.time += STEP
            if step % APART == 0:
                self._layer()

    def _layer(self):
        """Keeps layers apart, by a random quarter of the nodes."""
        row, column = self.rng.integers(2, size=2)
        part, before = self.now[:, row::2, column::2], self.before[:, row::2, column::2]
        nodes = np.ascontiguousarray(part.reshape(3, -1, part.shape[3]).transpose(2, 1, 0))
        length = np.square(nodes).sum(axis=2, keepdims=True)
        left = np.concatenate([nodes * -2, length, np.ones_like(length)], axis=2)
        right = np.concatenate([nodes, np.ones_like(length), length], axis=2)
        near = left @ right.transpose(0, 2, 1) < self.close  # squares of distances
        cloth, one, other = np.unravel_index(np.flatnonzero(near), near.shape)
        apart = nodes[cloth, one] - nodes[cloth, other]
        far = np.linalg.norm(apart, axis=1, keepdims=True) + 1e-6
        apart *= (THICK - far) / far * 0.3
        moves = np.zeros_like(nodes)
        np.add.at(moves, (cloth, one), apart)
        np.add.at(moves, (cloth, other), -apart)
        moves = np.clip(moves, -THICK / 3, THICK / 3).transpose(2, 1, 0).reshape(part.shape)
        part += moves
        before += 0.8 * moves  # so that it gives little speed

    def _push(self, speed):
        """Acceleration of each node by the air, heights/s²."""
        p = self.now
        square = _cross(p[:, 1:, 1:] - p[:, :-1, :-1], p[:, 1:, :-1] - p[:, :-1, 1:])
        square /= np.sqrt(np.einsum("i...,i...->...", square, square)) + np.float32(1e-9)
        pace, start, size = self.slow
        blow = self.blow * (1 + size * np.sin(pace * self.time + start)).astype(np.float32)
        air = blow[:, None, None] - (speed[:, 1:, 1:] + speed[:, :-1, :-1]) / 2
        for phase, pace, size in self.gusts:
            air += np.sin(phase - pace * np.float32(self.time)) * size[:, None, None]
        face = square * (np.einsum("i...,i...->...", air, square) * np.float32(PRESSURE)) + np.float32(FRICTION) * air
        out = np.zeros_like(p)
        face *= np.float32(0.25)
        for rows in (slice(1, None), slice(None, -1)):
            for columns in (slice(1, None), slice(None, -1)):
                out[:, rows, columns] += face
        out[:, [0, -1]] *= 2
        out[:, :, [0, -1]] *= 2
        return out

    def stretch(self):
        """Mean over threads of how much longer they are than at rest, for each cloth."""
        across = np.linalg.norm(np.diff(self.now, axis=2), axis=0) / (self.aspect / (COLUMNS - 1)) - 1
        down = np.linalg.norm(np.diff(self.now, axis=1), axis=0) * (ROWS - 1) - 1
        return (across.mean(axis=(0, 1)) + down.mean(axis=(0, 1))) / 2

    def spread(self):
        """How far the fly edge's middle is from the left edge's on the level, as a share of the width."""
        away = self.now[:, :, -1].mean(axis=1) - self.now[:, :, 0].mean(axis=1)
        return np.hypot(away[0], away[2]) / self.aspect


def _shared(shares, count, rng):
    """`count` numbers of shares in random order, as many of each as the shares say."""
    places = (np.arange(count) + rng.random()) / count
    return rng.permutation(np.searchsorted(np.cumsum(shares)[:-1], places, side="right"))


def _turned(places, a, b, angle):
    """Places [3 x …] turned from axis a to axis b."""
    out = places.copy()
    out[a] = places[a] * np.cos(angle) - places[b] * np.sin(angle)
    out[b] = places[a] * np.sin(angle) + places[b] * np.cos(angle)
    return out


def _gathered(places, share, waves, phase):
    """A flat cloth drawn together to this share of its width, in waves that take up the rest."""
    along = 2 * np.pi * waves / (places[0].max() * share)
    out = places.copy()
    out[0] *= share
    out[2] = np.sqrt(2 * (1 / share**2 - 1)) / along * np.sin(out[0] * along + phase)
    return out


def _springs(aspect, shear, soft):
    """Pairs of nodes that keep their distance, in sets that share no node: slices, rest length squared, stiffness."""
    x, y = aspect / (COLUMNS - 1), np.full_like(aspect, 1 / (ROWS - 1))
    every, out = slice(None), []

    def pairs(length, gap, first):
        """Slices of nodes first, first + 2 gap … and of their partners `gap` farther on."""
        starts = np.arange(first, length - gap, 2 * gap)
        return slice(first, starts[-1] + 1, 2 * gap), slice(first + gap, starts[-1] + gap + 1, 2 * gap)

    for gap, share in ((2, soft), (1, None)):
        for first in range(2 * gap):
            a, b = pairs(COLUMNS, gap, first)
            out.append(((every, every, a), (every, every, b), (gap * x) ** 2, share))
            a, b = pairs(ROWS, gap, first)
            out.append(((every, a), (every, b), (gap * y) ** 2, share))
    for first in range(2):
        a, b = pairs(ROWS, 1, first)
        for left, right in ((slice(None, -1), slice(1, None)), (slice(1, None), slice(None, -1))):
            out.insert(0, ((every, a, left), (every, b, right), x**2 + y**2, shear))
    return out


def _pull(a, b, rest, share):
    """Moves both ends [3 x … x count] towards their distance at rest, by a root's first term."""
    apart = b - a
    part = np.einsum("i...,i...->...", apart, apart)
    part += rest
    np.divide(rest, part, out=part)
    np.subtract(np.float32(0.5), part, out=part)
    if share is not None:
        part *= share
    apart *= part
    a += apart
    b -= apart


def _cross(a, b):
    """Cross product over the first axis."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def view(places, rng):
    """A map of a cloth [3 x ROWS x COLUMNS] from a random side: uv, normal, mask, corners, shown, flat, back."""
    places = places - places.mean(axis=(1, 2), keepdims=True)
    behind = rng.random() < 0.15
    places = _turned(places, 0, 2, np.deg2rad(rng.uniform(-60, 60)) + np.pi * behind)
    places = _turned(places, 1, 2, np.deg2rad(rng.uniform(-30, 30)))
    eye = rng.uniform(3, 9) + places[2].max()
    normal = _cross(np.gradient(places, axis=2), np.gradient(places, axis=1))
    normal /= np.linalg.norm(normal, axis=0) + 1e-9
    sight = np.stack([-places[0], -places[1], eye - places[2]])
    flat = places[:2] * (eye / (eye - places[2]))
    low, high = flat.min(axis=(1, 2)), flat.max(axis=(1, 2))
    size = np.array([ACROSS, DOWN])
    scale = FILLED * (size / (high - low)).min()
    flat = ((flat - (low + high)[:, None, None] / 2) * scale + size[:, None, None] / 2).astype(np.float32)
    ids = _painted(flat, places[2])
    y, x = np.nonzero(ids >= 0)
    r, c = np.divmod(ids[y, x], COLUMNS - 1)
    across, down = _within(flat, r, c, x + 0.5, y + 0.5)
    normals = _between(normal, r, c, across, down)
    facing = np.einsum("in,in->n", normals, _between(sight, r, c, across, down))
    normals *= np.where(facing < 0, -1, 1) / np.maximum(np.linalg.norm(normals, axis=0), 1e-9)
    u, v = (c + across) / (COLUMNS - 1), (r + down) / (ROWS - 1)
    out = {"uv": np.zeros((DOWN, ACROSS, 2), np.uint16), "normal": np.zeros((DOWN, ACROSS, 3), np.int8)}
    out["uv"][y, x] = np.rint(np.stack([u, v], 1) * 65535)
    out["normal"][y, x] = np.rint(normals.T * 127)
    out["mask"] = (ids >= 0).astype(np.uint8) * 255
    cells = (v * (SEEN[1] - 1e-3)).astype(int) * SEEN[0] + (u * (SEEN[0] - 1e-3)).astype(int)
    corners = flat[:, [0, 0, -1, -1], [0, -1, -1, 0]].T
    out["corners"] = np.ascontiguousarray(corners)
    out["shown"] = np.float32(len(np.unique(cells)) / (SEEN[0] * SEEN[1]))
    out["flat"] = np.float32(len(y) / max(cv2.contourArea(cv2.convexHull(out["corners"])), 1))
    out["back"] = np.float32((facing < 0).mean())
    return out


def _painted(flat, depth):
    """Which quad each pixel shows, -1 for none: far ones are painted first."""
    quads = np.stack([flat[:, :-1, :-1], flat[:, :-1, 1:], flat[:, 1:, 1:], flat[:, 1:, :-1]]).transpose(2, 3, 0, 1)
    quads = np.rint((quads.reshape(-1, 4, 2) * FINER - 0.5) * 16).astype(np.int32)
    near = (depth[:-1, :-1] + depth[:-1, 1:] + depth[1:, 1:] + depth[1:, :-1]).ravel()
    image = np.full((DOWN * FINER, ACROSS * FINER), -1, np.int32)
    for i in np.argsort(near).tolist():
        cv2.fillConvexPoly(image, quads[i], i, cv2.LINE_8, 4)
    return image[FINER // 2 :: FINER, FINER // 2 :: FINER]


def _within(flat, r, c, x, y):
    """Where in its quad (0 to 1 across and down) each pixel lies, by the better of the quad's two triangles."""
    first, right, below, last = flat[:, r, c], flat[:, r, c + 1], flat[:, r + 1, c], flat[:, r + 1, c + 1]
    point = np.stack([x, y]).astype(np.float32)
    upper, lower = _affine(first, right, last, point), _affine(first, below, last, point)
    take = upper[0] > lower[0]
    across = np.where(take, upper[1] + upper[2], lower[2])
    down = np.where(take, upper[2], lower[1] + lower[2])
    return np.clip(across, 0, 1), np.clip(down, 0, 1)


def _affine(a, b, c, point):
    """Least share of the three corners in a point, and shares of b and c."""
    ab, ac, ap = b - a, c - a, point - a
    area = ab[0] * ac[1] - ab[1] * ac[0]
    area = np.where(np.abs(area) < 1e-4, 1e-4, area)
    of_b, of_c = (ap[0] * ac[1] - ap[1] * ac[0]) / area, (ab[0] * ap[1] - ab[1] * ap[0]) / area
    return np.minimum(np.minimum(of_b, of_c), 1 - of_b - of_c), of_b, of_c


def _between(values, r, c, across, down):
    """Values [3 x ROWS x COLUMNS] between the nodes."""
    top = values[:, r, c] * (1 - across) + values[:, r, c + 1] * across
    return top * (1 - down) + (values[:, r + 1, c] * (1 - across) + values[:, r + 1, c + 1] * across) * down


def made(count, seed):
    """`count` maps and what is known of them: arrays by name, in random order."""
    rng = np.random.default_rng(seed)
    maps, stretches = [], []
    while len(maps) < count:
        cloths = Cloths(min(CLOTHS, -(-(count - len(maps)) // (FRAMES * VIEWS))), rng)
        cloths.run(SETTLING)
        for _ in range(FRAMES):
            cloths.run(BETWEEN)
            stretches.append(cloths.stretch())
            spread = cloths.spread()
            for i in range(len(spread)):
                known = {
                    "aspect": cloths.aspect[i],
                    "kind": np.uint8(cloths.kind[i]),
                    "wind": cloths.wind[i],
                    "spread": np.float32(spread[i]),
                }
                maps += [{**view(cloths.now[..., i], rng), **known} for _ in range(VIEWS)]
    stretches = np.concatenate(stretches)
    print(f"stretch: mean {stretches.mean():.3f}, 99 % below {np.quantile(stretches, 0.99):.3f}")
    maps = [maps[i] for i in rng.permutation(len(maps))[:count]]
    return {name: np.stack([m[name] for m in maps]) for name in maps[0]}


def stored(path):
    """Maps from their file, those of `made` that pictures are made of."""
    with np.load(path) as kept:
        return {name: kept[name] for name in ("uv", "normal", "mask", "corners", "shown", "aspect")}


def taken(maps, number, *, flip, mirrored):
    """One map: places on the drawing [H x W x 2], normals [H x W x 3], cover [H x W], corners [4 x 2], clockwise.

    `flip`: the cloth's mirror image; `mirrored`: the drawing appears so, as from behind.
    """
    mask, corners = maps["mask"][number], maps["corners"][number].astype(np.float64)
    uv = maps["uv"][number].astype(np.float32) / 65535
    normal = maps["normal"][number].astype(np.float32) / 127
    if flip:
        mask, uv, normal = mask[:, ::-1], uv[:, ::-1], normal[:, ::-1] * np.array([-1, 1, 1], np.float32)
        corners = np.stack([mask.shape[1] - corners[:, 0], corners[:, 1]], axis=1)
    if (_handed(corners) < 0) != mirrored:
        uv = np.stack([1 - uv[..., 0], uv[..., 1]], axis=2)
        corners = corners[[1, 0, 3, 2]]
    corners = corners[[1, 0, 3, 2]] if _handed(corners) < 0 else corners
    return uv, normal, (mask > 0).astype(np.float32), corners


def _handed(corners):
    """Above 0 where corners go round clockwise."""
    (a, b), (c, d) = corners[1] - corners[0], corners[3] - corners[0]
    return a * d - b * c


def moved(uv, normal, cover, matrix, size):
    """A map after an affine matrix [2 x 3], in a picture of `size` (width, height)."""
    flat = cv2.warpAffine(np.dstack([uv * cover[..., None], cover]), matrix, size, flags=cv2.INTER_LINEAR)
    normal = cv2.warpAffine(normal * cover[..., None], matrix, size, flags=cv2.INTER_LINEAR)
    cover = flat[..., 2]
    share = np.maximum(cover, 1e-3)[..., None]
    return flat[..., :2] / share, normal / share, cover


def sheet(maps, drawings, count=48, across=8):
    """The first maps with drawings (RGB uint8) on them, lit from the upper left."""
    light = np.array([-0.45, -0.55, 0.7]) / np.linalg.norm([-0.45, -0.55, 0.7])
    tiles = []
    for i in range(count):
        drawing = drawings[i % len(drawings)]
        uv = maps["uv"][i].astype(np.float32) / 65535 * (np.array(drawing.shape[1::-1], np.float32) - 1)
        colour = (cv2.remap(drawing, uv, None, cv2.INTER_LINEAR).astype(np.float32) / 255) ** 2.2
        shade = 0.35 + 0.75 * np.maximum(maps["normal"][i].astype(np.float32) / 127 @ light, 0)
        cover = maps["mask"][i][..., None] / 255
        linear = colour * shade[..., None] * cover + np.array([0.25, 0.4, 0.6]) * (1 - cover)
        tiles.append(np.clip(linear, 0, 1) ** (1 / 2.2) * 255)
    rows = [np.concatenate(tiles[i : i + across], axis=1) for i in range(0, count, across)]
    return np.concatenate(rows).astype(np.uint8)


def main():
    """Makes maps and says what they are like."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sheet")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    start = time.time()
    maps = made(options.count, options.seed)
    print(f"{(time.time() - start) / options.count * 1000:.1f} ms a map")
    print("wind limp, half, spread:", np.histogram(maps["wind"][maps["kind"] < 3], [0, 1.1, 5, 99])[0])
    print("spread of those on poles:", np.quantile(maps["spread"][maps["kind"] < 3], np.linspace(0, 1, 11)).round(2))
    print("spread below 0.4, 0.8, more:", np.histogram(maps["spread"][maps["kind"] < 3], [0, 0.4, 0.8, 2])[0])
    print("shown:", np.quantile(maps["shown"], np.linspace(0, 1, 11)).round(2))
    if options.out:
        np.savez(options.out, **maps)
    if options.sheet:
        drawings = [cv2.imread(f"verify/data/flags/{name}.png")[:, :, ::-1] for name in DRAWINGS]
        cv2.imwrite(options.sheet, sheet(maps, drawings)[:, :, ::-1])


if __name__ == "__main__":
    main()
