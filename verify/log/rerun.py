"""Compares what a check said when it was logged with what it says now, measure by measure; it asks nothing itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verify.log.canonical import pack, unpack

# Sums of floats in another order, on another processor or with other threads, differ from the tenth digit on; a
# millionth leaves room for what later steps make of it and is far below any measure that a reader would quote.
RELATIVE = 1e-6
ABSOLUTE = 1e-9  # around zero, where no relative distance holds

IDENTICAL, WITHIN, DIFFERENT, NOT_CHECKABLE = "identical", "within tolerance", "different", "not checkable"
_ORDER = (IDENTICAL, WITHIN, NOT_CHECKABLE, DIFFERENT)  # the verdict of many is the last of theirs
_number = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Measure:
    """One value of one finding, then and now; `name` as `2.measured.inliers`: the third finding's inliers."""

    name: str
    verdict: str
    then: object
    now: object


@dataclass(frozen=True, slots=True)
class Comparison:
    """One check entry asked again."""

    entry: int
    check: str
    verdict: str
    measures: tuple[Measure, ...]
    libraries: tuple[tuple[str, str, str], ...]  # name, version then, version now: those that differ
    why: str = ""  # where it could not be asked again

    @property
    def text(self) -> str:
        """One sentence for a reader."""
        if self.verdict == NOT_CHECKABLE and self.why:
            return f"entry {self.entry} is not checkable: {self.why}"
        odd = [measure for measure in self.measures if measure.verdict == self.verdict]
        said = f"entry {self.entry} is {self.verdict} in {len(odd)} of {len(self.measures)} values"
        if self.verdict != IDENTICAL:
            said += f", first {odd[0].name}: {_short(odd[0].then)} then, {_short(odd[0].now)} now"
        if self.libraries:
            said += "; other versions: " + ", ".join(
                f"{name} {then} then, {now} now" for name, then, now in self.libraries
            )
        return said


def compare(
    entry: int,
    check: str,
    then: Sequence[Mapping[str, Any]],
    now: Sequence[Mapping[str, Any]],
    *,
    versions_then: Mapping[str, str],
    versions_now: Mapping[str, str],
    relative: float = RELATIVE,
    absolute: float = ABSOLUTE,
) -> Comparison:
    """Findings as `Finding.to_json` writes them, in the log then and from the same check, settings and files now.

    Findings about a named picture are compared with the one about the same picture, whatever their order.
    """
    old, new = _round(then), _round(now)
    measures = list(_measures(_named(old), _named(new), relative, absolute))
    verdict = max((measure.verdict for measure in measures), key=_ORDER.index, default=IDENTICAL)
    return Comparison(entry, check, verdict, tuple(measures), differing(versions_then, versions_now))


def not_checkable(entry: int, check: str, why: str) -> Comparison:
    """A check entry that could not be asked again: a file is withheld, the check is gone, or of another version."""
    return Comparison(entry, check, NOT_CHECKABLE, (), (), why)


def differing(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """Libraries whose version is not what it was."""
    names = sorted({*then, *now})
    pairs = [(name, then.get(name, "none"), now.get(name, "none")) for name in names]
    return tuple(pair for pair in pairs if pair[1] != pair[2])


def _round(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As the log would give them back."""
    return [unpack(pack(finding)) for finding in findings]


def _named(findings: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Findings by what they are about: the answer first, then by the picture compared with and how often it came."""
    named: dict[str, dict[str, Any]] = {}
    for number, finding in enumerate(findings):
        against = finding.get("against")
        about = f"{against.get('digest', '')[:12]}" if number and isinstance(against, Mapping) else str(number)
        again = sum(name.split("#")[0] == about for name in named)
        named[f"{about}#{again}" if again else about] = finding
    return named


def _measures(
    then: Mapping[str, Any], now: Mapping[str, Any], relative: float, absolute: float, path: str = ""
) -> Iterator[Measure]:
    for key in [*then, *(key for key in now if key not in then)]:
        name = f"{path}.{key}" if path else key
        if key not in then or key not in now:
            yield Measure(name, DIFFERENT, then.get(key, "absent"), now.get(key, "absent"))
        elif isinstance(then[key], Mapping) and isinstance(now[key], Mapping):
            yield from _measures(then[key], now[key], relative, absolute, name)
        else:
            yield Measure(name, _verdict(then[key], now[key], relative, absolute), then[key], now[key])


def _verdict(then: object, now: object, relative: float, absolute: float) -> str:
    if pack(then) == pack(now):  # as written in the log, so that "not a number" is itself
        return IDENTICAL
    if _is_number(then) and _is_number(now):
        near = math.isclose(float(then), float(now), rel_tol=relative, abs_tol=absolute)  # type: ignore[arg-type]
        return WITHIN if near else DIFFERENT
    if isinstance(then, str) and isinstance(now, str) and _number.sub("#", then) == _number.sub("#", now):
        return _verdict(_numbers(then), _numbers(now), relative, absolute)
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        verdicts = [_verdict(a, b, relative, absolute) for a, b in zip(then, now, strict=True)]
        return max(verdicts, key=_ORDER.index, default=IDENTICAL)
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        verdicts = [measure.verdict for measure in _measures(then, now, relative, absolute)]
        return max(verdicts, key=_ORDER.index, default=IDENTICAL)
    return DIFFERENT


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(text: str) -> list[float]:
    return [float(found) for found in _number.findall(text)]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"
