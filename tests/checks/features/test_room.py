import io

import cv2
import numpy as np
import PIL.Image
import pytest

from verify.checks.features.room import room
from verify.errors import Refused
from verify.image import Image
from verify.model import Answer, Portability


def wall(seed: int, size: int = 700) -> np.ndarray:
    """Plaster with cracks, stains and papers, none of two seeds alike [H x W x 3]."""
    rng = np.random.default_rng(seed)
    rgb = np.full((size, size, 3), (196, 188, 170), np.uint8)
    for _ in range(160):
        start = rng.integers(0, size, 2)
        line = (start + np.cumsum(rng.integers(-16, 17, (12, 2)), axis=0)).astype(np.int32)
        cv2.polylines(
            rgb, [line], isClosed=False, color=rng.integers(40, 150, 3).tolist(), thickness=int(rng.integers(1, 4))
        )
    for _ in range(60):
        x, y = rng.integers(0, size - 60, 2).tolist()
        corner = (x + int(rng.integers(8, 60)), y + int(rng.integers(8, 60)))
        cv2.rectangle(rgb, (x, y), corner, rng.integers(30, 250, 3).tolist(), -1)
    return rgb


def with_window(rgb: np.ndarray) -> np.ndarray:
    """The same model of window and radiator, at the same place, on any wall."""
    rgb = rgb.copy()
    rgb[180:420, 220:460] = (235, 240, 245)
    for x in range(220, 461, 80):
        rgb[180:420, x - 4 : x + 4] = (120, 110, 90)
    rgb[296:304, 220:460] = (120, 110, 90)
    rgb[450:560, 240:440] = (220, 220, 210)
    for x in range(246, 440, 16):
        rgb[455:555, x : x + 5] = (150, 150, 140)
    return rgb


def seen(rgb: np.ndarray, turn: float = 0.0, *, noise: int = 1) -> np.ndarray:
    """A view from aside: perspective by `turn` (0…1), exposure and sensor noise."""
    side = rgb.shape[0]
    lean = turn * side * 0.25
    corners = np.float32([[0, 0], [side, 0], [side, side], [0, side]])
    moved = np.float32([[lean, lean * 0.6], [side, 0], [side, side], [lean * 0.8, side - lean * 0.7]])
    view = cv2.warpPerspective(rgb, cv2.getPerspectiveTransform(corners, moved), (side, side), borderValue=(90, 90, 90))
    rng = np.random.default_rng(noise)
    return np.clip(view * (1 - 0.25 * turn) + rng.normal(0, 3, view.shape), 0, 255).astype(np.uint8)


def picture(rgb: np.ndarray, name: str = "picture.png") -> Image:
    data = io.BytesIO()
    PIL.Image.fromarray(rgb).save(data, "PNG")
    return Image(data.getvalue(), name)


def asked(one: np.ndarray, other: np.ndarray, **settings):
    return next(iter(room(picture(one, "leak.png"), picture(other, "reference.png"), **settings)))


def test_one_wall_from_two_places_is_the_same_surface():
    finding = asked(seen(wall(1)), seen(wall(1), 0.6, noise=2))
    assert finding.answer is Answer.YES
    assert finding.level == "same surface"
    assert finding.portability is Portability.FIXED
    assert finding.pairs
    assert {region.of for region in finding.regions} == {"picture", "against"}


def test_the_order_of_the_two_pictures_does_not_change_the_answer():
    one, other = seen(wall(1)), seen(wall(1), 0.6, noise=2)
    assert asked(one, other).answer is asked(other, one).answer is Answer.YES


def test_another_wall_is_undetermined_and_never_a_no():
    finding = asked(seen(wall(1)), seen(wall(2), 0.3))
    assert finding.answer is Answer.UNCLEAR
    assert finding.level == "undetermined"


def test_one_model_of_window_and_radiator_on_two_walls_is_no_yes():
    finding = asked(seen(with_window(wall(1))), seen(with_window(wall(2)), 0.3))
    assert finding.answer is Answer.UNCLEAR


