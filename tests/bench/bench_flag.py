"""How often a flag is found and named, how often wrongly named, and how often one is seen where there is none.

    python -m tests.bench.bench_flag DATA [--each 300] [--parts none,az24,twenty24,…] [--cloths FILE]

DATA: a folder with interiors, neardup/originals, psbattles/original, emblems/photos, tamper/camera, tamper/misd and
metadata (pictures without flags; --scenes names others of the kind), and flags.csv (file, label, look). Composites are
set into scenes of the half that nothing was fitted on; those of `worn` and `turned` are of --cloths, made by
flag_cloths.py. "Named": a yes on the flag's place whose set of at most four designs holds the right one. "Wrong": a yes
without it. Drawings of one design are one.
"""

import argparse
import csv
import hashlib
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from tests.bench.flag_cloths import stored
from tests.bench.flag_pictures import composite, interval, strange, worn
from tests.bench.flag_scenes import load, readable
from verify import image
from verify.checks.features import flag as module
from verify.known import Known
from verify.matching.flags.designs import national
from verify.matching.flags.naming import POSSIBLE
from verify.matching.flags.whole import whole_sightings

SCENES = (
    "interiors",
    "neardup/originals",
    "psbattles/original",
    "emblems/photos",
    "tamper/camera",
    "tamper/misd",
    "metadata",
)
TWENTY = tuple(re.findall(r"\w+", "ru de nl hu bg am lt ee at in fr it be ro ie ml ci ga sl co"))
OTHERS = tuple(
    re.findall(r"\w+", "gb jp us cn tr ge ch ca br kr gr se dk fi no is za jm tz cz cu bs ph bd pw la vn so ma il pa")
)
EVERY = (*TWENTY, *OTHERS, "az")
MISSED, LISTED, NAMED = range(3)
ROUTE = "both"
PARTS = "none,az24,twenty24,az14,twenty14,layouts,worn,turned,strange,photos,time"


@dataclass
class Count:
    """What was answered about pictures of one kind."""

    hits: list = field(default_factory=list)
    wrong: int = 0  # pictures with a yes that does not name the flag there
    took: float = 0.0
    missed: dict = field(default_factory=dict)

    def add(self, code, findings, inside):
        """Reads the findings of a picture with the flag `code` where `inside` says."""
        best, wrong = MISSED, False
        for finding in findings:
            if not finding.regions or finding.answer.value not in {"yes", "unclear"}:
                continue
            fits, sure = finding.measured["fits"], finding.answer.value == "yes"
            named = [fit for fit in fits if fit["hung"] == fits[0]["hung"]]
            here = inside(np.mean(finding.regions[0].polygon, axis=0))
            if here and any(code in fit["codes"] for fit in fits):
                among = any(code in fit["codes"] for fit in named) and len(named) <= 4
                best = max(best, NAMED if sure and among else LISTED)
            elif sure:
                wrong = True
                print(f"   WRONG {code}: {finding.because[:150]}", flush=True)
        self.hits.append(best)
        self.wrong += wrong
        if best < NAMED:
            self.missed[code] = self.missed.get(code, 0) + 1
        return best

    def tell(self, label, target=""):
        n, named = len(self.hits), sum(h == NAMED for h in self.hits)
        listed = sum(h >= LISTED for h in self.hits)
        print(
            f"{label}: named {_share(named, n)}{target}; yes or unclear {_share(listed, n)}; "
            f"wrong {_share(self.wrong, n)}; {self.took / max(n, 1):.2f} CPU s a picture",
            flush=True,
        )


def _share(hits, n):
    low, high = interval(hits, n)
    return f"{hits}/{n} = {hits / max(n, 1):.1%} [{low:.1%}, {high:.1%}]"


def asked(data, name):
    """Findings, and CPU seconds."""
    start = time.process_time()
    picture = image.Image(data, name)
    if ROUTE == "both":
        findings = list(module.flag(picture, Known()))
    else:
        seen = whole_sightings(picture.pixels, national())
        findings = [module._finding(s, national()) for s in seen if s.chance <= POSSIBLE]
    return findings, time.process_time() - start


def composites(label, target, scenes, drawings, each, seed, made=composite):
    """`drawings(number, rng)` gives (code, drawing, pixels high); `made(scene, drawing, height, seed)` the picture."""
    rng, count = np.random.default_rng(seed), Count()
    for number in range(each):
        code, drawing, height = drawings(number, rng)
        scene = load(scenes[rng.integers(len(scenes))])
        picture = made(scene, drawing, height, seed * 10_000 + number)
        findings, took = asked(picture.jpeg, "composite.jpg")
        count.took += took
        outline = picture.corners.astype(np.float32)
        count.add(
            code, findings, lambda at, o=outline: cv2.pointPolygonTest(o, (float(at[0]), float(at[1])), False) >= 0
        )
        if number % 50 == 49 and number + 1 < each:
            count.tell(f"   {label}, so far")
    count.tell(label, f" (target {target})")
    print("   not named:", dict(sorted(count.missed.items(), key=lambda item: -item[1])), flush=True)


def banded(codes, band):
    """Flags whose bands are `band` pixels wide."""
    designs = {code: design for design in national() for code in design.codes}

    def drawn(number, _):
        design = designs[codes[number % len(codes)]]
        tall, wide = design.drawing.shape[:2]
        return codes[number % len(codes)], design.drawing, 3 * band * (tall / wide if design.bands.upright else 1)

    return drawn


