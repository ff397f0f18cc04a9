"""The archive stage of a case: which older pictures may be the same photograph, and what was searched in vain."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify import asking, guard
from verify.asking import Source
from verify.case.reading import Picture
from verify.errors import EvidenceError, LogError, Refused, Unreadable
from verify.log import Log
from verify.store import Store

if TYPE_CHECKING:
    from verify.archive import Archive, Hit, Signature

INDEX = "archive-index"  # in the case's folder: what is known of a plain folder's pictures, so that each is read once
NOWHERE = "The archive's folder is not there; expected the one that case.toml names."


@dataclass(frozen=True, slots=True)
class Search:
    """What an archive was searched for one picture: what the log says of it, and the hits, which lie in the store."""

    told: Mapping[str, Any]
    hits: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """The archive that a case names: one made by `verify archive add`, or a plain folder of pictures."""

    log: Log
    store: Store
    archive: Path
    index: Path

    def search(self, pictures: Sequence[Picture]) -> dict[str, Search]:
        """By the digest of each picture: what the archive holds that may be a copy, taken into the store.

        A search that found nothing is logged with what was searched; what the log knows is not searched again.
        """
        if not self.archive.is_dir():
            for picture in pictures:
                self._in_vain({"archive": None, "searched": 0, "because": NOWHERE, "picture": picture.evidence.digest})
            return {}
        from verify.archive import SEARCHED

        with self._opened() as (archive, where):
            where |= SEARCHED
            known = self._known(where)
            fresh = [picture for picture in pictures if picture.evidence.digest not in known]
            for picture, signed in self._signed(fresh):
                digest = picture.evidence.digest
                if isinstance(signed, EvidenceError):
                    because = f"{picture.label}: {str(signed).removeprefix(f'{digest}: ')}"
                    self._in_vain(where | {"searched": 0, "because": because, "picture": digest})
                else:
                    known[digest] = self._search(archive, where, digest, signed)
        return {digest: search for digest, search in known.items() if search and search.hits}

    @contextmanager
    def _opened(self) -> Iterator[tuple[Archive, dict[str, Any]]]:
        """The archive, and what names it in the log; `unable` counts files of it that could not be read."""
        from verify.archive import DATABASE, Archive, follow_folder, rebuild

        if (self.archive / DATABASE).exists():
            with Archive.open(self.archive) as archive:
                yield archive, {"archive": archive.identity, "kind": "archive", "unable": archive.unreadable}
            return
        try:
            index = Archive.open(self.index) if self.index.exists() else Archive.create(self.index)
        except Refused:  # derived from the folder, so one that cannot be used is made anew
            shutil.rmtree(self.index)
            index = Archive.create(self.index)
        with index as archive:
            if archive.damaged():
                rebuild(archive)
            follow_folder(archive, self.archive)
            yield archive, {"archive": archive.content, "kind": "folder", "unable": archive.unreadable}

    def _signed(self, pictures: Sequence[Picture]) -> Iterator[tuple[Picture, Signature | EvidenceError]]:
        from verify.archive import Signature

        jobs = [{"path": str(self.store.path(picture.evidence.digest))} for picture in pictures]
        done = dict(guard.map("verify.archive.signature:sign_file", jobs))
        for number, picture in enumerate(pictures):  # in their order, so that the log is the same each time
            found = done[number]
            yield picture, found if isinstance(found, EvidenceError) else Signature.unpack(found)

    def _search(self, archive: Archive, where: Mapping[str, Any], picture: str, signed: Signature) -> Search:
        from verify.archive import look_up

        found = look_up(archive, signed)
        hits, lost = [], []
        for hit in found.hits:
            name = Path(hit.paths[0]).name if hit.paths else hit.digest[:12]
            if self._taken_in(hit):
                hits.append(Source(str(self.store.path(hit.digest)), hit.digest, name))
                self._what_people_said(hit, picture, where["archive"])
            else:
                lost.append(f"{name}: {hit.comparison.finding.answer}. {hit.comparison.finding.because}")
        told = dict(where) | {"proposed": found.proposed, "compared": found.compared, "lost": lost}
        told["unable"] += found.unsearchable
        if not hits:
            self._in_vain(told | {"searched": found.searched, "picture": picture})
        return Search(told | {"pictures": found.searched, "hits": [hit.digest for hit in hits]}, tuple(hits))

    def _taken_in(self, hit: Hit) -> bool:
        """Whether the hit lies in the store; its file may be gone, or hold something else by now."""
        if hit.digest in self.store:
            return True
        for path in hit.paths:
            try:
                if asking.source(path).digest == hit.digest == self.store.take_in(path).digest:
                    return True
            except (Unreadable, LogError):
                continue
        return False

    def _what_people_said(self, hit: Hit, picture: str, archive: str) -> None:
        """Where the archive says a hit was published, and that somebody told the two apart: each logged once."""
        for seen in hit.appearances:
            self._once("appearance", {"evidence": hit.digest, **seen.to_json(), "archive": archive})
        if hit.decision:
            said = f"{hit.decision.because} (decided {hit.decision.time} by {hit.decision.actor}, in the archive)"
            about = [picture, hit.digest]
            self._once("review", {"decision": "different pictures", "about": about, "text": said, "archive": archive})

    def _in_vain(self, body: Mapping[str, Any]) -> None:
        self._once("search-without-result", body)

    def _once(self, kind: str, body: Mapping[str, Any]) -> None:
        if not any(entry.kind == kind and dict(entry.body) == dict(body) for entry in self.log):
            self.log.append(kind, dict(body))

    def _known(self, where: Mapping[str, Any]) -> dict[str, Search | None]:
        """By picture: what an earlier search of the same archive in the same way gave; None where it was in vain.

        Where a hit was lost then, or is gone from the store by now, the search is made again.
        """
        found: dict[str, Search | None] = {}
        for entry in self.log:
            told = entry.body if entry.kind == "search-without-result" else entry.body.get("searched")
            if not told or any(told.get(name) != value for name, value in where.items()) or told.get("lost"):
                continue
            if entry.kind == "search-without-result":
                found[entry.body["picture"]] = None
                continue
            names = {other["digest"]: other["name"] for other in entry.body["compared"]}
            hits = tuple(Source(str(self.store.path(d)), d, names[d]) for d in told["hits"] if d in names)
            if all(hit.digest in self.store for hit in hits):
                found[entry.body["picture"]] = Search(told, hits)
        return found
