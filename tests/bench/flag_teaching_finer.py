"""Teaches the finer net on made flags and on places that the first glance takes for flags: makes draped.npz.

python -m tests.bench.flag_teaching_finer FOLDER… [--minutes 60] [--begun FILE --seed 105 --rate 1e-3] [--out FILE]
                                                                                              (needs torch)

A third faster with huge pages (GLIBC_TUNABLES=glibc.malloc.hugetlb=1 MALLOC_MMAP_MAX_=0), where there are any.
Scenes without flags of the part `lesson` (half of half 0) serve as backgrounds and counter-examples.
"""

import argparse
import contextlib
import itertools
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.multiprocessing
import torch.nn.functional as F

from tests.bench.flag_cloths import stored
from tests.bench.flag_lessons import NONE, Maker
from tests.bench.flag_scenes import load, readable
from verify.matching.flags import chance, closer, finer, glance
from verify.matching.flags.designs import national

MAPS, NARROW, HIDDEN = (48, 96, 96, 160, 160, 256, 256), 64, 384
HALVED = (2, 4)  # the layers after which a level is halved
FEATURES = NARROW * 5 * 6
DROPPED, DECAY = 0.15, 0.02
BATCH, MADE = 256, 96  # windows a step learns from; new ones a step
KEPT = 300_000  # windows kept, from which each step draws
TOLD = 50  # steps between lines
CORNERS = 8.0  # weight of the corners' squared error beside the names' log loss


class Pupil(torch.nn.Module):
    """The net while it learns; see `finer.Finer` for what its parts are."""

    def __init__(self, designs):
        super().__init__()
        sides = itertools.pairwise(MAPS)
        convs = [torch.nn.Conv2d(a, b, 3, 1, 1, bias=False) for a, b in sides]
        stem = torch.nn.Conv2d(3, MAPS[0], finer.PATCH, finer.PATCH, bias=False)
        self.maps = torch.nn.ModuleList([stem, *convs, torch.nn.Conv2d(MAPS[-1], NARROW, 1, bias=False)])
        self.norms = torch.nn.ModuleList(torch.nn.BatchNorm2d(side) for side in (*MAPS, NARROW))
        self.hidden = torch.nn.Linear(FEATURES, HIDDEN)
        self.last = torch.nn.Linear(HIDDEN, designs + 2 + 8)
        self.to(memory_format=torch.channels_last)
        torch.nn.init.zeros_(self.last.bias)

    def forward(self, windows):
        x = (windows - 0.5).contiguous(memory_format=torch.channels_last)
        for number, (layer, norm) in enumerate(zip(self.maps, self.norms, strict=True)):
            x = F.relu(norm(layer(x)))
            x = F.max_pool2d(x, 2, ceil_mode=True) if number in HALVED else x
        hidden = F.relu(self.hidden(x.permute(0, 2, 3, 1).flatten(1)))
        return self.last(F.dropout(hidden, DROPPED, self.training)).float()

    def blame(self, windows, labels, weights, corners):
        """The loss, and what is told of it: log loss, share of right names, mean error of corners."""
        with torch.autocast("cpu", torch.bfloat16):
            out = self(windows)
        logits, at = out[:, :-8], out[:, -8:] + torch.from_numpy(finer.UNIT.reshape(-1))
        right = torch.where(labels < 0, logits.shape[1] + labels, labels)  # NONE the last, STRANGER the last but one
        names = (F.cross_entropy(logits, right, reduction="none") * weights).mean()
        off = (at - corners.flatten(1))[labels != NONE]
        told = names, (logits.argmax(1) == right)[weights > 0].float().mean(), off.abs().mean()
        return names + CORNERS * (off**2).mean(), [float(v.detach()) for v in told]

    def begin(self, net, windows):
        """Goes on from a stored net; at first each norm changes nothing in windows like these [N x 3 x 72 x 96]."""
        level = windows - 0.5
        for number, (kept, layer, norm) in enumerate(zip(net.maps, self.maps, self.norms, strict=True)):
            weights, offset = (torch.from_numpy(values) for values in kept)
            side, channels = layer.kernel_size[0], layer.in_channels
            layer.weight.copy_(weights.reshape(side, side, channels, -1).permute(3, 2, 0, 1))
            level = layer(level)
            norm.running_mean.copy_(level.mean((0, 2, 3)))
            norm.running_var.copy_(level.var((0, 2, 3)))
            norm.weight.copy_(torch.sqrt(norm.running_var + norm.eps))
            norm.bias.copy_(norm.running_mean + offset)
            level = F.relu(level + offset[:, None, None])
            level = F.max_pool2d(level, 2, ceil_mode=True) if number in HALVED else level
        for layer, kept in ((self.hidden, net.hidden), (self.last, net.last)):
            weights, offset = (torch.from_numpy(values) for values in kept)
            layer.weight.copy_(weights.T)
            layer.bias.copy_(offset)

    def stored(self, codes):
        """The arrays of `finer.Finer`, norms folded into the convolutions."""
        kept = {}
        for k, (layer, norm) in enumerate(zip(self.maps, self.norms, strict=True)):
            gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            kept[f"map{k}_w"] = (layer.weight * gain[:, None, None, None]).permute(2, 3, 1, 0).reshape(-1, len(gain))
            kept[f"map{k}_b"] = norm.bias - norm.running_mean * gain
        for name in ("hidden", "last"):
            layer = getattr(self, name)
            kept |= {f"{name}_w": layer.weight.T, f"{name}_b": layer.bias}
        return {k: v.detach().numpy().astype(np.float16) for k, v in kept.items()} | {
            "codes": np.array(codes), "halved": np.array(HALVED, np.uint8)
        }  # fmt: skip


