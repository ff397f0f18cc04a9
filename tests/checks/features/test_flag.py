"""Is a flag's pattern in the picture, of which, and where? Each answer, on drawn rooms and cloth."""

import cv2
import numpy as np
import pytest

from tests.matching.flags.cloth import box, design, hang, jpeg, png, room
from verify.checks.features.flag import flag
from verify.image import Image
from verify.known import Known, Reference
from verify.matching.flags.designs import national
from verify.matching.flags.whole import whole_sightings
from verify.model import Answer, Portability


def ask(pixels, known=None):
    return list(flag(Image(jpeg(pixels), "room.jpg"), known or Known()))


def shown(code, **more):
    return hang(room(), design(code).drawing, more.pop("corners", box(180, 90, 168, 96)), **more)


def codes(finding):
    return [code for fit in finding.measured["fits"] for code in fit["codes"]]


def on_shelf(folder, pixels, name="Ministry of Weather"):
    path = folder / f"{name}.png"
    data = png(pixels)
    path.write_bytes(data)
    return Known.of([Reference("flags", name, str(path), Image(data).digest)])


def test_a_flag_of_azerbaijan_is_named_and_nothing_else_fits():
    first = ask(shown("az", folds=0.03))[0]
    assert first.answer is Answer.YES
    assert codes(first) == ["az"]
    assert "blue over red over green" in first.because
    assert first.measured["band_height"] == pytest.approx(32, rel=0.3)
    assert first.measured["chance"] < 0.001


def test_its_region_lies_on_the_cloth():
    polygon = np.array(ask(shown("az"))[0].regions[0].polygon, np.float32)
    cloth = np.array(box(180, 90, 168, 96), np.float32)
    overlap, _ = cv2.intersectConvexConvex(cv2.convexHull(polygon), cv2.convexHull(cloth))
    assert overlap > 0.7 * cv2.contourArea(cv2.convexHull(polygon))


@pytest.mark.parametrize(
    "light", [(1.0, 0.82, 0.6), (0.7, 0.85, 1.0), (0.45, 0.45, 0.45)], ids=["lamp", "shade", "dusk"]
)
def test_light_does_not_change_the_name(light):
    assert codes(ask(shown("az", light=light))[0]) == ["az"]


@pytest.mark.parametrize("lean", [-0.3, 0.3])
def test_a_slanting_flag_is_named(lean):
    first = ask(shown("az", corners=box(180, 120, 150, 96, lean)))[0]
    assert first.answer is Answer.YES
    assert codes(first) == ["az"]


def test_the_same_colours_in_another_order_are_another_flag():
    drawing = design("az").drawing
    third = len(drawing) // 3
    swapped = np.vstack([drawing[third : 2 * third], drawing[:third], drawing[2 * third :]])
    for finding in ask(hang(room(), swapped, box(180, 90, 168, 96))):
        assert "az" not in codes(finding)


@pytest.mark.parametrize(("code", "answer"), [("az", Answer.YES), ("ee", Answer.UNCLEAR)])
def test_a_banner_turned_a_quarter_is_named_and_certain_only_by_its_charge_because_stripes_look_like_it(code, answer):
    turned = np.rot90(design(code).drawing).copy()
    first = ask(hang(room(), turned, box(200, 60, 96, 168)))[0]
    assert first.answer is answer
    assert ("charge" in first.measured["visible"]) is (answer is Answer.YES)
    assert first.measured["fits"][0]["codes"] == [code]
    assert first.measured["fits"][0]["hung"] == "turned a quarter"


@pytest.mark.parametrize("code", ["br", "za", "tr"])
def test_a_whole_flag_of_another_layout_is_named(code):
    first = ask(shown(code, corners=box(180, 90, 168, 112, 0.1)))[0]
    assert first.answer is Answer.YES
    assert code in codes(first)
    assert first.measured["layout"] == "whole flag"
    assert first.measured["chance"] < 0.001


def test_bands_of_two_colours_are_unclear_however_well_they_fit():
    for finding in ask(shown("at")):
        assert finding.answer is Answer.UNCLEAR or finding.measured["layout"] == "whole flag"


