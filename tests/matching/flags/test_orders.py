"""Order rivals: the same colours in another order."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from tests.matching.flags.cloth import design, hang, room
from tests.matching.flags.test_whole import CORNERS, place
from verify.matching.flags import cloth, laid, orders
from verify.matching.flags.designs import Bands, national
from verify.matching.flags.whole import _sighting, scale_of


def drawn(code):
    one = design(code)
    return orders.orders(one.bands, one.drawing.shape[:2])


def nearer(pixels, code, *, mirrored=False):
    return orders.nearer(cloth.Shrunken(pixels), np.array(CORNERS, np.float32), design(code), mirrored=mirrored)


def test_all_orders_of_a_designs_colours_are_drawn_its_own_first():
    assert [len(drawn(code)) for code in ("pl", "at", "ee", "mu")] == [2, 2, 6, 24]
    first, *others = (tuple(int(each[row, 5, 0]) for row in (10, 48, 86)) for each in drawn("ee"))
    assert first == pytest.approx(design("ee").drawing[[10, 48, 86], 5, 0].tolist(), abs=8)  # a soft edge is among it
    assert set(others) == set(permutations(first)) - {first}


@pytest.mark.parametrize("code", ["az", "ee", "it", "pl", "cr"])
def test_folded_bands_fit_in_their_own_order_and_bands_in_another_do_not(code):
    assert nearer(hang(room(), design(code).drawing, CORNERS, (1.15, 1.0, 0.8), 0.04), code) < 0
    for other in drawn(code)[1:]:
        assert nearer(hang(room(), other, CORNERS, (1.15, 1.0, 0.8), 0.04), code) > 0


def test_upright_bands_seen_from_behind_are_in_their_own_order():
    behind = np.ascontiguousarray(design("it").drawing[:, ::-1])
    assert nearer(hang(room(), behind, CORNERS), "it", mirrored=True) < 0
    assert nearer(hang(room(), behind, CORNERS), "it") > 0


@pytest.mark.parametrize("code", ["gb", "lr"])
def test_what_has_no_bands_or_thin_ones_has_no_rival(code):
    assert nearer(room(), code) == -np.inf


def test_orders_of_more_than_four_colours_are_not_tried():
    colours = tuple((shade / 5, 0.0, 0.0) for shade in range(5))
    assert orders.orders(Bands(colours[:4], (0.25,) * 4, upright=False), (96, 144))
    assert orders.orders(Bands(colours, (0.2,) * 5, upright=False), (96, 144)) == []


def test_bands_in_another_order_get_no_yes_however_sure_the_nets_are():
    number = next(n for n, each in enumerate(national()) if "ee" in each.codes)
    sure = replace(place((0, 0), (10, 10), 12.0, 12.0, 0), corners=np.array(CORNERS, np.float32))
    for order, reasons in ((0, []), (1, ["its colours fit better in another order"])):
        pixels = hang(room(), drawn("ee")[order], CORNERS, folds=0.03)
        fitted = cloth.fit(cloth.Shrunken(pixels), sure.corners, [design("ee").drawing])[0]
        fitted = replace(fitted, least=0.9)  # no other reason is to speak
        seen = laid.Laid(sure, number, False, 0.0, 0.0, fitted, False, -20.0)
        found = _sighting([(scale_of().sum(seen), seen)], scale_of(), national(), pixels, 1.0)
        assert found.measured["no_yes_because"] == reasons
        assert found.certain is not bool(reasons)
