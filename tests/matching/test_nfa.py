import numpy as np

from verify.matching.nfa import Chance, log10_nfa


def test_random_matches_are_expected_and_exact_ones_are_not():
    rng = np.random.default_rng(3)
    random = rng.uniform(size=80)
    value, _ = log10_nfa(random, Chance(4, 1))
    assert value > 0
    random[:30] = 1e-5
    value, inliers = log10_nfa(random, Chance(4, 1))
    assert value < -80
    assert inliers[:30].all()


def test_fewer_matches_than_the_model_needs_say_nothing():
    value, inliers = log10_nfa(np.full(4, 1e-9), Chance(4, 1))
    assert value == 0.0
    assert not inliers.any()
