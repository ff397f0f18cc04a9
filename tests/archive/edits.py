"""Edits that leaked pictures go through, on RGB arrays."""

import cv2
import numpy as np


def crop(picture, keep=0.5, corner=(0.3, 0.2)):
    """Keeps this share of the area."""
    h, w = picture.shape[:2]
    hh, ww = int(h * keep**0.5), int(w * keep**0.5)
    y, x = int((h - hh) * corner[0]), int((w - ww) * corner[1])
    return picture[y : y + hh, x : x + ww]


def rotate(picture, degrees):
    h, w = picture.shape[:2]
    return cv2.warpAffine(picture, cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1), (w, h))


def caption(picture, text="BREAKING: seen today", level=255):
    bar = np.full((picture.shape[0] // 6, picture.shape[1], 3), level, np.uint8)
    cv2.putText(bar, text, (10, bar.shape[0] * 2 // 3), cv2.FONT_HERSHEY_DUPLEX, picture.shape[1] / 640, (127,) * 3, 2)
    return np.vstack([picture, bar])


def watermark(picture, text="(c) SOME AGENCY"):
    out = picture.copy()
    h, w = out.shape[:2]
    cv2.putText(out, text, (w // 6, h // 2), cv2.FONT_HERSHEY_DUPLEX, w / 500, (255, 255, 255), 3)
    return out


def frame(picture):
    """A phone's screenshot of a post."""
    page = np.full((1280, 620, 3), 245, np.uint8)
    page[:90] = (90, 60, 30)
    small = cv2.resize(picture, (600, 450), interpolation=cv2.INTER_AREA)
    page[200:650, 10:610] = small
    for line in range(8):
        cv2.putText(
            page, f"channel post line {line}", (20, 720 + 40 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (40,) * 3, 2
        )
    return page


def page(picture):
    """A printed page, scanned: the same close text around a picture."""
    sheet = np.full((1100, 800, 3), 250, np.uint8)
    rng = np.random.default_rng(5)
    for y in range(33, 1090, 13):
        x = 20
        while x < 740:
            word = "".join(map(chr, rng.integers(97, 123, rng.integers(2, 9))))
            cv2.putText(sheet, word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30,) * 3, 1)
            x += 9 * len(word) + 10
    sheet[150:315, 20:780] = cv2.resize(picture, (760, 165), interpolation=cv2.INTER_AREA)
    grain = np.random.default_rng(int(picture.sum())).normal(0, 3, sheet.shape)
    return np.clip(sheet + grain, 0, 255).astype(np.uint8)


def collage(pictures):
    tiles = [cv2.resize(p, (480, 360), interpolation=cv2.INTER_AREA) for p in pictures]
    return np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])])
