"""Invented emblems, drawn from a seed, and scenes that they are hung in: for tests and for the benchmark."""

from __future__ import annotations

import io

import cv2
import numpy as np
import PIL.Image

LOOKS = ("print", "patch", "metal")
SIDE = 256  # pixels of a drawing
COUSIN = "a cousin"
OUTLINE = 0.9  # of the ground of both drawings: from here on they have one outline
COLOURS = np.array(
    [
        (200, 30, 40),
        (20, 60, 150),
        (240, 200, 40),
        (20, 120, 60),
        (245, 245, 245),
        (25, 25, 30),
        (230, 120, 20),
        (120, 40, 120),
        (90, 170, 220),
    ],
    float,
)


def emblem(seed: int, kind: str = "", sister: int | None = None, cousin: int | None = None) -> np.ndarray:
    """A drawing, RGBA uint8, 256 pixels in its longer side.

    `kind` is "crest" (a shield with charges, often a wreath and a word) or "logo" (a few flat shapes). Where the seed
    of a `sister` of that kind is given, the outline and the colours are hers, and only what is drawn inside is not.
    With that of a `cousin`, what is drawn inside is that of the same seed without one, and outline and colours are not.
    """
    rng = np.random.default_rng([7, seed])
    kind = kind or ("crest", "logo")[int(rng.integers(2))]
    big = 4 * SIDE
    pixels, alpha = np.zeros((big, big, 3), np.uint8), np.zeros((big, big), np.uint8)
    hers = rng if sister is None else np.random.default_rng([7, sister])
    colours = COLOURS[hers.permutation(len(COLOURS))]
    body = _body(hers, big)
    if cousin is not None:
        others = np.random.default_rng([7, cousin])
        colours, body = COLOURS[others.permutation(len(COLOURS))], _body(others, big)
    cv2.fillPoly(alpha, [body], 255)
    cv2.fillPoly(pixels, [body], colours[0].tolist())
    if kind == "crest":
        _divided(rng, pixels, alpha, colours[1:3], big)
        cv2.polylines(pixels, [body], True, colours[3].tolist(), int(rng.integers(20, 50)))
        for n in range(int(rng.integers(4, 8))):
            _charge(rng, pixels, colours[2 + n % 6], big, rng.uniform(0.12, 0.3))
        if rng.random() < 0.7:
            _wreath(rng, pixels, alpha, colours[4], big)
        if rng.random() < 0.7:
            _word(rng, pixels, colours[5], big, rng.uniform(0.75, 0.9))
    else:
        for n in range(int(rng.integers(1, 4))):
            _charge(rng, pixels, colours[1 + n], big, rng.uniform(0.3, 0.6))
        if rng.random() < 0.3:
            _word(rng, pixels, colours[4], big, rng.uniform(0.4, 0.8))
    x, y, width, height = cv2.boundingRect(alpha)
    drawn = np.dstack([pixels, alpha])[y : y + height, x : x + width]
    scale = SIDE / max(width, height)
    return cv2.resize(drawn, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)


def rivals(seed: int, kind: str) -> list[tuple[str, np.ndarray]]:
    """Emblems that are not the one of this seed; a cousin of the same outline would be the same in bare metal."""
    own, cousin = emblem(seed, kind), emblem(seed, kind, cousin=seed + 3000)
    a, b = (cv2.resize(drawing[..., 3], (64, 64)) > 127 for drawing in (own, cousin))
    told = [
        ("another", emblem(seed + 1000, kind)),
        ("a sister", emblem(seed + 2000, kind, seed)),
    ]
    return told + ([(COUSIN, cousin)] if kind == "logo" and (a & b).sum() < OUTLINE * (a | b).sum() else [])


