"""Strangers' text made harmless: what a file, a name or a remark says is shown, and does nothing."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

LONGEST = 2000  # characters of one value shown; the whole of it stands in the log
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, format (also marks of direction), surrogate, unassigned
_STACK = 3  # combining marks in a row; more of them climb over the lines above
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~&$!#@]")
_LINK = re.compile(r"(?i)(?<=www)\.|:(?=//)")


def inert(value: object, *, lines: bool = False) -> str:
    """The value as text in which nothing is hidden: controls, marks of direction and the like stand as [U+202E].

    One line, unless `lines` keeps line ends; at most `LONGEST` characters. For HTML it must still be escaped.
    """
    text = str(value)
    cut = len(text) - LONGEST
    shown, stacked = [], 0
    for character in text[:LONGEST]:
        category = unicodedata.category(character)
        stacked = stacked + 1 if category in {"Mn", "Me"} else 0
        if character in "\n\t":
            shown.append("\n" if lines and character == "\n" else " ")
        elif category in _HIDDEN or stacked > _STACK:
            shown.append(f"[U+{ord(character):04X}]")
        else:
            shown.append(character)
    return "".join(shown) + (f" … and {cut} characters more" if cut > 0 else "")


def markdown(value: object) -> str:
    """The value for a line of Markdown, after at least one other character: no mark-up, no link, no table cell ends."""
    escaped = _MARKDOWN.sub(lambda match: "\\" + match[0], " ".join(inert(value).split()))
    return _LINK.sub(lambda match: "\\" + match[0], escaped)


def number(value: object) -> str:
    """A measured value in few words: at most four significant digits, lists in one line."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(number(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {number(item)}" for key, item in value.items()) + "}"
    return str(value)


def flat(measured: Any, before: str = "") -> list[tuple[str, str]]:
    """Nested measures as rows of name and value: {"fit": {"rms": 0.5}} gives ("fit · rms", "0.5")."""
    rows: list[tuple[str, str]] = []
    for key, value in measured.items():
        name = f"{before} · {key}" if before else str(key)
        rows += flat(value, name) if isinstance(value, dict) and value else [(name.replace("_", " "), number(value))]
    return rows
