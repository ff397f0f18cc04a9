"""What a case's log answers already, so that nothing is asked twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from verify import checks
from verify.case.reading import findings
from verify.log import Entry, Log, canonical
from verify.model import Answer, Finding
from verify.store import Store


class Memory:
    """What the log already answers."""

    def __init__(self, log: Log, store: Store) -> None:
        self._keys: set[bytes] = set()
        self._asked: dict[tuple[str, str, str], list[Entry]] = {}  # by check, version and digest of the picture
        for entry in log:
            if entry.kind == "check":
                body = entry.body
                self._keys.add(_key(body))
                self._asked.setdefault((body["check"], body["version"], body["picture"]), []).append(entry)
        self._store = store

    def whole(
        self, check: checks.Check, picture: str, others: Sequence[str], known: list[str], settings: Mapping[str, Any]
    ) -> bool:
        """Whether an entry asked the same question: check, version, settings, picture, and everything compared."""
        told = {"check": check.name, "version": check.version, "picture": picture, "settings": settings}
        return _key(told | {"compared": [{"digest": other} for other in others], "known": known}) in self._keys

    def pairs(self, check: checks.Check, picture: str, settings: Mapping[str, Any]) -> dict[str, Finding]:
        """By digest of the other picture: what the same check found, with the same version and settings."""
        wanted = canonical.pack(settings)
        found: dict[str, Finding] = {}
        for entry in self._asked.get((check.name, check.version, picture), ()):
            if canonical.pack(entry.body["settings"]) == wanted:
                for told in findings(entry)[1:]:
                    if told["against"] and told["answer"] != Answer.UNABLE:  # a crash or a timeout may not happen again
                        found[told["against"]["digest"]] = Finding.from_json(self._expand(told))
        return found

    def _expand(self, told: dict[str, Any]) -> dict[str, Any]:
        pairs = told["pairs"]
        return told | {"pairs": json.loads(self._store.read(pairs["digest"]))} if isinstance(pairs, dict) else told


def _key(body: Mapping[str, Any]) -> bytes:
    digests = [other["digest"] for other in body["compared"]]
    told = [body["check"], body["version"], body["settings"], body["picture"], digests, body["known"]]
    return canonical.encode(canonical.pack(told))
