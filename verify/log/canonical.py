r"""The one canonical form of a value: JSON whose bytes jq 1.6 and every RFC 8785 encoder make again.

Three rules stand between a value and its line, and `unpack` undoes them:

1. No floats: a float becomes a decimal string of at most 12 significant digits ("0.873", "1e-05", "nan"), an integer
   of 2^53 or more the same with an exponent ("9007199254740993e+0").
2. No character that a terminal, an editor or jq 1.6 would touch: C0, DEL, C1, line separators, marks of direction and
   lone surrogates become `\uXXXX` in the text itself, the backslash doubles. Text that looks like a number of rule 1
   has its first character written that way, so that "0.5" the text and 0.5 the number never log alike.
3. Keys are ASCII: every other character of a key is escaped, so that all sort orders agree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from verify.errors import Refused, Tampered

Plain = None | bool | int | str | list["Plain"] | dict[str, "Plain"]

DIGITS = 12  # of a float: a millionth of a pixel in a 64-megapixel scan, and below it the order of a sum decides
DEPTH = 64  # levels of nesting in a body; jq 1.6 stops at 256
_DEEPEST = DEPTH + 2  # in a line
_EXACT = 2**53  # integers below it are the same number in every JSON reader
_UNSAFE = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that turn the direction of what follows
    "\u2028\u2029\ufeff"  # line separators to some readers, byte-order mark
    "\ud800-\udfff"  # lone surrogates: bytes of a file name that are no text
)
_unsafe = re.compile(f"[{_UNSAFE}]")
_to_escape = re.compile(f"[\\\\{_UNSAFE}]")
_to_escape_in_key = re.compile(r"[^ -\[\]-~]")
_escape = re.compile(r"\\(?:\\|u([0-9a-f]{4})|U([0-9a-f]{8}))")
_number = re.compile(r"-?(?:\d+\.\d+(?:e[+-]\d+)?|\d+e[+-]\d+|inf)|nan")
_escaped_text = re.compile(
    r"(?:\\u00(?:2d|3[0-9]|69|6e))?"  # the first character of text that looks like a number
    r"(?:[^\\]|\\\\|\\u(?:00[01][0-9a-f]|007f|00[89][0-9a-f]|061c|200[ef]|202[89a-e]|206[6-9]|feff|d[89a-f][0-9a-f]{2}))*+",
)
_escaped_key = re.compile(r"(?:[ -\[\]-~]|\\\\|\\u[0-9a-f]{4}|\\U[0-9a-f]{8})*+")


class NotCanonical(Tampered):
    """A line is not in the one form that it can have."""


def decimal(number: float) -> str:
    """Rule 1 for one float: at most 12 significant digits, always with a point, an exponent, or "nan" or "inf"."""
    rounded = float(f"{float(number):.{DIGITS}g}")
    return repr(rounded + 0.0)  # + 0.0 turns -0.0 into 0.0


def pack(value: object, depth: int = 0) -> Plain:
    """The plain value that stands in a line. Raises Refused on what is no JSON value, or nested over 64 levels."""
    if depth > DEPTH:
        raise Refused(f"a logged value is nested over {DEPTH} levels; expected a flatter one")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _escape_text(str(value))
    if isinstance(value, Integral):
        return int(value) if -_EXACT < int(value) < _EXACT else f"{int(value)}e+0"
    if isinstance(value, Real):
        return decimal(float(value))
    if isinstance(value, Mapping):
        return {_escape_key(key): pack(item, depth + 1) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [pack(item, depth + 1) for item in value]
    raise Refused(f"a {type(value).__name__} cannot be logged; expected text, numbers, lists and objects")


def unpack(plain: Plain) -> Any:
    """The value that `pack` was given: floats rounded to 12 digits, tuples as lists, all else equal."""
    if isinstance(plain, str):
        if _number.fullmatch(plain):
            return int(plain.removesuffix("e+0")) if plain.endswith("e+0") else float(plain)
        return _unescape(plain) if "\\" in plain else plain
    if isinstance(plain, list):
        return [unpack(item) for item in plain]
    if isinstance(plain, dict):
        return {_unescape(key): unpack(item) for key, item in plain.items()}
    return plain


def encode(plain: Plain) -> bytes:
    """The canonical bytes of a plain value, without a line end."""
    return _dump(plain).encode()


def decode(line: bytes) -> Plain:
    """The plain value of a line without its line end. Raises NotCanonical on anything but the one canonical form."""
    try:
        text = line.decode()
        plain, end = _scan(text, 0)
        if end != len(text) or _dump(plain) != text:
            raise NotCanonical("not in the canonical form")
    except UnicodeError as error:
        raise NotCanonical("not UTF-8") from error
    except (StopIteration, ValueError) as error:
        raise NotCanonical("not JSON as a log has it: " + str(error)[:80]) from error
    except RecursionError as error:
        raise NotCanonical(f"nested over {DEPTH} levels") from error
    if not text.isprintable() and _unsafe.search(text):  # what is unsafe is not printable: a faster look first
        raise NotCanonical("a control character stands in the line")
    if "\\" in text or not text.isascii() or text.count("[") + text.count("{") > _DEEPEST:
        _look_closely(plain, 0)
    return plain  # type: ignore[no-any-return]


def _look_closely(plain: Plain, depth: int) -> None:
    if isinstance(plain, list | dict) and depth >= _DEEPEST:
        raise NotCanonical(f"nested over {_DEEPEST} levels")
    if isinstance(plain, str):
        if _unsafe.search(plain) or ("\\" in plain and not _escaped_text.fullmatch(plain)):
            raise NotCanonical("text is not escaped by the log's rule")
    elif isinstance(plain, list):
        for item in plain:
            _look_closely(item, depth + 1)
    elif isinstance(plain, dict):
        for key, item in plain.items():
            if not _escaped_key.fullmatch(key):
                raise NotCanonical("a key is not escaped by the log's rule")
            _look_closely(item, depth + 1)


def _escape_text(text: str) -> str:
    escaped = _to_escape.sub(_escaped, text)
    return _hex(escaped[0]) + escaped[1:] if _number.fullmatch(escaped) else escaped


def _escape_key(key: object) -> str:
    if not isinstance(key, str):
        raise Refused(f"a {type(key).__name__} cannot be a key in the log; expected text")
    return _to_escape_in_key.sub(_escaped, key)


def _escaped(match: re.Match[str]) -> str:
    return "\\\\" if match[0] == "\\" else _hex(match[0])


def _hex(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _unescape(text: str) -> str:
    return _escape.sub(lambda m: chr(min(int(m[1] or m[2], 16), 0x10FFFF)) if m[1] or m[2] else "\\", text)


def _no_float(text: str) -> float:
    raise ValueError(f"the number {text[:20]}; expected integers and decimal strings")


def _integer(text: str) -> int:
    if len(text) > 16 + text.startswith("-") or not -_EXACT < (value := int(text)) < _EXACT:
        raise ValueError(f"the integer {text[:20]}; expected one below 2^53")
    return value


_dump = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode
_scan: Any = json.JSONDecoder(parse_float=_no_float, parse_int=_integer, parse_constant=_no_float).scan_once  # type: ignore[attr-defined]
