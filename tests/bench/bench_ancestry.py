"""Which of two copies is named the likelier earlier: bench_ancestry.py ORIGINALS MAKE_COPIES.py [--first N].

Each original is compared with its edited copies, both ways round: right where the original is named, wrong where
the copy is. The thresholds in verify/archive/ancestry.py come from the first 15 originals by name: report on others.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import cv2

from verify.archive import compare, sign
from verify.model import Answer

cv2.setNumThreads(1)
TILES = 20  # the last originals, which the tool makes the other tiles of collages from


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("originals", type=Path)
    parser.add_argument("tool", type=Path)
    parser.add_argument("--first", type=int, default=15)
    parser.add_argument("--limit", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    every = sorted(options.originals.iterdir())
    files = every[options.first : -TILES][: options.limit]
    found = defaultdict(Counter)
    with tempfile.TemporaryDirectory() as temporary:
        chosen, copies = Path(temporary, "originals"), Path(temporary, "copies")
        chosen.mkdir()
        for file in files + every[-TILES:]:
            (chosen / file.name).symlink_to(file.absolute())
        command = [sys.executable, options.tool, chosen, copies, "--seed", str(options.seed)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for file in files:
            original = sign(file.read_bytes(), file.name)
            for copy in sorted(copies.glob(f"{file.stem}__*")):
                edit = copy.stem.partition("__")[2]
                if edit != "original":
                    told(found[edit], original, sign(copy.read_bytes(), copy.name), copy.name)
    total = sum(found.values(), Counter())
    for edit, counts in sorted(found.items()):
        print(f"{edit:12} {dict(counts)}")
    print(f"all          {dict(total)} of {sum(total.values())} pairs answered yes, each asked both ways round")


def told(counts, original, copy, name):
    for one, other, right in ((original, copy, "picture"), (copy, original, "other")):
        finding = compare(one, other).finding
        if finding.answer is Answer.YES:
            which = finding.measured["likelier_earlier"]
            counts["right" if which == right else "unclear" if which == "unclear" else "wrong"] += 1
            if which not in {right, "unclear"}:
                print(f"wrong: {name}: {'; '.join(finding.measured['why_earlier'])}", flush=True)


if __name__ == "__main__":
    main()
