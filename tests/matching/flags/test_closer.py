"""Behaviour of the closer look: parts of flags lead to the whole, and a place counts once."""

import numpy as np

from tests.matching.flags.cloth import box, design, hang, room
from verify.matching.flags import closer, finer, glance


def place(corners, other=0.0):
    """A place as the first glance gives it."""
    return glance.Place(other - 1, other, np.zeros(3, np.float32), np.array(corners, np.float32))


def test_a_disc_taken_for_a_flag_leads_to_the_flag_that_bears_it():
    picture = hang(room(), design("jp").drawing, box(150, 90, 180, 120))
    disc = place(box(200, 110, 80, 80))
    best = max(closer.centred(picture, [disc], finer.nets()[0]), key=lambda seen: seen.other)
    assert (np.ptp(best.corners, axis=0) > (140, 110)).all()  # of 180 x 120; the disc is 80 x 80
    assert finer.nets()[0].codes[int(best.logs.argmax())] == "jp"


def test_places_of_one_extent_are_one_and_hopeless_ones_are_none():
    here, near, elsewhere = box(10, 10, 100, 60), box(14, 12, 100, 60), box(200, 10, 100, 60)
    kept = closer.hopeful([place(here, 1.0), place(near, 2.0), place(elsewhere, 0.5), place(box(0, 200, 50, 30), -5.0)])
    assert [each.other for each in kept] == [2.0, 0.5]


def test_large_windows_hold_every_place_of_the_picture():
    seen = np.zeros((200, 500), bool)
    for first, extent in closer.windows(np.zeros((200, 500, 3), np.uint8)):
        (left, top), (right, bottom) = first.clip(0), first + extent
        seen[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = True
    assert seen.all()


def test_a_wide_picture_is_seen_in_one_window():
    assert any(
        (first <= 0).all() and (first + extent >= (500, 200)).all()
        for first, extent in closer.windows(np.zeros((200, 500, 3), np.uint8))
    )


def test_corners_turn_with_the_picture_and_back():
    picture = np.zeros((40, 100, 3), np.uint8)
    picture[10, 70] = 255
    corners = np.array([(70.5, 10.5), (0, 0), (100, 40), (3, 5)], np.float32)
    for turn in closer.TURNS:
        there = closer._upright(corners, turn, (100, 40))
        assert np.rot90(picture, turn)[int(there[0, 1]), int(there[0, 0])].all()
        size = (100, 40) if turn % 2 == 0 else (40, 100)
        assert np.allclose(closer._upright(there, -turn % 4, size), corners)


def test_a_window_beyond_the_picture_continues_its_edge():
    picture = np.random.default_rng(2).integers(0, 255, (30, 40, 3)).astype(np.uint8)
    for first, extent in (((-7, 5), (20, 20)), ((30, 25), (20, 20)), ((-60, -60), (20, 20)), ((90, 10), (1, 1))):
        rows, columns = (np.clip(np.arange(start, start + max(size, 4)), 0, side - 1)
                         for start, size, side in zip(first[::-1], extent[::-1], (30, 40), strict=True))  # fmt: skip
        seen = glance.window(
            picture, np.array(first, np.float32), np.array(extent, np.float32), (len(columns), len(rows))
        )
        assert np.allclose(seen * 255, picture[rows][:, columns], atol=1e-3)
