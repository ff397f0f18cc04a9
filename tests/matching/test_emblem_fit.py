from tests.bench import emblem_fits
from tests.matching import drawn_emblems
from verify.matching import emblems
from verify.matching.emblems import sighting

ROWS = emblem_fits.unpack(emblem_fits.TABLE)


def test_the_shipped_weights_are_those_of_the_shipped_table():
    fits = emblem_fits.fit(ROWS)
    assert fits.keys() == sighting.WAYS.keys()
    for way, weights in sighting.WAYS.items():
        assert fits[way].keys() == weights.keys()
        for term, weight in weights.items():
            assert abs(fits[way][term] - weight) < 0.05 + 0.02 * abs(weight)


def test_no_place_of_the_table_without_the_emblem_comes_near_yes():
    wrong = [
        sighting.score_of(place)
        for row in ROWS
        for place in row["places"]
        if not row["truth"] and place["pixels"] >= emblem_fits.TOO_SMALL
        if not row["group"][0].startswith(drawn_emblems.COUSIN)
    ]
    assert len(wrong) > 2_000
    assert max(wrong) < emblems.YES - 1.5


def test_the_shipped_yes_is_that_of_the_shipped_table():
    assert emblem_fits.yes(ROWS) <= emblems.YES < emblem_fits.yes(ROWS) + 0.1


def test_a_place_in_other_colours_is_never_a_yes():
    own = max((place for row in ROWS if row["truth"] for place in row["places"]), key=sighting.score_of)
    assert sighting.score_of(own) > emblems.YES
    assert sighting.score_of(own | {"other colours": sighting.OTHER + 0.01}) < emblems.YES


def test_no_term_speaks_against_a_likeness():
    assert all(weight >= 0 for weights in sighting.WAYS.values() for term, weight in weights.items() if term)
