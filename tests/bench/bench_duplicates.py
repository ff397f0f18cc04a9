"""Recall and false pairs of `verify.find_duplicates`, beside its peers, on folders given as arguments.

    bench_duplicates.py edits  ORIGINALS MAKE_COPIES.py [--seed N] [--half 0|1] [--limit N] [--learned MODEL]
    bench_duplicates.py peers COPIES [--count N] [--learned MODEL]   this one and others, on MAKE_COPIES.py's pictures
    bench_duplicates.py kept LIST.csv            how much of its original each edit of a list keeps, and the answer
    bench_duplicates.py closer FOLDER…           what the closer look measures: copies, or scenes taken more than once
    bench_duplicates.py unrelated FOLDER…        the pairs listed among pictures with nothing in common
    bench_duplicates.py overlays FOLDER… [--count 200] [--kinds frame …]   unrelated pictures with one overlay
    bench_duplicates.py hashing FOLDER…          time of a signature against a scaled decode alone

`--half` takes every second original: one half is for tuning, the other for reporting.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from tests.archive import edits
from verify import archive, image
from verify.archive import Duplicate, closer, duplicates, overlay
from verify.errors import EvidenceError
from verify.model import Answer

cv2.setNumThreads(1)


def wilson(hits, count):
    """95 % interval of a share."""
    if not count:
        return 0.0, 1.0
    share, z = hits / count, 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - half, middle + half


def timed(paths, model=None):
    """All records of files and folders, wall seconds and CPU seconds of this process and its children."""
    wall, begun = time.monotonic(), os.times()
    found = list(archive.find_duplicates(paths, model=model))
    spent = os.times()
    cpu = sum(spent[:4]) - sum(begun[:4])
    return found, time.monotonic() - wall, cpu


def stem_edit(path):
    return Path(path).stem.split("__")


def run_edits(options):
    files = sorted(options.originals.iterdir())
    files = [f for n, f in enumerate(files) if options.half is None or n % 2 == options.half]
    with tempfile.TemporaryDirectory() as temporary:
        chosen, copies = Path(temporary, "originals"), Path(temporary, "copies")
        chosen.mkdir()
        for file in files:
            (chosen / file.name).write_bytes(file.read_bytes())
        command = [sys.executable, options.make_copies, chosen, copies, "--seed", str(options.seed)]
        subprocess.run([*command, "--limit", str(options.limit)], check=True)
        found, wall, cpu = timed([copies], options.learned)
        report_edits(found, sorted(copies.iterdir()))
        load = os.getloadavg()[0]
        print(
            f"{len(list(copies.iterdir()))} pictures: {wall:.0f} s of wall clock, {cpu:.0f} s of CPU, load {load:.1f}"
        )


def report_edits(found, files):
    """Recall of each edit against its original, and the pairs of different originals that got a yes."""
    wanted = Counter(stem_edit(f)[1] for f in files)
    originals = wanted.pop("original")
    hits, unclear, false, shared = Counter(), Counter(), [], []
    for pair in found:
        if not isinstance(pair, Duplicate):
            print("unread", pair.because)
            continue
        (a, edit_a), (b, edit_b) = stem_edit(pair.a), stem_edit(pair.b)
        yes = pair.finding.answer is Answer.YES
        if a != b:
            collages = edit_a == edit_b == "collage"  # may hold the same tile: then they do share a picture
            (shared if collages else false).append(pair) if yes else unclear.update(["between originals"])
        elif "original" in {edit_a, edit_b}:
            (hits if yes else unclear)[edit_b if edit_a == "original" else edit_a] += 1
    for edit, count in sorted(wanted.items()):
        low, high = wilson(hits[edit], count)
        print(f"{edit:11} {hits[edit] / count:.3f} [{low:.3f}, {high:.3f}] unclear {unclear[edit]}")
    total, every = sum(hits.values()), sum(wanted.values())
    low, high = wilson(total, every)
    print(f"all edits   {total / every:.4f} [{low:.4f}, {high:.4f}] of {every}, {originals} originals")
    print(f"false yes {len(false)}, yes between collages {len(shared)}, unclear {unclear['between originals']}")
    for pair in false[:20]:
        print("   ", Path(pair.a).name, Path(pair.b).name, pair.finding.because)


def run_peers(options):
    from tests.bench.copy_peers import peers  # it needs this module's own helpers

    files = [file for folder in options.folders for file in sorted(folder.iterdir())]
    originals = sorted({stem_edit(file)[0] for file in files})
    chosen = set(np.random.default_rng(options.seed).permutation(originals)[: options.count].tolist())
    files = [file for file in files if stem_edit(file)[0] in chosen]
    for model in dict.fromkeys([None, options.learned]):
        print("this project", "with the learned tier" if model else "")
        report_edits(timed(files, model)[0], files)
    peers(files)


def run_kept(options):
    from tests.bench import kept_share  # it needs this module's own helpers

    for listed in options.folders:
        kept_share.told(listed)


def run_closer(options):
    """Original against edit where files are named so, else every pair that is proposed and aligned by 16 matches."""
    files = [file for folder in options.folders for file in sorted(folder.iterdir())]
    pictures = [archive.sign(file.read_bytes(), file.name) for file in files]
    named = [stem_edit(file) for file in files]
    if all(len(name) == 2 for name in named):
        first = {stem: n for n, (stem, edit) in enumerate(named) if edit == "original"}
        pairs = [(first[stem], n, edit) for n, (stem, edit) in enumerate(named) if edit != "original"]
    else:
        pairs = [(a, b, "all") for a, b, _ in duplicates.propose(pictures)]
    rows = {}
    for a, b, kind in pairs:
        found = overlay.by_features(pictures[a], pictures[b], None)
        if found is None or found.inliers < 16:
            continue
        ours = pictures[a].work_image()
        turned = np.ascontiguousarray(ours[:, ::-1]) if found.mirrored else ours
        looked = closer.look(turned, pictures[b].work_image(), found.alignment.matrix)
        if looked and looked.blocks >= 60:
            told = (found.bend, found.agreement.agreeing, looked.displaced, looked.differing, looked.photographic)
            rows.setdefault(kind, []).append(told)
    print("bend, agreeing, displaced, differing, photographic: least, median, 95 of 100, most")
    for kind, told in sorted(rows.items()):
        quantiles = np.round(np.quantile(told, [0, 0.5, 0.95, 1], axis=0).T, 3).tolist()
        print(f"{kind:11} n={len(told)}", *quantiles)


def run_unrelated(options):
    found, wall, cpu = timed(options.folders)
    pairs = [pair for pair in found if isinstance(pair, Duplicate)]
    for pair in sorted(pairs, key=lambda pair: (pair.finding.answer, pair.a)):
        print(pair.finding.answer, pair.relation, Path(pair.a).name, Path(pair.b).name, pair.finding.because)
    print(Counter((pair.finding.answer.value, pair.relation.value) for pair in pairs), f"{wall:.0f} s, {cpu:.0f} s CPU")


def run_overlays(options):
    files = [file for folder in options.folders for file in sorted(folder.iterdir())]
    rng = np.random.default_rng(options.seed)
    chosen = [files[n] for n in rng.permutation(len(files))]
    for name in options.kinds:
        signatures = []
        for file in chosen:
            if len(signatures) == options.count:
                break
            try:
                pixels = image.decode(file.read_bytes(), file.name, min_side=600)
            except EvidenceError:
                continue
            made = getattr(edits, name)(np.ascontiguousarray(pixels))
            data = cv2.imencode(".jpg", made[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
            signatures.append((file.name, archive.sign(data)))
        answers = Counter()
        for (one, a), (other, b) in combinations(signatures, 2):
            found = archive.compare(a, b)
            answers[found.finding.answer.value, found.relation and found.relation.value] += 1
            if found.finding.answer is Answer.YES:
                print("   ", one, other, found.finding.because)
        print(name, len(signatures), "pictures", dict(answers))


def run_hashing(options):
    files = [file.read_bytes() for folder in options.folders for file in sorted(folder.iterdir())]
    work = {
        "scaled decode": lambda data: image.decode(data, min_side=500, gray=True),
        "hashes": lambda data: archive.sign(data, local=False),
        "hashes and local features": archive.sign,
    }
    spent = {name: [] for name in work}
    for _ in range(3):
        for data in files:
            for name, job in work.items():
                begun = time.process_time()
                job(data)
                spent[name].append(time.process_time() - begun)
    base = np.median(spent["scaled decode"])
    for name, times in spent.items():
        print(f"{name}: {1000 * np.median(times):.1f} ms, {base / np.median(times):.2f} of a scaled decode's rate")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ways = parser.add_subparsers(required=True)
    one = ways.add_parser("edits")
    one.add_argument("originals", type=Path)
    one.add_argument("make_copies", type=Path)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--half", type=int, choices=[0, 1])
    one.add_argument("--limit", type=int, default=10**6)
    one.add_argument("--learned", type=Path, help="an ONNX model that proposes pairs as well")
    one.set_defaults(run=run_edits)
    for name, run in (
        ("peers", run_peers),
        ("kept", run_kept),
        ("closer", run_closer),
        ("unrelated", run_unrelated),
        ("overlays", run_overlays),
        ("hashing", run_hashing),
    ):
        one = ways.add_parser(name)
        one.add_argument("folders", type=Path, nargs="+")
        one.add_argument("--count", type=int, default=200)
        one.add_argument("--seed", type=int, default=1)
        one.add_argument("--learned", type=Path, help="an ONNX model that proposes pairs as well")
        one.add_argument("--kinds", nargs="+", default=["watermark", "caption", "frame", "page"], help="of overlays")
        one.set_defaults(run=run)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
