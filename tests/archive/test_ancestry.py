"""A crop is later than what it was cut from; a picture that was set into something is earlier than that."""

import cv2
import numpy as np
import pytest

from tests.archive import edits
from tests.drawn import encode, scene
from verify.archive import compare, sign
from verify.archive.ancestry import surrounded

PICTURE = scene(90)


def turned(picture, degrees=25):
    """Rotated on a canvas that holds all of it, as an editor leaves it: black corners."""
    h, w = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (int(h * sin + w * cos), int(h * cos + w * sin))
    matrix[:, 2] += (size[0] - w) / 2, (size[1] - h) / 2
    return cv2.warpAffine(picture, matrix, size)


def bordered(picture):
    return cv2.copyMakeBorder(picture, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(230, 230, 230))


@pytest.mark.parametrize("edit", [turned, bordered, edits.frame, edits.crop, lambda p: edits.crop(p, 0.25)])
def test_the_original_is_named_from_either_side(edit):
    one, other = sign(encode(PICTURE)), sign(encode(edit(PICTURE)))
    assert compare(one, other).finding.measured["likelier_earlier"] == "picture"
    assert compare(other, one).finding.measured["likelier_earlier"] == "other"


def test_a_picture_beside_its_filtered_self_is_unclear():
    brighter = np.clip(PICTURE.astype(int) + 20, 0, 255).astype(np.uint8)
    found = compare(sign(encode(PICTURE)), sign(encode(brighter))).finding.measured
    assert (found["likelier_earlier"], tuple(found["why_earlier"])) == ("unclear", ())


def test_an_edge_is_told_from_a_line_like_any_other():
    picture = sign(encode(bordered(PICTURE)))
    width, height = picture.full
    inside = [(60, 60), (width - 60, 60), (width - 60, height - 60), (60, height - 60)]
    assert surrounded(picture, inside) == "set in"
    whole = sign(encode(PICTURE))
    part = [(200, 120), (500, 120), (500, 400), (200, 400)]
    assert surrounded(whole, part) == "goes on"
    assert surrounded(whole, [(0, 0), (640, 0), (640, 400), (0, 400)]) == ""  # one inner edge is too little
    assert surrounded(whole, [(0, 0), (640, 0), (640, 480), (0, 480)]) == ""
