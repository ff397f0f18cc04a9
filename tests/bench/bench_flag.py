"""How often a flag is found and named, and how often one is seen where there is none.

    python -m tests.bench.bench_flag scenes FOLDER… [--half 1] [--each 300] [--parts bands24,bands14,layouts,none]
    python -m tests.bench.bench_flag photographs FOLDER      (of files CODE_*.jpg)

Scenes are split by file name into two halves; the shipped numbers come from half 0, figures from half 1.
"""

import argparse
import hashlib
import re
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from tests.bench.flag_pictures import composite, interval
from verify import image
from verify.checks.features.flag import flag
from verify.known import Known
from verify.matching.flags.designs import national

TWENTY = tuple(re.findall(r"\w+", "ru de nl hu bg am lt ee at in fr it be ro ie ml ci ga sl co"))
OTHERS = tuple(
    re.findall(r"\w+", "gb jp us cn tr ge ch ca br kr gr se dk fi no is za jm tz cz cu bs ph bd pw la vn so ma il pa")
)
SIDE = 800


ROOMS = (  # views of one room stay in one half; what is before the name keeps the halves as they were drawn
    (r"(house\d+_\w+)", "houses"), (r"(scene\d+_\d+)", "scannet"), (r"(cut3r\d+)", "sequence"),
    (r"(kitchen)_\d+", "vggt"), (r"(zind)", ""),
)  # fmt: skip


def key(path):
    """What must stay in one half: a room, or a file."""
    found = ((prefix, re.match(pattern, path.name)) for pattern, prefix in ROOMS)
    return next((prefix + match[1] for prefix, match in found if match), path.name)


def half_of(path):
    return hashlib.md5(key(path).encode(), usedforsecurity=False).digest()[0] & 1


def load(path):
    pixels = image.open(path).pixels
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels


def named(findings, code, corners):
    """Whether a region within the flag's outline lists `code` in a set of at most four designs, and is a yes."""
    best = 0
    for finding in findings:
        if not finding.regions or finding.answer.value not in {"yes", "unclear"}:
            continue
        middle = np.mean(finding.regions[0].polygon, axis=0)
        if cv2.pointPolygonTest(corners.astype(np.float32), (float(middle[0]), float(middle[1])), False) < 0:
            continue
        as_drawn = [fit for fit in finding.measured["fits"] if fit["hung"] == "as drawn"] or finding.measured["fits"]
        if any(code in fit["codes"] for fit in finding.measured["fits"]):
            hit = 1 + (
                finding.answer.value == "yes" and any(code in f["codes"] for f in as_drawn[:4]) and len(as_drawn) <= 4
            )
            best = max(best, hit)
    return best


def shares(label, hits, took):
    n, sure, listed = len(hits), sum(h == 2 for h in hits), sum(h >= 1 for h in hits)
    low, high = interval(sure, n)
    print(
        f"{label}: yes and named among at most four {sure}/{n} = {sure / max(n, 1):.0%} ({low:.0%} to {high:.0%}); "
        f"listed, yes or unclear {listed / max(n, 1):.0%}; {took / max(n, 1):.2f} CPU s a picture",
        flush=True,
    )


def composites(label, scenes, codes, size, each, seed):
    """`size`: pixels of a band, or of the whole flag where negative."""
    rng = np.random.default_rng(seed)
    designs = {code: design for design in national() for code in design.codes}
    hits, took, missed = [], 0.0, {}
    for number in range(each):
        code, scene = codes[number % len(codes)], load(scenes[rng.integers(len(scenes))])
        design = designs[code]
        tall, wide = design.drawing.shape[:2]
        height = -size if size < 0 else 3 * size * (tall / wide if design.bands and design.bands.upright else 1)
        made = composite(scene, design.drawing, height, seed * 10_000 + number)
        start = time.process_time()
        found = list(flag(image.Image(made.jpeg, "composite.jpg"), Known()))
        took += time.process_time() - start
        hits.append(named(found, code, made.corners))
        if hits[-1] < 2:
            missed[code] = missed.get(code, 0) + 1
    shares(label, hits, took)
    print("   missed:", dict(sorted(missed.items(), key=lambda item: -item[1])), flush=True)


def without(scenes):
    yes, unclear, took = [], 0, 0.0
    for path in scenes:
        start = time.process_time()
        for finding in flag(image.Image(path.read_bytes(), path.name), Known()):
            if finding.answer.value == "yes":
                yes.append(path.name)
                print("   yes:", path.name, finding.because[:160], finding.regions[0].polygon[:2], flush=True)
            unclear += finding.answer.value == "unclear"
        took += time.process_time() - start
    low, high = interval(len(yes), len(scenes))
    print(
        f"no flag: {len(yes)} regions answered yes in {len(scenes)} pictures ({low:.1%} to {high:.1%}), "
        f"{unclear} unclear; {took / max(len(scenes), 1):.2f} CPU s a picture",
        flush=True,
    )


def photographs(folder):
    hits, took = {}, 0.0
    for path in sorted(folder.glob("*")):
        code = path.name.split("_")[0]
        picture = image.open(path)
        start = time.process_time()
        found = list(flag(picture, Known()))
        took += time.process_time() - start
        whole = np.array([[-9, -9], [1e5, -9], [1e5, 1e5], [-9, 1e5]])
        hit = named(found, code, whole)
        hits.setdefault(code, []).append(hit)
        print(f"   {path.name}: {('missed', 'listed', 'named')[hit]}; {found[0].answer.value} {found[0].because[:110]}")
    for code, each in hits.items():
        shares(f"photographs of {code}", each, 0)
    shares("photographs", [h for each in hits.values() for h in each], took)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["scenes", "photographs"])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--half", type=int, default=1)
    parser.add_argument("--each", type=int, default=300)
    parser.add_argument("--parts", default="bands24,bands14,layouts,none")
    wanted = parser.parse_args()
    cv2.setNumThreads(1)
    if wanted.what == "photographs":
        return photographs(wanted.folders[0])
    suffixes = {".jpg", ".jpeg", ".png"}
    scenes = sorted(p for f in wanted.folders for p in f.rglob("*") if p.suffix.lower() in suffixes)
    scenes = [path for path in scenes if half_of(path) == wanted.half]
    for part in wanted.parts.split(","):
        if part == "none":
            without(scenes[: wanted.each])
        elif part == "layouts":
            composites("other layouts, 100 pixels high", scenes, OTHERS, -100, wanted.each, 3)
        else:
            size = int(part.removeprefix("bands"))
            composites(f"Azerbaijan, bands of {size} pixels", scenes, ["az"], size, wanted.each, 1)
            composites(f"twenty others, bands of {size} pixels", scenes, TWENTY, size, wanted.each, 2)
    return None


if __name__ == "__main__":
    sys.exit(main())
