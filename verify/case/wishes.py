"""What a person wishes of a case, in case.toml: checked when the case is opened."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from verify import checks
from verify.errors import Refused

WISHES = {"title": str, "author": str, "archive": str, "checks": dict}  # what case.toml may say


def read(path: Path) -> dict[str, Any]:
    """The wishes. Raises Refused on an unknown key, check or setting."""
    try:
        wishes = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"case.toml: {error}; expected TOML") from error
    for key, value in wishes.items():
        if key not in WISHES or not isinstance(value, WISHES[key]):
            raise Refused(f"case.toml: {key!r} is unknown or of the wrong type; expected {', '.join(WISHES)}")
    for name, settings in wishes.get("checks", {}).items():
        checks.get(name).resolve(settings)
    return wishes
