"""A whole query against a large archive: bench_archive.py FOLDER… --work DIR [--rows 100000] [--queries 24].

The archive's rows: every readable photograph of the folders but each twentieth, whole, and its tiles of 360 pixels and
more, all signed as `verify archive add` does; the rest up to `--rows` is dealt: 400 local features drawn at random from
all of those, a panel list and a thumbnail of one of them, and a random hash with as many ones as zeros, as PDQ has. A
dealt row has the features of photographs, and chance meets it as often as a photograph, but it shows nothing.
Asked: photographs of the archive, edited, and the photographs that were left out. The signed rows are kept in DIR.
"""

import argparse
import os
import resource
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from tests.archive import edits
from tests.drawn import encode
from verify import image
from verify.archive import Archive, look_up, sign, sign_luma
from verify.archive.duplicates import every_file
from verify.archive.features import Features
from verify.archive.signature import Signature
from verify.errors import EvidenceError
from verify.model import Answer

cv2.setNumThreads(1)
TILE = 360  # pixels
LEFT_OUT = 20  # each so manyeth photograph is not in the archive
EDITS = {
    "as it is": lambda picture: picture,
    "crop to a half": edits.crop,
    "mirrored": lambda picture: np.ascontiguousarray(picture[:, ::-1]),
    "caption": edits.caption,
    "screenshot": edits.frame,
}


def photographs(folders):
    """Files that decode and have two sides of 300 pixels, each digest once."""
    seen = set()
    for path in every_file(folders):
        try:
            picture = image.open(path)
            if picture.digest not in seen and min(picture.size) >= 300:
                seen.add(picture.digest)
                yield path, picture
        except EvidenceError:
            continue


def signed(folders, work):
    """Signatures of the photographs and of their tiles, and the files left out; kept in a file between runs."""
    kept = work / "signed.npz"
    if not kept.exists():
        rows, left_out, inside = [], [], []
        for number, (path, picture) in enumerate(photographs(folders)):
            if number % LEFT_OUT == 0:
                left_out.append(str(path))
                continue
            inside.append(str(path))
            rows.append(sign(picture.data, path.name).pack())
            rows += tiles(picture.gray, picture.digest)
        packed = {f"{number}/{name}": array for number, row in enumerate(rows) for name, array in row.items()}
        np.savez(kept, left_out=left_out, inside=inside, count=len(rows), **packed)
    with np.load(kept) as held:
        rows = [{name: held[f"{number}/{name}"] for name in ROW} for number in range(int(held["count"]))]
        return [Signature.unpack(row) for row in rows], held["inside"].tolist(), held["left_out"].tolist()


ROW = ("digests", "numbers", "pdq", "phash", "dhash", "boxes", "panels", "thumbnail", "points", "sizes", "angles")
ROW += ("codes", "deflated", "vector")


def tiles(luma, digest):
    """Disjoint tiles of a picture that has at least two."""
    down, across = (max(1, side // TILE) for side in luma.shape)
    height, width = luma.shape[0] // down, luma.shape[1] // across
    for number in range(down * across if down * across > 1 else 0):
        y, x = number // across * height, number % across * width
        named = f"{number:04x}{digest[4:]}"
        yield sign_luma(np.ascontiguousarray(luma[y : y + height, x : x + width]), named).pack()


def dealt(rows, count, seed=0):
    """Rows that show nothing, made of features of all the others."""
    rng = np.random.default_rng(seed)
    held = [row.features.arrays() for row in rows]
    pool = [np.concatenate([arrays[name][:400] for arrays in held]) for name in range(4)]
    for number in range(count):
        base = rows[rng.integers(len(rows))]
        chosen = rng.integers(len(pool[0]), size=400)
        turned = np.stack([np.packbits(rng.permutation(np.arange(256) < 128)) for _ in range(8)])
        panels = rng.integers(0, 256, base.panels.shape, dtype=np.uint8)
        features = Features(*(part[chosen] for part in pool))
        yield replace(base, digest=f"{number:064x}", pdq=turned, panels=panels, features=features)


def filled(work, rows, count):
    """The archive, written as adding and compacting would leave it."""
    if (work / "archive").exists():
        return Archive.open(work / "archive")
    archive = Archive.create(work / "archive")
    batch = []
    for number, row in enumerate([*rows, *dealt(rows, count - len(rows))], 1):
        batch.append(row)
        if len(batch) == 4096 or number == count:
            name, written = archive.write(batch)
            with archive.database():
                archive.announce(name, written)
            batch = []
    return archive


def asked(archive, name, data):
    """Hits, and CPU milliseconds of signing and of looking up."""
    begun = time.process_time()
    picture = sign(data, name)
    between = time.process_time()
    hits = look_up(archive, picture).hits
    return hits, (between - begun) * 1000, (time.process_time() - between) * 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=24)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    rows, inside, left_out = signed(options.folders, options.work)
    print(f"{len(inside)} photographs and {len(rows) - len(inside)} tiles signed, {len(left_out)} left out")
    names = {image.open(path).digest[4:]: Path(path).name for path in (*inside, *left_out)}  # tiles share the rest
    begun = time.process_time()
    archive = filled(options.work, rows, options.rows)
    del rows
    print(f"{len(archive)} rows, {time.process_time() - begun:.0f} s of CPU to write and announce")
    size = sum(path.stat().st_size for path in (options.work / "archive").rglob("*") if path.is_file())
    print(f"{size / 2**30:.2f} GiB on the disk")
    rng = np.random.default_rng(1)
    report(archive, names, "left out", [(path, Path(path).read_bytes()) for path in left_out[: options.queries]])
    chosen = [inside[number] for number in rng.choice(len(inside), options.queries, replace=False)]
    for name, edit in EDITS.items():
        report(archive, names, name, [(path, encode(edit(image.open(path).pixels))) for path in chosen])
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB at most; pid {os.getpid()}")


def report(archive, names, name, queries):
    """One line an edit: how many were found, and what a query costs; yes to another photograph is named."""
    signing, looking, answers, told = [], [], Counter(), []
    for path, data in queries:
        hits, first, second = asked(archive, Path(path).name, data)
        signing.append(first)
        looking.append(second)
        own = image.open(path).digest
        yes = {hit.digest for hit in hits if hit.comparison.finding.answer is Answer.YES}
        answers["found" if own in yes else "not found"] += 1
        answers["its tiles"] += sum(digest[4:] == own[4:] for digest in yes - {own})
        others = [digest for digest in yes if digest[4:] != own[4:]]
        answers["yes to another"] += len(others)
        shown = Counter(names.get(digest[4:], "a dealt row") for digest in others)
        told += [f"    {Path(path).name}: {name}, {number} of it and its tiles" for name, number in shown.items()]
    worst = max(one + two for one, two in zip(signing, looking, strict=True))
    print(
        f"{name:16} n={len(queries)} signing {np.median(signing):.0f} ms, looking up {np.median(looking):.0f} ms, "
        f"together at most {worst:.0f} ms of CPU (goal 1000); {dict(answers)}",
        flush=True,
    )
    print("\n".join(sorted(told)) or "    no other photograph was answered yes", flush=True)


if __name__ == "__main__":
    main()
