"""Teaches the first glance on flags made as cloth before scenes, and on what is no flag: makes glance.npz.

python -m tests.bench.flag_teaching FOLDER… [--batches 1700] [--out FILE]

Scenes without flags of the part `lesson` (half of half 0) serve as backgrounds and counter-examples.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from tests.bench.flag_scenes import flagless, load
from tests.bench.flag_windows import NONE, Maker
from verify.matching.flags import chance, glance
from verify.matching.flags.designs import national

MAPS, HIDDEN = (24, 32), 256
DROPPED, DECAY = 0.2, 5e-3
BATCH = 384  # new windows a step
AGAIN = 512  # earlier windows gone over once more a step
KEPT = 240_000  # earlier windows kept
CORNERS = 8.0  # weight of the corners' squared error beside the names' log loss
RATE = 1e-3
MINED = 200  # steps between searches for windows without flags that are taken for flags


class Pupil:
    """The net while it learns: Adam (Kingma & Ba 2015) on log loss and squared error."""

    def __init__(self, outputs, seed):
        rng = np.random.default_rng(seed)
        across, down = glance.CELLS
        features = (across // 2 - 3) * (down // 2 - 3) * MAPS[1]
        shapes = [(27, MAPS[0]), (9 * MAPS[0], MAPS[1]), (features, HIDDEN), (HIDDEN,), (HIDDEN, outputs), (outputs,)]
        self.values = [
            rng.normal(0, np.sqrt(2 / s[0]), s).astype(np.float32) if len(s) == 2 else np.zeros(s, np.float32)
            for s in shapes
        ]
        self.values[4] *= 0.1
        self.mean = [np.zeros_like(v) for v in self.values]
        self.square = [np.zeros_like(v) for v in self.values]
        self.steps = 0

    def net(self, codes):
        a, b, w, x, y, z = self.values
        return glance.Net(a, b, (w, x), (y, z), codes)

    def learn(self, windows, labels, corners, rate):
        """One step on these; the mean log loss, share of right names and mean error of corners (of the window)."""
        first, second, w1, b1, w2, b2 = self.values
        count = len(windows)
        x = (windows / (windows.mean(axis=(1, 2, 3), keepdims=True) + glance.DARK)).astype(np.float32)
        rows0 = glance.patches(x)
        once = np.maximum(rows0 @ first, 0)
        _, high, wide, maps = once.shape
        blocks = once.reshape(count, high // 2, 2, wide // 2, 2, maps)
        half = blocks.max(axis=(2, 4))
        rows1 = glance.patches(half)
        twice = np.maximum(rows1 @ second, 0)
        flat = twice.reshape(count, -1)
        hidden = np.maximum(flat @ w1 + b1, 0)
        kept = (self.rng.random(hidden.shape) > DROPPED).astype(np.float32) / (1 - DROPPED)
        hidden *= kept
        out = hidden @ w2 + b2
        grad, told = _blame(out, labels, corners)
        d_hidden = (grad @ w2.T) * kept * (hidden > 0)
        d_twice = ((d_hidden @ w1.T).reshape(twice.shape)) * (twice > 0)
        d_rows = (d_twice @ second.T).reshape(count, *d_twice.shape[1:3], 9, maps)
        d_half = np.zeros_like(half)
        for k in range(9):
            d_half[:, k // 3 : k // 3 + d_rows.shape[1], k % 3 : k % 3 + d_rows.shape[2]] += d_rows[:, :, :, k]
        d_once = (blocks == half[:, :, None, :, None]) * (d_half * (half > 0))[:, :, None, :, None]
        slopes = [
            rows0.reshape(-1, 27).T @ d_once.reshape(-1, maps),
            rows1.reshape(-1, 9 * maps).T @ d_twice.reshape(-1, d_twice.shape[3]),
            flat.T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ grad, grad.sum(axis=0),
        ]  # fmt: skip
        self._step(slopes, rate)
        return told

    rng = np.random.default_rng(8)

    def _step(self, slopes, rate):
        self.steps += 1
        for v, m, s, g in zip(self.values, self.mean, self.square, slopes, strict=True):
            m += 0.1 * (g - m)
            s += 0.001 * (g * g - s)
            step = (m / (1 - 0.9**self.steps)) / (np.sqrt(s / (1 - 0.999**self.steps)) + 1e-8)
            v -= (rate * (step + (DECAY * v if v.ndim == 2 else 0))).astype(np.float32)


def _blame(out, labels, corners):
    """The slope of the loss over the outputs, and what is told of it."""
    count, logits, at = len(out), out[:, :-8], out[:, -8:]
    right = np.where(labels < 0, logits.shape[1] + labels, labels)  # NONE is the last, STRANGER the last but one
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    loss = -np.log(shares[np.arange(count), right] + 1e-9).mean()
    correct = (logits.argmax(axis=1) == right).mean()
    shares[np.arange(count), right] -= 1
    off = (at - (corners - glance.UNIT.ravel())) * (labels != NONE)[:, None]
    grad = np.concatenate([shares, CORNERS * 2 * off], axis=1).astype(np.float32) / np.float32(count)
    return grad, (float(loss), float(correct), float(np.abs(off[labels != NONE]).mean()))


def mined(judge, scenes, rng, each=8):
    """Windows of scenes that are most like flags to the pupil, in cells."""
    found = []
    across, down = glance.CELLS
    for number in rng.choice(len(scenes), min(20, len(scenes)), replace=False):
        for level, _ in glance.levels(scenes[number], 40 * np.exp(rng.uniform(0, 1.2))):
            for features, bright, firsts in glance.windows(level, judge):
                logits, _ = judge.judged(features, bright)
                odds = np.logaddexp.reduce(logits[:, :-2], axis=1) - np.logaddexp(logits[:, -1], logits[:, -2])
                for k in np.argsort(-odds)[:each]:
                    if odds[k] > -3:
                        x, y = firsts[k].astype(int)
                        found.append(level[y : y + down, x : x + across].copy())
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--batches", type=int, default=1700)
    parser.add_argument("--out", type=Path, default=chance.DATA / "glance.npz")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    scenes = [load(path) for path in flagless(asked.folders, "lesson")]
    designs = national()
    codes = tuple(design.code for design in designs)
    maker, pupil = Maker(designs, scenes, 5), Pupil(len(designs) + 10, 6)
    rng = np.random.default_rng(7)
    windows = np.zeros((KEPT, glance.CELLS[1], glance.CELLS[0], 3), np.uint8)
    labels, corners, filled, hard = np.zeros(KEPT, int), np.zeros((KEPT, 8), np.float32), 0, []
    began = time.process_time()
    for step in range(asked.batches):
        if step % MINED == 0 and step:
            hard = [*hard, *mined(pupil.net(codes), scenes, rng)][-8000:]
        made = maker.batch(BATCH, hard)
        at = np.arange(filled, filled + BATCH) % KEPT
        windows[at], labels[at], corners[at] = (made[0] * 255).round(), made[1], made[2]
        filled += BATCH
        again = rng.integers(0, min(filled, KEPT), AGAIN)
        rate = RATE * min(1, (step + 1) / 50) * (0.02 + 0.98 * (1 + np.cos(np.pi * step / asked.batches)) / 2)
        seen = pupil.learn(made[0], made[1], made[2], rate)
        pupil.learn(windows[again].astype(np.float32) / 255, labels[again], corners[again], rate)
        if step % 50 == 0:
            took = time.process_time() - began
            print(step, *(f"{v:.3f}" for v in seen), len(hard), f"{took:.0f} s", flush=True)
        if step % 200 == 199 or step == asked.batches - 1:
            stored = {f"v{k}": v.astype(np.float16) for k, v in enumerate(pupil.values)}
            np.savez_compressed(asked.out, codes=np.array(codes), **stored)


if __name__ == "__main__":
    main()
