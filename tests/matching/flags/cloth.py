"""Drawn rooms and cloth for the tests of flags: everything from a seed."""

import io

import cv2
import numpy as np
import PIL.Image

from verify.matching.flags.designs import national


def design(code):
    return next(d for d in national() if code in d.codes)


def room(width=480, height=360, seed=0):
    """A plain room: wall, floor, a door, a cupboard, noise."""
    rng = np.random.default_rng(seed)
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = (205, 198, 182)
    picture[int(height * 0.7) :] = (124, 104, 88)
    cv2.rectangle(picture, (30, 120), (110, int(height * 0.7)), (120, 84, 58), -1)
    cv2.rectangle(picture, (380, 60), (450, 150), (96, 110, 122), -1)
    picture *= np.linspace(0.55, 1.2, width)[None, :, None]  # a window on the right
    return np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def hang(picture, drawing, corners, light=(1.0, 1.0, 1.0), folds=0.0):
    """The drawing on a quadrilateral (clockwise from top left), in a light; `folds`: waves, of its height."""
    big = cv2.resize(drawing, None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    tall, wide = big.shape[:2]
    y, x = np.mgrid[0:tall, 0:wide].astype(np.float32)
    wave = np.sin(2 * np.pi * x / tall * 0.9 + 0.4)
    big = cv2.remap(big, x, y + folds * tall * wave, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    big *= (1 + 2.5 * folds * np.cos(2 * np.pi * x / tall * 0.9))[..., None] * np.array(light, np.float32)
    source = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
    size = picture.shape[1], picture.shape[0]
    placed = cv2.warpPerspective(cv2.GaussianBlur(big, (0, 0), 1.5), matrix, size)
    cover = cv2.warpPerspective(np.ones((tall, wide), np.float32), matrix, size)[..., None]
    return np.clip(picture * (1 - cover) + placed * cover, 0, 255).astype(np.uint8)


def box(x, y, width, height, lean=0.0):
    """Corners of a rectangle that leans to the right by a share of its width."""
    drop = lean * width
    return [(x, y), (x + width, y + drop), (x + width, y + height + drop), (x, y + height)]


def jpeg(pixels, quality=90):
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def png(pixels):
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
