"""Pictures without flags, in parts that never mix: for teaching, for measuring chance, for the figures."""

import hashlib
import re

import cv2

from verify import image
from verify.errors import EvidenceError

SIDE = 800  # pixels of the longer side
PARTS = ("lesson", "chance", "report")
SMALLEST = 72  # pixels of the shorter side
NO_SCENE = re.compile(r"_flag|_mask$|_gt$")  # a flag is there, or only a mask
SUFFIXES = {".jpg", ".jpeg", ".png"}
ROOMS = (  # views of one room stay in one half; what is before the name keeps the halves as they were drawn
    (r"(house\d+_\w+)", "houses"), (r"(scene\d+_\d+)", "scannet"), (r"(cut3r\d+)", "sequence"),
    (r"(kitchen)_\d+", "vggt"), (r"(zind)", ""),
)  # fmt: skip


def key(path):
    """What must stay in one half: a room, or a file."""
    found = ((prefix, re.match(pattern, path.name)) for pattern, prefix in ROOMS)
    return next((prefix + match[1] for prefix, match in found if match), path.name)


def half_of(path):
    return hashlib.md5(key(path).encode(), usedforsecurity=False).digest()[0] & 1


def part_of(path):
    """Half 1 is for the figures; half 0 is split between teaching and the tables of chances."""
    byte = hashlib.md5(key(path).encode(), usedforsecurity=False).digest()[1]
    return "report" if half_of(path) else PARTS[byte % 2]


def flagless(folders, part):
    found = sorted(p for f in folders for p in f.rglob("*") if p.suffix.lower() in SUFFIXES)
    return [path for path in found if part_of(path) == part and not NO_SCENE.search(path.stem)]


def readable(folders, part):
    """Those of `flagless` that can be read and are not tiny."""
    for path in flagless(folders, part):
        try:
            pixels = load(path)
        except EvidenceError:
            continue
        if min(pixels.shape[:2]) >= SMALLEST:
            yield path


def load(path):
    """A scene (RGB uint8), at most SIDE pixels long."""
    pixels = image.open(path).pixels
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
