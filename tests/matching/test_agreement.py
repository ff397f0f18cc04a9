import numpy as np

from verify.matching.agreement import WINDOW, apart, correlation
from verify.matching.geometry import scored
from verify.matching.matches import Matches


def plaster(seed: int, size: int = 400) -> np.ndarray:
    """Rough plaster, none of two seeds alike, luma uint8 [size x size]."""
    coarse = np.random.default_rng(seed).integers(60, 200, (size // 5, size // 5))
    return np.kron(coarse, np.ones((5, 5))).astype(np.uint8)


def in_place(size: int = 400) -> Matches:
    """Matches of a grid of points, each at its own place."""
    points = np.array([(x, y) for x in range(40, size, 40) for y in range(40, size, 40)], np.float64)
    index = np.column_stack([np.arange(len(points))] * 2)
    return Matches(points, points.copy(), np.full(len(points), 0.5), index, (size, size), (size, size))


def test_a_place_that_differs_is_boxed_and_the_rest_is_not():
    one, other, found = plaster(1), plaster(1), in_place()
    other[200:260, 120:200] = plaster(2)[200:260, 120:200]
    boxes = apart(one, other, scored("homography", np.eye(3), found), found)
    assert len(boxes) == 1
    (left, top), (right, bottom) = boxes[0].min(axis=0), boxes[0].max(axis=0)
    assert abs(left - 120) < WINDOW
    assert abs(right - 200) < WINDOW
    assert abs(top - 200) < WINDOW
    assert abs(bottom - 260) < WINDOW


def test_where_nothing_differs_nothing_is_boxed():
    found = in_place()
    assert apart(plaster(1), plaster(1), scored("homography", np.eye(3), found), found) == []


def test_what_moved_by_a_pixel_agrees_up_to_the_rim():
    one = plaster(3, 60)
    alike, _, _ = correlation(one, np.roll(one, (1, 1), (0, 1)))
    assert alike[2:-2, 2:-2].min() > 0.9
    still, _, _ = correlation(one, np.roll(one, (3, 3), (0, 1)))
    assert still.mean() < 0.5
