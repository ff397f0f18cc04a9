"""The questions: one file each; a new file in a room of this folder is a new check everywhere.

A check is a function named as its file. Its parameters give its shape:

    (picture: Image, known: Known, *, settings…) -> Iterable[Finding]       about one picture
    (picture: Image, other: Image, *, settings…) -> Iterable[Finding]       about two pictures

The first finding answers the question. A module may say `VERSION` (default "1": raise it when numbers change), and,
with two pictures, `KIND`: the shelf of known pictures it compares with ("rooms", "emblems" …; default none), and
`OWN = True` where the case's own pictures are compared with each other as well, and `SHORTLIST`: of more others than
that only so many are compared in full, chosen by a vote of the features they share.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from verify.errors import Refused
from verify.model import Finding

ROOMS = ("metadata", "duplicates", "features", "integrity")


@dataclass(frozen=True, slots=True)
class Check:
    """One question, ready to be asked."""

    name: str
    room: str
    question: str
    version: str
    pictures: int  # 1 or 2
    kind: str | None  # the shelf of known pictures that a two-picture check compares with
    own: bool  # whether the case's own pictures are compared with each other
    shortlist: int | None  # how many others are compared in full where there are more; None: all
    private: bool  # whether its findings lie in the private part of the log
    uses_known: bool  # whether a one-picture check looks at the shelf
    settings: dict[str, Any]  # keyword-only arguments and their defaults
    run: Callable[..., Iterable[Finding]] = field(compare=False)
    about: str = ""  # the docstring below the question: Method, Limits, References

    def resolve(self, wishes: dict[str, Any]) -> dict[str, Any]:
        """Every setting in force. Raises Refused on one that the check does not have."""
        if unknown := sorted(set(wishes) - set(self.settings)):
            raise Refused(
                f"{self.name} has no setting {unknown[0]!r}; expected one of {', '.join(self.settings) or 'none'}"
            )
        return self.settings | wishes


@cache
def every() -> dict[str, Check]:
    """All checks by name, in the order of their rooms."""
    found = {}
    for room in ROOMS:
        package = importlib.import_module(f"{__name__}.{room}")
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
            if not module.name.startswith("_"):
                found[module.name] = load(room, module.name)
    return found


def get(name: str) -> Check:
    """One check by name. Raises Refused."""
    for room in ROOMS:
        package = importlib.import_module(f"{__name__}.{room}")
        if any(module.name == name for module in pkgutil.iter_modules(package.__path__)):
            return load(room, name)
    raise Refused(f"there is no check {name!r}; expected one of {', '.join(every())}")


@cache
def load(room: str, name: str) -> Check:
    """The check in `room`/`name`.py."""
    module = importlib.import_module(f"{__name__}.{room}.{name}")
    run = getattr(module, name)
    parameters = inspect.signature(run).parameters.values()
    pictures = [p for p in parameters if p.kind is not p.KEYWORD_ONLY and str(p.annotation).endswith("Image")]
    question, _, about = inspect.cleandoc(run.__doc__ or "").partition("\n")
    return Check(
        name=name,
        room=room,
        question=question.strip(),
        version=getattr(module, "VERSION", "1"),
        pictures=len(pictures),
        kind=getattr(module, "KIND", None),
        own=getattr(module, "OWN", False),
        shortlist=getattr(module, "SHORTLIST", None),
        private=getattr(module, "PRIVATE", False),
        uses_known=any("Known" in str(p.annotation) and not p.name.startswith("_") for p in parameters),
        settings={p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY},
        run=run,
        about=about.strip(),
    )
