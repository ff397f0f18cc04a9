import numpy as np

from verify.matching import shortlist


def descriptors(seed: int, count: int = 500) -> np.ndarray:
    """RootSIFT-like: lengths of 512, none negative."""
    values = np.random.default_rng(seed).gamma(0.4, 1.0, (count, 128))
    return np.rint(512 * np.sqrt(values / values.sum(axis=1, keepdims=True))).clip(0, 255).astype(np.uint8)


def test_the_reference_that_shares_some_features_has_most_votes():
    picture = descriptors(1)
    noise = np.random.default_rng(2).integers(-6, 7, (40, 128))
    shared = np.vstack((descriptors(3, 360), np.clip(picture[:40].astype(int) + noise, 0, 255).astype(np.uint8)))
    references = [shortlist._codes(descriptors(seed)) for seed in range(10, 70)]
    references[37] = shortlist._codes(shared)
    votes = shortlist.votes(shortlist._codes(picture), references)
    assert int(np.argmax(votes)) == 37


def test_votes_are_the_same_every_time_and_whole():
    picture = shortlist._codes(descriptors(1))
    references = [shortlist._codes(descriptors(seed, 90)) for seed in range(2, 30)]
    votes = shortlist.votes(picture, references)
    assert votes == shortlist.votes(picture, references)
    assert all(isinstance(count, int) for count in votes)


def test_a_reference_without_features_has_no_votes():
    empty = np.zeros((0, shortlist.LENGTH), np.int8)
    references = [empty, *(shortlist._codes(descriptors(seed, 60)) for seed in range(2, 30))]
    votes = shortlist.votes(shortlist._codes(descriptors(1)), references)
    assert votes[0] == 0
    assert sum(votes) > 0


def test_no_reference_at_all_has_none():
    assert shortlist.votes(shortlist._codes(descriptors(1)), []) == []
