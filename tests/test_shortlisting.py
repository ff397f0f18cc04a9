import cv2
import numpy as np
import pytest

from tests.drawn import encode
from verify import asking
from verify.guard import Guard
from verify.kept import Kept
from verify.model import Answer

REFERENCES = 43


def wall(seed):
    """A small wall with marks of its own [H x W x 3]."""
    rng = np.random.default_rng(seed)
    rgb = np.full((200, 260, 3), 180, np.uint8)
    for _ in range(130):
        x, y = (int(value) for value in rng.integers(0, 250, 2))
        far = (x + int(rng.integers(3, 20)), y + int(rng.integers(3, 20)))
        cv2.rectangle(rgb, (x, y), far, [int(value) for value in rng.integers(20, 250, 3)], -1)
    return rgb


def neighbour(rgb, seed):
    """A view in which one half of a wall, from aside, stands before another wall."""
    corners = np.float32([[130, 0], [260, 0], [260, 200], [130, 200]])
    moved = np.float32([[20, 50], [140, 8], [140, 196], [20, 158]])
    turn = cv2.getPerspectiveTransform(corners, moved)
    half = np.zeros(rgb.shape, np.uint8)
    half[:, 130:] = 255
    seen, mask = (cv2.warpPerspective(layer, turn, (260, 200)) for layer in (rgb, half))
    view = np.where(mask > 128, seen, wall(seed)) * 0.8
    return np.clip(view + np.random.default_rng(5).normal(0, 3, view.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A picture, more references than are compared in full, and the place of the one that shows the same wall."""
    folder = tmp_path_factory.mktemp("many")
    pictures = {f"r{seed:02}.png": wall(seed) for seed in range(REFERENCES)} | {"picture.png": neighbour(wall(31), 99)}
    for name, rgb in pictures.items():
        (folder / name).write_bytes(encode(rgb, "PNG"))
    others = [asking.source(folder / f"r{seed:02}.png") for seed in range(REFERENCES)]
    return asking.source(folder / "picture.png"), others, 31


@pytest.fixture(scope="module")
def asked(many, tmp_path_factory):
    picture, others, _ = many
    kept = Kept(tmp_path_factory.mktemp("kept"), (other.digest for other in others))
    with Guard() as guard:
        return asking.ask(guard, "room", picture, others=others, kept=kept), kept


def test_of_very_many_references_the_likeliest_are_compared_and_the_answer_says_so(many, asked):
    _, others, place = many
    best = asked[0].findings[0]
    assert best.answer is Answer.YES
    assert best.against == others[place].against
    assert best.because.startswith("Best of 40 compared in full, chosen of 43 by a vote of their features")
    assert (best.measured["compared"], best.measured["compared_in_full"]) == (43, 40)


def test_the_chance_is_that_of_all_references_not_of_those_compared(asked):
    measured = asked[0].findings[0].measured
    assert measured["log10_nfa_of_all"] == pytest.approx(measured["log10_nfa_of_spots"] + np.log10(43), abs=0.01)


def test_a_reference_that_was_not_compared_is_on_the_record_with_its_place_in_the_vote(asked):
    passed = [finding for finding in asked[0].findings[1:] if "shortlist_rank" in finding.measured]
    assert sorted(finding.measured["shortlist_rank"] for finding in passed) == [41, 42, 43]
    assert all(finding.answer is Answer.UNCLEAR and finding.score is None for finding in passed)
    assert len(asked[0].findings) == 1 + REFERENCES


def test_features_of_references_are_kept_and_another_process_finds_the_same(many, asked):
    picture, others, place = many
    first, kept = asked
    assert kept.read(others[place].digest)
    with Guard() as guard:
        again = asking.ask(guard, "room", picture, others=others, kept=kept)
    assert again.findings == first.findings


def test_features_of_the_evidence_are_not_kept(many, asked):
    assert asked[1].read(many[0].digest) == {}


def test_what_is_kept_may_be_damaged_or_missing(many, asked):
    picture, others, place = many
    kept = asked[1]
    next(kept.folder.glob(f"*/{others[place].digest}.npz")).write_bytes(b"damaged")
    with Guard() as guard:
        found = asking.pairs(guard, "room", picture, [others[place]], kept=kept)
    assert found[0].answer is Answer.YES
