"""Measures how close scenes without flags come to every design: makes scenes.npz, tails.json and whole.json.

python -m tests.bench.flag_scenes FOLDER… [--half 0] [--whole 120]

The tables that ship came from earlier versions, table by table (see the README beside them);
this one was never run whole.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from tests.bench.bench_flag import half_of, load
from verify.matching.flags import chance, laid, whole
from verify.matching.flags.bands import stacks
from verify.matching.flags.designs import national

MOST = 90  # stacks kept of a scene, the longest first, no two of the same colours
SIDE = 640  # pixels of the longer side at which whole flags are sought: patterns of 56 pixels and more are the same


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


def small(path):
    pixels = load(path)
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def usual_shares(scenes, designs, wanted):
    """For each design, the share of a window's variance that it explains in one scene in five."""
    best = np.zeros((len(scenes), len(designs)))
    for row, path in zip(best, scenes, strict=True):
        for window in whole._windows(small(path), wanted, 56):
            number = wanted[window.template].design
            row[number] = max(row[number], window.explained)
    return np.clip(np.percentile(best, 80, axis=0), 0, 0.9)


def whole_minima(scenes, designs, wanted, usual):
    """The least closeness of a whole drawing in each scene [scenes x designs]; 9 where nothing was fitted."""
    least = np.full((len(scenes), len(designs)), 9.0)
    for row, path in zip(least, scenes, strict=True):
        for template, cloth in whole.cloths(small(path), wanted, usual):
            if cloth.edge >= laid.EDGED:
                row[template.design] = min(row[template.design], laid.closeness(cloth))
    return least


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--half", type=int, default=0)
    parser.add_argument("--whole", type=int, default=120)
    parser.add_argument("--out", type=Path, default=chance.DATA)
    asked = parser.parse_args()
    suffixes = {".jpg", ".jpeg", ".png"}
    found = sorted(p for folder in asked.folders for p in folder.rglob("*") if p.suffix.lower() in suffixes)
    scenes = [path for path in found if half_of(path) == asked.half]
    np.savez_compressed(asked.out / "scenes.npz", **measured_stacks(scenes))
    chance.scenes.cache_clear()
    designs = national()
    banded = [d for d in designs if d.bands and len(d.bands.colours) == 3]
    tails = {d.code: chance.scenes().tail(np.array(d.bands.colours, np.float32)) for d in banded}
    (asked.out / "tails.json").write_text(json.dumps({code: tail.listed() for code, tail in tails.items()}, indent=0))
    wanted = whole.templates(designs)
    some = scenes[:: max(1, len(scenes) // asked.whole)]
    usual = usual_shares(some, designs, wanted)
    least = whole_minima(some, designs, wanted, usual)
    scales, tail = laid.scaled(least)
    table = {d.code: [round(float(u), 4), round(s, 4)] for d, u, s in zip(designs, usual, scales, strict=True)}
    (asked.out / "whole.json").write_text(json.dumps({"tail": tail.listed(), "designs": table}, indent=0))


if __name__ == "__main__":
    main()
