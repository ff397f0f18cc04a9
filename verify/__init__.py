"""Questions put to a leaked picture, answers with their numbers, and a log that either side can check."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

# The public names and the room each lives in: a room is imported when one of its names is first used.
_ROOMS = {
    "Answer": "model",
    "Case": "case",
    "Evidence": "model",
    "EvidenceError": "errors",
    "Finding": "model",
    "Known": "known",
    "Look": "looking",
    "compare": "looking",
    "find_duplicates": "archive",
    "look": "looking",
}

if TYPE_CHECKING:
    from verify.errors import EvidenceError
    from verify.known import Known
    from verify.looking import Look, compare, look
    from verify.model import Answer, Evidence, Finding

__all__ = [
    "Answer",
    "Case",
    "Evidence",
    "EvidenceError",
    "Finding",
    "Known",
    "Look",
    "compare",
    "find_duplicates",
    "look",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"verify has no {name!r}; expected one of {', '.join(_ROOMS)}")
    return getattr(importlib.import_module(f"verify.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_ROOMS)


if "IPython" in sys.modules:
    from verify.report import notebook

    notebook.register()  # findings and questions show themselves as tables
