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
from verify.case.memory import Memory
from verify.case.reading import Picture
from verify.case.reading import findings as findings_of
from verify.case.searching import Search, Stage
from verify.errors import EvidenceError, Refused
from verify.guard import Guard
from verify.kept import Kept
from verify.known import Known, Reference
from verify.log import Entry, Log
from verify.model import Finding
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
        remembered = Memory(self.log, self.store)
        kept = Kept(self.log.folder / "kept", (reference.digest for reference in self.shelf))

        def run(check: checks.Check, picture: Picture) -> Asked | None:
            search = searches.get(picture.evidence.digest) if check.name == asking.COPY else None
            question = self._question(check, picture, search.hits if search else (), remembered)
            if question is None:
                return None
            guard = ready.pop()
            try:
                return asking.ask(guard, check.name, self.source(check, picture), kept=kept, **question)
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

    def _question(
        self, check: checks.Check, picture: Picture, hits: Sequence[Source], remembered: Memory
    ) -> dict[str, Any] | None:
        """What a check is asked with; None where the log answers it already, or nothing is there to compare with."""
        found = {hit.digest for hit in hits}
        others = [*hits, *(other for other in self._others(check, picture) if other.digest not in found)]
        if check.pictures == 2 and not others:
            return None
        settings = check.resolve(self.wishes.get("checks", {}).get(check.name, {}))
        digest = picture.evidence.digest
        if remembered.whole(check, digest, [o.digest for o in others], shelf_of(check, self.shelf), settings):
            return None
        told = remembered.pairs(check, digest, settings) if check.pictures == 2 else {}
        return {"known": self.shelf, "others": others, "settings": settings, "remembered": told}

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
        """The findings that this installation gives for a check entry (None: unable), and its versions.

        What was compared in full is compared again; the vote that passed others over is taken as it was.
        """
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
            passed = {
                told["against"]["digest"]: Finding.from_json(told)
                for told in (findings_of(entry)[1:] if check.shortlist else ())
                if told["against"] and "shortlist_rank" in told["measured"]
            }
            asked = asking.ask(
                guard,
                check.name,
                self.source(check, picture),
                known=known,
                others=others,
                settings=settings,
                remembered=passed,
                whole=True,
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


def shelf_of(check: checks.Check, shelf: Known) -> list[str]:
    """Digests of the known pictures that a one-picture check had before it."""
    return [reference.digest for reference in shelf] if check.pictures == 1 and check.uses_known else []
