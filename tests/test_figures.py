import math

import numpy as np
import pytest

from tests.drawn import scene
from verify import figures
from verify.figures import View
from verify.model import Against, Answer, Finding, Pair, Region

OTHER = Against("0" * 64, "other")


def finding(**parts):
    return Finding(Answer.YES, "x", **parts)


def coloured(pixels, colour, within=24):
    return np.abs(pixels.astype(int) - colour).max(axis=2) <= within


def test_a_region_is_drawn_where_it_is_and_nothing_else_is_touched():
    picture = np.full((750, 1000, 3), 128, np.uint8)
    drawn = figures.draw(View.whole(picture), finding(regions=(Region.box(300, 300, 400, 200),)), width=1000)
    rows, columns = np.nonzero(coloured(drawn, figures.COLOURS[0]))
    scale = drawn.shape[1] / 1000
    assert (columns.min() / scale, columns.max() / scale) == pytest.approx((300, 700), abs=6)
    assert (rows.max() / scale) == pytest.approx(500, abs=6)
    assert (drawn[-60:] == 128).all()


def test_coordinates_count_in_the_original_where_the_pixels_are_scaled_down():
    found = finding(regions=(Region.box(1600, 1200, 1200, 800),))
    whole = np.full((3000, 4000, 3), 128, np.uint8)
    small = np.full((300, 400, 3), 128, np.uint8)
    one = figures.draw(View.whole(whole), found)
    other = figures.draw(View.whole(small, (4000, 3000)), found)
    assert one.shape == other.shape
    assert (coloured(one, figures.COLOURS[0]) == coloured(other, figures.COLOURS[0])).all()


def test_regions_that_belong_together_share_a_colour_whatever_their_order():
    regions = (
        Region.box(50, 50, 150, 150, "door"),
        Region.box(400, 50, 150, 150, "socket"),
        Region.box(60, 60, 150, 150, "socket", "against"),
        Region.box(390, 60, 150, 150, "door", "against"),
    )
    grey = np.full((480, 640, 3), 128, np.uint8)
    drawn = figures.draw(View.whole(grey), finding(regions=regions, against=OTHER), View.whole(grey))
    half = drawn.shape[1] // 2
    door = np.nonzero(coloured(drawn, figures.COLOURS[0]).any(axis=0))[0]
    assert door[door < half].max() < half * 0.4
    assert door[door > half].min() > half * 1.5


def test_lines_run_from_point_to_point():
    grey = np.full((480, 640, 3), 128, np.uint8)
    found = finding(pairs=(Pair((320, 100), (320, 380)),), against=OTHER)
    drawn = figures.draw(View.whole(grey), found, View.whole(grey))
    touched = np.nonzero((drawn != 128).any(axis=2) & (drawn != 255).any(axis=2))
    scale = (drawn.shape[1] - figures.GAP) / 2 / 640
    assert touched[0].min() == pytest.approx(100 * scale, abs=6)
    assert touched[0].max() == pytest.approx(380 * scale, abs=6)
    assert touched[1].min() == pytest.approx(320 * scale, abs=6)


def test_a_small_find_is_seen_from_nearby_and_a_large_one_is_not():
    assert figures.focus(finding(regions=(Region.box(500, 300, 40, 40),)), (1024, 768)) == pytest.approx(
        (478, 278, 84, 84), abs=2
    )
    assert figures.focus(finding(regions=(Region.box(100, 100, 600, 500),)), (1024, 768)) is None
    assert figures.focus(finding(), (1024, 768)) is None