@pytest.mark.parametrize(("code", "twin"), [("pl", "pl"), ("id", "mc")])
def test_a_whole_flag_of_two_plain_colours_names_all_that_noise_makes_of_it(code, twin):
    first = ask(shown(code, corners=box(180, 90, 168, 112, 0.1)))[0]
    assert first.answer is not Answer.NO
    assert {code, twin} <= set(codes(first))


def test_a_part_of_a_larger_flag_is_no_flag_of_its_own():
    drawing = design("us").drawing
    for finding in ask(hang(room(), drawing[:, len(drawing) :], box(100, 40, 280, 260))):
        assert finding.answer is not Answer.YES


def test_designs_that_noise_cannot_tell_apart_are_all_named():
    first = ask(shown("ro"))[0]
    assert {"ro", "td"} <= set(codes(first))


def test_what_was_not_found_may_still_be_there():
    first = ask(room())[0]
    assert first.answer is Answer.UNCLEAR
    assert "no absence" in first.because
    assert first.regions == ()


def test_a_picture_without_two_colours_to_make_a_flag_of_gets_no():
    wall = np.full((300, 400, 3), (150, 120, 90), np.uint8) + np.arange(400, dtype=np.uint8)[None, :, None] // 100
    first = ask(wall)[0]
    assert first.answer is Answer.NO
    assert first.measured["contrast"] < 10


def test_common_stripes_are_not_called_a_flag():
    shirt = np.empty((90, 160, 3), np.uint8)
    for top, colour in ((0, (170, 40, 40)), (30, (235, 235, 230)), (60, (170, 40, 40))):
        shirt[top : top + 30] = colour
    picture = room()
    picture[100:190, 150:310] = shirt
    for finding in ask(picture):
        assert finding.answer is not Answer.YES
    seen = next(seen for seen in whole_sightings(picture, national()) if {"at", "lv"} & set(seen.fits[0].design.codes))
    assert "three bands of two colours are on many things" in seen.what


def test_what_may_be_chance_is_unclear():
    pale = 0.4 * design("hu").drawing + 0.6 * 200
    finding = ask(hang(room(), pale.astype(np.uint8), box(180, 90, 100, 96)))[0]
    assert finding.answer is Answer.UNCLEAR


@pytest.mark.parametrize("kind", ["grey", "sepia"])
def test_without_its_own_colours_a_picture_gets_unable(kind):
    grey = cv2.cvtColor(shown("az"), cv2.COLOR_RGB2GRAY).astype(np.float32)
    toned = grey[..., None] * ((1, 1, 1) if kind == "grey" else (1.07, 0.88, 0.66))
    finding = ask(np.clip(toned, 0, 255).astype(np.uint8))[0]
    assert finding.answer is Answer.UNABLE
    assert "colour" in finding.because


def test_a_tiny_picture_gets_unable():
    assert ask(shown("az")[90:120, 180:220])[0].answer is Answer.UNABLE


def test_every_finding_says_that_a_flag_can_be_moved():
    for finding in ask(shown("az")):
        assert finding.portability is Portability.PORTABLE
        assert "can be moved" in finding.limits


def test_a_flag_of_the_shelf_is_found_without_code(tmp_path):
    drawing = np.empty((120, 180, 3), np.uint8)
    drawing[:40], drawing[40:80], drawing[80:] = (250, 140, 0), (90, 20, 140), (0, 160, 90)
    finding = ask(hang(room(), drawing, box(180, 90, 168, 96)), on_shelf(tmp_path, drawing))[0]
    assert finding.answer is Answer.YES
    assert codes(finding)[0] == "Ministry of Weather"
    assert finding.against is not None


def test_a_reference_that_cannot_serve_is_left_out_with_a_sentence(tmp_path):
    small = on_shelf(tmp_path, design("az").drawing[:40, :60], "Small")
    photograph = on_shelf(
        tmp_path, np.random.default_rng(1).integers(0, 255, (200, 300, 3)).astype(np.uint8) // 12 * 3, "Photo"
    )
    for known, word in ((small, "pixels"), (photograph, "photograph")):
        last = ask(room(), known)[-1]
        assert last.answer is Answer.UNABLE
        assert word in last.because
