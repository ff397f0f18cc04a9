"""The closer look: one exposure keeps its blocks in place, another lens and another picture do not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.archive import edits
from tests.drawn import encode, scene
from verify import image
from verify.archive import closer, compare, features, judging, sign
from verify.archive.describe import describe
from verify.archive.judging import BLOCKS, DIFFERING, DISPLACED
from verify.archive.overlay import by_features
from verify.errors import Refused
from verify.model import Answer

PICTURE = scene(200)


def work(pixels, quality=90):
    return features.work_image(image.decode(encode(pixels, quality=quality), gray=True))


def through_a_lens(picture, pixels):
    """Everything moved by up to so many pixels, neighbours alike, as a lens bends a picture."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    down = pixels * np.sin(2 * np.pi * x / width * 1.5)
    right = pixels * np.cos(2 * np.pi * y / height * 1.5)
    return cv2.remap(picture, x + right, y + down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize("quality", [10, 40, 90])
def test_one_exposure_stays_in_place_however_it_was_compressed(quality):
    found = closer.look(work(PICTURE), work(PICTURE, quality), np.eye(3))
    assert found.blocks > BLOCKS
    assert found.displaced < DISPLACED
    assert found.differing < DIFFERING


def test_an_alignment_that_is_off_a_little_is_mended():
    slightly_off = np.array([[1.002, 0, 0.5], [0.001, 1.001, -0.4], [0, 0, 1]])
    assert closer.look(work(PICTURE), work(PICTURE, 60), slightly_off).displaced < DISPLACED


def test_what_a_lens_bends_is_displaced_together():
    found = closer.look(work(PICTURE), work(through_a_lens(PICTURE, 0.6)), np.eye(3))
    assert found.differing < DIFFERING  # all of it is there
    assert DISPLACED < found.displaced < 0.6


def test_another_picture_has_no_equal_blocks():
    found = closer.look(work(PICTURE), work(scene(201)), np.eye(3))
    assert found is None or found.differing > 0.8


@pytest.mark.parametrize(("other", "answer"), [(PICTURE, Answer.YES), (through_a_lens(PICTURE, 0.6), Answer.UNCLEAR)])
def test_bent_matches_are_cleared_or_not_by_the_closer_look(other, answer):
    """Under the same bend of the matches the blocks decide."""
    a, b = sign(encode(PICTURE)), sign(encode(other, quality=60))
    overlay = by_features(a, b, mirrored=False)
    said = judging.verdict(a, b, replace(overlay, bend=0.2), describe(overlay.matrix, a.full, b.full))
    assert said.answer is answer, said.because
    assert (said.closer.displaced > DISPLACED) == (answer is Answer.UNCLEAR)


def test_bent_matches_with_too_few_blocks_stay_unclear():
    a, b = sign(encode(PICTURE)), sign(encode(edits.crop(PICTURE, 0.08), quality=60))
    overlay = by_features(a, b, mirrored=False)
    said = judging.verdict(a, b, replace(overlay, bend=0.2), describe(overlay.matrix, a.full, b.full))
    assert said.answer is Answer.UNCLEAR
    assert "too little is left for a closer look" in said.because


def test_much_pressing_in_one_frame_is_told_from_two_in_one_frame():
    """The thumbnails agree in too little; the blocks say whether it is noise or another picture."""
    a, b = sign(encode(PICTURE)), sign(encode(PICTURE, quality=40))
    overlay = by_features(a, b, mirrored=False)
    blurred = replace(overlay.agreement, agreeing=0.6, kept_a=0.8, kept_b=0.8, likeness=0.85, sharp=0.8)
    found = describe(overlay.matrix, a.full, b.full)
    assert judging.verdict(a, b, replace(overlay, agreement=blurred), found).answer is Answer.YES
    covered = PICTURE.copy()
    covered[100:400, 100:500] = scene(201)[100:400, 100:500]
    c = sign(encode(covered))
    overlay = by_features(a, c, mirrored=False)
    said = judging.verdict(a, c, replace(overlay, agreement=blurred), describe(overlay.matrix, a.full, c.full))
    assert said.answer is Answer.UNCLEAR
    assert said.because.startswith("Frame lies on frame")


def test_what_is_seen_at_an_angle_needs_a_closer_look_though_its_matches_do_not_bend():
    """As a photograph of a screen is a copy, and the same place from another standpoint is none."""
    height, width = PICTURE.shape[:2]
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    moved = np.float32([[30, 20], [width - 90, 60], [width - 60, height - 80], [10, height - 10]])
    tilt = cv2.getPerspectiveTransform(corners, moved)
    a, answers = sign(encode(PICTURE)), {}
    for bent in (0.0, 0.6):
        b = sign(encode(cv2.warpPerspective(through_a_lens(PICTURE, bent), tilt, (width, height))))
        overlay = replace(by_features(a, b, mirrored=False), bend=0.0)
        found = describe(overlay.matrix, a.full, b.full)
        assert found.tilted
        answers[bent] = judging.verdict(a, b, overlay, found)
    assert answers[0.0].answer is Answer.YES
    assert answers[0.6].answer is Answer.UNCLEAR
    assert "displaced together" in answers[0.6].because


def test_the_work_image_comes_back_as_it_was():
    signed = sign(encode(PICTURE))
    decoded = image.decode(encode(PICTURE), min_side=500, gray=True)
    assert np.array_equal(signed.work_image(), features.work_image(decoded))


@pytest.mark.parametrize("kept", [b"", b"no such data", b"\x78\x01\x03\x00\x00\x00\x00\x01"])
def test_a_damaged_work_image_is_refused(kept):
    with pytest.raises(Refused, match="missing or damaged"):
        replace(sign(encode(PICTURE)), deflated=np.frombuffer(kept, np.uint8)).work_image()


def leaves(seed):
    """Soft texture everywhere, as foliage out of focus."""
    rng = np.random.default_rng(seed)
    made = sum(cv2.GaussianBlur(rng.normal(0, 1, (480, 640)), (0, 0), size) * size for size in (3, 6, 12))
    return np.dstack([np.clip(127 + 16 * made / made.std(), 0, 255).astype(np.uint8)] * 3)


def cut_out(seed, inside, outside, mask):
    """What the mask holds from one picture on a ground of its own."""
    grain = np.random.default_rng(seed).normal(0, 3, inside.shape)
    return np.where(mask[..., None], inside, np.clip(outside + grain, 0, 255).astype(np.uint8))


def test_a_photographic_part_on_another_ground_is_named_with_its_share():
    inside = leaves(210)
    mask = cv2.ellipse(np.zeros((480, 640), np.uint8), (320, 240), (230, 200), 0, 0, 360, 1, -1) > 0
    one = cut_out(1, inside, leaves(211), mask)
    other = cut_out(2, inside, leaves(212), mask)
    found = compare(sign(encode(one)), sign(encode(other, quality=70))).finding
    assert found.answer is Answer.YES, found.because
    assert "poster or screen" in found.because
    assert found.measured["photographic_part"] == pytest.approx(mask.mean(), abs=0.15)


def test_a_small_part_on_another_ground_is_not_named():
    inside = leaves(210)
    mask = cv2.ellipse(np.zeros((480, 640), np.uint8), (320, 240), (130, 110), 0, 0, 360, 1, -1) > 0
    one, other = (cut_out(n, inside, leaves(210 + n), mask) for n in (1, 2))
    assert compare(sign(encode(one)), sign(encode(other, quality=70))).finding.answer is not Answer.YES
