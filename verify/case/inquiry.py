"""Questions put to a case's pictures: what is new is asked, the log keeps it, and any entry can be asked again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from verify import asking, checks
from verify.asking import Asked, Source
from verify.case.reading import Picture
from verify.case.reading import findings as findings_of
from verify.case.searching import Search, Stage
from verify.errors import EvidenceError, Refused
from verify.guard import Guard
from verify.kept import Kept
from verify.known import Known, Reference
from verify.log import Entry, Log, canonical
from verify.model import Answer, Finding
from verify.store import Store

LONG = 40  # matched points that a line of the log holds; longer lists lie in the store, digest and count in the line
Job = tuple[checks.Check, Picture]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A case as its questions see it."""

    log: Log
    store: Store
    wishes: Mapping[str, Any]
    pictures: tuple[Picture, ...]
    shelf: Known
    archive: Stage | None = None  # what the case searches for earlier pictures

    def ask(self, jobs: Sequence[Job], workers: int | None = None) -> Iterator[Asked]:
        """Put each check to its picture in several guarded children; logged in the order of the jobs.

        What the log already answers is not asked again: of a pair check only the pairs that are new.
        """
        copied = [picture for check, picture in jobs if check.name == asking.COPY]
        searches = self.archive.search(copied) if self.archive and copied else {}
        count = workers or os.cpu_count() or 1
        ready = [Guard() for _ in range(count)]
        remembered = _Memory(self.log, self.store)
        kept = Kept(self.log.folder / "kept", (reference.digest for reference in self.shelf))

        def run(check: checks.Check, picture: Picture) -> Asked | None:
            others = self._others(check, picture)
            if check.name == asking.COPY and picture.evidence.digest in searches:
                hits = searches[picture.evidence.digest].hits
                others = [*hits, *(other for other in others if other.digest not in {hit.digest for hit in hits})]
            settings = check.resolve(self.wishes.get("checks", {}).get(check.name, {}))
            known = shelf_of(check, self.shelf)
            if check.pictures == 2 and not others:
                return None
            if remembered.whole(check, picture.evidence.digest, [o.digest for o in others], known, settings):
                return None
            told = remembered.pairs(check, picture.evidence.digest, settings) if check.pictures == 2 else {}
            guard = ready.pop()
            try:
                return asking.ask(
                    guard,
                    check.name,
                    self.source(check, picture),
                    known=self.shelf,
                    others=others,
                    settings=settings,
                    remembered=told,
                    kept=kept,
                )
            finally:
                ready.append(guard)

        with ThreadPoolExecutor(count) as pool:
            try:
                futures: list[Future[Asked | None]] = [pool.submit(run, *job) for job in jobs]
                for (check, picture), future in zip(jobs, futures, strict=True):
                    if asked := future.result():
                        search = searches.get(picture.evidence.digest) if check.name == asking.COPY else None
                        self._log(check, asked, search)
                        yield asked
            finally:
                pool.shutdown(cancel_futures=True)
                for guard in ready:
                    guard.close()

    def compare(self, check: checks.Check, picture: Picture, other: str, settings: Mapping[str, Any]) -> Asked:
        """Put a two-picture check to one pair, with settings of its own, as points that a person drew; and log it."""
        named = {r.digest: r.name for r in self.shelf} | {p.evidence.digest: p.label for p in self.pictures}
        digest = next((d for d, name in named.items() if other == name or (len(other) > 5 and d.startswith(other))), "")
        if check.pictures == 1 or not digest:
            raise Refused(
                f"{check.name} of {other}: expected a two-picture check, and a picture or reference of the case"
            )
        others = [self._stored(digest, named[digest])]
        with Guard() as guard:
            asked = asking.ask(guard, check.name, self.source(check, picture), others=others, settings=dict(settings))
        self._log(check, asked, None)
        return asked

    def again(self, guard: Guard, entry: Entry) -> tuple[list[dict[str, Any]] | None, dict[str, Any]]:
        """The findings that this installation gives for a check entry (None: unable), and its versions."""
        body = entry.body
        try:
            check = checks.get(body["check"])
            picture = next(p for p in self.pictures if p.evidence.digest == body["picture"])
            others = [self._stored(other["digest"], other["name"]) for other in body["compared"]]
            if any(digest not in self.store for digest in (body["picture"], *(other.digest for other in others))):
                return None, asking.versions()  # withheld, or destroyed
            shelf = {reference.digest: reference for reference in self.shelf}
            known = Known.of([shelf[digest] for digest in body["known"]])
            settings = {name: body["settings"][name] for name in check.settings}
            asked = asking.ask(
                guard, check.name, self.source(check, picture), known=known, others=others, settings=settings
            )
        except (EvidenceError, KeyError, StopIteration):
            return None, asking.versions()
        return [self._compact(finding) for finding in asked.findings], asking.versions()

    def source(self, check: checks.Check, picture: Picture) -> Source:
        """Where the check finds the picture; only a check whose findings stay private sees the file's own name."""
        return self._stored(picture.evidence.digest, picture.evidence.name if check.private else picture.label)

    def _stored(self, digest: str, name: str) -> Source:
        return Source(str(self.store.path(digest)), digest, name)

    def _others(self, check: checks.Check, picture: Picture) -> list[Source]:
        """References of the check's kind, then the case's later pictures: each pair of its own is compared once."""
        if check.pictures == 1:
            return []
        references: Sequence[Reference] = getattr(self.shelf, check.kind) if check.kind else ()
        later = self.pictures[self.pictures.index(picture) + 1 :] if check.own else ()
        return [self._stored(r.digest, r.name) for r in references] + [self.source(check, p) for p in later]

    # --- the log ------------------------------------------------------------------------------------------------------

    def _log(self, check: checks.Check, asked: Asked, search: Search | None) -> Entry:
        findings = [self._compact(finding) for finding in asked.findings]
        body = {
            "check": asked.check,
            "version": asked.version,
            "question": asked.question,
            "room": check.room,
            "settings": asked.settings,
            "picture": asked.picture.digest,
            "compared": [{"digest": other.digest, "name": other.name} for other in asked.compared],
            "known": shelf_of(check, self.shelf),
            "answer": asked.answer.value,
            "findings": None if check.private else findings,
            "versions": asking.versions(),
            "limits": asked.findings[0].limits,
        }
        if search:
            body["searched"] = dict(search.told)
        return self.log.append("check", body, private={"findings": findings} if check.private else None)

    def _compact(self, finding: Finding) -> dict[str, Any]:
        """The finding for the log; a long list of matched points goes to the store."""
        packed = finding.to_json()
        if len(packed["pairs"]) > LONG:
            data = json.dumps(packed["pairs"], separators=(",", ":")).encode()
            packed["pairs"] = {"digest": self.store.put(data), "count": len(packed["pairs"])}
        return packed


