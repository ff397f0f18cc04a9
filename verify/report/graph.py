"""The pictures of a case and what they were joined with, drawn as a graph (SVG): one line for each yes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from verify.report.telling import Edge
from verify.report.text import inert

WIDE, STEP = 1080, 92  # pixels
THUMB = (112, 84)  # pixels: the box in which a thumbnail stands
KINDS = 3  # of lines that the style sheet tells apart
LEFT, RIGHT = 330, 720  # x of the two columns of thumbnails, pixels


def draw(edges: Sequence[Edge], own: Mapping[str, str], names: Mapping[str, str], thumbs: Mapping[str, str]) -> str:
    """SVG with the case's `own` pictures in the left column and what they were joined with in the right one.

    `own` and `names` give labels by digest, `thumbs` data URIs. Two own pictures are joined by an arc on the left.
    """
    met = list(dict.fromkeys(digest for edge in edges for digest in (edge.a, edge.b)))
    left = [digest for digest in own if digest in met]
    right = sorted((digest for digest in met if digest not in own), key=lambda digest: (names[digest], digest))
    rows = max(len(left), len(right), 1)
    place = {d: (LEFT, _row(i, len(left), rows)) for i, d in enumerate(left)}
    place |= {d: (RIGHT, _row(i, len(right), rows)) for i, d in enumerate(right)}
    height = rows * STEP + 12
    parts = [f'<svg viewBox="0 0 {WIDE} {height}" role="img" aria-label="Pictures joined by a yes" class="graph">']
    checks = list(dict.fromkeys(edge.check for edge in edges))
    parts += [_line(edge, place, checks.index(edge.check)) for edge in edges]
    arcs = 100 if any(edge.a in own and edge.b in own for edge in edges) else 14
    parts += [_node(d, place[d], own[d], thumbs.get(d), -arcs) for d in left]
    parts += [_node(d, place[d], names[d], thumbs.get(d), 14) for d in right]
    return "\n".join([*parts, "</svg>"])


def _row(index: int, count: int, rows: int) -> float:
    """The middle of a row, with the shorter column spread over the longer one's height."""
    return (index + 0.5) * rows * STEP / max(count, 1) + 6


def _line(edge: Edge, place: Mapping[str, tuple[int, float]], kind: int) -> str:
    (ax, ay), (bx, by) = sorted((place[edge.a], place[edge.b]))
    half = THUMB[0] / 2
    if ax == bx:
        out, edge_at = ax - half - 90, ax - half
        path = f"M{edge_at:.0f} {ay:.0f} C{out:.0f} {ay:.0f} {out:.0f} {by:.0f} {edge_at:.0f} {by:.0f}"
    else:
        path = f"M{ax + half:.0f} {ay:.0f} C{ax + 190:.0f} {ay:.0f} {bx - 190:.0f} {by:.0f} {bx - half:.0f} {by:.0f}"
    return f'<a href="#{escape(edge.card)}"><path d="{path}" class="edge k{kind % KINDS}"/></a>'


def _node(digest: str, at: tuple[int, float], name: str, thumb: str | None, beside: int) -> str:
    """A thumbnail with its name `beside` it: so many pixels to its right, or to its left where negative."""
    x, y = at[0] - THUMB[0] / 2, at[1] - THUMB[1] / 2
    box = f'x="{x:.0f}" y="{y:.0f}" width="{THUMB[0]}" height="{THUMB[1]}"'
    picture = f'<image {box} href="{escape(thumb)}" preserveAspectRatio="xMidYMid slice"/>' if thumb else ""
    side = f'x="{x + beside:.0f}" text-anchor="end"' if beside < 0 else f'x="{x + THUMB[0] + beside:.0f}"'
    words = f'<text {side} y="{at[1] + 5:.0f}">{escape(inert(name))}</text>'
    return (
        f'<g><title>{escape(inert(name))} {escape(digest[:12])}</title><rect {box} class="node"/>{picture}{words}</g>'
    )
