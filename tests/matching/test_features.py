import cv2
import numpy as np

from verify.matching import features
from verify.matching.agreement import agreement
from verify.matching.geometry import Model
from verify.matching.matches import Matches


def plaster(seed: int, deviation: float, size: int = 500) -> np.ndarray:
    """A plain wall of fine grain, luma [H x W] about 150."""
    grain = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (size, size)), (0, 0), 2.0)
    return 150 + deviation * grain / grain.std()


def photographed(wall: np.ndarray, seed: int) -> np.ndarray:
    """With sensor noise of half a grey level."""
    return np.clip(wall + np.random.default_rng(seed).normal(0, 0.5, wall.shape), 0, 255).astype(np.uint8)


def test_a_plain_wall_beside_a_busy_one_has_its_share_of_features():
    wall = np.hstack((plaster(1, 40.0), plaster(2, 2.0)))
    found = features.extract(wall.astype(np.uint8), most=1000)
    assert len(found) == 1000
    assert 400 < int((found.points[:, 0] > 500).sum()) < 600


def test_the_same_picture_has_the_same_features():
    wall = photographed(plaster(3, 12.0), 1)
    one, other = features.pack(features.extract(wall)), features.pack(features.extract(wall))
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_uniform_picture_has_no_features():
    found = features.extract(np.full((300, 400), 90, np.uint8))
    assert (len(found), found.descriptors.shape, found.working) == (0, (0, 128), (400, 300))


def laid(one: np.ndarray, other: np.ndarray) -> float:
    """The share of details that agree where one picture lies on the other as it is."""
    points = np.array([(100, 100), (400, 100), (400, 400), (100, 400), (250, 250)], np.float64)
    found = Matches(points, points, np.full(5, 0.5), np.zeros((5, 2), int), (500, 500), (500, 500))
    return agreement(one, other, Model("homography", np.eye(3), np.ones(5, bool), -9.0, 1.0), found).share


def test_plain_walls_are_compared_by_their_plaster_where_nothing_else_is_there():
    wall = plaster(4, 2.0)
    assert laid(photographed(wall, 1), photographed(wall, 2)) > 0.9
    assert laid(photographed(wall, 1), photographed(plaster(5, 2.0), 2)) < 0.1


def test_of_a_wall_that_shows_nothing_noise_makes_no_agreement():
    assert laid(photographed(plaster(6, 0.1), 1), photographed(plaster(6, 0.1), 2)) < 0.1
