"""How often points drawn by hand are a yes: of one wall with 3 pixels of error, of a twin room, and at random.

    python -m tests.bench.bench_points [--rooms 200]

Rooms are drawn from a seed that the tests do not use: eight things on a wall, seen from two places at 1024 x 768; in
the twin room the same things hang elsewhere, by so much (standard deviation, metres; a third of it in height).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from tests.bench.bench_room import interval
from tests.matching.test_points import SIZE, clicks, drawn, wall
from verify.matching.features import Array
from verify.matching.points import HandFit, judge, told
from verify.model import Answer

FIRST = 10_000  # seed
ERROR = 0.008  # of the longer side, as the room check has it
APART = (0.3, 0.2, 0.1, 0.05)  # metres

Make = Callable[[np.random.Generator], Array]


def one_wall(rng: np.random.Generator) -> Array:
    return clicks(wall(rng), 3.0, rng)


def twin(apart: float) -> Make:
    def make(rng: np.random.Generator) -> Array:
        here = wall(rng)
        there = here + rng.normal(0, apart, here.shape) * [1, 1 / 3, 0]
        return np.hstack((clicks(here, 3.0, rng)[:, :2], clicks(there, 3.0, rng)[:, 2:]))

    return make


def at_random(rng: np.random.Generator) -> Array:
    return rng.uniform(0, [*SIZE, *SIZE], (8, 4))


def yes(fit: HandFit, pairs: Array) -> bool:
    return told(drawn(pairs), fit, max(SIZE), ERROR, "").answer is Answer.YES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=200)
    rooms = parser.parse_args().rooms
    told_apart: dict[str, Make] = {"one wall, 3 pixels of error": one_wall, "random clicks": at_random}
    told_apart |= {f"twin room, things {apart} m elsewhere": twin(apart) for apart in APART}
    for name, make in told_apart.items():
        above = answered = 0
        for seed in range(FIRST, FIRST + rooms):
            pairs = make(np.random.default_rng(seed))
            fit = judge(drawn(pairs), SIZE, SIZE)
            above += fit.chance <= 0.001
            answered += yes(fit, pairs)
        print(f"{name:36} above random {interval(above, rooms):38} yes {interval(answered, rooms)}", flush=True)


if __name__ == "__main__":
    main()
