"""How much of an original an edit still shows, measured beside the tool's answer: pairs of files from a CSV.

Both are laid over each other by four thousand features at 640 pixels, ten times what an archive keeps, up to `LAYERS`
times: what was aligned is taken out and the rest tried again, since edits move parts. A place of the original counts as
kept where a square of 7 pixels at 320 correlates by 0.6, or where both are flat there and of one tone.
"""

import csv
from pathlib import Path

import cv2
import numpy as np

from tests.bench.bench_duplicates import wilson
from verify import archive, image
from verify.archive import agreement, features, geometry
from verify.archive.overlay import between
from verify.model import Answer

SIDE, COUNT, COMPARED = 640, 4000, 320  # pixels of the longer side, features, pixels that are compared
LAYERS, FEWEST = 3, 8  # alignments of one pair, and matches that each needs
QUARTER = 0.25


def opened(path):
    luma = image.decode(path.read_bytes(), path.name, min_side=SIDE, gray=True)
    work = features.work_image(luma, SIDE)
    return work, features.extract(work, COUNT)


def share(original, edited):
    """The share of the original's area that the edit shows, and the matches of each alignment."""
    (work, found), (other, others) = opened(original), opened(edited)
    sizes = [(picture.shape[1], picture.shape[0]) for picture in (work, other)]
    small = [features.work_image(picture, COMPARED) for picture in (work, other)]
    shapes = [(picture.shape[1], picture.shape[0]) for picture in small]
    kept, matches = np.zeros(small[0].shape, bool), []
    for _ in range(LAYERS):
        aligned = geometry.align(found, others, *sizes)
        if not aligned or aligned.inliers < FEWEST:
            break
        matrix = between(sizes[1], shapes[1]) @ aligned.matrix @ between(shapes[0], sizes[0])
        ours = np.ascontiguousarray(small[0][:, ::-1]) if aligned.mirrored else small[0]
        same = agreeing(ours, small[1], matrix)
        kept |= same[:, ::-1] if aligned.mirrored else same
        matches.append(aligned.inliers)
        used = {tuple(place) for place in aligned.pairs[:, :2].round(2)}
        rest = np.array([tuple(place) not in used for place in found.points.astype(float).round(2)])
        found = features.Features(*(part[rest] for part in found.arrays()))
    return float(kept.mean()), matches


def agreeing(ours, theirs, matrix):
    scale = 1 / geometry.growth(matrix, np.array([ours.shape[1] / 2, ours.shape[0] / 2]))
    other, seen = agreement.warp(theirs, np.linalg.inv(matrix), ours.shape, scale)
    squares = agreement._Squares(ours, other)
    alike = squares.correlation > agreement.CORRELATED
    shows = np.minimum(squares.deviation, squares.other_deviation) > agreement.TEXTURE
    flat = np.maximum(squares.deviation, squares.other_deviation) <= agreement.TEXTURE
    tones = flat & ~agreement._other_tone(squares, alike & shows & seen)
    return seen & ((shows & alike) | tones)


def told(listed):
    """Every pair of the CSV (columns original and edited, paths beside it): the share kept and the answer."""
    cv2.setNumThreads(1)
    rows = []
    for row in csv.DictReader(listed.read_text().splitlines()):
        paths = [listed.parent / row[name] for name in ("original", "edited")]
        signed = [archive.sign(path.read_bytes(), path.name) for path in paths]
        finding = archive.compare(*signed).finding
        kept, matches = share(*map(Path, paths))
        rows.append((kept, finding.answer is Answer.YES))
        print(f"{paths[1].name:26} keeps {kept:.3f} {matches!s:16} {finding.answer.value:8} {finding.because[:110]}")
    enough = [yes for kept, yes in rows if kept >= QUARTER]
    low, high = wilson(sum(enough), len(enough))
    print(f"a quarter or more kept: {sum(enough)} of {len(enough)} named [{low:.2f}, {high:.2f}] (goal all)")
    print(f"less kept: {sum(yes for kept, yes in rows if kept < QUARTER)} of {len(rows) - len(enough)} named")
