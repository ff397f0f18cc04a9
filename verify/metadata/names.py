"""Names of tags by number, from data/names.json (made by tests/bench/make_metadata_names.py)."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def _all() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        resources.files("verify.metadata").joinpath("data/names.json").read_text("utf-8")
    )
    return loaded


@cache
def numbered(table: str) -> dict[int, str]:
    """Names of "exif", "gps" or "photoshop" by number."""
    return {int(number): name for number, name in _all()[table].items()}


@cache
def icc() -> dict[str, str]:
    """Names of profile tags by their four letters."""
    return dict(_all()["icc"])


@cache
def iptc(record: int) -> dict[int, tuple[str, str, str]]:
    """Name, type and "list" or "" of a record's datasets by number."""
    return {int(number): (told[0], told[1], told[2]) for number, told in _all()["iptc"].get(str(record), {}).items()}


@cache
def prefixes() -> dict[str, str]:
    """The usual prefix of each XMP namespace: a file may call it anything."""
    text = resources.files("verify.metadata").joinpath("data/namespaces.json").read_text("utf-8")
    return dict(json.loads(text))


@cache
def xmp(group: str) -> tuple[dict[str, str], dict[str, str]] | None:
    """Names that no rule gives, and kinds of value ("rational", "date"), of one group; None where it is unknown."""
    here = _all()["xmp"].get("XMP-crs" if group == "XMP-crd" else group)  # defaults have the names of settings
    return (here["names"], here["kinds"]) if here else None
