from tests.bench import bench_emblem
from verify.matching import emblems
from verify.matching.emblems import sighting

ROWS = bench_emblem.unpack(bench_emblem.TABLE)


def test_the_shipped_weights_are_those_of_the_shipped_table():
    fits = bench_emblem.fit(ROWS)
    for name, weights in (("PAINTED", sighting.PAINTED), ("RELIEF", sighting.RELIEF)):
        assert fits[name].keys() == weights.keys()
        for term, weight in weights.items():
            assert abs(fits[name][term] - weight) < 0.05 + 0.02 * abs(weight)


def test_no_place_of_the_table_without_the_emblem_reaches_yes():
    wrong = [bench_emblem.score(place) for row in ROWS if not row["truth"] for place in row["places"]]
    assert len(wrong) > 14_000
    assert max(wrong) < emblems.YES - 0.5
