"""Teaches the finer net on made flags and on places that the first glance takes for flags: makes finer.npz.

python -m tests.bench.flag_teaching_finer FOLDER… [--minutes 60] [--out FILE]        (needs torch)

A third faster with huge pages (GLIBC_TUNABLES=glibc.malloc.hugetlb=1 MALLOC_MMAP_MAX_=0), where there are any.
Scenes without flags of the part `lesson` (half of half 0) serve as backgrounds and counter-examples.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.multiprocessing
import torch.nn.functional as F

from tests.bench.flag_scenes import flagless, load
from tests.bench.flag_windows import NONE, Maker
from verify.matching.flags import chance, closer, finer, glance
from verify.matching.flags.designs import national

MAPS, NARROW, HIDDEN = (32, 64, 96, 96, 128, 128, 160), 64, 320
FEATURES = NARROW * 5 * 6
DROPPED, DECAY, RATE = 0.15, 0.02, 2e-3
BATCH, MADE = 384, 128  # windows a step learns from; made at once
KEPT = 250_000  # windows kept, from which each step draws
TOLD = 50  # steps between lines
CORNERS = 8.0  # weight of the corners' squared error beside the names' log loss


class Pupil(torch.nn.Module):
    """The net while it learns; see `finer.Finer` for what its parts are."""

    def __init__(self, designs):
        super().__init__()
        sides = [*zip((3, *MAPS), MAPS, strict=False)]
        convs = [torch.nn.Conv2d(a, b, 3, 1 if k else 2, 1, bias=False) for k, (a, b) in enumerate(sides)]
        self.maps = torch.nn.ModuleList([*convs, torch.nn.Conv2d(MAPS[-1], NARROW, 1, bias=False)])
        self.norms = torch.nn.ModuleList(torch.nn.BatchNorm2d(side) for side in (*MAPS, NARROW))
        self.hidden = torch.nn.Linear(FEATURES, HIDDEN)
        self.last = torch.nn.Linear(HIDDEN, designs + 2 + 8)
        self.to(memory_format=torch.channels_last)
        torch.nn.init.zeros_(self.last.bias)

    def forward(self, windows):
        x = (windows - 0.5).contiguous(memory_format=torch.channels_last)
        for number, (layer, norm) in enumerate(zip(self.maps, self.norms, strict=True)):
            x = F.relu(norm(layer(x)))
            x = F.max_pool2d(x, 2, ceil_mode=True) if number in finer.HALVED[1:] else x
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
        return {k: v.detach().numpy().astype(np.float16) for k, v in kept.items()} | {"codes": np.array(codes)}


def mined(scenes):
    """Windows about the places that the first glance finds in pictures without flags, as bytes [N x 3 x 72 x 96]."""
    found = []
    for number, scene in enumerate(scenes):
        for place in glance.glanced(scene, glance.net(), strangers=bool(number % 2)):
            near = glance.again(scene, place, glance.net())
            for first, extent in glance.views(near, closer.ABOUT):
                window = glance.window(scene, first, extent, finer.CELLS)
                found.append((window * 255).astype(np.uint8).transpose(2, 0, 1))
    return torch.from_numpy(np.stack(found))


def making(scenes, designs, hard, queue, seed):
    """Makes windows for ever, in a process of its own."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    maker = Maker(designs, scenes, seed, finer.CELLS, 1)
    while True:
        windows, *rest = maker.batch(MADE, hard)
        queue.put(((windows * 255).round().byte().numpy(), *(value.numpy() for value in rest)))


class Seen:
    """The windows made last, gone over again and again."""

    def __init__(self):
        across, down = finer.CELLS
        self.kept = [torch.zeros((KEPT, 3, down, across), dtype=torch.uint8), torch.zeros(KEPT, dtype=torch.long),
                     torch.zeros(KEPT), torch.zeros((KEPT, 4, 2))]  # fmt: skip
        self.filled = 0

    def keep(self, values):
        at = torch.arange(self.filled, self.filled + len(values[0])) % KEPT
        for kept, new in zip(self.kept, values, strict=True):
            kept[at] = new
        self.filled += len(at)

    def some(self, count):
        at = torch.randint(min(self.filled, KEPT), (count,))
        return [kept[at] for kept in self.kept]


def taught(queue, codes, minutes, out):
    """Learns for so long from what is made meanwhile; the rate falls to nothing by then."""
    torch.manual_seed(6)
    pupil, seen, told, step = Pupil(len(codes)), Seen(), [], 0
    teacher = torch.optim.AdamW(pupil.parameters(), RATE, weight_decay=DECAY)
    began = time.monotonic()
    while (done := (time.monotonic() - began) / 60 / minutes) < 1:
        while seen.filled < 4 * BATCH or not queue.empty():
            seen.keep([torch.from_numpy(value) for value in queue.get()])
        windows, *rest = seen.some(BATCH)
        for group in teacher.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 100) * (0.01 + 0.99 * (1 + np.cos(np.pi * done)) / 2)
        loss, said = pupil.blame(windows.float() / 255, *rest)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path, default=chance.DATA / "finer.npz")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    scenes, designs = [load(path) for path in flagless(asked.folders, "lesson")], national()
    hard = mined(scenes)
    print(len(scenes), "scenes,", len(hard), "windows taken for flags", flush=True)
    queue = torch.multiprocessing.get_context("spawn").Queue(4)
    worker = torch.multiprocessing.get_context("spawn").Process(
        target=making, args=(scenes, designs, hard, queue, 5), daemon=True
    )
    worker.start()
    taught(queue, tuple(design.code for design in designs), asked.minutes, asked.out)
    worker.terminate()


if __name__ == "__main__":
    main()
