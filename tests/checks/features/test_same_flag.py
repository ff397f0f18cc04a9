"""One cloth or two of one design? Stained and wrinkled cloth drawn from a seed."""

import numpy as np

from tests.matching.flags.cloth import box, design, hang, jpeg, room
from verify.checks.features.same_flag import same_flag
from verify.image import Image
from verify.model import Answer


def worn(code, seed):
    """A design with its own stains, large and small."""
    import cv2

    rng = np.random.default_rng(seed)
    cloth = cv2.resize(design(code).drawing, None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    shade = np.ones(cloth.shape[:2], np.float32)
    for _ in range(90):
        at = tuple(int(v) for v in rng.random(2) * cloth.shape[1::-1])
        cv2.ellipse(
            shade,
            at,
            tuple(int(v) for v in rng.integers(3, 14, 2)),
            int(rng.integers(180)),
            0,
            360,
            float(rng.uniform(0.6, 0.85)),
            -1,
        )
    return np.clip(cloth * cv2.GaussianBlur(shade, (0, 0), 1.2)[..., None], 0, 255).astype(np.uint8)


def view(cloth, corners, light=(1, 1, 1), seed=0):
    return Image(jpeg(hang(room(640, 480, seed), cloth, corners, light), 92), f"view-{seed}.jpg")


def ask(one, other):
    return next(iter(same_flag(one, other)))


def test_the_same_stained_cloth_in_two_rooms_is_one_object():
    cloth = worn("az", 1)
    finding = ask(view(cloth, box(120, 90, 330, 190)), view(cloth, box(200, 150, 300, 180, 0.1), (1, 0.9, 0.75), 7))
    assert finding.answer is Answer.YES
    assert finding.pairs
    assert "can be moved" in finding.limits


def test_two_cloths_of_one_design_are_not_called_one():
    finding = ask(view(worn("az", 1), box(120, 90, 330, 190)), view(worn("az", 2), box(200, 150, 300, 180), seed=7))
    assert finding.answer is Answer.UNCLEAR
    assert finding.level == "design"


def test_two_clean_cloths_of_one_design_are_not_called_one():
    clean = design("az").drawing
    finding = ask(view(clean, box(120, 90, 330, 190)), view(clean, box(200, 150, 300, 180), seed=7))
    assert finding.answer is Answer.UNCLEAR


def test_different_designs_get_no():
    finding = ask(
        view(design("az").drawing, box(120, 90, 330, 190)), view(design("ga").drawing, box(200, 150, 300, 180), seed=7)
    )
    assert finding.answer is Answer.NO


def test_without_a_flag_in_one_of_them_there_is_nothing_to_compare():
    finding = ask(view(design("az").drawing, box(120, 90, 330, 190)), Image(jpeg(room()), "empty.jpg"))
    assert finding.answer is Answer.UNABLE
    assert "empty.jpg" in finding.because
