"""How much of what ExifTool reads do we read, with the same value? And how fast?

    python tests/bench/bench_metadata.py FOLDER_OF_FILES [--hostile FOLDER] [--show N]

Prints the share of ExifTool's standard tags (EXIF, IPTC, XMP, ICC) that we report with the same group, name and value:
over all JPEGs, and by halves of them (by the hash of their names).
"""

import argparse
import collections
import hashlib
import json
import os
import resource
import shutil
import subprocess
import time
from pathlib import Path

from verify import guard, image, metadata
from verify.errors import EvidenceError

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


def nothing_lost(files: list[Path]) -> None:
    """With ExifTool installed: is every tag of its own output in ours, duplicates too?"""
    from verify.metadata import exiftool as deep

    missing = total = 0
    for path in files:
        theirs = json.loads(
            subprocess.run(["exiftool", "-j", "-a", "-G1:4", "-u", "-n", path], capture_output=True).stdout.decode(
                "utf-8", "replace"
            )
        )[0]
        ours = {(t.group, t.name, json.dumps(t.to_json()["value"])) for t in deep.read(path.read_bytes())[0]}
        for key, value in theirs.items():
            group, name = key.split(":")[0], key.split(":")[-1]
            if ":" in key and group not in {"System", "ExifTool"} and name not in {"FileName", "Directory"}:
                total += 1
                missing += (group, name, json.dumps(value)) not in ours
    print(f"deep reader: {total - missing} of {total} of ExifTool's values kept ({len(files)} files)")


def speed(files: list[Path], count: int) -> None:
    """`count` readings of the files in two guarded children without ExifTool, as `verify metadata --no-deep` does."""
    jobs = [{"path": str(files[n % len(files)]), "deep": False} for n in range(count)]
    list(guard.map("verify.metadata.listing:listing", jobs[:4], workers=2))
    start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    failed = sum(
        isinstance(told, Exception) for _, told in guard.map("verify.metadata.listing:listing", jobs, workers=2)
    )
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used
    size = sum(path.stat().st_size for path in files) / len(files)
    print(f"speed: {count / seconds:.0f} files a second in two children, {used / count * 1e3:.1f} ms of CPU a file")
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"  ({count} readings, mean {size / 1e6:.2f} MB, {failed} failed, {load})")


def hostile(folder: Path) -> None:
    """Every file in a child of 1 GB: the slowest, the largest, and what did not come back."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    took, bad = [], []
    with guard.Guard(guard.Limits(seconds=20, memory=1 << 30)) as child:
        for path in files:
            start = time.perf_counter()
            try:
                child.call("verify.metadata.listing:listing", path=str(path), deep=False)
            except EvidenceError as error:
                bad.append(f"{path.name}: {error}")
            took.append((time.perf_counter() - start, path.name))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    slowest = f"slowest {max(took)[0]:.2f} s ({max(took)[1]})"
    print(f"hostile: {len(files)} files, {slowest}, peak {peak:.0f} MB, not read: {bad or 'none'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hostile", type=Path)
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    jpegs = sorted(p.absolute() for p in options.folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg"})
    if options.hostile:
        hostile(options.hostile)
    speed(jpegs, 1_000)
    if shutil.which("exiftool"):
        agreement(jpegs, options.show)
        nothing_lost(jpegs)
