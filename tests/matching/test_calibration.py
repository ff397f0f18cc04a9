import json
from importlib import resources

import numpy as np
import pytest

from verify.errors import Refused
from verify.matching import plots
from verify.matching.calibration import Scored, cllr, fit, monotone, read_table, shipped, write_table

FOLDER = resources.files("verify").joinpath("data", "calibration")
SHIPPED = sorted(
    json.loads(f.read_text())["name"]
    for f in FOLDER.iterdir()
    if f.name.endswith(".json") and FOLDER.joinpath(f.name[:-4] + "csv").is_file()
)


def rows(shift: float, count: int = 120) -> list[Scored]:
    rng = np.random.default_rng(7)
    made = []
    for number in range(count):
        same = number % 2 == 0
        score = max(0.0, float(rng.normal(shift if same else 0, 4)))
        made.append(Scored(f"{number:064x}", same, score, "drawn", "fit" if number % 4 < 2 else "test"))
    return made


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_coefficients_come_from_the_shipped_table(name):
    table = read_table(FOLDER.joinpath(f"{name.replace('/', '-')}.csv").read_text(encoding="utf-8"))
    made, kept = fit(name, table), shipped(name)
    assert made.offset == pytest.approx(kept.offset, abs=1e-5)
    assert made.slope == pytest.approx(kept.slope, abs=1e-5)
    assert (made.lower, made.upper, made.same, made.other, made.population) == (
        kept.lower,
        kept.upper,
        kept.same,
        kept.other,
        kept.population,
    )
    assert made.cllr == pytest.approx(kept.cllr, abs=1e-3)


@pytest.mark.parametrize("name", SHIPPED)
def test_no_pair_stands_on_both_sides(name):
    text = FOLDER.joinpath(f"{name.replace('/', '-')}.csv").read_text()
    pairs = [row.pair for row in read_table(text)]
    assert len(pairs) == len(set(pairs))


def test_a_higher_score_never_means_less():
    made = fit("drawn", rows(12.0))
    ratios = [made.log10_lr(score) for score in np.linspace(0, 1e6, 50)]
    assert ratios == sorted(ratios)
    assert ratios[0] < 0 < ratios[-1]


def test_the_ratio_stays_within_what_the_test_pairs_can_carry():
    made = fit("drawn", rows(12.0))
    assert made.log10_lr(1e12) == pytest.approx(np.log10(made.other + 1), abs=1e-5)


def test_perfect_separation_gives_a_finite_fit():
    table = [
        Scored(f"{n:064x}", n % 2 == 0, 50.0 if n % 2 == 0 else 0.0, "drawn", "fit" if n % 4 < 2 else "test")
        for n in range(80)
    ]
    assert np.isfinite(fit("drawn", table).slope)


def test_cllr_is_one_for_silence_and_small_for_good_ratios():
    assert cllr(np.zeros(5), np.zeros(9)) == pytest.approx(1.0)
    assert cllr(np.full(5, 3.0), np.full(9, -3.0)) < 0.01
    assert cllr(np.full(5, -3.0), np.full(9, 3.0)) > 5


def test_pooling_adjacent_violators_gives_a_rising_line():
    scores, ratios = monotone(np.array([1.0, 2, 3, 4, 5, 6]), np.array([False, True, False, True, False, True]))
    assert (np.diff(scores) >= 0).all()
    assert (np.diff(np.clip(ratios, -9, 9)) >= 0).all()


def test_too_few_pairs_are_refused():
    with pytest.raises(Refused, match="at least 10"):
        fit("drawn", rows(12.0, 24))


def test_a_table_is_read_back_and_drawn():
    table = rows(12.0)
    assert sorted(read_table(write_table(table)), key=lambda r: r.pair)[0].pair == table[0].pair
    made = fit("drawn", table)
    assert plots.tippett(made, table).startswith("<svg")
    assert "<polyline" in plots.reliability(made, table)


def test_a_file_that_is_no_table_is_refused():
    with pytest.raises(Refused, match="not a score table"):
        read_table("a,b\n1,2\n")


def test_many_easy_pairs_do_not_decide_what_a_miss_says():
    few = [Scored(f"h{n:063x}", True, 30.0 * (n % 4 == 0), "hard", ("fit", "test")[n % 2]) for n in range(24)]
    easy = [Scored(f"e{n:063x}", True, 200.0, "easy", ("fit", "test")[n % 2]) for n in range(600)]
    other = [Scored(f"o{n:063x}", False, 0.0, "houses", ("fit", "test")[n % 2]) for n in range(200)]
    told = fit("two populations", [*few, *easy, *other]).log10_lr(0.0)
    pooled = fit("one", [*(Scored(r.pair, True, r.score, "", r.fold) for r in (*few, *easy)), *other]).log10_lr(0.0)
    assert -0.6 < told < 0
    assert pooled < told - 0.3
