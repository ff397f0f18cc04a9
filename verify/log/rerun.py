"""Compares what a check said when it was logged with what it says now, measure by measure; it asks nothing itself."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verify.log.canonical import pack, unpack
from verify.log.entry import Entry

# Sums of floats in another order, on another processor or with other threads, differ from the tenth digit on; a
# millionth leaves room for what later steps make of it and is far below any measure that a reader would quote.
RELATIVE = 1e-6
ABSOLUTE = 1e-9  # around zero, where no relative distance holds

IDENTICAL, WITHIN, DIFFERENT, NOT_CHECKABLE = "identical", "within tolerance", "different", "not checkable"
_ORDER = (IDENTICAL, WITHIN, NOT_CHECKABLE, DIFFERENT)  # the state of many is the last of theirs
_number = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Measure:
    """One value of one finding, then and now; `name` as `2.measured.inliers`: the third finding's inliers."""

    name: str
    state: str
    then: object
    now: object


@dataclass(frozen=True, slots=True)
class Comparison:
    """One check entry asked again; `state` is the worst of its measures."""

    entry: int
    check: str
    state: str
    measures: tuple[Measure, ...]
    libraries: tuple[tuple[str, str, str], ...]  # name, version then, version now: those that differ
    why: str = ""  # where it could not be asked again

    @property
    def because(self) -> str:
        """One sentence for a reader."""
        odd = [measure for measure in self.measures if measure.state == self.state]
        said = self.why or f"{len(odd)} of {len(self.measures)} values are {self.state}"
        if odd and self.state != IDENTICAL:
            said += f", first {odd[0].name}: {_short(odd[0].then)} then, {_short(odd[0].now)} now"
        if self.libraries:
            named = ", ".join(f"{name} {then} then, {now} now" for name, then, now in self.libraries)
            said += f"; other versions: {named}"
        return said

    def to_json(self) -> dict[str, Any]:
        """State and reason; of the measures those that are not identical, numbers written as in the log."""
        odd = [measure for measure in self.measures if measure.state != IDENTICAL]
        return {
            "state": self.state,
            "because": self.because,
            "values": len(self.measures),
            "differing": [
                {"name": odd.name, "state": odd.state, "then": pack(odd.then), "now": pack(odd.now)} for odd in odd
            ],
            "libraries": [{"name": name, "then": then, "now": now} for name, then, now in self.libraries],
        }


def compare(
    entry: Entry,
    now: Sequence[Mapping[str, Any]] | None,
    versions: Mapping[str, str],
    *,
    read: Callable[[str], bytes] | None = None,
    relative: float = RELATIVE,
    absolute: float = ABSOLUTE,
) -> Comparison:
    """A check entry beside the findings (as `Finding.to_json` writes them) that its question has now.

    `now` is None where it could not be asked again. Findings about a named picture are compared with the one about the
    same picture, whatever their order. `read` gives the file of a digest: long lists of points are then compared point
    by point. Raises what `read` raises.
    """
    name = str(entry.body.get("check", ""))
    libraries = differing(entry.body.get("versions") or {}, versions)
    then = entry.body.get("findings") or (entry.private or {}).get("findings")
    if now is None or not then:
        why = "it cannot be asked again here" if then else "its findings are withheld"
        return Comparison(entry.seq, name, NOT_CHECKABLE, (), libraries, why)
    old, new = (_named([_opened(finding, read) for finding in _round(findings)]) for findings in (then, now))
    measures = list(_measures(old, new, relative, absolute))
    state = max((measure.state for measure in measures), key=_ORDER.index, default=IDENTICAL)
    return Comparison(entry.seq, name, state, tuple(measures), libraries)


def differing(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """Libraries whose version is not what it was."""
    names = sorted({*then, *now})
    pairs = [(name, str(then.get(name, "none")), str(now.get(name, "none"))) for name in names]
    return tuple(pair for pair in pairs if pair[1] != pair[2])


def _opened(finding: dict[str, Any], read: Callable[[str], bytes] | None) -> dict[str, Any]:
    """The finding with its long list of points in place of the list's digest."""
    pairs = finding.get("pairs")
    if read and isinstance(pairs, Mapping):
        return finding | {"pairs": unpack(pack(json.loads(read(pairs["digest"]))))}
    return finding


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
        elif key == "pairs" and _is_unread(then[key]) and _is_unread(now[key]):
            same, counts = then[key] == now[key], then[key]["count"] == now[key]["count"]
            state = IDENTICAL if same else NOT_CHECKABLE if counts else DIFFERENT
            yield Measure(name, state, then[key], now[key])
        elif isinstance(then[key], Mapping) and isinstance(now[key], Mapping):
            yield from _measures(then[key], now[key], relative, absolute, name)
        else:
            yield Measure(name, _state(then[key], now[key], relative, absolute), then[key], now[key])


def _state(then: object, now: object, relative: float, absolute: float) -> str:
    if pack(then) == pack(now):  # as written in the log, so that "not a number" is itself
        return IDENTICAL
    if _is_number(then) and _is_number(now):
        near = math.isclose(float(then), float(now), rel_tol=relative, abs_tol=absolute)  # type: ignore[arg-type]
        return WITHIN if near else DIFFERENT
    if isinstance(then, str) and isinstance(now, str) and _number.sub("#", then) == _number.sub("#", now):
        return _state(_numbers(then), _numbers(now), relative, absolute)
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        states = [_state(a, b, relative, absolute) for a, b in zip(then, now, strict=True)]
        return max(states, key=_ORDER.index, default=IDENTICAL)
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        states = [measure.state for measure in _measures(then, now, relative, absolute)]
        return max(states, key=_ORDER.index, default=IDENTICAL)
    return DIFFERENT


def _is_unread(value: object) -> bool:
    """Whether this is a long list of points of which only digest and count are known here."""
    return isinstance(value, Mapping) and set(value) == {"digest", "count"}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(text: str) -> list[float]:
    return [float(found) for found in _number.findall(text)]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"
