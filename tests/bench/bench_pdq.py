"""PDQ against pdqhash on the same pixels, bit for bit: bench_pdq.py FOLDER… [--count 1000] [--published PDQ-FOLDER].

Every photograph as it is (two sides of at most 1,600 pixels), and seeded sizes of them until there are `--count`: odd,
tiny, long and narrow, gray, and noise. `--published` holds hashes.csv or the like (FilePath,Hash) with its pictures.
"""

import argparse
import csv
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pdqhash
import PIL.Image

from verify import image
from verify.archive import hashing
from verify.archive.duplicates import every_file
from verify.errors import EvidenceError

LONGEST = 1600  # pixels: pdqhash takes 50 ns a pixel
SIZES = [(5, 5), (5, 300), (63, 64), (64, 64), (65, 129), (127, 128), (129, 127), (257, 255), (511, 513), (640, 96)]


def photographs(folders):
    for path in every_file(folders):
        try:
            yield path.name, image.decode(image.read_bytes(path), path.name)
        except EvidenceError:
            continue


def resized(pixels, size):
    return np.asarray(PIL.Image.fromarray(pixels).resize(size, PIL.Image.Resampling.BILINEAR))


def pictures(folders, count, seed=0):
    """Name and RGB pixels of so many pictures, no two the same."""
    rng = np.random.default_rng(seed)
    for made, (name, pixels) in enumerate(photographs(folders)):
        shape = pixels.shape
        scale = min(1, LONGEST / max(shape[:2]))
        if scale < 1:
            pixels = resized(pixels, (int(shape[1] * scale), int(shape[0] * scale)))
        yield "as it is", name, pixels
        size = SIZES[made % len(SIZES)] if made % 3 else tuple(int(side) for side in rng.integers(5, 900, 2))
        yield "another size", name, resized(pixels, size)
        if made % 4 == 0:
            gray = resized(pixels, size).mean(axis=2, keepdims=True).astype(np.uint8)
            yield "gray", name, np.repeat(gray, 3, axis=2)
        if made % 8 == 0:
            yield "noise", name, rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        if made % 40 == 0:
            yield "12 megapixels", name, resized(pixels, (4032, 3024))
        if (made + 1) * 2.4 > count:
            return


def compare(folders, count):
    differing, qualities, kinds, spent = Counter(), Counter(), Counter(), [0.0, 0.0]
    examples = []
    for kind, name, pixels in pictures(folders, count):
        begun = time.process_time()
        bits, quality = pdqhash.compute(np.ascontiguousarray(pixels))
        between = time.process_time()
        own = hashing.pdq_of_rgb(pixels)
        spent[0] += between - begun
        spent[1] += time.process_time() - between
        apart = int((np.unpackbits(own.bits[0]) != np.asarray(bits)).sum())
        differing[apart] += 1
        qualities[own.quality - quality] += 1
        kinds[kind] += 1
        if apart or own.quality != quality:
            where = f"{name} ({kind}, {pixels.shape[1]} x {pixels.shape[0]})"
            examples.append(f"{where}: {apart} bits, quality {quality} here {own.quality}")
    total = sum(kinds.values())
    print(f"{total} pictures ({dict(kinds)})")
    print(f"differing bits: {dict(differing)} (goal 0); quality less pdqhash's: {dict(qualities)} (goal 0)")
    print(f"with 0 of {total} differing, at most {1 - 0.05 ** (1 / total):.2%} may (95 %)")
    print("\n".join(examples[:20]))
    print(f"CPU: pdqhash {spent[0]:.1f} s, here (eight orientations) {spent[1]:.1f} s")


def published(folder):
    """The reference's own list: within 10 bits is a correct implementation where quality is 80 and more."""
    (table,) = folder.glob("*.csv")
    found = {path.name: path for path in folder.rglob("*") if path.is_file()}
    apart = Counter()
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            path = found.get(Path(row["FilePath"]).name)
            if path is None or path.suffix.lower() not in {".jpg", ".png"}:
                print(f"{row['FilePath']}: not here")
                continue
            own = hashing.pdq_of_rgb(image.decode(path.read_bytes(), path.name))
            bits = np.unpackbits(np.frombuffer(bytes.fromhex(row["Hash"]), np.uint8))
            distance = int((np.unpackbits(own.bits[0]) != bits).sum())
            apart[distance] += 1
            print(f"{path.name}: {distance} bits, quality {own.quality}")
    within = sum(number for distance, number in apart.items() if distance <= 10)
    print(f"published hashes: {within} of {sum(apart.values())} within 10 bits; {dict(sorted(apart.items()))}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--published", type=Path)
    options = parser.parse_args()
    if options.folders:
        compare(options.folders, options.count)
    if options.published:
        published(options.published)


if __name__ == "__main__":
    main()
