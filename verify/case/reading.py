"""What a case's log says is in the case: its pictures, its shelf, the findings of an entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from verify.errors import Refused
from verify.known import Known, Reference
from verify.log import Entry, Log
from verify.model import Evidence
from verify.store import Store


@dataclass(frozen=True, slots=True)
class Picture:
    """Evidence in a case: what it is called in public, and whether it must be blurred."""

    evidence: Evidence
    label: str
    graphic: bool


def pictures(log: Log) -> tuple[Picture, ...]:
    """Evidence in the order of intake; a file taken in twice counts once."""
    found: dict[str, Picture] = {}
    for entry in log:
        if entry.kind == "intake" and entry.body["evidence"]:
            body, told = entry.body, entry.private or {}
            size = body["size"] if body["size"] is not None else told.get("size", 0)  # 0 where it is withheld
            evidence = Evidence(body["evidence"], size, told.get("name", ""), told.get("source", ""))
            found.setdefault(evidence.digest, Picture(evidence, body["label"], body["graphic"]))
    return tuple(found.values())


def shelf(log: Log, store: Store) -> Known:
    """The case's known pictures."""
    found = {}
    for entry in log:
        if entry.kind == "known":
            told = {key: entry.body[key] for key in ("kind", "name", "digest", "source", "vouched_by", "taken")}
            key = told["kind"], told["name"], told["digest"]
            found[key] = Reference(path=str(store.path(told["digest"])), **told)
    return Known.of(list(found.values()))


def counterpart(log: Log, picture: str, name: str) -> str:
    """The digest of what a picture was compared with, or of another picture of the case; by name, or its beginning.

    Raises Refused.
    """
    named = {p.evidence.digest: {p.label, p.evidence.name} for p in pictures(log)}
    for entry in log:
        if entry.kind == "check" and entry.body["picture"] == picture:
            for other in entry.body["compared"]:
                named.setdefault(other["digest"], set()).add(other["name"])
    named.pop(picture, None)
    found = [digest for digest, names in named.items() if name in names]
    found = found or [digest for digest in named if len(name) >= 6 and digest.startswith(name.lower())]
    if len(found) != 1:
        why = "several pictures are called that" if found else "nothing of that name was compared with the picture"
        raise Refused(f"{name}: {why}; expected a label, a name, or at least 6 digits of the SHA-256")
    return found[0]


def findings(entry: Entry) -> list[dict[str, Any]]:
    """The findings of a check entry, public or disclosed, as JSON; none where they are withheld."""
    found: list[dict[str, Any]] = entry.body["findings"] or (entry.private or {}).get("findings", [])
    return found