def _body(rng, big):
    t, middle, radius = np.linspace(0, 2 * np.pi, 200, endpoint=False), big / 2, 0.46 * big
    which = rng.integers(5)
    if which == 0:
        r = np.full_like(t, radius)
    elif which == 1:
        x, y = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** 0.35, np.sin(t)
        y = np.where(y < 0, -(np.abs(y) ** 0.4), y * 1.05)
        x = x * np.where(y > 0, np.sqrt(np.maximum(0, 1 - (y / 1.06) ** 2)), 1)
        return np.rint(np.column_stack([middle + 0.85 * radius * x, middle + radius * 0.95 * y])).astype(np.int32)
    elif which == 2:
        corners = int(rng.integers(5, 9))
        r = radius / np.cos((t + np.pi / 2) % (2 * np.pi / corners) - np.pi / corners) * np.cos(np.pi / corners)
    elif which == 3:
        points = int(rng.integers(6, 13))
        r = radius * (0.85 + 0.15 * np.abs(np.cos(t * points / 2)))
    else:
        r = radius / np.maximum(np.abs(np.cos(t)), np.abs(np.sin(t)) * rng.uniform(1.0, 1.5)) * 0.95
        r = np.minimum(r, radius * 1.25)
    return np.rint(np.column_stack([middle + r * np.cos(t), middle + r * np.sin(t)])).clip(4, big - 5).astype(np.int32)


def _divided(rng, pixels, alpha, colours, big):
    field = np.zeros((big, big), bool)
    y, x = np.mgrid[0:big, 0:big] / big
    which = rng.integers(4)
    if which == 0:
        field = x > 0.5
    elif which == 1:
        field = y > rng.uniform(0.4, 0.65)
    elif which == 2:
        field = np.abs(x - y) < rng.uniform(0.08, 0.2)
    else:
        field = (x > 0.5) != (y > 0.5)
    pixels[field & (alpha > 0)] = colours[int(rng.integers(2))]


def _charge(rng, pixels, colour, big, size):
    at = np.array([0.5, 0.5]) + rng.uniform(-1, 1, 2) * (0.62 - size) * 0.5
    at, r, turn = at * big, size * big / 2, rng.uniform(0, 2 * np.pi)
    which = rng.integers(6)
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    if which == 0:  # star
        points = int(rng.integers(4, 9))
        angle = np.arange(2 * points) * np.pi / points + turn
        radius = np.where(np.arange(2 * points) % 2, r * rng.uniform(0.35, 0.6), r)
        shape = at + np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    elif which == 1:  # crescent
        outer = at + r * np.column_stack([np.cos(t), np.sin(t)])
        cv2.fillPoly(pixels, [np.rint(outer).astype(np.int32)], colour.tolist())
        back = pixels[int(np.clip(at[1] + 1.1 * r, 0, big - 1)), int(at[0])].tolist()
        shape = (
            at + r * np.array([np.cos(turn), np.sin(turn)]) * 0.4 + 0.75 * r * np.column_stack([np.cos(t), np.sin(t)])
        )
        cv2.fillPoly(pixels, [np.rint(shape).astype(np.int32)], back)
        return
    elif which == 2:  # arch or chevron
        shape = at + np.array([(-1, 1), (0, -1), (1, 1), (0.5, 1), (0, 0), (-0.5, 1)]) * r
    elif which == 3:  # a beast: a random closed curve
        radius = r * (0.65 + sum(rng.uniform(-0.22, 0.22) * np.cos(k * t + rng.uniform(0, 6)) for k in range(2, 7)))
        shape = at + np.column_stack([radius * np.cos(t), radius * np.sin(t)])
    elif which == 4:  # letter
        letter = "ABCDEFGHKMNPRSTUVWXZ"[int(rng.integers(20))]
        where = tuple(np.rint(at + np.array([-0.7, 0.8]) * r).astype(int).tolist())
        cv2.putText(pixels, letter, where, cv2.FONT_HERSHEY_TRIPLEX, r / 13, colour.tolist(), int(r / 5) + 2)
        return
    else:  # tower: joined boxes
        boxes = [(-0.8, -0.2, 0.8, 1), (-0.8, -0.8, -0.4, 0), (-0.2, -0.8, 0.2, 0), (0.4, -0.8, 0.8, 0)]
        for x0, y0, x1, y1 in boxes:
            low, high = np.rint(at + np.array([x0, y0]) * r), np.rint(at + np.array([x1, y1]) * r)
            cv2.rectangle(pixels, low.astype(int).tolist(), high.astype(int).tolist(), colour.tolist(), -1)
        return
    cv2.fillPoly(pixels, [np.rint(shape).astype(np.int32)], colour.tolist())