class _Memory:
    """What the log already answers."""

    def __init__(self, log: Log, store: Store) -> None:
        self._entries = [entry for entry in log if entry.kind == "check"]
        self._keys = {_key(entry.body) for entry in self._entries}
        self._store = store

    def whole(
        self, check: checks.Check, picture: str, others: Sequence[str], known: list[str], settings: Mapping[str, Any]
    ) -> bool:
        """Whether an entry asked the same question: check, version, settings, picture, and everything compared."""
        told = {"check": check.name, "version": check.version, "picture": picture, "settings": settings}
        return _key(told | {"compared": [{"digest": other} for other in others], "known": known}) in self._keys

    def pairs(self, check: checks.Check, picture: str, settings: Mapping[str, Any]) -> dict[str, Finding]:
        """By digest of the other picture: what the same check found, with the same version and settings."""
        wanted = check.name, check.version, picture, canonical.pack(settings)
        found: dict[str, Finding] = {}
        for entry in self._entries:
            body = entry.body
            if (body["check"], body["version"], body["picture"], canonical.pack(body["settings"])) == wanted:
                for told in findings_of(entry)[1:]:
                    if told["against"] and told["answer"] != Answer.UNABLE:  # a crash or a timeout may not happen again
                        found[told["against"]["digest"]] = Finding.from_json(self._expand(told))
        return found

    def _expand(self, told: dict[str, Any]) -> dict[str, Any]:
        pairs = told["pairs"]
        return told | {"pairs": json.loads(self._store.read(pairs["digest"]))} if isinstance(pairs, dict) else told


def shelf_of(check: checks.Check, shelf: Known) -> list[str]:
    """Digests of the known pictures that a one-picture check had before it."""
    return [reference.digest for reference in shelf] if check.pictures == 1 and check.uses_known else []


def _key(body: Mapping[str, Any]) -> bytes:
    digests = [other["digest"] for other in body["compared"]]
    told = [body["check"], body["version"], body["settings"], body["picture"], digests, body["known"]]
    return canonical.encode(canonical.pack(told))
