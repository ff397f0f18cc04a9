import cv2
import numpy as np
import pytest

from tests.matching import drawn_emblems
from verify.checks.features import room as check
from verify.image import Image
from verify.matching import features, lattice
from verify.model import Answer, Finding

SIDE, TILE = 700, 70


def tiles(stains: int = 0, *, pattern: int = 5) -> np.ndarray:
    """A wall of printed tiles, all alike, with so many stains, RGB uint8."""
    rng = np.random.default_rng(pattern)
    tile = np.full((TILE, TILE), 190, np.uint8)
    for _ in range(9):
        x, y = rng.integers(8, TILE - 8, 2).tolist()
        cv2.ellipse(
            tile,
            (x, y),
            rng.integers(3, 14, 2).tolist(),
            int(rng.integers(180)),
            0,
            360,
            int(rng.integers(40, 150)),
            -1,
        )
    tile[:2], tile[:, :2] = 70, 70
    wall = np.tile(tile, (SIDE // TILE, SIDE // TILE))
    for x, y in np.random.default_rng(stains).integers(20, SIDE - 20, (stains, 2)).tolist():
        cv2.circle(wall, (x, y), int(rng.integers(5, 12)), int(rng.integers(20, 250)), -1)
    return np.dstack([wall] * 3)


def picture(wall: np.ndarray, noise: int, lean: float = 0.0) -> Image:
    corners = np.float32([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]])
    moved = corners + np.float32([[lean, lean / 2], [0, 0], [0, 0], [lean, -lean]])
    seen = cv2.warpPerspective(wall, cv2.getPerspectiveTransform(corners, moved), (SIDE, SIDE)).astype(float)
    seen += np.random.default_rng(noise).normal(0, 3, seen.shape)
    return Image(drawn_emblems.png(seen.clip(0, 255).astype(np.uint8)), f"{noise}.png")


def ask(one: np.ndarray, other: np.ndarray) -> Finding:
    (finding,) = check.room(picture(one, 1), picture(other, 2, 60))
    return finding


def test_a_wall_of_tiles_repeats_itself_every_tile():
    own = features.features(picture(tiles(), 1))
    shift = lattice._shift(own, np.array([[50, 50], [650, 50], [650, 650], [50, 650]], np.float32))
    assert shift is not None
    moved = shift @ np.array([350.0, 350.0, 1.0])
    off = moved[:2] / moved[2] - 350
    assert np.hypot(*off) > 0.9 * TILE
    assert np.abs(off - np.round(off / TILE) * TILE).max() < 3


def test_plaster_does_not_repeat_itself():
    wall = np.dstack([cv2.GaussianBlur(np.random.default_rng(3).normal(0, 1, (SIDE, SIDE)), (0, 0), 4)] * 3)
    own = features.features(picture((150 + 400 * wall).clip(0, 255).astype(np.uint8), 1))
    assert lattice._shift(own, np.array([[50, 50], [650, 50], [650, 650], [50, 650]], np.float32)) is None


def test_stains_say_which_of_the_tiles_it_is():
    finding = ask(tiles(60), tiles(60))
    assert finding.answer is Answer.YES
    assert finding.measured["windows_for_this_repeat"] > 3 * finding.measured["windows_for_the_next"]


def test_bare_tiles_one_off_are_not_the_same_surface():
    walls = [tiles(), np.roll(tiles(), TILE, axis=1)]
    for wall in walls:
        wall[:40, 300:360] = 20  # a socket that both have at the same place, one tile along the wall
    finding = ask(*walls)
    assert finding.answer is Answer.UNCLEAR
    assert finding.level != "same surface"


def test_what_repeats_itself_is_no_yes_and_the_shift_is_named():
    (plain,) = check.room(picture(tiles(60), 1), picture(tiles(60), 2, 60))
    doubtful = check._of_repeats(plain, lattice.Repeat(70.0, 3.0, 2.5, 80.0))
    assert doubtful.answer is Answer.UNCLEAR
    assert doubtful.level == "same design"
    assert "whole repeats" in doubtful.because
    assert not doubtful.strength


@pytest.mark.parametrize(
    ("here", "there", "both", "settled"),
    [(30.0, 2.0, 50.0, True), (3.0, 2.5, 80.0, False), (0.5, 0.5, 100.0, False), (0.0, 0.8, 1.0, True)],
)
def test_a_repeat_is_settled_by_what_differs_between_repeats(here, there, both, settled):
    assert lattice.Repeat(70.0, here, there, both).settled is settled