def test_where_one_design_differs_is_marked():
    crack = with_window(wall(1))
    crack[440:580, 470:500] = 60
    one, other = seen(with_window(wall(2))), seen(crack, 0.3)
    finding = asked(one, other)
    assert finding.level == "same design"
    assert "differ (marked)" in finding.because
    assert any(region.label == "differs" for region in finding.regions)


def test_the_same_pictures_give_the_same_finding():
    one, other = seen(wall(1)), seen(wall(1), 0.6, noise=2)
    assert asked(one, other).to_json() == asked(one, other).to_json()


def test_a_picture_of_nothing_cannot_be_compared():
    finding = asked(np.full((300, 300, 3), 80, np.uint8), seen(wall(1)))
    assert finding.answer is Answer.UNABLE
    assert "too uniform" in finding.because


def test_a_picture_below_32_pixels_cannot_be_compared():
    finding = asked(seen(wall(1)), wall(1, 700)[:20, :20])
    assert finding.answer is Answer.UNABLE
    assert "reference.png is too small" in finding.because


def clicked(turn: float, *, off: float = 0.0) -> list[list[float]]:
    """Nine points of a wall as a person would click them in `seen(wall)` and `seen(wall, turn)`."""
    side, lean = 700, turn * 700 * 0.25
    corners = np.float32([[0, 0], [side, 0], [side, side], [0, side]])
    moved = np.float32([[lean, lean * 0.6], [side, 0], [side, side], [lean * 0.8, side - lean * 0.7]])
    matrix = cv2.getPerspectiveTransform(corners, moved)
    points = np.float32([[x, y] for x in (90, 350, 600) for y in (80, 330, 620)])
    there = cv2.perspectiveTransform(points[None], matrix)[0] + np.random.default_rng(4).normal(0, 1.5 + off, (9, 2))
    return np.hstack((points, np.clip(there, 0, side))).tolist()


def test_points_drawn_by_hand_decide_and_stand_on_the_record():
    drawn = {"drawn_by": "A. Analyst", "pairs": clicked(0.6)}
    finding = asked(seen(wall(1)), seen(wall(2), 0.6), points=drawn)
    assert finding.answer is Answer.YES
    assert "drawn by A. Analyst" in finding.because
    assert finding.measured["chance"] == 0.001
    assert len(finding.measured["left_out_pixels"]) == 9


def test_points_that_fit_no_better_than_another_room_of_that_layout_are_unclear():
    finding = asked(seen(wall(1)), seen(wall(1), 0.6), points={"pairs": clicked(0.6, off=35)})
    assert finding.answer is Answer.UNCLEAR
    assert finding.level == "undetermined"


def test_a_portable_thing_that_is_marked_counts_for_nothing():
    finding = asked(
        seen(wall(1)),
        seen(wall(1), 0.6, noise=2),
        regions=[{"polygon": [[0, 0], [700, 0], [700, 700], [0, 700]], "label": "the flag", "portability": "portable"}],
    )
    assert finding.answer is Answer.UNCLEAR
    assert finding.level == "undetermined"


def replaced(rgb: np.ndarray) -> np.ndarray:
    rgb = rgb.copy()
    rgb[250:420, 250:420] = wall(9)[250:420, 250:420]
    return rgb


FIXED = [
    {"polygon": [[255, 255], [415, 255], [415, 415], [255, 415]], "label": "the patch of tiles", "portability": "fixed"}
]


def test_a_fixed_thing_that_differs_between_dated_references_is_a_no():
    dates = "references of 2024-01-10 and 2024-06-02"
    finding = asked(seen(wall(1)), seen(replaced(wall(1)), 0.5, noise=2), regions=FIXED, bracketed_by=dates)
    assert finding.answer is Answer.NO
    assert finding.level == "contradicted"
    assert "the patch of tiles" in finding.because


def test_without_dates_it_contradicts_nothing():
    finding = asked(seen(wall(1)), seen(replaced(wall(1)), 0.5, noise=2), regions=FIXED)
    assert finding.answer is Answer.UNCLEAR
    assert "no dates" in finding.because


def test_a_fixed_thing_that_agrees_leaves_the_yes():
    finding = asked(seen(wall(1)), seen(wall(1), 0.5, noise=2), regions=FIXED, bracketed_by="two dates")
    assert finding.answer is Answer.YES
    assert finding.measured["drawn"]["the patch of tiles"] > 0.5


