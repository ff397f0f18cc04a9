import numpy as np
import pytest

from verify.errors import Refused
from verify.matching.points import Drawn, judge, read

SIZE = (1024, 768)
TURN = np.array([[0.94, 0, 0.34], [0, 1, 0], [-0.34, 0, 0.94]])


def clicks(points: np.ndarray, error: float, rng: np.random.Generator) -> np.ndarray:
    """Points of a room [N x 3, metres] as clicked in two views: x, y, X, Y, pixels."""
    placed = points, points @ TURN.T + np.array([-0.8, 0.1, 0.3])
    views = [900 * turned[:, :2] / turned[:, 2:] + np.array(SIZE) / 2 for turned in placed]
    return np.clip(np.hstack(views) + rng.normal(0, error, (len(points), 4)), 0, [*SIZE, *SIZE])


def wall(rng: np.random.Generator, count: int = 8) -> np.ndarray:
    return np.column_stack((rng.uniform(-1.3, 1.6, count), rng.uniform(-1.2, 1.2, count), np.full(count, 4.0)))


def drawn(pairs: np.ndarray, lines: object = ()) -> Drawn:
    return Drawn.of({"drawn_by": "A. Analyst", "pairs": np.asarray(pairs).tolist(), "lines": lines})


@pytest.mark.parametrize("seed", range(4))
def test_eight_clicks_on_a_wall_fit_better_than_random_ones(seed):
    rng = np.random.default_rng(seed)
    fit = judge(drawn(clicks(wall(rng), 3.0, rng)), SIZE, SIZE)
    assert fit.kind == "homography"
    assert fit.chance == 0.001
    assert fit.rms < 8
    assert np.median(fit.left_out) < 25


@pytest.mark.parametrize("seed", range(4))
def test_the_same_things_at_other_places_do_not(seed):
    rng = np.random.default_rng(seed)
    here = wall(rng)
    there = here + rng.normal(0, 0.3, here.shape) * [1, 0.3, 0]
    pairs = np.hstack((clicks(here, 0, rng)[:, :2], clicks(there, 0, rng)[:, 2:]))
    assert judge(drawn(pairs), SIZE, SIZE).rms > 12


def test_things_on_several_walls_need_more_pairs_and_fit_one_scene():
    rng = np.random.default_rng(3)
    points = wall(rng, 16)
    points[:, 2] = rng.uniform(3, 6, 16)
    fit = judge(drawn(clicks(points, 1.5, rng)), SIZE, SIZE)
    assert fit.kind == "fundamental"
    assert fit.chance == 0.001


def test_lines_help_where_points_are_few():
    rng = np.random.default_rng(5)
    whole = clicks(wall(rng, 9), 1.0, rng)
    ends = whole[3:].reshape(3, 2, 4)
    lines = [[*one[0, :2], *one[1, :2], *one[0, 2:], *one[1, 2:]] for one in ends]
    assert judge(drawn(whole[:3], lines), SIZE, SIZE).rms < 8


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([[1, 1, 1, 1]] * 3, "at least 5"),
        ([[10 * i, 10 * i, 7 * i, 9 * i] for i in range(8)], "one line"),
        ([[10 * i, (i % 3) * 90, 2000, 5 * i] for i in range(8)], "outside the reference"),
        ([[1, 2, 3]] * 6, "four numbers"),
    ],
)
def test_clicks_that_cannot_serve_are_refused_in_one_sentence(pairs, message):
    with pytest.raises(Refused, match=message):
        judge(Drawn.of({"pairs": pairs}), SIZE, SIZE)


def test_a_points_file_may_be_csv_or_json():
    assert read("# x,y,X,Y\n1,2,3,4\n1,2,3,4,5,6,7,8\n")["lines"] == [[1, 2, 3, 4, 5, 6, 7, 8]]
    assert read('{"drawn_by": "A", "pairs": [[1, 2, 3, 4]]}')["drawn_by"] == "A"
    with pytest.raises(Refused, match="line 1"):
        read("1,2,x,4\n")
