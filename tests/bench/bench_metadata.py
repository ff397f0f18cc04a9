"""How much of what ExifTool reads do we read, with the same value? And how fast?

    python tests/bench/bench_metadata.py FOLDER_OF_FILES [--hostile FOLDER] [--show N]

Prints the share of ExifTool's standard tags (EXIF, IPTC, XMP, ICC) that we report with the same group, name and value:
over all JPEGs, and by halves of them (by the hash of their names).
"""

import argparse
import collections
import hashlib
import json
import subprocess
import time
from pathlib import Path

from verify import image, metadata

SKIPPED = {"System", "File", "Composite", "ExifTool"}
STANDARD = ("IFD", "ExifIFD", "GPS", "InteropIFD", "SubIFD", "IPTC", "XMP", "ICC")


def exiftool(files: list[Path]) -> dict[str, dict[str, object]]:
    told = {}
    for start in range(0, len(files), 200):
        names = [str(path) for path in files[start : start + 200]]
        text = subprocess.run(
            ["exiftool", "-j", "-a", "-G1", "-u", "-n", *names], capture_output=True, check=False
        ).stdout
        for item in json.loads(text.decode("utf-8", "replace") or "[]"):
            told[item["SourceFile"]] = item
    return told


def standard(told: dict[str, object]) -> list[tuple[str, str, object]]:
    pairs = [(*key.split(":", 1), value) for key, value in told.items() if ":" in key]
    return [(group, name, value) for group, name, value in pairs if group.startswith(STANDARD)]


def normal(value: object) -> object:
    """One form for values that mean the same: numbers by ten digits, lists as lists."""
    if isinstance(value, (list, tuple)):
        return [normal(part) for part in value]
    try:
        return f"{float(str(value)):.10g}"
    except ValueError:
        return str(value)


def held_out(path: Path) -> bool:
    return hashlib.sha256(path.name.encode()).digest()[0] % 2 == 0


def agreement(files: list[Path], show: int) -> None:
    told = exiftool(files)
    counts: dict[str, collections.Counter[str]] = {}
    for path in files:
        ours: dict[tuple[str, str], list[object]] = collections.defaultdict(list)
        for tag in metadata.read(image.open(path)).tags:
            ours[tag.group, tag.name].append(normal(tag.value))
        for group, name, value in standard(told.get(str(path), {})):
            found = ours.get((group, name))
            kind = "same" if found and normal(value) in found else "different" if found else "missing"
            for half in ("all", "held-out half" if held_out(path) else "other half"):
                counts.setdefault(half, collections.Counter())[kind] += 1
            if kind != "same" and show > 0:
                show -= 1
                print(f"  {kind}: {path.name} {group}:{name} {str(value)[:80]!r} ours {str(found)[:80]}")
    for half, count in sorted(counts.items()):
        total = sum(count.values())
        odd = f"different {count['different']}, missing {count['missing']}"
        print(f"agreement, {half}: {count['same'] / total:.2%} of {total} ({odd})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    jpegs = sorted(p for p in options.folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg"})
    agreement(jpegs, options.show)
    start = time.perf_counter()
    for jpeg in jpegs:
        metadata.read(image.open(jpeg))
    seconds = time.perf_counter() - start
    print(f"speed, one process: {len(jpegs) / seconds:.0f} files a second")
