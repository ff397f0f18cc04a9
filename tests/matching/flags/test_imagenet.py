"""What a net taught on everyday photographs sees: flags on poles, and windows that stay in the picture."""

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


def test_a_window_about_a_place_is_moved_into_the_picture():
    pixels = np.arange(300 * 400 * 3, dtype=np.uint32).reshape(300, 400, 3).astype(np.uint8)
    low = np.array(box(0, 0, 40, 30), np.float32)
    window = imagenet._window(pixels, low, 3.2)
    assert np.array_equal(window, pixels[:128, :128])  # 40 · 3.2: the size of the window, as it is
    high = np.array(box(360, 270, 40, 30), np.float32)
    assert np.array_equal(imagenet._window(pixels, high, 3.2), pixels[-128:, -128:])


def test_a_window_larger_than_the_picture_is_its_whole_and_its_edge_continued():
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[0], pixels[-1] = 50, 90
    window = imagenet._window(pixels, np.array(box(20, 10, 150, 80), np.float32), 2.4)
    assert window.shape == (imagenet.SIDE, imagenet.SIDE, 3)
    assert np.allclose(window[:30], 50)
    assert np.allclose(window[-30:], 90)


def test_one_place_is_seen_the_same_in_whatever_order():
    corners = np.array(CORNERS, np.float32)
    assert imagenet.flagpole(hoisted("az"), corners) == imagenet.flagpole(hoisted("az"), corners[[2, 3, 0, 1]])
