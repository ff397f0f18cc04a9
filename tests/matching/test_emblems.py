import cv2
import numpy as np
import pytest

from tests.drawn import scene
from tests.matching import drawn_emblems
from verify.errors import Refused
from verify.image import Image
from verify.matching.emblems import (
    YES,
    fit,
    is_cut_out,
    keypoints,
    known_by,
    likeness,
    score,
    sightings,
    templates,
)
from verify.matching.emblems.gradients import cells, edges
from verify.matching.emblems.reference import reference_of
from verify.matching.emblems.sighting import objections
from verify.matching.features import extract


def image(pixels: np.ndarray, name: str = "it.png") -> Image:
    return Image(drawn_emblems.png(pixels), name)


def disc(inside: tuple[int, int, int], outside: tuple[int, int, int]) -> np.ndarray:
    canvas = np.full((64, 64, 3), outside, np.uint8)
    cv2.circle(canvas, (32, 32), 18, inside, -1)
    return canvas.astype(np.float32)


def alike(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


@pytest.mark.parametrize("other", [disc((0, 0, 0), (255, 255, 255)), disc((200, 60, 60), (60, 132, 60))])
def test_edges_do_not_depend_on_which_side_is_bright_nor_on_which_channel_has_them(other):
    assert alike(edges(disc((255, 255, 255), (0, 0, 0))), edges(other)) > 0.9


def test_edges_of_other_directions_disagree():
    stripes = np.zeros((64, 64, 3), np.float32)
    stripes[:, ::16] = 255
    along, across = (fit.blurred(edges(lines), 3.0) for lines in (stripes, stripes.transpose(1, 0, 2)))
    assert alike(along, across) < -0.2


def test_cells_pool_four_pixels():
    assert cells(np.zeros((35, 50, 3), np.float32)).shape == (8, 12, 6)


def test_transparent_ground_is_no_emblem_and_plain_paper_neither():
    drawing = drawn_emblems.emblem(2, "crest")
    opaque = drawing[..., 3:] > 128
    on_paper = np.where(opaque, drawing[..., :3], 250)
    padded = cv2.copyMakeBorder(on_paper.astype(np.uint8), 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=(250, 250, 250))
    for pixels in (drawing, padded):
        prepared = reference_of(image(pixels))
        assert prepared["mask"].mean() == pytest.approx(opaque.mean(), abs=0.12)
    assert reference_of(image(padded))["corner"].min() > 25


def test_a_photograph_is_emblem_throughout():
    assert reference_of(image(scene(1)[100:200, 100:260]))["mask"].all()


def test_a_drawing_cut_close_to_its_outline_gets_ground_all_round():
    drawing = drawn_emblems.emblem(2, "crest")
    loose = cv2.copyMakeBorder(drawing, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    close, far = (reference_of(image(pixels)) for pixels in (drawing, loose))
    assert not np.concatenate([close["mask"][[0, -1]].ravel(), close["mask"][:, [0, -1]].ravel()]).any()
    assert (close["corner"] < 0).all()
    assert np.array_equal(close["mask"], far["mask"])
    assert np.array_equal(close["corner"] + 40, far["corner"])


def test_a_square_plate_has_an_outline_that_is_seen_where_it_hangs():
    plate = np.zeros((240, 240, 4), np.uint8)
    cv2.rectangle(plate, (1, 1), (238, 238), (30, 90, 160, 255), -1)
    cv2.circle(plate, (120, 120), 70, (240, 200, 40, 255), -1)
    pixels, _ = drawn_emblems.hung(drawn_emblems.room(3), plate, 96, "metal", np.random.default_rng(1))
    best = max(sightings(image(pixels), image(plate)), key=score)
    assert best.fit.outlined
    assert best.fit.edges_rim > 0.8


def test_a_large_reference_is_shrunk():
    prepared = reference_of(image(drawn_emblems.room(1, 1000, 800)))
    assert max(prepared["mask"].shape) == 320
    assert prepared["scale"] == pytest.approx([0.32, 0.32])


@pytest.mark.parametrize("pixels", [np.full((60, 60, 3), 90, np.uint8), np.full((60, 60, 4), 0, np.uint8)])
def test_a_uniform_reference_is_refused(pixels):
    with pytest.raises(Refused, match="uniform"):
        reference_of(image(pixels))


@pytest.fixture(scope="module")
def hung():
    drawing = drawn_emblems.emblem(2, "crest")
    pixels, corners = drawn_emblems.hung(drawn_emblems.room(3), drawing, 120, "print", np.random.default_rng(1))
    return image(pixels), corners, image(drawing)


def middle(pose: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return fit.through(pose, np.array([[shape[1] / 2, shape[0] / 2]]))[0]


def test_features_agree_on_where_it_hangs(hung):
    picture, corners, reference = hung
    prepared = reference_of(reference)
    views = keypoints.views_of(reference, prepared)
    best = keypoints.search(keypoints.scene_of(picture), views, max(prepared["mask"].shape), 640 * 480)[0]
    assert best.log10_nfa < -10
    assert np.hypot(*(middle(fit.square(best.affine), prepared["mask"].shape) - corners.mean(axis=0))) < 6


def test_the_whole_shape_is_found_where_it_hangs(hung):
    picture, corners, reference = hung
    prepared = reference_of(reference)
    z, pose = templates.search(picture, reference, prepared)[0]
    assert z > 8
    assert np.hypot(*(middle(pose, prepared["mask"].shape) - corners.mean(axis=0))) < 20


def test_alignment_brings_a_rough_guess_home(hung):
    picture, corners, reference = hung
    prepared = reference_of(reference)
    height, width = prepared["mask"].shape
    square = np.float32([[0, 0], [width, 0], [0, height]])
    rough = cv2.getAffineTransform(square, np.float32(corners[[0, 1, 3]]) + np.float32([[5, -4], [2, 5], [6, 3]]))
    seen = likeness.fitted(fit.pyramid_of(picture), fit.sheet_of(prepared), fit.square(rough))
    assert seen.edges > 0.8
    assert np.hypot(*(np.array(seen.outline) - corners).T).max() < 6


def test_colours_agree_under_another_light_and_disagree_when_exchanged(hung):
    picture, _, reference = hung
    best = max(sightings(picture, reference), key=score)
    warm = image(np.clip(picture.pixels * [1.0, 0.85, 0.6], 0, 255).astype(np.uint8))
    exchanged = image(picture.pixels[..., [2, 0, 1]])
    sheet = fit.sheet_of(reference_of(reference))
    colours = {}
    for name, other in (("warm", warm), ("exchanged", exchanged)):
        colours[name] = likeness.fitted(fit.pyramid_of(other), sheet, best.fit.pose).colour
    assert best.fit.colour is not None
    assert colours["warm"] > 0.8
    assert colours["exchanged"] < 0.5


def test_a_cut_out_is_known_by_its_grain_and_another_photograph_is_not_one(hung):
    picture, corners, _ = hung
    (x0, y0), (x1, y1) = corners.min(axis=0).astype(int), corners.max(axis=0).astype(int)
    shift = np.array([[1.0, 0, x0], [0, 1, y0], [0, 0, 1]])
    assert is_cut_out(picture, image(np.ascontiguousarray(picture.pixels[y0:y1, x0:x1])), shift)
    again = drawn_emblems.hung(
        drawn_emblems.room(3), drawn_emblems.emblem(2, "crest"), 120, "print", np.random.default_rng(1)
    )
    rng = np.random.default_rng(9)
    other = np.clip(cv2.GaussianBlur(again[0], (0, 0), 0.8) + rng.normal(0, 3, again[0].shape), 0, 255).astype(np.uint8)
    assert not is_cut_out(picture, image(np.ascontiguousarray(other[y0:y1, x0:x1])), shift)


def test_the_best_place_scores_above_every_place_of_another_emblem(hung):
    picture, _, reference = hung
    own = max(score(sighting) for sighting in sightings(picture, reference))
    others = [score(s) for n in (7, 13, 17) for s in sightings(picture, image(drawn_emblems.emblem(n, "crest")))]
    assert own > 4
    assert max(others) < 1


def test_the_outline_follows_the_perspective_that_an_affine_map_misses():
    drawing = drawn_emblems.emblem(2, "crest")
    square = np.float32([[0, 0], [drawing.shape[1], 0], drawing.shape[1::-1], [0, drawing.shape[0]]])
    corners = np.float32([[200, 100], [420, 122], [420, 338], [200, 360]])
    onto = cv2.getPerspectiveTransform(square, corners)
    seen = cv2.warpPerspective(drawing, onto, (640, 480))
    where = seen[..., 3:] > 128
    picture = image(np.where(where, seen[..., :3], drawn_emblems.room(3)))
    best = max(sightings(picture, image(drawing)), key=score)
    assert np.abs(np.array(best.fit.outline) - corners).max() < 5
    affine = fit.affinity(best.fit.pose, drawing.shape[1::-1])
    assert np.abs(square @ affine[:, :2].T + affine[:, 2] - corners).max() > 10


def relief_of(seed: int, light: float, size: int = 96) -> tuple[Image, Image]:
    """A crest in bare metal, lit from `light` (radians), and its drawing."""
    drawing = drawn_emblems.emblem(seed, "crest")
    luma = cv2.GaussianBlur(drawing[..., :3].astype(np.float32).mean(axis=2), (0, 0), 1.5)
    slope = cv2.Sobel(luma, cv2.CV_32F, 1, 0) * np.cos(light) + cv2.Sobel(luma, cv2.CV_32F, 0, 1) * np.sin(light)
    shaded = 120 * (1 + 0.4 * np.tanh(slope / 20))
    canvas = drawn_emblems.room(3).astype(np.float32)
    small = cv2.resize(np.dstack([shaded] * 3 + [drawing[..., 3]]), (size, size), interpolation=cv2.INTER_AREA)
    opaque = small[..., 3:] / 255
    place = canvas[200 : 200 + size, 300 : 300 + size]
    place[:] = place * (1 - opaque) + small[..., :3] * opaque
    return image(canvas.clip(0, 255).astype(np.uint8)), image(drawing)


@pytest.mark.parametrize("light", [0.3, 1.9, 3.5, 5.1])
def test_a_relief_is_known_by_its_slopes_whatever_side_the_light_comes_from(light):
    best = max(sightings(*relief_of(13, light)), key=score)
    assert best.fit.relief_inside > 0.7
    assert score(best) > YES
    assert known_by(best) == "relief"


def test_the_weakest_part_of_a_relief_is_low_where_one_charge_is_another():
    picture, drawing = relief_of(13, 0.3, 140)
    changed = drawing.pixels.copy()
    cv2.circle(changed, (128, 90), 40, (250, 250, 250), -1)
    changed = np.dstack([changed, drawing.opacity])
    own, other = (
        max(sightings(picture, reference), key=lambda seen: seen.fit.edges_rim)
        for reference in (drawing, image(changed))
    )
    assert own.fit.relief_weakest > 0.5
    assert other.fit.relief_weakest < own.fit.relief_weakest - 0.2


def chevron(size: float, x: float, y: float) -> np.ndarray:
    drawing = np.zeros((256, 256, 4), np.uint8)
    cv2.rectangle(drawing, (4, 4), (251, 251), (245, 245, 245, 255), -1)
    charge = np.array([(-1, 1), (0, -1), (1, 1), (0.5, 1), (0, 0), (-0.5, 1)]) * size + (x, y)
    cv2.fillPoly(drawing, [np.rint(charge).astype(np.int32)], (20, 20, 160, 255))
    return drawing


def test_a_charge_elsewhere_in_the_outline_is_told_once_the_rim_is_laid_on():
    own, moved = chevron(55, 105, 160), chevron(66, 120, 138)
    scene, corners = drawn_emblems.hung(drawn_emblems.room(5), own, 48, "metal", np.random.default_rng(3))
    square = np.float32([[0, 0], [256, 0], [256, 256], [0, 256]])
    onto = cv2.getPerspectiveTransform(square, corners.astype(np.float32))
    charge_on_charge = np.array([[55 / 66, 0, 105 - 120 * 55 / 66], [0, 55 / 66, 160 - 138 * 55 / 66], [0, 0, 1]])
    pyramid, by_charge = fit.pyramid_of(image(scene)), onto @ charge_on_charge
    seen = {}
    for name, drawing, pose in (("own", own, onto), ("moved", moved, by_charge)):
        prepared = reference_of(image(drawing))
        cut = np.diag([*1 / prepared["scale"], 1.0])
        cut[:2, 2] = prepared["corner"]
        sheet = fit.sheet_of(prepared)
        seen[name] = likeness.measured(pyramid, sheet, pose @ cut)
        held = fit.held_by_rim(pyramid, sheet, pose @ cut) @ np.linalg.inv(cut)
        assert np.hypot(*(fit.through(held, square) - corners).T).max() < 4
    assert np.hypot(*(fit.through(by_charge, square) - corners).T).max() > 6
    assert seen["moved"].relief_inside > 0.5
    assert seen["own"].relief_weakest > 0.3 > seen["moved"].relief_weakest


def test_what_speaks_against_a_way_to_know_an_emblem():
    good = {"other colours": 0.0, "outlined": 1.0, "edges of the rim": 0.9, "relief weakest": 0.6, "pixels": 96.0}
    assert not objections(good)
    assert set(objections(good | {"other colours": 0.3})) == {"colours", "shape", "relief"}
    assert set(objections(good | {"edges of the rim": 0.5})) == {"colours", "shape", "relief"}
    assert not objections(good | {"edges of the rim": 0.77})
    assert set(objections(good | {"edges of the rim": 0.77, "pixels": 48.0})) == {"shape", "relief"}
    assert not objections(good | {"edges of the rim": 0.5, "outlined": 0.0})  # a crop of a photograph ends anywhere
    assert set(objections(good | {"relief weakest": 0.1})) == {"relief"}


def test_a_sister_of_one_outline_and_colours_is_not_taken_for_it():
    for look in drawn_emblems.LOOKS:
        drawing = drawn_emblems.emblem(13, "crest")
        scene, _ = drawn_emblems.hung(drawn_emblems.room(5), drawing, 96, look, np.random.default_rng(4))
        sister = image(drawn_emblems.emblem(14, "crest", sister=13))
        seen = sightings(image(scene), sister)
        assert max(sighting.fit.edges_rim for sighting in seen) > 0.6  # it is seen there, and
        assert max(score(sighting) for sighting in seen) < YES


def test_poses_that_are_one_are_kept_once():
    pose = np.array([[1.0, 0, 10], [0, 1, 10], [0, 0, 1]])
    close, turned = pose + np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]]), pose @ np.diag([0.5, 1, 1])
    kept = templates.apart([(3.0, pose), (2.0, close), (1.0, turned)], (60, 60), 5)
    assert [score for score, _ in kept] == [3.0, 1.0]


@pytest.mark.parametrize("blur", [0.0, 3.0])  # blurred, no point is of the doubled picture
def test_points_described_as_they_are_found_are_the_same(blur):
    gray = cv2.cvtColor(drawn_emblems.room(3), cv2.COLOR_RGB2GRAY)
    gray = cv2.GaussianBlur(gray, (0, 0), blur) if blur else gray
    apart, at_once = (extract(gray, 640, 60, 0.015, at_once=at_once) for at_once in (False, True))
    assert 0 < len(apart) <= 60
    assert np.array_equal(apart.points, at_once.points)
    assert np.array_equal(apart.descriptors, at_once.descriptors)
