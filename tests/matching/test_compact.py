import numpy as np

from verify.matching.compact import densest


def test_the_densest_square_holds_the_crowd_and_not_the_stragglers():
    crowd = np.random.default_rng(2).uniform(50, 90, (30, 2))
    corner = densest(np.vstack((crowd, [(10, 10), (400, 20), (300, 390)])), 45)
    assert ((crowd >= corner) & (crowd <= corner + 45)).all()


def test_a_single_point_has_its_own_square():
    corner = densest(np.array([(7.0, 9.0)]), 45)
    assert (corner <= (7, 9)).all()
    assert (corner + 45 >= (7, 9)).all()
