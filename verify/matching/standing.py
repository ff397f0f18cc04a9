"""What a matched plane says of the place, and against what: things that may hang elsewhere say little."""

from __future__ import annotations

from verify.matching.calibration import Calibration, shipped
from verify.matching.surface import Surface
from verify.model import Portability, Strength

CONVENTION = {Portability.PORTABLE: 0.3, Portability.SEMI_FIXED: 1.0}  # log10, at most, against "staged elsewhere"
STAGED = "a place staged with things carried there"
HERE = "taken in the room of the reference, not in {}"
CARRIED = 0.02  # share of the picture: a smaller plane may be a plaque or a flag


def portability(best: Surface, *, wide: bool) -> Portability:
    """Fixed where irregular details agree beyond one compact thing, which could have been carried or hung there."""
    if wide:
        return Portability.FIXED
    return Portability.PORTABLE if best.agreement.area < CARRIED else Portability.SEMI_FIXED


def strength(score: float, standing: Portability, homes: Calibration) -> tuple[Strength, ...]:
    """One line for each alternative, bounded for what may hang elsewhere; they say one thing and are not multiplied."""
    design, cap = shipped("room-4/one-design"), CONVENTION.get(standing)
    lines = []
    for place, of in (("another room", homes), ("a room of the same design", design), (STAGED, design)):
        value = of.log10_lr(score)
        bounded = cap is not None and (place == STAGED or value > cap)
        told = ("convention", f"none: at most {cap:g} for what is {standing.value}") if bounded else ()
        value = min(max(value, -cap), cap) if bounded and cap else value
        lines.append(Strength(HERE.format(place), value, *(told or (of.name, of.population))))
    return tuple(lines)
