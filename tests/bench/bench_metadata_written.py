"""Do we read every standard tag that ExifTool can write? Files are made in a temporary folder, 60 random tags each.

    python -m tests.bench.bench_metadata_written [--show N]

Covers the kinds of tag that real files rarely hold. Needs ExifTool.
"""

import argparse
import random
import re
import subprocess
import tempfile
from pathlib import Path

from tests.bench.bench_metadata import agreement
from tests.bench.make_metadata_names import listed
from tests.drawn import encode, scene

NUMBERS = {"integer", "digits", *(f"int{n}{s}" for n in (8, 16, 32) for s in "us")}
RATIOS = {"rational", "real", "rational64u", "rational64s", "float", "double"}
TEXTS = ("some text", "Ünïcode tèxt", "3", "4.10", "x/y", "12/5", "2011-02-03")


def value(kind: str, name: str, rng: random.Random) -> str:
    if kind == "date":
        return "2018:03:04 05:06:07"
    if kind == "boolean":
        return "True"
    if kind in RATIOS:
        return rng.choice(["0.5", "2.8", "7.25", "100", "0.0125"])
    if kind in NUMBERS:
        return rng.choice(["1", "2", "3"])
    if re.search("Date|Time|When", name):
        return rng.choice(["2019:05:06 07:08:09", "2020:01:02 03:04:05+02:00"])
    return rng.choice(TEXTS)


def arguments(rng: random.Random) -> list[str]:
    told = []
    for what in ("EXIF", "GPS", "IPTC", "XMP"):
        for table in listed(f"-{what}:All"):
            for tag in table.findall("tag") if table.get("name") not in {"Composite", "Extra"} else ():
                kind, name = tag.get("type", ""), tag.get("name", "")
                if tag.get("writable") == "true" and kind not in {"struct", "undef", "?"}:
                    group = what if what != "XMP" else tag.get("g1") or table.get("g1")
                    told.append(f"-{group}:{name}={value(kind, name, rng)}")
    rng.shuffle(told)
    return told


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    tags = arguments(random.Random(1))
    with tempfile.TemporaryDirectory() as folder:
        for number, start in enumerate(range(0, len(tags), 60)):
            path = Path(folder) / f"{number:03d}.jpg"
            path.write_bytes(encode(scene(1, 320, 240)))
            command = ["exiftool", "-n", "-m", "-q", "-q", "-overwrite_original", *tags[start : start + 60], str(path)]
            subprocess.run(command, capture_output=True, check=False)
        print(f"{len(tags)} kinds of tag")
        agreement(sorted(Path(folder).glob("*.jpg")), options.show)
