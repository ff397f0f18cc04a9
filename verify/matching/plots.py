"""The two plots that say what a calibration is worth, as SVG: Tippett and reliability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from verify.matching.calibration import Calibration, Scored, monotone
from verify.matching.features import Array

WIDTH, HEIGHT, EDGE = 520, 340, 46  # SVG units
REACH = 4.0  # log10 LR at the ends of the axis


def tippett(made: Calibration, rows: Sequence[Scored]) -> str:
    """Share of test pairs with at least so large a ratio, for same (solid) and different (dashed) rooms."""
    lines = []
    for same, dash in ((True, ""), (False, "5 4")):
        ratios = np.sort([made.log10_lr(row.score) for row in rows if row.fold == "test" and row.same is same])
        share = 1 - np.arange(len(ratios)) / len(ratios)
        lines.append(_line(np.concatenate(([-REACH], ratios)), np.concatenate(([1.0], share)), dash))
    return _svg(f"{made.name}: share of pairs with at least this log10 LR (dashed: different rooms)", lines)


def reliability(made: Calibration, rows: Sequence[Scored]) -> str:
    """What the fit says (across) against the best monotone fit of the test pairs (up, 0.5 is no support)."""
    test = [row for row in rows if row.fold == "test"]
    scores, found = monotone(np.array([row.score for row in test]), np.array([row.same for row in test]))
    said = np.array([made.log10_lr(float(score)) for score in scores])
    lines = [
        _line(said, 0.5 + np.clip(found, -REACH, REACH) / (2 * REACH)),
        _line(np.array([-REACH, REACH]), _ENDS, "2 4"),
    ]
    return _svg(f"{made.name}: log10 LR said (across) and found in the test pairs (up)", lines)


_ENDS = np.array([0.0, 1.0])


def _line(across: Array, up: Array, dash: str = "") -> str:
    x = EDGE + (np.clip(across, -REACH, REACH) + REACH) / (2 * REACH) * (WIDTH - 2 * EDGE)
    y = HEIGHT - EDGE - up * (HEIGHT - 2 * EDGE)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="#0072b2" stroke-width="2" stroke-dasharray="{dash}"/>'


def _svg(title: str, lines: list[str]) -> str:
    wide, high = WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE
    frame = f'<rect x="{EDGE}" y="{EDGE}" width="{wide}" height="{high}" fill="none" stroke="#888"/>'
    step = wide / (2 * REACH)
    ticks = [
        f'<text x="{EDGE + (value + REACH) * step:.0f}" y="{HEIGHT - EDGE + 18}" text-anchor="middle">{value}</text>'
        for value in range(-int(REACH), int(REACH) + 1)
    ]
    safe = title.replace("&", "&amp;").replace("<", "&lt;")
    space = "http://www.w3.org/2000/svg"
    head = f'<svg xmlns="{space}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<text x="{EDGE}" y="24">{safe}</text>', frame, *ticks, *lines, "</svg>", ""])
