import cv2
import numpy as np
import pytest

from tests.matching import drawn_emblems
from verify.checks.features.room import room
from verify.image import Image
from verify.matching import aslant, geometry
from verify.matching.surface import Views
from verify.model import Answer

SIZE = (480, 360)


def floor(seed: int) -> np.ndarray:
    """A tiled floor as from above, RGB uint8 [900 x 900 x 3]: always the same tiles, never the same stains."""
    rng = np.random.default_rng(seed)
    plan = np.full((900, 900), 170, np.float32)
    plan[::60], plan[:, ::60] = 90, 90
    for _ in range(90):
        x, y = rng.integers(0, 900, 2).tolist()
        cv2.circle(plan, (x, y), int(rng.integers(3, 14)), float(rng.uniform(60, 230)), -1)
        end = (x + int(rng.integers(-60, 60)), y + int(rng.integers(-60, 60)))
        cv2.line(plan, (x, y), end, float(rng.uniform(60, 230)), int(rng.integers(1, 4)))
    return np.dstack([cv2.GaussianBlur(plan, (0, 0), 0.8)] * 3).astype(np.uint8)


def photographed(plan: np.ndarray, pitch: float, turn: float, seed: int = 1) -> Image:
    """The floor seen `pitch` degrees below the horizon, walked round by `turn` degrees."""
    frame = aslant.plan(SIZE, pitch, 900)
    middle = np.array(frame.size) / 2
    about = np.vstack([cv2.getRotationMatrix2D((450, 450), turn, 0.9), [0, 0, 1]])
    shift = np.array([[1, 0, middle[0] - 450], [0, 1, middle[1] - 450], [0, 0, 1]])
    onto = np.linalg.inv(frame.matrix) @ shift @ about
    seen = cv2.warpPerspective(plan, onto, SIZE, borderValue=(120, 120, 120)).astype(np.float32)
    noisy = seen + np.random.default_rng(seed).normal(0, 3, seen.shape)
    return Image(drawn_emblems.png(noisy.clip(0, 255).astype(np.uint8)), f"{pitch}-{turn}.png")


@pytest.fixture(scope="module")
def views():
    return photographed(floor(1), 28, 0), photographed(floor(1), 33, 150, 2)


def test_a_plan_shows_a_floor_as_from_above():
    frame = aslant.plan(SIZE, 30, 900)
    tiles = np.array([[200, 300], [500, 300], [500, 500], [200, 500]], float)
    seen = geometry.apply(np.linalg.inv(frame.matrix), tiles)
    assert seen[1, 0] - seen[0, 0] < 0.8 * (seen[2, 0] - seen[3, 0])  # what is far is small, before
    assert np.allclose(geometry.apply(frame.matrix, seen), tiles)
    assert max(frame.size) == pytest.approx(900, abs=1)


def test_the_first_look_misses_a_floor_that_the_second_finds(views):
    (first,) = room(*views)
    (second,) = room(*views, second_look=True)
    assert first.answer is Answer.UNCLEAR
    assert second.answer is Answer.YES
    assert "second look" in second.because
    assert second.measured["second_look"] is True
    assert not second.strength


def test_another_floor_of_the_same_tiles_is_no_yes(views):
    (finding,) = room(views[0], photographed(floor(2), 33, 150, 2), second_look=True)
    assert finding.answer is Answer.UNCLEAR


def test_looking_again_gives_the_same_matches(views):
    own = Views(*views)
    _, matrix, n = aslant.seeds(own)[0]
    one, other = (aslant.again(own, matrix, aslant.plans_of(views[0])[n][0]) for _ in range(2))
    assert one is not None
    assert other is not None
    assert np.array_equal(one.a, other.a)
    assert np.array_equal(one.b, other.b)


def test_pictures_that_share_nothing_are_not_looked_at_again(views):
    other = Image(drawn_emblems.png(drawn_emblems.room(3)), "room.png")
    assert aslant.seeds(Views(views[0], other)) == []
    assert aslant.matches(Views(views[0], other)) is None