def _wreath(rng, pixels, alpha, colour, big):
    for side in (-1, 1):
        for n in range(9):
            angle = np.pi / 2 + side * (0.25 + 0.24 * n)
            at = np.array([0.5 + 0.4 * np.cos(angle), 0.5 + 0.4 * np.sin(angle)]) * big
            tilt = np.degrees(angle) + 90 + side * 25
            for canvas, paint in ((pixels, colour.tolist()), (alpha, 255)):
                cv2.ellipse(
                    canvas,
                    np.rint(at).astype(int).tolist(),
                    (int(0.05 * big), int(0.02 * big)),
                    tilt,
                    0,
                    360,
                    paint,
                    -1,
                )


def _word(rng, pixels, colour, big, height):
    word = "".join("ABCDEGHIKLMNOPRSTUVZ"[i] for i in rng.integers(0, 20, int(rng.integers(3, 7))))
    size = cv2.getTextSize(word, cv2.FONT_HERSHEY_TRIPLEX, 1, 1)[0][0]
    scale = 0.5 * big / size
    cv2.putText(
        pixels, word, (int(0.25 * big), int(height * big)), cv2.FONT_HERSHEY_TRIPLEX, scale, colour.tolist(), 14
    )


def dressed(drawing: np.ndarray, look: str, rng: np.random.Generator) -> np.ndarray:
    """The drawing as a thing, float RGBA [h x w x 4]: printed, embroidered, or cast in low relief in one metal."""
    pixels, alpha = drawing[..., :3].astype(np.float64), drawing[..., 3:].astype(np.float64)
    if look == "patch":
        y, x = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
        luma = pixels.mean(axis=2)
        angle = np.round(luma / 40) * 0.9
        thread = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 1.6 + rng.normal(0, 0.4, luma.shape))
        pixels = pixels * (0.85 + 0.13 * thread[..., None]) + rng.normal(0, 6, luma.shape)[..., None]
        pixels = 0.8 * pixels + 0.2 * np.array([110, 100, 90])
    elif look == "metal":
        height = (
            cv2.GaussianBlur(cv2.cvtColor(drawing[..., :3], cv2.COLOR_RGB2GRAY).astype(np.float64), (0, 0), 1.5) * 0.06
        )
        height += cv2.distanceTransform((drawing[..., 3] > 128).astype(np.uint8), cv2.DIST_L2, 5).clip(0, 8) * 0.5
        light = rng.normal(0, 1, 2)
        light /= np.linalg.norm(light)
        slope = cv2.Sobel(height, cv2.CV_64F, 1, 0) * light[0] + cv2.Sobel(height, cv2.CV_64F, 0, 1) * light[1]
        metal = np.array([(190, 160, 90), (170, 172, 178), (150, 100, 70)][int(rng.integers(3))], float)
        shade = 0.75 + 0.30 * np.tanh(slope) + 0.05 * cv2.GaussianBlur(rng.normal(0, 1, height.shape), (0, 0), 20) * 20
        pixels = metal * shade[..., None]
    return np.dstack([pixels.clip(0, 255), alpha])