def test_lines_start_in_the_closer_view():
    grey = np.full((480, 640, 3), 128, np.uint8)
    found = finding(regions=(Region.box(10, 10, 20, 20),), pairs=(Pair((20, 20), (320, 240)),), against=OTHER)
    near = View(np.full((300, 300, 3), 90, np.uint8), 0, 0, 40, 40)
    drawn = figures.draw(View.whole(grey), found, View.whole(grey), near=near)
    left = round(drawn.shape[0] * 640 / 480)
    dots = (drawn[:, : left - 10] == figures.INK).all(axis=2)
    assert not dots[drawn.shape[0] // 2 :].any()
    assert coloured(drawn[:, left + figures.GAP :], figures.COLOURS[0]).any()


@pytest.mark.parametrize("wild", [1e12, -1e12, math.nan, math.inf])
def test_wild_coordinates_do_not_stop_the_drawing(wild):
    grey = np.full((48, 64, 3), 128, np.uint8)
    found = finding(
        regions=(
            Region(((1, 1), (wild, 5), (9, wild))),
            Region((), "empty"),
            Region(((wild, wild),) * 3, of="against"),
        ),
        pairs=(Pair((wild, 3), (4, 5)), Pair((1, 2), (3, 4))),
        against=OTHER,
    )
    assert figures.draw(View.whole(grey), found, View.whole(grey)).ndim == 3


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 7)])
def test_pictures_of_odd_shapes_are_drawn(shape):
    odd = np.zeros((*shape, 3), np.uint8)
    drawn = figures.draw(View.whole(odd), finding(against=OTHER), View.whole(scene(1)))
    assert drawn.shape[1] <= figures.WIDTH + 3


def test_points_are_spread_over_the_picture():
    pairs = [Pair((float(i % 10), float(i // 10)), (0, 0)) for i in range(500)] + [Pair((600.0, 400.0), (0, 0))]
    chosen = figures.spread(pairs, 12)
    assert len(chosen) == 12
    assert pairs[-1] in chosen
    assert chosen == [pair for pair in pairs if pair in chosen]


def test_blurred_pixels_keep_no_shape():
    rng = np.random.default_rng(5)
    letters = (
        np.kron(rng.integers(0, 2, (48, 64)), np.ones((10, 10)))[..., None].repeat(3, axis=2).astype(np.uint8) * 255
    )
    blurred = figures.blur(letters)
    assert blurred.shape == letters.shape
    flat, was = blurred[..., 0].astype(float).ravel(), letters[..., 0].astype(float).ravel()
    assert abs(np.corrcoef(flat, was)[0, 1]) < 0.2
    assert np.abs(np.diff(blurred.astype(int), axis=1)).max() < 12


def test_a_label_of_any_text_is_drawn():
    grey = np.full((480, 640, 3), 128, np.uint8)
    for label in ("\x1b[2J\u202e", "Şuşa, Gəncə", "漢字" * 40, ""):
        drawn = figures.draw(View.whole(grey), finding(regions=(Region.box(50, 50, 200, 200, label),)))
        assert (drawn != 128).any()


def test_labels_of_one_place_do_not_cover_each_other():
    grey = np.full((480, 640, 3), 128, np.uint8)
    boxes = tuple(Region.box(200, 200, 200, 100, name) for name in ("first", "second", "third"))
    apart = figures.draw(View.whole(grey), finding(regions=boxes))
    dark = coloured(apart, figures.INK).sum()
    one = coloured(figures.draw(View.whole(grey), finding(regions=boxes[:1])), figures.INK).sum()
    assert dark > 2 * one


def test_an_emblem_is_shown_laid_onto_its_reference():
    emblem = np.full((40, 40, 3), 250, np.uint8)
    emblem[:20, :20] = (200, 30, 30)
    picture = np.full((120, 160, 3), 90, np.uint8)
    picture[30:70, 60:100] = np.rot90(emblem)  # turned: its first corner is now the lower left one
    turned = ((60.0, 70.0), (60.0, 30.0), (100.0, 30.0), (100.0, 70.0))
    whole = ((0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0))
    regions = (Region(turned, "emblem"), Region(whole, "emblem", "against"))
    views = [figures.View.whole(pixels) for pixels in (picture, emblem)]
    plain = figures.draw(views[0], Finding(Answer.YES, "it is", regions=regions[:1]), views[1])
    drawn = figures.draw(views[0], Finding(Answer.YES, "it is", regions=regions), views[1])
    assert drawn.shape[1] > plain.shape[1]
    side = drawn.shape[0]
    last = drawn[:, -side:]
    assert last[side // 4, side // 4].tolist() == pytest.approx([200, 30, 30], abs=12)
    for x, y in ((1, 3), (3, 1), (3, 3)):
        assert last[side * y // 4, side * x // 4].min() > 235
