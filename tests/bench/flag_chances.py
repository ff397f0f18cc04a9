"""Measures how often scenes without flags come close to designs: makes scenes.npz, tails.json and whole.json.

python -m tests.bench.flag_chances FOLDER… [--parts bands,whole] [--composites 300] [--cloths FILE] [--cache FILE]

`bands`: stacks in all scenes of half 0. `whole`: a logistic regression (weights) and a tail, from scenes of half 0 that
were not used for teaching the glance, with and without composites. `--cache`: keep what was measured, to fit again.
"""

import argparse
import json
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from tests.bench.flag_cloths import stored
from tests.bench.flag_pictures import composite, strange, worn
from tests.bench.flag_scenes import flagless, load, readable
from verify.matching.flags import chance, finer, glance, laid, whole
from verify.matching.flags.bands import stacks
from verify.matching.flags.designs import national

MOST = 90  # stacks kept of a scene, the longest first, no two of the same colours
SHARES = 0.1, 0.05, 0.02  # of the scenes, whose sums are told; beyond the last a tail is fitted. There the mean excess
#                           must have settled: of 748 versions of scenes it is 1.60, 0.79, 0.57, 0.59, 0.55 and 0.31
#                           above the 75th, 37th, 25th, 20th, 15th and 10th largest, give or take a quarter
RIDGE = 1.0
# Weight of ImageNet's view, which a regression on composites cannot tell: they hang before rooms and streets, 54 of
# 480 are taken for hoisted. The largest (to 0.2) with which, were a pole seen at each, 1 in 100 at most would be named
# wrongly: 4, of which 2 are of no design; with 0.8 it would be 5
POLE = 0.6
ROUNDS = 4  # of choosing the likeliest drawing of each place, and fitting again
ENLARGED = 0.62  # of a scene's sides, in the parts of it that are looked at enlarged
HERE = 0.15  # of what place and flag cover together, above which the place is the flag's: folded ones cover less
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


def looked(pixels, truth, corners):
    """Drawings laid at each place with how much of the flag that place covers, and the truth."""
    groups = []
    for group in laid.laid(pixels, national(), glance.net(), finer.nets()):
        here = 0.0 if truth is None else _overlap(group[0].cloth.outline, corners)
        groups.append((here, [_slim(seen) for seen in group]))
    return {"truth": truth, "groups": groups}


def _slim(seen):
    """What is laid there without what the measures do not need."""
    return replace(seen, place=replace(seen.place, logs=None), cloth=replace(seen.cloth, outline=(), knots=None))


def _overlap(outline, corners):
    one, two = (cv2.convexHull(np.array(points, np.float32)) for points in (outline, corners))
    both, _ = cv2.intersectConvexConvex(one, two)
    return both / max(cv2.contourArea(one) + cv2.contourArea(two) - both, 1.0)


def measured_whole(folders, composites, cloths):
    """Scenes as they are; with a flag of any design, 40 to 200 pixels high; with a flag of no design, as many.

    Two in three flags are simulated cloth, one in eight of those turned by a quarter or upside down.
    """
    scenes, rng, maps = list(readable(folders, "chance")), np.random.default_rng(11), stored(cloths)
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        found = [pool.submit(looked, pixels, None, None) for path in scenes for pixels in _versions(load(path))]
        for number in range(2 * composites):
            made, truth = _hung(load(scenes[rng.integers(len(scenes))]), number, rng, maps)
            found.append(pool.submit(looked, made.pixels, truth, made.corners))
        return [each.result() for each in found]


def _versions(scene):
    """A scene as it is, mirrored, and two parts enlarged, one of them mirrored: the tail is fitted to few scenes."""
    yield scene
    yield np.ascontiguousarray(scene[:, ::-1])
    high, wide = (int(ENLARGED * side) for side in scene.shape[:2])
    for part in (scene[:high, :wide], scene[-high:, -wide:][:, ::-1]):
        yield cv2.resize(
            np.ascontiguousarray(part), None, fx=1 / ENLARGED, fy=1 / ENLARGED, interpolation=cv2.INTER_CUBIC
        )


def _hung(scene, number, rng, maps):
    """The scene with a flag; the number of its design, -1 for none."""
    designs = national()
    truth, height = int(rng.integers(len(designs))), float(np.exp(rng.uniform(np.log(40), np.log(200))))
    drawing = designs[truth].drawing
    if number % 2:
        drawing, truth = strange(designs, rng), -1
    if number % 3:
        return worn(scene, drawing, height, 70_000 + number, maps, turned=number % 8 == 6), truth
    return composite(scene, drawing, height, 70_000 + number), truth


def fitted(found):
    """How odds and cloth are weighed, by logistic regression: does the likeliest drawing, or its kin, hang there?

    And the tail of the largest sum in scenes without flags.
    """
    kin, weights = laid.kin(tuple(national())), np.array([1.0, 0.0, 0.0, 0.0])
    for _ in range(ROUNDS):
        rows, right = [], []
        for picture in found:
            for here, group in picture["groups"]:
                best = _likeliest(group, weights)
                rows.append(whole.measures(best, best.shared)[:-1])
                right.append(here > HERE and picture["truth"] in kin[best.design])
        *fitted_weights, offset = _logistic(np.array(rows), np.array(right))
        weights = np.array([*fitted_weights, POLE, offset])
    most = [max((_evidence(group, weights) for _, group in picture["groups"]), default=NOTHING)
            for picture in found if picture["truth"] is None]  # fmt: skip
    most = np.array(most)
    level = np.quantile(most, 1 - SHARES[-1])
    return {
        "weights": [round(float(w), 4) for w in weights],
        "levels": [[round(float(np.quantile(most, 1 - share)), 3), share] for share in SHARES],
        "fall": round(float((most[most > level] - level).mean()), 4),
    }


def _likeliest(group, weights):
    return max(group, key=lambda seen: _sum(whole.measures(seen, seen.share), weights))


def _evidence(group, weights):
    """With its kin, of the drawing that is likeliest at a place."""
    best = _likeliest(group, weights)
    return _sum(whole.measures(best, best.shared), weights)


def _sum(values, weights):
    return float(np.dot(values, weights[:-1]) + weights[-1])


def _logistic(rows, right):
    """Weights and offset, by Newton's steps; both classes equally heavy."""
    weight = np.where(right, 0.5 / right.mean(), 0.5 / (~right).mean())
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    x = np.c_[(rows - middle) / spread, np.ones(len(rows))]
    w = np.zeros(x.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        slope = x.T @ (weight * (right - p)) - RIDGE * w
        bend = (x * (weight * p * (1 - p) + 1e-9)[:, None]).T @ x + RIDGE * np.eye(len(w))
        w = w + np.linalg.solve(bend, slope)
    scaled = w[:-1] / spread
    return np.r_[scaled, w[-1] - scaled @ middle]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--parts", default="bands,whole")
    parser.add_argument("--composites", type=int, default=300)
    parser.add_argument("--cloths", type=Path, help="made by flag_cloths.py, from a seed that no lesson is from")
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
            found = measured_whole(asked.folders, asked.composites, asked.cloths)
        if asked.cache:
            asked.cache.write_bytes(pickle.dumps(found))
        (asked.out / "whole.json").write_text(json.dumps(fitted(found), indent=0))


if __name__ == "__main__":
    main()
