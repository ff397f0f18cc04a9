"""The values that every room speaks of: evidence, answers and findings. Frozen, without pixels, without I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
Point = tuple[float, float]  # x, y in upright pixels


class Answer(StrEnum):
    """What a check can say. There is no "fake" and no "authentic"."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"
    UNABLE = "unable"


class Portability(StrEnum):
    """How easily the thing a finding rests on could have been carried to another place."""

    FIXED = "fixed"  # tile joints, cracks, sockets, pipes
    SEMI_FIXED = "semi-fixed"  # doors, radiators, emblems on a wall
    PORTABLE = "portable"  # a flag, a plaque, clothes, a chair


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file as received; `digest` (SHA-256, lower-case hex) is its identity."""

    digest: str
    size: int  # bytes
    name: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Against:
    """What a finding was measured against: one file, by digest and name."""

    digest: str
    name: str


@dataclass(frozen=True, slots=True)
class Region:
    """A polygon in upright pixel coordinates, in the `picture` itself or in what it was compared `against`."""

    polygon: tuple[Point, ...]
    label: str = ""
    of: str = "picture"  # or "against"

    @classmethod
    def box(cls, x: float, y: float, width: float, height: float, label: str = "", of: str = "picture") -> Region:
        """An upright rectangle, pixels."""
        return cls(((x, y), (x + width, y), (x + width, y + height), (x, y + height)), label, of)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two points that show the same thing: `a` in the picture, `b` in what it was compared with (upright pixels)."""

    a: Point
    b: Point


@dataclass(frozen=True, slots=True)
class Strength:
    """A calibrated likelihood ratio, valid for one population only.

    `log10_lr` above 0 supports `proposition`, below 0 its alternative; `calibration` names the fit, `population` what
    it was measured on.
    """

    proposition: str
    log10_lr: float
    calibration: str
    population: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured statement of a check."""

    answer: Answer
    because: str  # one printable sentence with its number
    against: Against | None = None
    measured: Mapping[str, Json] = field(default_factory=dict)
    regions: tuple[Region, ...] = ()
    pairs: tuple[Pair, ...] = ()
    score: float | None = None  # higher is stronger; comparable only within one check and version
    strength: tuple[Strength, ...] = ()
    level: str | None = None
    portability: Portability | None = None
    limits: str = ""  # when this may be wrong

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back to an equal finding."""
        return {
            "answer": self.answer.value,
            "because": self.because,
            "against": asdict(self.against) if self.against else None,
            "measured": dict(self.measured),
            "regions": [
                {"of": r.of, "label": r.label, "polygon": [[float(x), float(y)] for x, y in r.polygon]}
                for r in self.regions
            ],
            "pairs": [[*map(float, p.a), *map(float, p.b)] for p in self.pairs],
            "score": self.score,
            "strength": [asdict(s) for s in self.strength],
            "level": self.level,
            "portability": self.portability.value if self.portability else None,
            "limits": self.limits,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Finding:
        """The finding that `to_json` wrote."""
        against, portability = value["against"], value["portability"]
        return cls(
            answer=Answer(value["answer"]),
            because=value["because"],
            against=Against(**against) if against else None,
            measured=dict(value["measured"]),
            regions=tuple(
                Region(tuple((x, y) for x, y in r["polygon"]), r["label"], r["of"]) for r in value["regions"]
            ),
            pairs=tuple(Pair((p[0], p[1]), (p[2], p[3])) for p in value["pairs"]),
            score=value["score"],
            strength=tuple(Strength(**s) for s in value["strength"]),
            level=value["level"],
            portability=Portability(portability) if portability else None,
            limits=value["limits"],
        )