def whole(codes, height):
    designs = {code: design for design in national() for code in design.codes}
    return lambda number, _: (codes[number % len(codes)], designs[codes[number % len(codes)]].drawing, height)


def without(scenes):
    yes, unclear, took = [], 0, 0.0
    for path in scenes:
        findings, seconds = asked(path.read_bytes(), path.name)
        took += seconds
        for finding in findings:
            unclear += bool(finding.regions) and finding.answer.value == "unclear"
            if finding.answer.value == "yes":
                yes.append(path.name)
                print(f"   yes: {path.name} {finding.because[:150]} {finding.regions[0].polygon[:2]}", flush=True)
    n = len(scenes)
    print(
        f"pictures without flags: {_share(len(set(yes)), n)} with a yes (target 0 in 300); {len(yes)} regions yes, "
        f"{unclear} unclear; {took / max(n, 1):.2f} CPU s a picture",
        flush=True,
    )


def photographs(table, look):
    """The pictures of flags in `table` (file, label, look), photographs apart from graphics."""
    counts = {}
    for row in csv.DictReader(table.open()):
        if "photos" not in row["file"] or look not in {row["look"], "all"}:
            continue
        findings, took = asked((table.parent / row["file"]).read_bytes(), Path(row["file"]).name)
        code = row["label"]
        kind = row["look"] or "graphics"
        hit = counts.setdefault(kind, Count()).add(code, findings, lambda _: True)
        counts[kind].took += took
        told = ("missed", "listed", "named")[hit]
        first = f"{findings[0].answer.value} {findings[0].because[:110]}" if findings else "nothing"
        print(f"   {Path(row['file']).name}: {told}; {first}", flush=True)
        if any(finding.answer.value == "no" for finding in findings):
            print("   NO, though a flag is there", flush=True)
    for kind, count in counts.items():
        count.tell(f"pictures of flags, {kind}", " (target 85 % of photographs)" if kind == "photo" else "")


def timed(scenes):
    """Seconds, and CPU seconds, of pictures enlarged to 12 megapixels; those that get no look are left out.

    Checks run with one thread a library (OMP_NUM_THREADS=1, OPENBLAS_NUM_THREADS=1): so should this.
    """
    waited, took = [], []
    for path in scenes[:: max(1, len(scenes) // 8)][:8]:
        big = cv2.resize(load(path), (4000, 3000), interpolation=cv2.INTER_CUBIC)
        data, start = cv2.imencode(".jpg", big[:, :, ::-1])[1].tobytes(), time.monotonic()
        findings, seconds = asked(data, path.name)
        if findings[0].answer.value != "unable":
            waited.append(time.monotonic() - start)
            took.append(seconds)
    print(
        f"12 megapixels: median {np.median(waited):.2f} s, most {max(waited):.2f} (target under 5 s on two cores); "
        f"CPU {np.median(took):.2f}, {max(took):.2f} s; n {len(took)}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--scenes", nargs="*", default=SCENES)
    parser.add_argument("--each", type=int, default=300)
    parser.add_argument("--parts", default=PARTS)
    parser.add_argument("--cloths", type=Path, help="made by flag_cloths.py, from a seed that no lesson is from")
    parser.add_argument("--first", type=int, default=0, help="of the pictures without flags: begin with this one")
    parser.add_argument("--look", default="all", help="photo, or all")
    parser.add_argument(
        "--route", choices=["both", "whole"], default="both", help="whole: without the search for bands"
    )
    wanted = parser.parse_args()
    global ROUTE
    ROUTE = wanted.route
    cv2.setNumThreads(1)
    scenes = list(readable([wanted.data / name for name in wanted.scenes], "report"))
    each = wanted.each
    designs = national()
    made = {
        "az24": ("Azerbaijan, bands of 24 pixels", "90 %", banded(["az"], 24), 1),
        "twenty24": ("twenty others, bands of 24 pixels", "90 %", banded(TWENTY, 24), 2),
        "az14": ("Azerbaijan, bands of 14 pixels", "65 %", banded(["az"], 14), 3),
        "twenty14": ("twenty others, bands of 14 pixels", "35 %", banded(TWENTY, 14), 4),
        "layouts": ("other layouts, 100 pixels high", "85 %", whole(OTHERS, 100), 5),
        "strange": (
            "flags of no design, 100 pixels high",
            "0 wrong",
            lambda _, rng: ("none", strange(designs, rng), 100),
            6,
        ),
        "worn": ("any flag as simulated cloth, 100 pixels high", "none named", whole(EVERY, 100), 7),
        "turned": ("the same, turned by a quarter or upside down", "none named", whole(EVERY, 100), 8),
    }
    cloths = stored(wanted.cloths) if wanted.cloths else None
    ways = {
        "worn": lambda *values: worn(*values, cloths),
        "turned": lambda *values: worn(*values, cloths, turned=True),
    }
    for part in wanted.parts.split(","):
        if part in ways and cloths is None:
            print(f"{part}: not measured, no --cloths given")
        elif part in made:
            label, target, drawings, seed = made[part]
            composites(label, target, scenes, drawings, each, seed, ways.get(part, composite))
        elif part == "none":
            mixed = sorted(scenes, key=lambda path: hashlib.md5(path.name.encode(), usedforsecurity=False).digest())
            without(mixed[wanted.first : wanted.first + each])
        elif part == "photos":
            photographs(wanted.data / "flags.csv", wanted.look)
        elif part == "time":
            timed(scenes)


if __name__ == "__main__":
    sys.exit(main())
