"""The finer nets: layers against OpenCV's filters, and that each knows a drawing where it was hung."""

import cv2
import numpy as np
import pytest

from tests.matching.flags.cloth import box, design, hang, room
from verify.matching.flags import finer, glance


@pytest.mark.parametrize("strip", [1, 40, 400, finer.STRIP])
def test_a_convolution_in_strips_is_a_filter(monkeypatch, strip):
    monkeypatch.setattr(finer, "STRIP", strip)
    rng = np.random.default_rng(3)
    level, kernels = rng.random((3, 9, 12, 2), np.float32), rng.random((3, 3, 2, 5), np.float32)
    ours = finer.convolved(level, kernels.reshape(-1, 5))
    for one, seen in zip(level, ours, strict=True):
        for number in range(5):
            filtered = sum(cv2.filter2D(one[:, :, c], -1, kernels[:, :, c, number]) for c in range(2))
            assert np.allclose(seen[..., number], filtered[1:-1, 1:-1], atol=1e-4)


def test_an_odd_last_row_stands_alone_when_a_level_is_halved():
    level = np.arange(15, dtype=np.float32).reshape(1, 3, 5, 1)
    assert finer._halved(level)[0, :, :, 0].tolist() == [[6, 8, 9], [11, 13, 14]]


@pytest.mark.parametrize("net", finer.nets(), ids=["everyday", "earlier", "draped"])
def test_a_drawing_is_known_in_a_window_about_it_and_not_in_one_beside(net):
    picture = hang(room(), design("br").drawing, box(180, 90, 168, 96, 0.1))
    windows = [glance.window(picture, np.array(at, np.float32), np.array((208, 156), np.float32), finer.CELLS)
               for at in ((160, 68), (20, 200))]  # fmt: skip
    logits, _ = net.judged(np.stack(windows))
    assert net.codes[int(logits[0].argmax())] == "br"
    assert int(logits[1].argmax()) == len(net.codes) + 1  # none


def test_windows_are_judged_alike_however_many_come_at_once(monkeypatch):
    net, windows = finer.nets()[0], np.random.default_rng(4).random((7, 72, 96, 3), np.float32)
    alone = [np.concatenate(parts) for parts in zip(*(net.judged(window[None]) for window in windows), strict=True)]
    monkeypatch.setattr(finer, "TOGETHER", 3)
    assert all(np.allclose(one, other, atol=1e-3) for one, other in zip(alone, net.judged(windows), strict=True))


def test_the_first_net_tells_where_corners_are():
    corners = box(180, 90, 168, 96, 0.1)
    picture = hang(room(), design("br").drawing, corners)
    at, extent = np.array((160, 68), np.float32), np.array((208, 156), np.float32)
    _, ends = finer.nets()[0].judged(glance.window(picture, at, extent, finer.CELLS)[None])
    off = ends[0] * extent + at - np.array(corners)
    assert np.abs(off).max() < 30  # it errs by a fifteenth of a window, about


def test_patches_hold_each_cell_once():
    window = np.arange(2 * 8 * 12 * 3, dtype=np.float32).reshape(2, 8, 12, 3)
    patches = finer._patches(window)
    assert patches.shape == (2, 2, 3, finer.PATCH**2 * 3)
    assert np.array_equal(patches[1, 1, 2], window[1, 4:, 8:].reshape(-1))
