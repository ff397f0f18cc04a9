"""One thing to verify, in one folder: evidence, known pictures, log, write-up; rerun."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify import asking, checks
from verify.asking import Asked, Search, Source
from verify.errors import EvidenceError, Refused, Unreadable
from verify.guard import Guard
from verify.known import KINDS, SUFFIXES, Known, Reference
from verify.log import Entry, Log, canonical
from verify.model import Evidence, Finding
from verify.store import Store, is_archive

if TYPE_CHECKING:
    from verify.report import notebook

LONG = (
    40  # matched points that a line of the log holds; longer lists lie in the store, their digest and count in the line
)
WISHES = {"title": str, "author": str, "archive": str, "checks": dict}  # what case.toml may say
SIDES = ("for", "against", "neutral")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Picture:
    """Evidence in a case: what it is called in public, and whether it must be blurred."""

    evidence: Evidence
    label: str
    graphic: bool


class Case:
    """A folder with a log that is the truth; everything else is derived from it or named by digest in it."""

    def __init__(self, folder: Path | str, *, clock: Callable[[], datetime] = _now) -> None:
        """Open a case. Raises Refused where there is none, or where case.toml says something unknown."""
        self.folder = Path(folder)
        if not (self.folder / "case.toml").is_file():
            raise Refused(f"{self.folder.name}: no case here (case.toml is missing); `verify case new` begins one")
        self.wishes = _wishes(self.folder / "case.toml")
        self.store = Store(self.folder)
        self.log = Log.open(self.folder, actor=self.wishes["author"], clock=clock)

    @classmethod
    def new(
        cls,
        folder: Path | str,
        *,
        title: str,
        actor: str,
        archive: Path | str | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> Case:
        """Begin a case in an empty or new folder; `actor` is a pseudonym, `archive` is searched for each picture.

        Raises Refused.
        """
        folder = Path(folder)
        if folder.exists() and any(folder.iterdir()):
            raise Refused(f"{folder.name}: the folder is not empty; expected a new one")
        folder.mkdir(parents=True, exist_ok=True)
        Log.create(folder, title=title, actor=actor, clock=clock)
        wishes = {"title": title, "author": actor} | ({"archive": str(Path(archive).absolute())} if archive else {})
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in wishes.items()]
        told = "".join(lines).replace("\x7f", "\\u007f")  # the one character that TOML escapes and JSON does not
        (folder / "case.toml").write_text(told, encoding="utf-8")
        return cls(folder, clock=clock)

    # --- what is in it ------------------------------------------------------------------------------------------------

    def entries(self, *kinds: str) -> list[Entry]:
        """The log's entries of these kinds, or all; reading verifies the chain."""
        return [entry for entry in self.log if not kinds or entry.kind in kinds]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Evidence in the order of intake; a file taken in twice counts once."""
        found: dict[str, Picture] = {}
        for entry in self.entries("intake"):
            body, told = entry.body, entry.private or {}
            if body["evidence"]:
                evidence = Evidence(body["evidence"], body["size"], told.get("name", ""), told.get("source", ""))
                found.setdefault(evidence.digest, Picture(evidence, body["label"], body["graphic"]))
        return tuple(found.values())

    @property
    def known(self) -> Known:
        """The case's shelf."""
        references = {}
        for entry in self.entries("known"):
            told = {key: entry.body[key] for key in ("kind", "name", "digest", "source", "vouched_by", "taken")}
            references[told["kind"], told["name"], told["digest"]] = Reference(
                path=str(self.store.path(told["digest"])), **told
            )
        return Known.of(list(references.values()))

    # --- what goes in -------------------------------------------------------------------------------------------------

    def add(self, files: Iterable[Path | str], *, source: str, graphic: bool = False) -> list[Evidence | Unreadable]:
        """Take files in, read-only and by digest; a file that cannot be had is on the record with the reason."""
        return [item for file in files for item in self._take_in(Path(file), source, graphic=graphic)]

    def _take_in(self, path: Path, source: str, *, graphic: bool) -> Iterator[Evidence | Unreadable]:
        """One file, or what a ZIP archive holds; whatever is left out is on the record with the reason."""
        try:
            if is_archive(path):
                unpacked = self.store.unpack(path, source=source)
                received, left_out = list(unpacked.members), list(unpacked.left_out)
            else:
                received, left_out = [self.store.receive(path, source=source)], []
        except Unreadable as error:
            received, left_out = [], [(path.name, str(error))]
        for item in received:
            taken = item.evidence
            private = {"name": taken.name, "source": source, "mtime": item.modified.isoformat()}
            body = {"evidence": taken.digest, "size": taken.size, "label": self._label(), "graphic": graphic}
            self.log.append("intake", body | {"archive": item.archive}, private=private)
            yield taken
        for name, why in left_out:
            body = {"evidence": None, "size": None, "label": self._label(), "graphic": graphic, "archive": None}
            self.log.append("intake", body, private={"name": name, "source": source, "mtime": None, "unable": why})
            yield Unreadable(why)

    def _label(self) -> str:
        return f"picture-{len(self.entries('intake')) + 1:02d}"

    def add_known(
        self, kind: str, name: str, files: Iterable[Path | str], *, source: str, vouched_by: str, taken: str = ""
    ) -> list[Reference]:
        """Put references on the shelf; who vouches for them is part of the record. Raises Refused, Unreadable."""
        if kind not in KINDS:
            raise Refused(f"{kind!r} is not a kind of known picture; expected one of {', '.join(KINDS)}")
        shelf = []
        for file in files:
            kept = self.store.take_in(Path(file))
            body = {"kind": kind, "name": name, "digest": kept.digest, "size": kept.size, "source": source}
            self.log.append("known", body | {"vouched_by": vouched_by, "taken": taken})
            path = str(self.store.path(kept.digest))
            shelf.append(Reference(kind, name, path, kept.digest, source, vouched_by, taken))
        return shelf

    def add_appearance(
        self, evidence: str, *, url: str, platform: str, when: str, how_known: str, archived: str = ""
    ) -> Entry:
        """Record where and when a picture was published; nothing is fetched."""
        body = {"evidence": self.find(evidence).evidence.digest, "url": url, "platform": platform, "when": when}
        return self.log.append("appearance", body | {"how_known": how_known, "archived": archived})

    def find(self, name: str) -> Picture:
        """A picture by label, by file name, or by the beginning of its digest. Raises Refused."""
        for picture in self.pictures:
            if name in {picture.label, picture.evidence.name} or (
                len(name) >= 6 and picture.evidence.digest.startswith(name.lower())
            ):
                return picture
        raise Refused(
            f"{name}: no such picture in this case; expected one of {', '.join(p.label for p in self.pictures)}"
        )

    # --- what people say ----------------------------------------------------------------------------------------------

    def note(self, text: str, *, about: Sequence[str] = ()) -> Entry:
        """A person's remark."""
        return self.log.append("note", {"text": text, "about": list(about)})

    def claim(self, text: str, *, by: str) -> str:
        """What somebody asserts; returns its name (C1, C2 …)."""
        name = f"C{len(self.entries('claim')) + 1}"
        self.log.append("claim", {"id": name, "text": text, "by": by})
        return name

    def hypothesis(self, text: str, *, rival: str | None = None) -> str:
        """Something that may be so, and which other it competes with, also one still to come; returns its name."""
        name = f"H{len(self.entries('hypothesis')) + 1}"
        self.log.append("hypothesis", {"id": name, "text": text, "rival": rival})
        return name

    def link(self, entry: int, hypothesis: str, direction: str, *, why: str, finding: int = 0) -> Entry:
        """Say what a finding of a check entry means for a hypothesis, and why. Raises Refused."""
        if direction not in SIDES:
            raise Refused(f"{direction!r} is no direction; expected one of {', '.join(SIDES)}")
        found = next((line for line in self.entries("check") if line.seq == entry), None)
        if not found:
            raise Refused(f"entry {entry} is not a check; `verify log show` lists the entries")
        count = len(self.findings(found))
        if not 0 <= finding < count:
            raise Refused(f"entry {entry} has findings 0 to {count - 1}; there is no {finding}")
        self._hypothesis(hypothesis)
        body = {"entry": entry, "finding": finding, "hypothesis": hypothesis, "direction": direction, "why": why}
        return self.log.append("link", body)

    def conclude(self, text: str, *, about: str | None = None) -> Entry:
        """A person's conclusion; the toolkit draws none."""
        if about:
            self._hypothesis(about)
        return self.log.append("conclusion", {"text": text, "about": about})

    def _hypothesis(self, name: str) -> None:
        names = [entry.body["id"] for entry in self.entries("hypothesis")]
        if name not in names:
            raise Refused(f"{name}: no such hypothesis; expected one of {', '.join(names) or 'none yet'}")

    # --- what is asked ------------------------------------------------------------------------------------------------

    def ask(self, check: str, picture: str) -> Asked:
        """Put one check to one picture and log it. Raises Refused on unknown names."""
        copies = self._search([self.find(picture)]) if check == asking.COPY else {}
        answers = self._ask([(checks.get(check), self.find(picture))], 1, copies)
        if asked := next(answers, None):
            return asked
        raise Refused(f"{check} of {picture}: the log answers it already, or there is nothing to compare with")

    def ask_all(
        self,
        names: Sequence[str] = (),
        *,
        workers: int | None = None,
        progress: Callable[..., Iterator[Any]] | None = None,
    ) -> Iterator[Asked]:
        """Put every check, or those named, to every picture; what the log already answers is not asked again."""
        wanted = [checks.get(name) for name in names] or list(checks.every().values())
        jobs = [(check, picture) for picture in self.pictures for check in wanted]
        copies = self._search() if asking.COPY in {check.name for check in wanted} else {}
        answers = self._ask(jobs, workers, copies)
        yield from progress(answers, len(jobs), "asking") if progress else answers

    def _search(self, pictures: Sequence[Picture] | None = None) -> dict[str, Search]:
        """By picture: what the archive holds that may be a copy; taken into the store, so that a rerun finds it.

        A search that found nothing is logged with what was searched; one that the log knows is not made again.
        """
        archive, broken = self._archive()
        identity = asking.identity(archive)
        vain = {(e.body["picture"], e.body["archive"]) for e in self.entries("search-without-result")}
        found = {}
        with Guard() as guard:
            for picture in (self.pictures if pictures is None else pictures) if archive else ():
                digest = picture.evidence.digest
                if (digest, identity) in vain:
                    continue
                search = self._searched(digest, identity)
                if not search:
                    search = asking.search(guard, self._source(checks.get(asking.COPY), picture), archive)
                    search = replace(search, unable=search.unable + broken)
                    for hit in search.hits:
                        self.store.take_in(hit.path)
                    if not search.hits:
                        body = {"archive": identity, "searched": search.searched, "unable": search.unable}
                        self.log.append("search-without-result", body | {"picture": digest})
                found[digest] = search
        return found

    def _archive(self) -> tuple[list[Source], int]:
        """The pictures of the case's archive folder, and how many of its files cannot even be opened."""
        files = sorted(Path(self.wishes["archive"]).rglob("*")) if "archive" in self.wishes else []
        found, broken = [], 0
        for path in files:
            if path.suffix.lower() in SUFFIXES:
                try:
                    found.append(asking.source(path))
                except Unreadable:
                    broken += 1
        return found, broken

    def _searched(self, picture: str, identity: str) -> Search | None:
        """What an earlier search of the same archive found for this picture, from the log."""
        own = {p.evidence.digest for p in self.pictures}
        for entry in self.entries("check"):
            told = entry.body.get("searched") or {}
            if entry.body["picture"] == picture and told.get("archive") == identity:
                others = [o for o in entry.body["compared"] if o["digest"] not in own]
                hits = [Source(str(self.store.path(o["digest"])), o["digest"], o["name"]) for o in others]
                return Search(identity, told["pictures"], tuple(hits), told["unable"])
        return None

    def _ask(
        self, jobs: list[tuple[checks.Check, Picture]], workers: int | None, copies: Mapping[str, Search]
    ) -> Iterator[Asked]:
        """Ask in several guarded children; log in the order of the jobs, whoever finished first."""
        shelf, pictures, asked_before = self.known, self.pictures, self._asked_before()
        guards: list[Guard] = []
        ready: list[Guard] = []

        def run(check: checks.Check, picture: Picture) -> Asked | None:
            others = self._others(check, picture, pictures, shelf)
            if check.name == asking.COPY and picture.evidence.digest in copies:
                others = [self._stored(hit) for hit in copies[picture.evidence.digest].hits] + others
            settings = check.resolve(self.wishes.get("checks", {}).get(check.name, {}))
            if check.pictures == 2 and not others:
                return None
            if _key(check, picture.evidence.digest, [o.digest for o in others], shelf, settings) in asked_before:
                return None
            guard = ready.pop()
            try:
                source = self._source(check, picture)
                return asking.ask(guard, check.name, source, known=shelf, others=others, settings=settings)
            finally:
                ready.append(guard)

        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            guards += [Guard() for _ in range(pool._max_workers)]
            ready += guards
            try:
                futures: list[Future[Asked | None]] = [pool.submit(run, *job) for job in jobs]
                for (check, picture), future in zip(jobs, futures, strict=True):
                    if asked := future.result():
                        search = copies.get(picture.evidence.digest) if check.name == asking.COPY else None
                        self._log(check, asked, shelf, search)
                        yield asked
            finally:
                pool.shutdown(cancel_futures=True)
                for guard in guards:
                    guard.close()

    def _source(self, check: checks.Check, picture: Picture) -> Source:
        """Where the check finds the picture; only a check whose findings stay private sees the file's own name."""
        name = picture.evidence.name if check.private else picture.label
        return Source(str(self.store.path(picture.evidence.digest)), picture.evidence.digest, name)

    def _others(self, check: checks.Check, picture: Picture, pictures: Sequence[Picture], shelf: Known) -> list[Source]:
        """References of the check's kind, then the case's later pictures: each pair of its own is compared once."""
        if check.pictures == 1:
            return []
        references = getattr(shelf, check.kind) if check.kind else ()
        later = pictures[pictures.index(picture) + 1 :] if check.own else ()
        return [Source(r.path, r.digest, r.name) for r in references] + [self._source(check, p) for p in later]

    def _stored(self, hit: Source) -> Source:
        return Source(str(self.store.path(hit.digest)), hit.digest, hit.name)

    def _log(self, check: checks.Check, asked: Asked, shelf: Known, search: Search | None) -> Entry:
        findings = [self._compact(finding) for finding in asked.findings]
        body = {
            "check": asked.check,
            "version": asked.version,
            "question": asked.question,
            "room": check.room,
            "settings": asked.settings,
            "picture": asked.picture.digest,
            "compared": [{"digest": other.digest, "name": other.name} for other in asked.compared],
            "known": _shelf_of(check, shelf),
            "answer": asked.answer.value,
            "findings": None if check.private else findings,
            "versions": asking.versions(),
            "limits": asked.findings[0].limits,
        }
        if search:
            body["searched"] = {"archive": search.archive, "pictures": search.searched, "unable": search.unable}
        return self.log.append("check", body, private={"findings": findings} if check.private else None)

    def _compact(self, finding: Finding) -> dict[str, Any]:
        """The finding for the log; a long list of matched points goes to the store."""
        packed = finding.to_json()
        if len(packed["pairs"]) > LONG:
            data = json.dumps(packed["pairs"], separators=(",", ":")).encode()
            packed["pairs"] = {"digest": self.store.put(data), "count": len(packed["pairs"])}
        return packed

    def findings(self, entry: Entry) -> list[dict[str, Any]]:
        """The findings of a check entry, public or disclosed, as JSON; none where they are withheld."""
        found: list[dict[str, Any]] = entry.body["findings"] or (entry.private or {}).get("findings", [])
        return found

    def _asked_before(self) -> set[bytes]:
        return {_key_of(entry.body) for entry in self.entries("check")}

    # --- what comes out -----------------------------------------------------------------------------------------------

    def write_up(self, formats: Sequence[str] = ("html", "md")) -> list[Path]:
        """Write the case up from log and store; the same log gives the same bytes.

        One that takes the place of a write-up that was packed for others is on the record too.
        """
        from verify import report

        written = report.write_up(self.folder, formats)
        packed = {entry.body["file"] for entry in self.entries("export")}
        for path in written:
            if path.name in packed:
                self.log.export(path.name)
        return written

    def show(self, check: str, picture: str) -> notebook.Display:
        """What the log holds on one check of one picture, with its figures, for a notebook. Raises Refused."""
        from verify.report import notebook

        return notebook.show(self.folder, check, self.find(picture).label)

    def sheet(self) -> notebook.Display:
        """The case's pictures side by side, small, for a notebook."""
        from verify.report import notebook

        return notebook.sheet(self.folder)

    def rerun(self) -> Iterator[tuple[Entry, Any]]:
        """Every check entry again with its logged settings and inputs; yields what `log.rerun.compare` says of each."""
        from verify.log import rerun

        shelf = {reference.digest: reference for reference in self.known}
        with Guard() as guard:
            for entry in self.entries("check"):
                yield entry, rerun.compare(entry, *self._again(guard, entry, shelf), read=self.store.read)

    def _again(
        self, guard: Guard, entry: Entry, shelf: Mapping[str, Reference]
    ) -> tuple[list[dict[str, Any]] | None, dict[str, Any]]:
        """The findings that this installation gives for a check entry (None: unable), and its versions."""
        body = entry.body
        try:
            check = checks.get(body["check"])
            picture = self._source(check, self.find(body["picture"]))
            others = [Source(str(self.store.path(o["digest"])), o["digest"], o["name"]) for o in body["compared"]]
            known = Known.of([shelf[digest] for digest in body["known"]])
            settings = {name: body["settings"][name] for name in check.settings}
            asked = asking.ask(guard, check.name, picture, known=known, others=others, settings=settings)
        except (EvidenceError, KeyError):
            return None, asking.versions()
        return [self._compact(finding) for finding in asked.findings], asking.versions()


def _wishes(path: Path) -> dict[str, Any]:
    """case.toml, checked: an unknown key, check or setting is an error when the case is opened."""
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


def _shelf_of(check: checks.Check, shelf: Known) -> list[str]:
    """Digests of the known pictures that a one-picture check had before it."""
    return [reference.digest for reference in shelf] if check.pictures == 1 and check.uses_known else []


def _key(check: checks.Check, picture: str, others: Sequence[str], shelf: Known, settings: Mapping[str, Any]) -> bytes:
    compared = [{"digest": other} for other in others]
    known = _shelf_of(check, shelf)
    told = {"check": check.name, "version": check.version, "picture": picture, "settings": settings}
    return _key_of(told | {"compared": compared, "known": known})


def _key_of(body: Mapping[str, Any]) -> bytes:
    """What makes a question the same question: check, version, settings, picture, and everything compared."""
    digests = [other["digest"] for other in body["compared"]]
    told = [body["check"], body["version"], body["settings"], body["picture"], digests, body["known"]]
    return canonical.encode(canonical.pack(told))