def hung(
    scene: np.ndarray, drawing: np.ndarray, size: float, look: str, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The scene with the emblem in it, up to 50 degrees aslant, `size` pixels wide or high: (RGB uint8, its corners).

    A gain and a slope of light, blur up to 1 pixel, noise of 2 to 5 grey levels and JPEG 60 to 92 go over the whole.
    """
    (high, wide), canvas = drawing.shape[:2], scene.astype(np.float64)
    side = max(high, wide)
    tilt, axis, roll = np.radians(rng.uniform(0, 50)), rng.uniform(0, np.pi), np.radians(rng.uniform(-15, 15))
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float) * [wide / side, high / side, 0]
    turn = cv2.Rodrigues(np.array([np.cos(axis), np.sin(axis), 0]) * tilt)[0] @ cv2.Rodrigues(np.array([0, 0, roll]))[0]
    posed = square @ turn.T
    seen = posed[:, :2] / (1 + posed[:, 2:] / 6)
    seen *= size / np.ptp(seen, axis=0).max()
    room = np.array(scene.shape[1::-1]) - np.ptp(seen, axis=0) - 8
    corners = seen - seen.min(axis=0) + 4 + rng.uniform(0, 1, 2) * np.maximum(room, 0)
    thing = dressed(drawing, look, rng)
    shrink = size / side
    if shrink < 1:
        thing[..., :3] *= thing[..., 3:] / 255
        thing = cv2.GaussianBlur(thing, (0, 0), 0.5 / shrink)
        thing[..., :3] /= np.maximum(thing[..., 3:], 1) / 255
    onto = cv2.getPerspectiveTransform(
        np.float32([[0, 0], [wide, 0], [wide, high], [0, high]]), corners.astype(np.float32)
    )
    warped = cv2.warpPerspective(thing, onto, scene.shape[1::-1], flags=cv2.INTER_LINEAR)
    opaque = warped[..., 3:] / 255
    slope = np.linspace(*rng.uniform(0.75, 1.15, 2), scene.shape[1])[None, :, None]
    gain = rng.uniform(0.6, 1.1) * rng.uniform(0.88, 1.12, 3)
    canvas = canvas * (1 - opaque) + (warped[..., :3] * gain * slope).clip(0, 255) * opaque
    return developed(canvas, rng), corners


def developed(canvas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, noise and JPEG over the whole picture."""
    canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.3, 1.0))
    canvas = canvas + rng.normal(0, rng.uniform(2, 5), canvas.shape)
    out = io.BytesIO()
    PIL.Image.fromarray(canvas.clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=int(rng.integers(60, 93)))
    return np.asarray(PIL.Image.open(out))


def room(seed: int, width: int = 640, height: int = 480) -> np.ndarray:
    """A drawn interior: wall, floor, tiles, a door, a window, some boxes; RGB uint8."""
    rng = np.random.default_rng([11, seed])
    canvas = np.empty((height, width, 3))
    canvas[:] = rng.uniform(120, 220, 3)
    line = int(height * rng.uniform(0.6, 0.8))
    canvas[line:] = rng.uniform(50, 150, 3)
    for x in range(0, width, int(rng.integers(25, 60))):
        cv2.line(canvas, (x, line), (int(width / 2 + (x - width / 2) * 1.8), height), (60, 60, 60), 1)
    for _ in range(int(rng.integers(4, 9))):
        x, y, w, h = rng.integers(0, width), rng.integers(0, height), rng.integers(20, 160), rng.integers(20, 220)
        cv2.rectangle(canvas, (int(x), int(y)), (int(x + w), int(y + h)), rng.uniform(20, 240, 3).tolist(), -1)
        cv2.rectangle(canvas, (int(x), int(y)), (int(x + w), int(y + h)), rng.uniform(20, 240, 3).tolist(), 2)
    texture = cv2.GaussianBlur(rng.normal(0, 1, (height, width)), (0, 0), 3) * 25
    return (canvas + texture[..., None]).clip(0, 255).astype(np.uint8)


def png(pixels: np.ndarray) -> bytes:
    """The pixels as a PNG file."""
    out = io.BytesIO()
    PIL.Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