def mined(scenes):
    """Windows without flags [N x 72 x 96 x 3], bytes: about what the first glance takes for flags, and large ones."""
    found = []
    for number, scene in enumerate(scenes):
        boxes = closer.windows(scene)
        for place in glance.glanced(scene, glance.net(), strangers=bool(number % 2)):
            near = glance.again(scene, place, glance.net())
            boxes += glance.views(near, glance.FIRST) + glance.views(near, closer.WIDER)
        found += [(glance.window(scene, *box, finer.CELLS) * 255).astype(np.uint8) for box in boxes]
    return np.stack(found)


def making(folders, cloths, hard, queue, seed):
    """Makes windows for ever, in a process of its own."""
    cv2.setNumThreads(1)
    maker = Maker(national(), scenes_of(folders), stored(cloths), seed)
    hard = np.load(hard, mmap_mode="r")
    while True:
        queue.put(maker.batch(MADE, hard))


def scenes_of(folders):
    return [load(path) for path in readable(folders, "lesson")]


class Seen:
    """The windows made last, gone over again and again."""

    def __init__(self):
        across, down = finer.CELLS
        self.kept = [torch.zeros((KEPT, down, across, 3), dtype=torch.uint8), torch.zeros(KEPT, dtype=torch.long),
                     torch.zeros(KEPT), torch.zeros((KEPT, 4, 2))]  # fmt: skip
        self.filled = 0

    def keep(self, values):
        at = torch.arange(self.filled, self.filled + len(values[0])) % KEPT
        for kept, new in zip(self.kept, values, strict=True):
            kept[at] = torch.from_numpy(new).to(kept.dtype)
        self.filled += len(at)

    def some(self, count):
        at = torch.randint(min(self.filled, KEPT), (count,))
        windows, *rest = (kept[at] for kept in self.kept)
        return windows.permute(0, 3, 1, 2).float() / 255, *rest


def taught(queue, codes, minutes, out, rate, begun):
    """Learns for so long, from some new windows and more earlier ones a step; the rate falls to nothing by then."""
    torch.manual_seed(6)
    pupil, seen, told, step = Pupil(len(codes)), Seen(), [], 0
    teacher = torch.optim.AdamW(pupil.parameters(), rate, weight_decay=DECAY)
    while seen.filled < 40 * BATCH:
        seen.keep(queue.get())
    if begun:
        with torch.no_grad():
            pupil.begin(finer.stored(begun), seen.some(4 * BATCH)[0])
    began = time.monotonic()
    while (done := (time.monotonic() - began) / 60 / minutes) < 1:
        seen.keep(queue.get())
        for group in teacher.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 200) * (0.01 + 0.99 * (1 + np.cos(np.pi * done)) / 2)
        loss, said = pupil.blame(*seen.some(BATCH))
        teacher.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(pupil.parameters(), 1.0)
        teacher.step()
        step, told = step + 1, [*told, said][-TOLD:]
        if step % TOLD == 0:
            print(step, f"{done:.3f}", seen.filled, *(f"{v:.3f}" for v in np.mean(told, axis=0)), flush=True)
        if step % (10 * TOLD) == 0:
            np.savez_compressed(out, **pupil.stored(codes))
    np.savez_compressed(out, **pupil.stored(codes))


def parser_of(doc, out, seed):
    """What every teaching on these windows asks."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path, default=chance.DATA / out)
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--cloths", type=Path, required=True, help="made by flag_cloths.py")
    parser.add_argument("--hard", type=Path, default=Path("hard.npy"), help="windows without flags, made where missing")
    return parser


@contextlib.contextmanager
def windows_made(asked):
    """A queue that another process fills with windows."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    if not asked.hard.exists():
        hard = mined(scenes_of(asked.folders))
        print(len(hard), "windows taken for flags", flush=True)
        np.save(asked.hard, hard)
    context = torch.multiprocessing.get_context("spawn")
    queue = context.Queue(4)
    worker = context.Process(
        target=making, args=(asked.folders, asked.cloths, asked.hard, queue, asked.seed), daemon=True
    )
    worker.start()
    try:
        yield queue
    finally:
        worker.terminate()


def main():
    parser = parser_of(__doc__, "draped.npz", 5)
    parser.add_argument("--begun", type=Path, help="a net of this shape to go on from")
    asked = parser.parse_args()
    with windows_made(asked) as queue:
        taught(queue, tuple(design.code for design in national()), asked.minutes, asked.out, asked.rate, asked.begun)


if __name__ == "__main__":
    main()
