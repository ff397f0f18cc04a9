"""Pictures drawn from a seed, for tests: nothing here shows anybody."""

import io

import cv2
import numpy as np
import PIL.Image


def scene(seed: int, width: int = 640, height: int = 480) -> np.ndarray:
    """A cluttered wall, RGB uint8 [H x W x 3]: shapes, lines and grain that local features can hold on to."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), rng.integers(120, 200, 3), np.uint8)
    for _ in range(120):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        size = int(rng.integers(6, 50))
        if rng.random() < 0.5:
            cv2.rectangle(picture, (x, y), (x + size, y + int(rng.integers(6, 50))), colour, -1)
        else:
            cv2.circle(picture, (x, y), size // 2, colour, int(rng.integers(-1, 4)) or 1)
    grain = rng.normal(0, 3, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def encode(pixels: np.ndarray, kind: str = "JPEG", **options: object) -> bytes:
    """The bytes of a picture file."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, kind, **({"quality": 90} if kind == "JPEG" else {}) | options)
    return buffer.getvalue()
