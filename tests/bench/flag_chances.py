"""Measures how often scenes without flags come close to designs: makes scenes.npz, tails.json and whole.json.

python -m tests.bench.flag_chances FOLDER… [--parts bands,whole] [--composites 200] [--cache FILE]

`bands`: stacks in all scenes of half 0. `whole`: a logistic regression (weights) and a tail, from scenes of half 0 that
were not used for teaching the glance, with and without composites. `--cache`: keep what was measured, to fit again.
"""

import argparse
import json
import pickle
from pathlib import Path

import cv2
import numpy as np

from tests.bench.flag_pictures import composite, strange
from tests.bench.flag_scenes import flagless, load
from verify.matching.flags import chance, finer, glance, laid, whole
from verify.matching.flags.bands import stacks
from verify.matching.flags.designs import national

MOST = 90  # stacks kept of a scene, the longest first, no two of the same colours
TAIL = 0.05  # share of the scenes, those with the largest sums, from which the tail is fitted: few hold any place
RIDGE = 1.0
ROUNDS = 4  # of choosing the likeliest drawing of each place, and fitting again
NOTHING = -99.0  # the sum of a scene in which no place was tried


def measured_stacks(scenes):
    cells, lengths, pictures = [], [], []
    for number, path in enumerate(scenes):
        seen = set()
        for stack in sorted(stacks(load(path)), key=lambda stack: -stack.length):
            middle = np.median(stack.cells, axis=0)
            colours = tuple((middle / middle.max() * 8).round().astype(int).ravel())
            if stack.length < 1.5 or colours in seen or len(seen) >= MOST:
                continue
            seen.add(colours)
            cells.append((stack.cells.reshape(12, 3) * 255).round().astype(np.uint8))
            lengths.append(min(255, int(stack.length * 10)))
            pictures.append(number)
    return {
        "cells": np.array(cells),
        "length": np.array(lengths, np.uint8),
        "picture": np.array(pictures, np.uint16),
        "pictures": np.array(len(scenes)),
    }


def bands(folders, out):
    scenes = sorted(flagless(folders, "lesson") + flagless(folders, "chance"))
    np.savez_compressed(out / "scenes.npz", **measured_stacks(scenes))
    chance.scenes.cache_clear()
    banded = [d for d in national() if d.bands and len(d.bands.colours) == 3]
    tails = {d.code: chance.scenes().tail(np.array(d.bands.colours, np.float32)) for d in banded}
    (out / "tails.json").write_text(json.dumps({code: tail.listed() for code, tail in tails.items()}, indent=0))


def looked(pixels, designs, judge, truth, corners):
    """What was measured at each place: [(odds, measures, design, mirrored, whether the place is the flag's)]."""
    groups = []
    for group in whole.laid(pixels, designs, *judge):
        at = truth is not None and _overlap(group[0].cloth.outline, corners) > 0.5
        groups.append([(laid.odds(seen), laid.measures(seen), seen.design, seen.mirrored, at) for seen in group])
    return {"truth": truth, "groups": groups}


def _overlap(outline, corners):
    one, two = (cv2.convexHull(np.array(points, np.float32)) for points in (outline, corners))
    both, _ = cv2.intersectConvexConvex(one, two)
    return both / max(cv2.contourArea(one) + cv2.contourArea(two) - both, 1.0)


def measured_whole(folders, composites):
    """Scenes as they are; with a flag of any design, 40 to 200 pixels high; with a flag of no design."""
    scenes, designs, judge = flagless(folders, "chance"), national(), (glance.net(), finer.net())
    found = [looked(load(path), designs, judge, None, None) for path in scenes]
    rng = np.random.default_rng(11)
    for number in range(composites):
        scene, truth = load(scenes[rng.integers(len(scenes))]), int(rng.integers(len(designs)))
        height = float(np.exp(rng.uniform(np.log(40), np.log(200))))
        drawing = designs[truth].drawing
        if number % 4 == 3:
            drawing, truth = strange(designs, rng), -1
        made = composite(scene, drawing, height, 70_000 + number)
        found.append(looked(made.pixels, designs, judge, truth, made.corners))
    return found


def fitted(found):
    """What the cloth adds to the net's odds, by logistic regression: does the likeliest drawing hang there?

    And the tail of the largest sum in scenes without flags.
    """
    weights = np.zeros(len(next(group for picture in found for group in picture["groups"])[0][1]) + 1)
    for _ in range(ROUNDS):
        odds, rows, right = [], [], []
        for picture in found:
            for group in picture["groups"]:
                best = max(group, key=lambda seen: _sum(seen, weights))
                hit = best[4] and best[2] == picture["truth"]
                if not (hit and best[3]):  # from behind: neither right nor wrong
                    odds.append(best[0])
                    rows.append(best[1])
                    right.append(hit)
        weights = _logistic(np.array(odds), np.array(rows), np.array(right))
    most = [max((_sum(seen, weights) for group in picture["groups"] for seen in group), default=NOTHING)
            for picture in found if picture["truth"] is None]  # fmt: skip
    most = np.array(most)
    level = max(float(np.quantile(most, 1 - TAIL)), float(most[most > NOTHING].min()))
    return {
        "weights": [round(float(w), 4) for w in weights],
        "level": round(level, 3),
        "share": round(float((most > level).mean()), 4),
        "fall": round(float((most[most > level] - level).mean()), 4),
    }


def _sum(seen, weights):
    return seen[0] + float(np.dot(seen[1], weights[:-1]) + weights[-1])


def _logistic(odds, rows, right):
    """Weights and offset beside odds that are given, by Newton's steps; both classes equally heavy."""
    weight = np.where(right, 0.5 / right.mean(), 0.5 / (~right).mean())
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    x = np.c_[(rows - middle) / spread, np.ones(len(rows))]
    w = np.zeros(x.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(x @ w + odds, -30, 30)))
        slope = x.T @ (weight * (right - p)) - RIDGE * w
        bend = (x * (weight * p * (1 - p) + 1e-9)[:, None]).T @ x + RIDGE * np.eye(len(w))
        w = w + np.linalg.solve(bend, slope)
    scaled = w[:-1] / spread
    return np.r_[scaled, w[-1] - scaled @ middle]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--parts", default="bands,whole")
    parser.add_argument("--composites", type=int, default=200)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--out", type=Path, default=chance.DATA)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    if "bands" in asked.parts:
        bands(asked.folders, asked.out)
    if "whole" in asked.parts:
        if asked.cache and asked.cache.exists():
            found = pickle.loads(asked.cache.read_bytes())
        else:
            found = measured_whole(asked.folders, asked.composites)
        if asked.cache:
            asked.cache.write_bytes(pickle.dumps(found))
        (asked.out / "whole.json").write_text(json.dumps(fitted(found), indent=0))


if __name__ == "__main__":
    main()
