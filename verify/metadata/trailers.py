"""What stands behind the end of a picture: the known trailers by their first or last bytes."""

from __future__ import annotations

from verify.metadata.found import Metadata

HARMLESS, CARRIER, UNKNOWN, EMPTY = "harmless", "carrier", "unknown", "empty"
SMALL = 4  # bytes: line ends and padding that transfer programs add
_STARTS = (
    (b"\xff\xd8\xff", HARMLESS, "another JPEG, as cameras append as a preview"),
    (b"PK\x03\x04", CARRIER, "a ZIP archive"),
    (b"Rar!\x1a\x07", CARRIER, "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", CARRIER, "a 7-Zip archive"),
    (b"\x1f\x8b\x08", CARRIER, "gzip-compressed data"),
    (b"%PDF-", CARRIER, "a PDF document"),
    (b"MZ", CARRIER, "a Windows program"),
    (b"\x7fELF", CARRIER, "a Linux program"),
    (b"#!", CARRIER, "a script"),
    (b"<?php", CARRIER, "a PHP script"),
    (b"<html", CARRIER, "a web page"),
    (b"<script", CARRIER, "a web script"),
    (b"\x89PNG\r\n", CARRIER, "a PNG picture"),
    (b"FWS", CARRIER, "a Flash film"),
)
# Trailers that phones and programs are known to write, by a mark somewhere in the last or first bytes.
_MARKS = (
    (b"SEFT", "the trailer of Samsung phones"),
    (b"vivo{", "the trailer of Vivo phones"),
    (b"jxrs", "the trailer of OnePlus phones"),
    (b"AXS!", "an AFCP trailer (AXS, press archives)"),
    (b"CANON OPTIONAL DATA", "the trailer of Canon software"),
    (b"MotionPhoto_Data", "the film of a motion photo"),
    (b"QDIOBS", "the trailer of a Samsung camera"),
    (b"\xa1\xb2\xc3\xd4", "the trailer of FotoStation"),
    (b"$MIP", "a trailer of Insta360 cameras"),
    (b"8db42d694ccc418790edff439fe026bf", "the trailer of Insta360 cameras"),
)


def describe(data: bytes, found: Metadata) -> tuple[str, str]:
    """(kind, words) of the bytes behind the end; multi-picture files are asked for their own list."""
    if not data.strip(b"\0\xff\r\n\t "):
        return EMPTY, f"{len(data)} bytes of padding"
    if len(data) <= SMALL:
        return EMPTY, f"{len(data)} bytes"
    if found.block("mpf"):
        return HARMLESS, "the further pictures that the file's multi-picture list names"
    for start, kind, words in _STARTS:
        if data.startswith(start) or data.lstrip(b"\0\r\n ").startswith(start):
            return kind, words
    if data[4:8] == b"ftyp" or b"ftypmp42" in data[:4096] or b"ftypisom" in data[:4096]:
        return HARMLESS, "a short film, as motion photos carry"
    for mark, words in _MARKS:
        if mark in data[-256:] or mark in data[:256]:
            return HARMLESS, words
    for start, kind, words in _STARTS[1:5]:  # archives need not begin where the picture ends
        if start in data:
            return kind, f"{words} inside {len(data)} bytes"
    zeros = data.count(0) / len(data)
    return UNKNOWN, f"{len(data)} bytes of unknown kind ({zeros:.0%} zeros)"
