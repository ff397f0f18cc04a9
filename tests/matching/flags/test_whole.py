"""Whole flags: the glance that proposes places, the cloth that is laid there, the charge that it bears."""

import re
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from tests.matching.flags.cloth import box, design, hang, room
from verify.matching.flags import charge, closer, cloth, finer, glance, laid, whole
from verify.matching.flags.designs import national
from verify.matching.flags.whole import CERTAIN, HOISTED, STEPS, scale_of, whole_sightings

CORNERS = box(180, 90, 168, 96, 0.1)


def test_the_nets_know_the_designs_that_ship_in_one_order():
    assert {net.codes for net in (glance.net(), *finer.nets())} == {tuple(each.code for each in national())}


def test_windows_of_a_level_are_judged_like_windows_cut_out():
    net = glance.net()
    level, _ = next(glance.levels(room(), 60))
    features, bright, firsts = next(glance.windows(level, net))
    x, y = firsts[5].astype(int)
    window = level[y : y + glance.CELLS[1], x : x + glance.CELLS[0]]
    assert np.allclose(net.features(window[None])[0], features[5], atol=1e-4)
    assert window.mean() == pytest.approx(bright[5], abs=1e-4)


@pytest.mark.parametrize("code", ["br", "za", "tr", "jp"])
def test_a_flag_of_any_layout_is_named_in_its_place(code):
    first = whole_sightings(hang(room() // 2, design(code).drawing, CORNERS), national())[0]
    assert first.fits[0].design is design(code)
    assert np.abs(np.mean(first.polygon, axis=0) - np.mean(CORNERS, axis=0)).max() < 12


@pytest.mark.parametrize(("turn", "hung"), [(1, "turned a quarter"), (2, "upside down"), (3, "turned a quarter")])
def test_a_flag_that_hangs_turned_is_named_and_said_to_be_turned(turn, hung):
    drawing = np.ascontiguousarray(np.rot90(design("gb-wls" if turn == 2 else "us").drawing, turn))
    tall, wide = drawing.shape[:2]
    corners = box(160, 80, 120 if tall > wide else 200, 200 if tall > wide else 120)
    fits = whole_sightings(hang(room(), drawing, corners), national())[0].fits
    assert (("gb-wls" if turn == 2 else "us"), hung) in {(code, fit.hung) for fit in fits for code in fit.design.codes}


def test_designs_that_few_pixels_make_one_are_named_together_while_they_fit():
    drawing, corners = design("us").drawing, box(180, 90, 112, 64, 0.1)
    few = cv2.resize(cv2.resize(drawing, (16, 10), interpolation=cv2.INTER_AREA), drawing.shape[1::-1])
    first = whole_sightings(hang(room(), few, corners), national())[0]
    assert {"us", "lr"} <= {code for fit in first.fits for code in fit.design.codes}
    clear = whole_sightings(hang(room(), drawing, CORNERS), national())[0]
    assert {code for fit in clear.fits for code in fit.design.codes} == {"us", "um"}


def test_a_room_without_a_flag_has_no_likely_place():
    proposed = closer.places(room(), glance.net(), finer.nets(), strangers=False)
    assert all(place.odds < 2 for ways in proposed for place in ways)


def test_cloth_follows_folds_and_another_drawing_does_not_fit():
    pixels = hang(room(), design("gb").drawing, CORNERS, folds=0.04)
    drawings = [design(code).drawing for code in ("gb", "no")]
    right, wrong = cloth.fit(cloth.Shrunken(pixels), np.array(CORNERS, np.float32), drawings)
    assert right.distance < 0.75 * wrong.distance
    assert right.steps > 0.7 > wrong.steps
    assert right.edge > 0.8


def test_a_charge_is_seen_and_its_absence_is_noticed():
    bands = design("az").bands
    plain = design("az").drawing.copy()
    for k, colour in enumerate(bands.colours):
        plain[k * 32 : (k + 1) * 32] = np.array(colour) * 255
    corners = box(120, 60, 252, 144)
    for drawing, seen in ((design("az").drawing, True), (plain, False)):
        pixels = hang(room(), drawing, corners)
        fitted = cloth.fit(cloth.Shrunken(pixels), np.array(corners, np.float32), [design("az").drawing])[0]
        assert (charge.charge(pixels, fitted, design("az"), mirrored=False) > 0.6) is seen


def test_a_colour_that_is_not_where_it_is_drawn_is_missed():
    drawing = design("us").drawing
    for shown, seen in ((drawing, True), (np.ascontiguousarray(drawing[:, drawing.shape[1] * 2 // 5 :]), False)):
        pixels = hang(room(), shown, CORNERS)
        fitted = cloth.fit(cloth.Shrunken(pixels), np.array(CORNERS, np.float32), [drawing])[0]
        assert (fitted.least > 0.4) is seen
        assert seen or (fitted.least, fitted.faintest) == (pytest.approx(0, abs=0.2), "blue")


def test_a_drawing_that_no_light_makes_so_is_far_and_not_infinitely_far():
    pixels = hang(room(), np.full((60, 90, 3), (250, 40, 0), np.uint8), CORNERS)
    fitted = cloth.fit(cloth.Shrunken(pixels), np.array(CORNERS, np.float32), [design("ie").drawing])[0]
    assert fitted.distance == cloth.FAR


def test_folds_do_not_make_cloth_slip_along_bands_that_go_on():
    bands = np.repeat(np.array([(20, 20, 20), (200, 0, 0), (240, 200, 20)], np.uint8), 40, axis=0)
    pixels = hang(room(), np.repeat(bands[:, None], 360, axis=1), box(20, 90, 440, 100), folds=0.04)
    corners = np.array(box(160, 90, 160, 100), np.float32)
    fitted = cloth.fit(cloth.Shrunken(pixels), corners, [design("us").drawing])[0]
    assert np.ptp(np.array(fitted.outline)[:, 0]) > 0.95 * 160  # it was 0.87 of it


def test_what_one_of_the_designs_named_together_shows_is_not_missing():
    def lies(least, steps=0.7):
        return SimpleNamespace(least=least, steps=steps, faintest="blue", own=0.0, edge=0.9)

    first = laid.Laid(place((0, 0), (90, 60), 3.0, 4.0, 0), 0, False, -1.0, -0.25, lies(0.1), False, -20.0)
    us, lr = design("us"), design("lr")
    assert whole._against(first, lr, {lr: 0.2, us: 0.1}, [lies(0.1)]) == [
        "its blue is missing",
        "its charge is missing",
    ]
    assert whole._against(first, lr, {lr: 0.2, us: None}, [lies(0.1), lies(0.8)]) == []
    folded = replace(first, cloth=lies(0.1, steps=0.3))
    assert whole._against(folded, lr, {lr: 0.2, us: 0.1}, [folded.cloth]) == []


def test_bands_hung_turned_need_a_charge_that_is_seen():
    lies = SimpleNamespace(least=0.8, steps=0.7, faintest="blue", own=0.0, edge=0.9)
    turned = replace(place((0, 0), (60, 90), 9.0, 9.0, 0), turn=1)
    first = laid.Laid(turned, 0, False, -0.1, -0.1, lies, False, -20.0)
    for borne, reasons in ((0.9, []), (0.6, ["hung turned it shows nothing but bands"])):
        assert whole._against(first, design("az"), {design("az"): borne}, [lies]) == reasons


def test_a_turned_banner_whose_charge_is_painted_over_gets_no_yes():
    drawing = design("az").drawing.copy()
    third = len(drawing) // 3
    drawing[third : 2 * third] = drawing[len(drawing) // 2, 4]
    first = whole_sightings(hang(room() // 2, np.rot90(drawing).copy(), box(180, 30, 150, 262)), national())[0]
    assert "az" in first.fits[0].design.codes
    assert first.measured["no_yes_because"] == ["its charge is missing", "hung turned it shows nothing but bands"]
    assert not first.certain


def test_a_flag_of_another_layout_is_named_though_few_pixels_make_it_bands_of_two_colours():
    assert any(whole._repeats(national()[number]) for number in laid.kin(national())[national().index(design("so"))])
    seen = whole_sightings(hang(room(), design("so").drawing, CORNERS), national())[0]
    assert "so" in seen.fits[0].design.codes
    assert seen.certain


def test_a_charge_of_a_few_pixels_is_not_looked_for():
    pixels = hang(room(), design("az").drawing, box(180, 90, 63, 36))
    fitted = cloth.fit(cloth.Shrunken(pixels), np.array(box(180, 90, 63, 36), np.float32), [design("az").drawing])[0]
    assert charge.charge(pixels, fitted, design("az"), mirrored=False) is None


def test_more_evidence_is_rarer():
    scale = scale_of()
    (first, often), *_, (last, rare) = scale.levels
    assert scale.chance(first - 1) == 1
    assert np.isclose([scale.chance(first), scale.chance(last)], [often, rare]).all()
    assert scale.chance(first) > scale.chance((first + last) / 2) > scale.chance(last) > scale.chance(last + 1)
    assert np.isclose(scale.chance(last + scale.fall), rare / np.e)


def test_the_sentence_and_the_figures_of_a_large_picture_are_in_its_own_pixels():
    large = cv2.resize(hang(room(), design("br").drawing, CORNERS), (1440, 1080))
    seen = whole_sightings(large, national())[0]
    assert "br" in seen.fits[0].design.codes
    told = int(re.search(r"(\d+) pixels high", seen.what)[1])
    assert abs(told - seen.measured["height"]) <= 1
    assert 240 < told < 330  # 96 in the room as it was


def test_a_share_that_kin_take_counts_for_what_is_named_with_them():
    scale, found = scale_of(), judged(flagpole=-20.0)
    assert np.isclose(scale.evidence(found) - scale.sum(found), 0.75 * scale.weights[0])


def test_what_imagenets_net_sees_is_evidence_for_a_flag_and_never_against_one():
    scale, seen, faint, nowhere = scale_of(), judged(flagpole=0.0), judged(flagpole=-3.5), judged(flagpole=-20.0)
    assert np.isclose(scale.evidence(seen) - scale.evidence(nowhere), -scale.weights[2] * np.log(HOISTED) * 0.4 / STEPS)
    assert scale.evidence(faint) == scale.evidence(nowhere)


def test_a_pole_is_no_evidence_for_a_drawing_whose_steps_of_colour_do_not_agree():
    scale = scale_of()
    assert scale.evidence(judged(flagpole=0.0, steps=-0.3)) == scale.evidence(judged(flagpole=-20.0, steps=-0.3))


def judged(flagpole, steps=0.4):
    """A drawing at a place, its share a third of its and its kin's."""
    where, lies = place((0, 0), (90, 60), 3.0, 4.0, 0), SimpleNamespace(steps=steps, least=0.8)
    return laid.Laid(where, 0, False, -1.0, -0.25, lies, False, flagpole)


def test_the_shares_of_kin_are_added_up():
    pixels = hang(room(), design("us").drawing, CORNERS, folds=0.04)
    group = next(iter(laid.laid(pixels, national(), glance.net(), finer.nets())))
    shares = {seen.design: seen.share for seen in group if seen.place is group[0].place}
    relatives = [number for number in laid.kin(national())[group[0].design] if number in shares]
    assert {code for number in relatives for code in national()[number].codes} >= {"us", "lr"}
    assert group[0].shared >= np.logaddexp.reduce([shares[number] for number in relatives]) - 1e-5


def test_two_plain_bands_get_no_yes_and_two_that_bear_something_may():
    lies = SimpleNamespace(least=0.8, steps=0.7, faintest="white", own=0.0, edge=0.9)
    first = laid.Laid(place((0, 0), (90, 60), 9.0, 9.0, 0), 0, False, -0.1, -0.1, lies, False, -20.0)
    for code, reasons in (("mc", ["two plain bands may be a part of another flag"]), ("sg", []), ("nl", [])):
        assert whole._against(first, design(code), {design(code): None}, [lies]) == reasons


def test_a_sure_place_is_told_where_a_likelier_one_that_overlaps_it_gets_no_yes(monkeypatch):
    pixels, corners = hang(room() // 2, design("br").drawing, CORNERS), np.array(CORNERS, np.float32)
    number = next(n for n, each in enumerate(national()) if "br" in each.codes)
    fitted = cloth.fit(cloth.Shrunken(pixels), corners, [design("br").drawing])[0]
    sure = replace(place((0, 0), (10, 10), 6.0, 6.0, 0), corners=corners)
    seen = [
        [laid.Laid(replace(sure, odds=odds), number, False, 0.0, 0.0, fitted, part, -20.0)]
        for odds, part in ((9.0, True), (6.0, False))
    ]
    monkeypatch.setattr(whole, "laid", lambda *_: iter(seen))
    (only,) = whole_sightings(pixels, national())
    assert only.certain
    assert only.measured["odds"] == 6.0


def test_a_flag_of_no_design_is_not_certain():
    drawing = design("gb").drawing[..., [1, 0, 2]].copy()
    assert not any(seen.certain for seen in whole_sightings(hang(room(), drawing, CORNERS), national()))


def test_bands_that_bear_another_flags_charge_are_not_certain():
    bands, large = design("ir").drawing, box(120, 60, 276, 144)
    crescent, borne = bands.copy(), design("az").drawing
    rows, columns = slice(len(bands) // 3, 2 * len(bands) // 3), slice(bands.shape[1] // 4, -bands.shape[1] // 4)
    crescent[rows, columns] = bands[len(bands) // 2, 4]  # the emblem is painted over
    disc = borne[len(borne) // 3 : 2 * len(borne) // 3]
    disc = disc[:, (disc.shape[1] - len(disc)) // 2 :][:, : len(disc)]
    disc = cv2.resize(disc, (rows.stop - rows.start, rows.stop - rows.start))
    left = (bands.shape[1] - disc.shape[1]) // 2
    crescent[rows, left : left + disc.shape[1]] = disc
    own, other = (whole_sightings(hang(room(), drawing, large), national())[0] for drawing in (borne, crescent))
    assert own.certain
    assert other.chance < CERTAIN
    assert "ir" in other.fits[0].design.codes
    assert other.measured["no_yes_because"] == ["its charge is missing"]
    assert not other.certain


def place(low, high, odds, other, likeliest):
    """A place as the net judged it: a box, odds of a known flag and of any, and the likeliest of three designs."""
    (x, y), (right, bottom) = low, high
    corners = np.array([(x, y), (right, y), (right, bottom), (x, bottom)], np.float32)
    return glance.Place(odds, other, np.where(np.arange(3) == likeliest, 0.0, -9.0).astype(np.float32), corners)


def test_a_place_within_another_flag_is_a_part_of_it():
    star = place((10, 10), (60, 45), 7.3, 8.0, 0)
    assert laid.holds(place((0, 0), (150, 100), 3.0, 8.7, 1), star, {0})  # another design's
    assert laid.holds(place((0, 0), (150, 100), -4.0, 6.0, 0), star, {0})  # of no design
    assert not laid.holds(place((0, 0), (150, 100), 6.0, 8.7, 0), star, {0})  # the same flag, seen larger
    assert not laid.holds(place((0, 0), (150, 100), 3.0, 8.7, 1), star, {0, 1})  # one that folds make of it
    assert not laid.holds(place((0, 0), (150, 100), 1.0, 2.0, 1), star, {0})  # hardly a flag
    assert not laid.holds(place((0, 0), (60, 45), 3.0, 8.7, 1), star, {0})  # hardly larger
    assert not laid.holds(place((200, 0), (350, 100), 3.0, 8.7, 1), star, {0})  # elsewhere


def test_a_larger_place_is_read_as_known_or_else_the_way_round_that_the_smaller_one_hangs():
    known, strange = place((0, 0), (150, 100), 3.0, 8.7, 1), place((0, 0), (150, 100), -4.0, 6.0, 0)
    turned = replace(place((0, 0), (150, 100), -3.0, 9.0, 0), turn=1)
    assert laid._read((known, turned), 1) is known
    assert laid._read((turned, strange), 0) is strange
