"""How often do camera originals trip each question? And does a foreign thumbnail get through?

    python -m tests.bench.bench_metadata_rates metadata.csv FOLDER_OF_ITS_PATHS

Every one-picture question of the room over the files marked `authentic`, over those of them in which nothing names an
editor ("clean"), and by halves (by the hash of their names), with 95 % intervals (Wilson). The encoder table is built
from one half and asked about the other.
"""

import argparse
import csv
import hashlib
from collections import Counter
from pathlib import Path

import cv2

from verify import checks, image, metadata
from verify.errors import Unreadable
from verify.image import Image
from verify.known import Known
from verify.metadata import answers, editors, encoders, thumbnails

ALARM = {  # the answers that speak against a picture, by question; the rest state something neutral
    "clock_agreement": "no",
    "thumbnail": "no",
    "camera_encoding": "no",
    "readers": "no",
    "file_structure": "no",
    "anachronism": "no",
    "editing_software": "yes",
    "trailing_data": "yes",
    "screenshot": "yes",
    "generator": "yes",
    "platform": "yes",
    "document_history": "yes",
    "dimensions": "no",
    "exposure_agreement": "no",
    "credentials": "no",
    "sun": "no",
}


def half(path: Path) -> str:
    return "AB"[hashlib.sha256(path.name.encode()).digest()[0] % 2]


def clean(found: metadata.Metadata) -> bool:
    return not editors.traces(found) and not any(p.kind == editors.EDITOR for p in editors.programs(found))


def rates(pictures: dict[Path, Image], show: bool) -> None:
    readings = {path: metadata.read(picture) for path, picture in pictures.items()}
    sets = {"all": list(pictures), "clean": [p for p in pictures if clean(readings[p])]}
    sets |= {f"clean, half {h}": [p for p in sets["clean"] if half(p) == h] for h in "AB"}
    print("files:", {name: len(paths) for name, paths in sets.items()})
    for check in (c for c in checks.every().values() if c.room == "metadata" and c.pictures == 1):
        told = {}
        for path, picture in pictures.items():
            try:
                told[path] = next(iter(check.run(picture, Known())))
            except Unreadable:
                continue
        for name, paths in sets.items():
            counts = Counter(told[p].answer.value for p in paths if p in told)
            asked = sum(counts.values()) - counts["unable"]
            alarm = counts[ALARM[check.name]] if check.name in ALARM else 0
            unclear = answers.share(counts["unclear"], asked)
            print(
                f"{check.name:18} {name:14} alarm {answers.share(alarm, asked):28} unclear {unclear:28} {dict(counts)}"
            )
        for path, finding in told.items() if show else ():
            if finding.answer.value in {ALARM.get(check.name), "unclear"} and path in sets["clean"]:
                print(f"    {finding.answer.value:8} {path.name[:40]}: {finding.because[:150]}")


def encoding(pictures: dict[Path, Image]) -> None:
    """The table that ships holds these very files, so it is built anew without the half that is asked about."""
    for ours, theirs in (("A", "B"), ("B", "A")):
        known = encoders.build(metadata.read(p) for path, p in pictures.items() if half(path) == ours)
        asked = [metadata.read(p) for path, p in pictures.items() if half(path) == theirs]
        asked = [f for f in asked if f.jpeg and f.jpeg.quantisation and encoders.named(f)]
        for name, part in (("clean", [f for f in asked if clean(f)]), ("edited", [f for f in asked if not clean(f)])):
            places = Counter(encoders.place(f, known)[0] for f in part)
            print(f"camera_encoding, table of half {ours} asked about half {theirs}, {name}: {dict(places)}")


def foreign(pictures: dict[Path, Image]) -> None:
    """Each thumbnail against its own picture and against five others."""
    both = []
    for path, picture in pictures.items():
        found = metadata.read(picture)
        if found.embedded:
            try:
                small = image.decode(found.embedded[0].data, gray=True)
                both.append((path.name, small, image.decode(picture.data, min_side=320, gray=True)))
            except Unreadable:
                continue
    own = sorted((thumbnails.compare(small, large).correlation, name) for name, small, large in both)
    pairs = [(a, both[(n + step) % len(both)]) for n, a in enumerate(both) for step in (1, 7, 13, 19, 29)]
    pairs = [(a, b) for a, b in pairs if thumbnails.correlation(a[2], b[2]) < 0.9]  # the set holds some pictures twice
    others = sorted((thumbnails.compare(a[1], b[2]).correlation for a, b in pairs), reverse=True)
    parts = sorted((thumbnails.part(a[1], b[2]).correlation for a, b in pairs), reverse=True)
    low = [f"{value:.2f} {name[:30]}" for value, name in own[:6]]
    print(f"thumbnail: {len(own)} own, lowest {low}; {len(others)} foreign, highest {[f'{v:.2f}' for v in others[:5]]}")
    print(f"part of a foreign thumbnail, highest {[f'{v:.2f}' for v in parts[:5]]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows = [row for row in csv.DictReader(options.table.open()) if row["authentic"] == "yes"]
    originals = {options.folder / row["file"]: image.open(options.folder / row["file"]) for row in rows}
    rates(originals, options.show)
    encoding(originals)
    foreign(originals)
