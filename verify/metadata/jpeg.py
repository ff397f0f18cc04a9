"""JPEG markers, tables and application segments (ITU-T T.81 annex B), without decoding a picture."""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass, field

from verify.metadata import quantisation
from verify.metadata.found import Jpeg

MAX_SEGMENTS = 5_000  # a photograph has under 100; 500,000 empty ones keep other readers busy for ten seconds

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_NOT_FILL = re.compile(rb"[^\xff]")
_NAMES = {0xC4: "DHT", 0xC8: "JPG", 0xCC: "DAC", 0xD8: "SOI", 0xD9: "EOI", 0xDA: "SOS", 0xDB: "DQT", 0xDC: "DNL"}
_NAMES |= {0xDD: "DRI", 0xDE: "DHP", 0xDF: "EXP", 0xFE: "COM", 0x01: "TEM"}
_NAMES |= {0xE0 + n: f"APP{n}" for n in range(16)} | {0xD0 + n: f"RST{n}" for n in range(8)}
_NAMES |= {0xC0 + n: f"SOF{n}" for n in range(16) if n not in {4, 8, 12}}
_PROCESS = {0: "baseline", 1: "extended", 2: "progressive", 3: "lossless"}
_SUBSAMPLING = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1", (4, 2): "4:1:0"}
# Annex K.3 of T.81: the DHT bodies of the four example tables begin with these class/number and counts of codes.
_STANDARD_COUNTS = {
    0x00: bytes([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]),
    0x01: bytes([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
    0x10: bytes([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125]),
    0x11: bytes([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119]),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker and the bytes behind its length field; `offset` is where those bytes start in the file."""

    marker: str
    offset: int
    data: bytes = field(repr=False)


def segments(data: bytes, start: int = 0) -> tuple[list[Segment], int | None, list[str]]:
    """Segments from SOI to EOI, the offset behind EOI (None where it is missing), and problems met."""
    found = [Segment("SOI", start + 2, b"")]
    problems: list[str] = []
    at, size = start + 2, len(data)
    while at + 2 <= size and len(found) < MAX_SEGMENTS:
        if data[at] != 0xFF:
            following = data.find(b"\xff", at)
            problems.append(f"{(following if following > 0 else size) - at} bytes that belong to no segment at {at}")
            if following < 0:
                return found, None, problems
            at = following
            continue
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes
            filled = _NOT_FILL.search(data, at)
            at = filled.start() - 1 if filled else size
            continue
        name = _NAMES.get(marker, f"0x{marker:02X}")
        if marker == 0xD9:
            return [*found, Segment(name, at + 2, b"")], at + 2, problems
        if marker == 0 or marker == 1 or 0xD0 <= marker <= 0xD8:  # no length follows
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2 or at + 2 + length > size:
            problems.append(f"{name} at {at} says {length} bytes; {size - at - 2} are left")
            return [*found, Segment(name, at + 4, data[at + 4 : at + 2 + max(2, length)])], None, problems
        found.append(Segment(name, at + 4, data[at + 4 : at + 2 + length]))
        at += 2 + length
        if name == "SOS":
            at = _behind_scan(data, at)
    problems.append("more segments than any photograph has" if at + 2 <= size else "no end-of-image marker")
    return found, None, problems


def _behind_scan(data: bytes, at: int) -> int:
    """The next marker behind entropy-coded data: not a stuffed zero, not a restart, not a fill byte."""
    marker = _MARKER.search(data, at)
    return marker.start() if marker else len(data)


def structure(found: list[Segment], end: int | None) -> Jpeg | None:
    """The skeleton, or None where there is no frame header."""
    frame = next((s for s in found if s.marker.startswith("SOF") and len(s.data) >= 6), None)
    if frame is None:
        return None
    tables = _tables(found)
    width_height = struct.unpack(">HH", frame.data[1:5])
    components = tuple(
        (frame.data[i], frame.data[i + 1] >> 4, frame.data[i + 1] & 15, frame.data[i + 2])
        for i in range(6, min(6 + 3 * frame.data[5], len(frame.data) - 2), 3)
    )
    quality, exact = quantisation.nearest(tables)
    huffman, digest = _huffman(found)
    interval = next((int.from_bytes(s.data[:2], "big") for s in found if s.marker == "DRI"), 0)
    return Jpeg(
        markers=tuple(s.marker for s in found),
        process=_PROCESS.get(int(frame.marker[3:]), frame.marker),
        width=width_height[1],
        height=width_height[0],
        precision=frame.data[0],
        components=components,
        subsampling=_subsampling(components),
        quantisation=tables,
        quality=quality,
        quality_exact=exact,
        huffman=huffman,
        huffman_digest=digest,
        restart_interval=interval,
        scans=sum(s.marker == "SOS" for s in found),
        end=end,
    )


def _tables(found: list[Segment]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Quantisation tables in file order, steps in row order; a table defined twice stays twice."""
    tables = []
    for segment in found:
        data, at = segment.data, 0
        while segment.marker == "DQT" and at < len(data):
            wide, number = data[at] >> 4, data[at] & 15
            size = 128 if wide else 64
            body = data[at + 1 : at + 1 + size]
            if len(body) < size:
                break
            steps = struct.unpack(">64H", body) if wide else tuple(body)
            tables.append((number, quantisation.from_zigzag(steps)))
            at += 1 + size
    return tuple(tables)


def _subsampling(components: tuple[tuple[int, int, int, int], ...]) -> str:
    if len(components) == 1:
        return "grey"
    factors = [(h, v) for _, h, v, _ in components]
    chroma = set(factors[1:3])
    if len(components) < 3 or len(chroma) != 1 or not all(h and v for h, v in factors):
        return " ".join(f"{h}x{v}" for h, v in factors)
    (h, v), (ch, cv) = factors[0], chroma.pop()
    ratio = (h // ch, v // cv) if h % ch == 0 and v % cv == 0 else (0, 0)
    return _SUBSAMPLING.get(ratio, " ".join(f"{h}x{v}" for h, v in factors))


def _huffman(found: list[Segment]) -> tuple[str, str]:
    bodies = [s.data for s in found if s.marker == "DHT"]
    standard = optimised = 0
    for body in bodies:
        at = 0
        while at + 17 <= len(body):
            counts = body[at + 1 : at + 17]
            same = _STANDARD_COUNTS.get(body[at]) == counts
            standard, optimised = standard + same, optimised + (not same)
            at += 17 + sum(counts)
    kind = "mixed" if standard and optimised else "standard" if standard else "optimised" if optimised else "none"
    return kind, hashlib.sha256(b"".join(bodies)).hexdigest()[:16] if bodies else ""
