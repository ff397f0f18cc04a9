import cv2
import numpy as np
import pytest

from tests.matching import drawn_emblems
from verify.checks.features.emblem import emblem
from verify.image import Image
from verify.model import Answer, Finding, Portability


def image(pixels: np.ndarray, name: str = "scene.png") -> Image:
    return Image(drawn_emblems.png(pixels), name)


def ask(picture: Image, reference: Image) -> Finding:
    (finding,) = emblem(picture, reference)
    return finding


@pytest.fixture(scope="module")
def hung():
    """A drawn room with a crest of 110 px in it, where it hangs, and the drawing of the crest."""
    drawing = drawn_emblems.emblem(2, "crest")
    scene, corners = drawn_emblems.hung(drawn_emblems.room(3), drawing, 110, "print", np.random.default_rng(1))
    return image(scene), corners, image(drawing, "crest.png")


def test_a_crest_on_the_wall_is_found_where_it_hangs(hung):
    picture, corners, reference = hung
    finding = ask(picture, reference)
    assert finding.answer is Answer.YES
    assert finding.level == "same design"
    assert finding.portability is Portability.PORTABLE
    found = np.array(finding.regions[0].polygon)
    assert np.hypot(*(found - corners).T).max() < 8
    for pair in finding.pairs:
        onto = cv2.getPerspectiveTransform(
            np.float32([[0, 0], [reference.size[0], 0], reference.size, [0, reference.size[1]]]), np.float32(corners)
        )
        there = cv2.perspectiveTransform(np.float32([[pair.b]]), onto)[0, 0]
        assert np.hypot(*(there - pair.a)) < 8


def test_another_crest_is_not_found_and_that_is_no_absence(hung):
    finding = ask(hung[0], image(drawn_emblems.emblem(7, "crest"), "other.png"))
    assert finding.answer is Answer.UNCLEAR
    assert finding.level != "same design"


@pytest.mark.parametrize("look", drawn_emblems.LOOKS)
def test_print_patch_and_relief_are_found(look):
    drawing = drawn_emblems.emblem(13, "crest")
    scene, _ = drawn_emblems.hung(drawn_emblems.room(5), drawing, 150, look, np.random.default_rng(4))
    assert ask(image(scene), image(drawing, "crest.png")).answer is Answer.YES


def test_below_45_pixels_it_says_no_more_than_consistent():
    drawing = drawn_emblems.emblem(2, "crest")
    scene, _ = drawn_emblems.hung(drawn_emblems.room(3), drawing, 40, "print", np.random.default_rng(1))
    finding = ask(image(scene), image(drawing, "crest.png"))
    assert finding.answer is Answer.UNCLEAR
    assert finding.level == "shape and colours consistent"


def test_a_room_without_the_emblem_is_unclear():
    finding = ask(image(drawn_emblems.room(8)), image(drawn_emblems.emblem(2, "crest"), "crest.png"))
    assert finding.answer is Answer.UNCLEAR
    assert "no absence" in finding.because


def test_the_same_input_gives_the_same_numbers(hung):
    picture, _, reference = hung
    again = ask(Image(picture.data, picture.name), Image(reference.data, reference.name))
    assert again == ask(picture, reference)


def test_a_photograph_of_the_emblem_serves_as_reference():
    drawing = drawn_emblems.emblem(7, "crest")
    scene, _ = drawn_emblems.hung(drawn_emblems.room(3), drawing, 120, "print", np.random.default_rng(1))
    other, corners = drawn_emblems.hung(drawn_emblems.room(9), drawing, 160, "print", np.random.default_rng(2))
    (x0, y0), (x1, y1) = corners.min(axis=0).astype(int), corners.max(axis=0).astype(int)
    assert ask(image(scene), image(other[y0:y1, x0:x1], "crop.png")).answer is Answer.YES


def unable(picture: Image, reference: Image) -> str:
    finding = ask(picture, reference)
    assert finding.answer is Answer.UNABLE
    return finding.because


def test_a_reference_below_32_pixels_is_refused(hung):
    assert "expected at least 32" in unable(
        hung[0], image(np.asarray(hung[1].astype(np.uint8))[None].repeat(31, 0), "dot.png")
    )


@pytest.mark.parametrize("channels", [3, 4])
def test_a_uniform_reference_is_refused(hung, channels):
    assert "uniform" in unable(hung[0], image(np.full((80, 80, channels), 255, np.uint8), "white.png"))


def test_a_reference_larger_than_the_picture_is_refused(hung):
    large = cv2.resize(drawn_emblems.emblem(7, "crest"), (900, 900))
    assert "larger than the picture" in unable(hung[0], image(large, "large.png"))


def test_the_picture_itself_is_no_reference(hung):
    assert "itself" in unable(hung[0], Image(hung[0].data, "copy.png"))


@pytest.mark.parametrize("quality", [0, 85])
def test_a_cut_out_of_the_picture_is_no_reference(hung, quality):
    picture, corners, _ = hung
    (x0, y0), (x1, y1) = corners.min(axis=0).astype(int) - 10, corners.max(axis=0).astype(int) + 10
    crop = picture.pixels[y0:y1, x0:x1]
    if quality:
        crop = cv2.imdecode(cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    assert "cut out" in unable(picture, image(np.ascontiguousarray(crop), "crop.png"))