def test_a_region_outside_the_picture_is_refused():
    with pytest.raises(Refused, match="outside the picture"):
        asked(seen(wall(1)), seen(wall(2)), regions=[{"polygon": [[0, 0], [9000, 0], [10, 10]]}])


def test_a_portable_thing_says_at_most_a_factor_of_two_against_staging():
    logo = np.zeros((700, 700, 3), np.uint8) + 128
    logo[300:390, 300:390] = wall(5)[300:390, 300:390]
    finding = asked(seen(logo), seen(logo, 0.2, noise=2))
    assert finding.answer is Answer.UNCLEAR
    assert finding.portability is Portability.PORTABLE
    assert abs(finding.strength[-1].log10_lr) <= 0.3
    assert finding.strength[-1].calibration == "convention"


def with_board(rgb: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
    """The same printed board, a fifth of the view wide, hung on any wall."""
    rgb, (x, y) = rgb.copy(), corner
    rgb[y : y + 150, x : x + 150] = wall(5)[100:400:2, 100:400:2]
    return rgb


def test_one_board_hung_on_two_walls_is_not_fixed_and_says_little():
    finding = asked(seen(with_board(wall(1), (120, 200))), seen(with_board(wall(2), (380, 260)), 0.2, noise=2))
    assert finding.answer is Answer.YES
    assert finding.portability in {Portability.SEMI_FIXED, Portability.PORTABLE}
    assert "perhaps only one thing that hangs there" in finding.because
    assert finding.measured["densest_part_share"] > 0.8
    assert max(line.log10_lr for line in finding.strength) <= 1


def test_a_wall_with_a_board_on_it_is_known_by_the_wall():
    rgb = with_board(wall(1), (120, 200))
    finding = asked(seen(rgb), seen(rgb, 0.4, noise=2))
    assert finding.answer is Answer.YES
    assert finding.portability is Portability.FIXED
    assert finding.measured["outside_it_score"] >= 18


def painted(seed: int, paint: tuple[int, int, int], floor: tuple[int, int, int], lamp: float = 1.0) -> np.ndarray:
    """A room with a wall and a floor of these colours and grey things, in light that lacks blue [H x W x 3]."""
    rng = np.random.default_rng(seed)
    rgb = np.full((600, 600, 3), paint, np.uint8)
    rgb[int(rng.integers(300, 460)) :] = floor
    for _ in range(40):
        x, y = rng.integers(0, 560, 2).tolist()
        width, height = rng.integers(8, 40, 2).tolist()
        rgb[y : y + height, x : x + width] = int(rng.integers(60, 200))
    lit = rgb * np.array([1.0, (1 + lamp) / 2, lamp])
    return np.clip(lit + rng.normal(0, 4, rgb.shape), 0, 255).astype(np.uint8)


GREEN, BROWN, BLUE, SAND = (150, 185, 150), (120, 80, 50), (90, 110, 190), (200, 190, 170)


@pytest.mark.parametrize("lamp", [1.0, 0.8])
def test_rooms_of_one_paint_and_floor_have_one_style_in_any_light_and_no_more(lamp):
    finding = asked(painted(1, GREEN, BROWN), painted(2, GREEN, BROWN, lamp))
    assert finding.answer is Answer.UNCLEAR
    assert finding.level == "same style"
    assert not finding.strength
    assert "which many rooms share" in finding.because


def test_rooms_of_other_paint_are_undetermined():
    finding = asked(painted(1, GREEN, BROWN), painted(2, BLUE, SAND))
    assert finding.level == "undetermined"
    assert finding.measured["colours_alike"] < 0.3


def test_the_colours_of_a_portable_thing_are_no_style():
    carpet = {"polygon": [[0, 300], [600, 300], [600, 600], [0, 600]], "portability": "portable"}
    one, other = painted(1, GREEN, BROWN), painted(2, GREEN, SAND)
    shown, left_out = asked(one, other), asked(one, other, regions=[carpet])
    assert left_out.measured["colours_alike"] > shown.measured["colours_alike"] + 0.1
