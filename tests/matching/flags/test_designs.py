"""The drawings that ship, their bands, and the numbers measured on scenes without flags."""

import numpy as np
import pytest

from tests.matching.flags.cloth import design, png
from verify.errors import Refused
from verify.matching.flags import chance, colour
from verify.matching.flags.designs import national, read


def test_identical_drawings_are_one_design():
    assert {"fr", "re", "yt"} <= set(design("fr").codes)
    assert design("nl") is design("bq")
    assert design("no") is design("sj")
    assert design("ro") is not design("td")


def test_every_drawing_is_listed_once():
    codes = [code for each in national() for code in each.codes]
    assert len(codes) == len(set(codes)) == 256


@pytest.mark.parametrize(("code", "upright"), [("az", False), ("hu", False), ("it", True), ("mx", True), ("sd", False)])
def test_bands_are_read_from_the_drawing_whatever_lies_on_them(code, upright):
    bands = design(code).bands
    assert len(bands.colours) == 3
    assert bands.upright is upright
    assert bands.shares == pytest.approx((1 / 3, 1 / 3, 1 / 3), abs=0.05)


@pytest.mark.parametrize("code", ["gb", "jp", "dk", "ch", "br", "kr", "ge"])
def test_crosses_discs_and_saltires_have_no_bands(code):
    bands = design(code).bands
    assert bands is None or len(bands.colours) != 3


def test_a_light_does_not_move_a_colour_and_another_order_does():
    bands = np.array(design("az").bands.colours, np.float32)
    lit = (bands * np.array([1.0, 0.85, 0.7]) * 0.6).astype(np.float32)
    assert colour.nearest(lit[None], bands[None])[0, 0] < 0.07
    assert colour.nearest(lit[None, [1, 0, 2]], bands[None])[0, 0] > 0.15


def test_a_transparent_reference_keeps_its_shape():
    drawn = np.zeros((120, 180, 4), np.uint8)
    drawn[10:110, 20:160] = (200, 30, 40, 255)
    assert read(png(drawn), "x", "X").drawing.shape[1] / 96 == pytest.approx(1.4, abs=0.05)


def test_an_empty_reference_is_refused():
    with pytest.raises(Refused, match="transparent"):
        read(png(np.zeros((80, 90, 4), np.uint8)), "x", "X")


@pytest.mark.parametrize("code", ["az", "it"])
def test_the_stored_tail_is_that_of_the_stored_scenes(code):
    again = chance.scenes().tail(np.array(design(code).bands.colours, np.float32))
    assert chance.tails([design(code)])[0].listed() == pytest.approx(again.listed(), rel=0.02)


def test_what_is_closer_is_rarer_and_what_was_counted_is_not_undercut():
    least = np.linspace(0.05, 0.5, 200)
    tail = chance.tail(least.astype(np.float32))
    assert tail.chance(0.02) < tail.chance(0.05) < tail.chance(0.1)
    assert tail.chance(0.05) >= 0.5 / 200
