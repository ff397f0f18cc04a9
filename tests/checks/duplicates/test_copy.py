"""The copy check: its own yes, no, unclear and unable, and the geometry that it names."""

import cv2
import numpy as np
import pytest

from tests.archive import edits
from tests.drawn import encode, scene
from verify.archive import Relation, compare, sign
from verify.checks.duplicates.copy import copy
from verify.errors import Unreadable
from verify.image import Image
from verify.model import Answer


def asked(one, other):
    (finding,) = copy(Image(encode(one), "one.jpg"), Image(encode(other, quality=70), "other.jpg"))
    return finding


PICTURE = scene(10)
EDITS = {
    "recompressed": lambda p: p,
    "half": lambda p: edits.crop(p, 0.5),
    "quarter": lambda p: edits.crop(p, 0.25),
    "mirrored": lambda p: np.ascontiguousarray(p[:, ::-1]),
    "upside down": lambda p: np.ascontiguousarray(p[::-1]),
    "quarter turn": lambda p: np.ascontiguousarray(np.rot90(p)),
    "turned by 25°": lambda p: edits.rotate(p, 25),
    "captioned": edits.caption,
    "screenshot": edits.frame,
    "watermarked": edits.watermark,
    "collage": lambda p: edits.collage([scene(11), p, scene(12), scene(13)]),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_copy_is_found(edit):
    found = asked(PICTURE, EDITS[edit](PICTURE))
    assert found.answer is Answer.YES, found.because
    assert found.pairs
    assert {region.of for region in found.regions} >= {"picture", "against"}


def test_unrelated_pictures_have_nothing_in_common():
    assert [asked(scene(20 + i), scene(30 + i)).answer for i in range(4)] == [Answer.NO] * 4


@pytest.mark.parametrize("overlay", [edits.watermark, edits.caption, edits.frame, edits.page])
def test_a_shared_overlay_is_no_copy(overlay):
    one, other = overlay(scene(40)), overlay(scene(41))
    found = compare(sign(encode(one)), sign(encode(other)))
    assert found.finding.answer is not Answer.YES, found.finding.because
    assert found.relation in {None, Relation.SHARES_OVERLAY}


def test_a_shared_caption_in_large_print_is_unclear():
    found = asked(edits.caption(scene(42)), edits.caption(scene(43)))
    assert found.answer is Answer.UNCLEAR, found.because
    assert "Only a part of what they show agrees" in found.because


def test_a_file_that_is_no_picture_is_unable():
    with pytest.raises(Unreadable, match=r"broken\.jpg"):
        list(copy(Image(b"\xff\xd8\xff", "broken.jpg"), Image(encode(PICTURE), "other.jpg")))


def test_the_mirror_and_the_share_kept_are_named():
    found = asked(PICTURE, np.ascontiguousarray(edits.crop(PICTURE, 0.5)[:, ::-1]))
    assert found.measured["mirrored"] is True
    assert found.measured["overlap_of_picture"] == pytest.approx(0.5, abs=0.02)
    assert found.measured["overlap_of_other"] == pytest.approx(1, abs=0.02)
    assert "mirrored" in found.because


def test_matched_points_lie_on_the_same_things():
    found = asked(PICTURE, np.ascontiguousarray(PICTURE[:, ::-1]))
    width = PICTURE.shape[1]
    off = [abs(width - 1 - pair.a[0] - pair.b[0]) + abs(pair.a[1] - pair.b[1]) for pair in found.pairs]
    assert np.median(off) < 1.5


def test_the_turn_is_measured():
    assert asked(PICTURE, edits.rotate(PICTURE, 25)).measured["rotation_degrees"] == pytest.approx(-25, abs=0.5)


def test_the_same_file_is_the_same_bytes():
    data = encode(PICTURE)
    assert compare(sign(data), sign(data)).relation is Relation.SAME_BYTES


def test_a_recompressed_copy_is_a_near_duplicate_and_a_crop_is_derived():
    original = sign(encode(PICTURE))
    assert compare(original, sign(encode(PICTURE, quality=40))).relation is Relation.NEAR_DUPLICATE
    assert compare(original, sign(encode(edits.crop(PICTURE)))).relation is Relation.DERIVED


def test_what_was_covered_is_pointed_at():
    covered = PICTURE.copy()
    covered[300:420, 400:560] = 20
    found = asked(PICTURE, covered)
    boxes = [np.array(region.polygon) for region in found.regions if region.label == "differs"]
    assert len(boxes) == 1
    assert boxes[0].mean(axis=0) == pytest.approx([480, 360], abs=20)


@pytest.mark.parametrize(
    ("edit", "earlier"),
    [
        (lambda p: edits.crop(p, 0.4), "picture"),
        (lambda p: np.ascontiguousarray(p[::2, ::2]), "picture"),
        (edits.caption, "picture"),
        (lambda p: p, "unclear"),
        (edits.watermark, "unclear"),
    ],
)
def test_the_likelier_earlier_one_is_named_with_reasons(edit, earlier):
    found = asked(PICTURE, edit(PICTURE))
    assert found.measured["likelier_earlier"] == earlier
    assert bool(found.measured["why_earlier"]) == (earlier != "unclear")
    turned = asked(edit(PICTURE), PICTURE).measured["likelier_earlier"]
    assert turned == {"picture": "other", "unclear": "unclear"}[earlier]


def test_two_collages_with_one_tile_in_common_are_unclear():
    one = edits.collage([scene(80), scene(81), scene(82), PICTURE])
    other = edits.collage([PICTURE, scene(83), scene(84), scene(85)])
    assert asked(one, other).answer is Answer.UNCLEAR


def test_another_photograph_of_the_same_place_is_no_copy():
    """Things at two depths, seen from two standpoints: no one homography fits both."""
    far, near = scene(86), scene(87)
    mask = np.zeros(far.shape[:2], bool)
    mask[::60, :] = mask[1::60, :] = True
    for y in range(20, 460, 90):
        for x in range(20, 600, 110):
            mask[y : y + 55, x : x + 70] = True

    def seen(shift):
        moved, where = np.roll(near, shift, axis=1), np.roll(mask, shift, axis=1)
        return np.where(where[..., None], moved, far)

    assert asked(seen(0), seen(14)).answer is not Answer.YES


def logo(ground, ink, seed, size=(420, 640)):
    """A flat design on a plain ground, under noise of its own as another camera or encoder leaves it."""
    picture = np.full((*size, 3), ground, np.uint8)
    for n, word in enumerate(("GLOBAL", "NEWS 24", "PRESS")):
        cv2.putText(picture, word, (60, 120 + 110 * n), cv2.FONT_HERSHEY_DUPLEX, 3, ink, 12)
    cv2.circle(picture, (540, 330), 60, ink, 14)
    noise = np.random.default_rng(seed).normal(0, 2, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def test_a_design_that_was_drawn_twice_is_no_copy():
    found = asked(logo(235, (30, 30, 160), 1), logo(220, (20, 20, 120), 2)[20:, 15:])
    assert found.answer is Answer.UNCLEAR, found.because
    assert found.level == "shares-overlay"
    assert "drawn or printed twice" in found.because


def test_a_photograph_with_the_design_in_it_still_is_a_copy():
    one = PICTURE.copy()
    one[60:200, 100:320] = cv2.resize(logo(235, (30, 30, 160), 1), (220, 140), interpolation=cv2.INTER_AREA)
    found = asked(one, edits.crop(one, 0.6))
    assert found.answer is Answer.YES, found.because
    assert found.level == "derived"


def through_a_lens(picture, strength):
    """Barrel distortion about the middle: what another lens on the same standpoint does to the view."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = (x - width / 2) / width, (y - height / 2) / width
    far = 1 + strength * (x * x + y * y)
    return cv2.remap(picture, x * far * width + width / 2, y * far * width + height / 2, cv2.INTER_LINEAR)


def test_one_standpoint_and_two_lenses_are_unclear():
    found = asked(PICTURE, through_a_lens(PICTURE, 0.05))
    assert found.answer is Answer.UNCLEAR, found.because
    assert "one exposure seen through another lens, or two of one scene" in found.because


def test_the_next_frame_of_a_film_is_no_copy():
    """The near half moves a pixel and a half against the far half: much less than an eye sees."""
    near, far = scene(90), scene(91)
    mask = np.zeros(far.shape[:2], bool)
    for x in range(0, 640, 128):
        mask[:, x : x + 64] = True

    def seen(shift):
        moved = cv2.warpAffine(near, np.array([[1, 0, shift], [0, 1, 0.0]]), (640, 480), borderMode=cv2.BORDER_REFLECT)
        return np.where(mask[..., None], moved, far)

    assert asked(seen(0), seen(0)).answer is Answer.YES
    found = asked(seen(0), seen(1.5))
    assert found.answer is Answer.UNCLEAR, found.because
    assert found.measured["bend_pixels"] > 0.15


def test_two_views_of_a_panorama_are_unclear():
    """A camera turned by 25°: one homography fits all, but each view shows more to its side."""
    wide = scene(90, 1400, 900)
    focal, size = 500.0, (640, 480)

    def view(degrees):
        turn = np.deg2rad(degrees)
        rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
        camera = np.array([[focal, 0, 320], [0, focal, 240], [0, 0, 1]])
        plane = np.array([[focal, 0, 700], [0, focal, 450], [0, 0, 1]])
        return cv2.warpPerspective(wide, camera @ rotation @ np.linalg.inv(plane), size)

    found = asked(view(-12), view(13))
    assert found.answer is Answer.UNCLEAR, found.because
    assert "with more around it in both" in found.because


def test_a_photograph_without_a_quiet_place_still_is_a_copy():
    """Leaves everywhere: strong edges alone, as in a design, but no ground of one tone."""
    leaves = cv2.GaussianBlur(np.random.default_rng(93).normal(0, 1, (480, 640)), (0, 0), 3)
    leaves = np.clip(127 + 60 * leaves / leaves.std(), 0, 255).astype(np.uint8)
    found = asked(np.dstack([leaves] * 3), edits.crop(np.dstack([leaves] * 3), 0.5))
    assert found.measured["agreeing_detail"] < 0.3
    assert found.answer is Answer.YES, found.because
