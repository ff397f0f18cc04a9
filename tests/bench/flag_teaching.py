"""Teaches the first glance on flags made as cloth before scenes, and on what is no flag: makes glance.npz.

python -m tests.bench.flag_teaching FOLDER… [--minutes 100] [--out FILE]        (needs torch)

Scenes without flags of the part `lesson` (half of half 0) serve as backgrounds and counter-examples.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from tests.bench.flag_scenes import flagless, load
from tests.bench.flag_windows import NONE, Maker
from verify.matching.flags import chance, glance
from verify.matching.flags.designs import national

MAPS, HIDDEN, BRIEF = (24, 64, 128, 96), 256, 16
DROPPED, DECAY = 0.15, 0.01
BATCH = 256  # new windows a step
AGAIN = 640  # earlier windows gone over once more a step
KEPT = 200_000  # earlier windows kept
CORNERS = 8.0  # weight of the corners' squared error beside the names' log loss
RATE = 1.2e-3
MINED = 100  # steps between searches for windows without flags that are taken for flags
PICTURES = 24  # searched then, scenes and made ones each
LARGE = (144, 108)  # pixels of made pictures, in which parts of flags are taken for flags
APART = 0.3  # intersection over union with the flag above which a window is not called empty


class Pupil(torch.nn.Module):
    """The net while it learns; see `glance.Net` for what its parts are."""

    def __init__(self, designs):
        super().__init__()
        sides = zip((3, *MAPS), MAPS, strict=False)
        self.maps = torch.nn.ModuleList(torch.nn.Conv2d(a, b, 3, bias=False) for a, b in sides)
        rows, columns = glance.FEATURES
        self.brief = torch.nn.Linear(MAPS[-1] * rows * columns, BRIEF)
        self.short = torch.nn.Linear(BRIEF, 1)
        self.hidden = torch.nn.Linear(MAPS[-1] * rows * columns, HIDDEN)
        self.last = torch.nn.Linear(HIDDEN, designs + 2 + 8)
        for layer in self.maps:
            torch.nn.init.kaiming_normal_(layer.weight)
        torch.nn.init.zeros_(self.last.bias)

    def forward(self, windows):
        bright = windows.mean(dim=(1, 2, 3))
        x = windows.contiguous(memory_format=torch.channels_last)
        for number, layer in enumerate(self.maps):
            x = F.relu(layer(x))
            x = F.max_pool2d(x, 2) if number < 2 else x
        flat = x.permute(0, 2, 3, 1).flatten(1) / (bright[:, None] + glance.DARK)
        brief = self.short(F.relu(self.brief(flat)))[:, 0]
        hidden = F.dropout(F.relu(self.hidden(flat)), DROPPED, self.training)
        return self.last(hidden).float(), brief.float()

    def blame(self, windows, labels, weights, corners):
        """The loss, and what is told of it: log loss, share of right names, mean error of corners."""
        with torch.autocast("cpu", torch.bfloat16):
            out, brief = self(windows)
        logits, at = out[:, :-8], out[:, -8:] + torch.from_numpy(glance.UNIT.reshape(-1))
        right = torch.where(labels < 0, logits.shape[1] + labels, labels)  # NONE the last, STRANGER the last but one
        names = (F.cross_entropy(logits, right, reduction="none") * weights).mean()
        flags = labels != NONE
        off = (at - corners.flatten(1))[flags]
        first = F.binary_cross_entropy_with_logits(brief, flags.float(), weight=weights)
        told = names, (logits.argmax(1) == right)[weights > 0].float().mean(), off.abs().mean()
        return names + CORNERS * (off**2).mean() + 0.5 * first, [float(v.detach()) for v in told]

    def restored(self, kept):
        """Takes the arrays of `stored`."""
        with torch.no_grad():
            for k, m in enumerate(self.maps):
                weights = torch.from_numpy(kept[f"map{k}"].astype(np.float32))
                m.weight.copy_(weights.reshape(3, 3, m.in_channels, m.out_channels).permute(3, 2, 0, 1))
            for name in ("brief", "short", "hidden", "last"):
                getattr(self, name).weight.copy_(torch.from_numpy(kept[f"{name}_w"].astype(np.float32)).T)
                getattr(self, name).bias.copy_(torch.from_numpy(kept[f"{name}_b"].astype(np.float32)))

    def stored(self, codes):
        """The arrays of `glance.Net`."""
        kept = {f"map{k}": m.weight.permute(2, 3, 1, 0).reshape(-1, m.out_channels) for k, m in enumerate(self.maps)}
        for name in ("brief", "short", "hidden", "last"):
            layer = getattr(self, name)
            kept |= {f"{name}_w": layer.weight.T, f"{name}_b": layer.bias}
        return {k: v.detach().numpy().astype(np.float16) for k, v in kept.items()} | {"codes": np.array(codes)}


def mined(judge, pictures, smallest, ends=None, each=8):
    """Windows most like flags to the pupil and none [N x 3 x down x across], bytes; `ends`: where a flag truly is."""
    found = []
    across, down = glance.CELLS
    for number, picture in enumerate(pictures):
        for level, cell in glance.levels(picture, smallest):
            for features, bright, firsts in glance.windows(level, judge):
                logits, corners = judge.judged(features, bright)
                odds = np.logaddexp.reduce(logits[:, :-2], axis=1) - np.logaddexp(logits[:, -1], logits[:, -2])
                taken = 0
                for k in np.argsort(-odds):
                    x, y = firsts[k].astype(int)
                    window = level[y : y + down, x : x + across]
                    if odds[k] < -3 or taken == each:
                        break
                    at = (firsts[k] - glance.PAD + corners[k] * np.array(glance.CELLS)) * cell
                    if window.shape[:2] != (down, across) or (ends is not None and _shared(at, ends[number]) > APART):
                        continue  # the last ones lack rows that pooling leaves out
                    found.append((window * 255).astype(np.uint8).transpose(2, 0, 1))
                    taken += 1
    return [torch.from_numpy(np.ascontiguousarray(window)) for window in found]


def _shared(one, other):
    """Intersection over union of the boxes about two quadrilaterals."""
    low, high = np.maximum(one.min(0), other.min(0)), np.minimum(one.max(0), other.max(0))
    both = np.prod(np.maximum(high - low, 0))
    return both / (np.prod(np.ptp(one, axis=0)) + np.prod(np.ptp(other, axis=0)) - both)


class Seen:
    """Earlier windows, gone over again."""

    def __init__(self):
        self.windows = torch.zeros((KEPT, 3, glance.CELLS[1], glance.CELLS[0]), dtype=torch.uint8)
        self.rest = [torch.zeros(KEPT, dtype=torch.long), torch.zeros(KEPT), torch.zeros((KEPT, 4, 2))]
        self.filled = 0

    def keep(self, windows, *rest):
        at = torch.arange(self.filled, self.filled + len(windows)) % KEPT
        self.windows[at] = (windows * 255).round().byte()
        for kept, new in zip(self.rest, rest, strict=True):
            kept[at] = new
        self.filled += len(windows)

    def some(self, count):
        at = torch.randint(min(self.filled, KEPT), (count,))
        return self.windows[at].float() / 255, *(kept[at] for kept in self.rest)


def taught(scenes, designs, minutes, out, begun=None):
    """Learns for so long; the rate falls to nothing by then. `begun`: a file to go on from."""
    torch.manual_seed(6)
    maker, pupil, seen, rng = Maker(designs, scenes, 5), Pupil(len(designs)), Seen(), np.random.default_rng(7)
    codes = tuple(design.code for design in designs)
    if begun:
        pupil.restored(np.load(begun))
    teacher = torch.optim.AdamW(pupil.parameters(), RATE, weight_decay=DECAY)
    larger = Maker(designs, scenes, 9, LARGE, 1)
    empty, parts, hard, began, step = [], [], None, time.monotonic(), 0
    while (done := (time.monotonic() - began) / 60 / minutes) < 1:
        if step % MINED == 0 and (step or begun):
            np.savez_compressed(out, **pupil.stored(codes))
            judge = glance.stored(out)
            some = [scenes[k] for k in rng.choice(len(scenes), min(PICTURES, len(scenes)), replace=False)]
            empty = [*empty, *mined(judge, some, 40 * np.exp(rng.uniform(0, 1.5)))][-8000:]
            pictures, labels, _, ends = larger.batch(2 * PICTURES)
            whole = torch.nonzero(labels != NONE)[:PICTURES, 0]
            bytes_ = [(p * 255).byte().permute(1, 2, 0).contiguous().numpy() for p in pictures[whole]]
            parts = [*parts, *mined(judge, bytes_, 26, (ends[whole] * torch.tensor(LARGE)).numpy())][-8000:]
            hard = torch.stack([*empty, *parts])
        made = maker.batch(BATCH, hard)
        seen.keep(*made)
        for group in teacher.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 100) * (0.01 + 0.99 * (1 + np.cos(np.pi * done)) / 2)
        for batch in (made, seen.some(AGAIN)):
            loss, told = pupil.blame(*batch)
            teacher.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(pupil.parameters(), 1.0)
            teacher.step()
            if batch is made and step % 50 == 0:
                print(step, f"{done:.3f}", *(f"{v:.3f}" for v in told), len(empty), len(parts), flush=True)
        step += 1
    np.savez_compressed(out, **pupil.stored(codes))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--minutes", type=float, default=100)
    parser.add_argument("--begun", type=Path, help="a net to go on teaching")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=chance.DATA / "glance.npz")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(asked.threads)
    scenes = [load(path) for path in flagless(asked.folders, "lesson")]
    taught(scenes, national(), asked.minutes, asked.out, asked.begun)


if __name__ == "__main__":
    main()
