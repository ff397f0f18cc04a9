"""What a net taught on everyday photographs sees: flags on poles, in squares that stay in the picture."""

import cv2
import numpy as np

from tests.matching.flags.cloth import box, design, hang, room
from verify.matching.flags import imagenet

CORNERS = box(180, 90, 168, 112)


def hoisted(code):
    """A waving flag on a pole before a blue sky [360 x 480 x 3]."""
    sky = np.empty((360, 480, 3), np.uint8)
    sky[:] = np.linspace((70, 130, 210), (150, 190, 235), 360)[:, None]
    cv2.rectangle(sky, (172, 60), (180, 359), (205, 205, 205), -1)
    return hang(sky, design(code).drawing, CORNERS, folds=0.05)


def test_a_flag_on_a_pole_is_seen_and_a_room_has_none():
    corners = np.array(CORNERS, np.float32)
    empty = imagenet.flagpole(room(), corners)
    assert empty < np.log(0.001)
    for code in ("us", "gb"):
        assert imagenet.flagpole(hoisted(code), corners) > np.log(0.4)


def test_a_square_about_a_place_is_moved_into_the_picture():
    pixels = np.zeros((300, 400, 3), np.uint8)
    for place, first in (
        (box(0, 0, 40, 30), (0, 0)),
        (box(360, 270, 40, 30), (272, 172)),
        (box(180, 135, 40, 30), (136, 86)),
    ):
        start, extent = imagenet._square(pixels, np.array(place, np.float32), 3.2)
        assert (start.tolist(), extent.tolist()) == (list(first), [128, 128])


def test_a_square_is_as_large_as_the_longer_side_at_most_and_reaches_evenly_beyond_the_other():
    start, extent = imagenet._square(np.zeros((100, 200, 3), np.uint8), np.array(box(20, 10, 150, 80), np.float32), 2.4)
    assert (start.tolist(), extent.tolist()) == ([0, -50], [200, 200])


def test_one_place_is_seen_the_same_in_whatever_order():
    corners = np.array(CORNERS, np.float32)
    assert imagenet.flagpole(hoisted("az"), corners) == imagenet.flagpole(hoisted("az"), corners[[2, 3, 0, 1]])
