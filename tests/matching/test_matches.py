import numpy as np
import pytest

from verify.matching import features, geometry, matches


def scene(seed: int, size: int = 480) -> np.ndarray:
    """A wall with blobs of many sizes, none like another."""
    import cv2

    rng = np.random.default_rng(seed)
    gray = np.full((size, size), 128, np.uint8)
    for _ in range(400):
        x, y, r = (*rng.integers(0, size, 2).tolist(), int(rng.integers(3, 22)))
        corners = (np.array([x, y]) + rng.integers(-r, r + 1, (5, 2))).astype(np.int32)
        cv2.fillPoly(gray, [corners], int(rng.integers(0, 255)))
    return cv2.GaussianBlur(gray, (0, 0), 1.0)


@pytest.fixture(scope="module")
def wall() -> np.ndarray:
    return scene(1)


def seen_from_aside(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import cv2

    side = gray.shape[0]
    corners = np.float32([[0, 0], [side, 0], [side, side], [0, side]])
    moved = np.float32([[20, 35], [side - 60, 5], [side - 30, side - 20], [35, side - 60]])
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return cv2.warpPerspective(gray, matrix, (side, side), borderValue=128), matrix


def test_the_homography_of_a_wall_is_found(wall):
    aside, truth = seen_from_aside(wall)
    found = matches.guarded(matches.match(features.extract(wall), features.extract(aside)))
    model = geometry.homography(found)
    assert model is not None
    assert model.log10_nfa < -100
    probe = np.array([[100.0, 100.0], [300.0, 200.0], [200.0, 400.0]])
    assert np.abs(geometry.apply(model.matrix, probe) - geometry.apply(truth, probe)).max() < 1.5


def test_another_wall_has_no_meaningful_model(wall):
    found = matches.guarded(matches.match(features.extract(wall), features.extract(scene(2))))
    for model in (geometry.homography(found), geometry.fundamental(found)):
        assert model is None or model.log10_nfa > -2


def test_the_same_input_gives_the_same_bits(wall):
    aside, _ = seen_from_aside(wall)
    first, second = (matches.match(features.extract(wall), features.extract(aside)) for _ in range(2))
    assert np.array_equal(first.index, second.index)
    assert np.array_equal(geometry.fundamental(first).matrix, geometry.fundamental(second).matrix)


def test_an_overlay_of_a_corner_is_dropped(wall):
    other = scene(2)
    for gray in (wall := wall.copy(), other):
        gray[-60:-20, -160:-20] = scene(9, 140)[:40]
    found = matches.match(features.extract(wall), features.extract(other))

    def still(some: matches.Matches) -> int:
        return int((np.abs(some.a - some.b).max(axis=1) < 1).sum())

    assert still(found) > 20
    assert still(matches.guarded(found)) == 0


def test_stored_features_are_read_back_the_same(wall):
    made = features.extract(wall)
    again = features.unpack(features.pack(made))
    assert np.array_equal(made.descriptors, again.descriptors)
    assert np.array_equal(made.points, again.points)
    assert (made.working, made.scale) == (again.working, again.scale)


def test_a_blank_wall_has_no_features_and_no_matches():
    blank = features.extract(np.full((200, 300), 90, np.uint8))
    assert len(blank) == 0
    assert len(matches.match(blank, blank)) == 0
