"""One thing to verify, in one folder: evidence, known pictures, log, write-up; rerun."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify import checks
from verify.asking import Asked
from verify.case import reading
from verify.case.inquiry import Inquiry
from verify.case.reading import Picture
from verify.case.searching import INDEX, Stage
from verify.errors import Refused, Unreadable
from verify.guard import Guard
from verify.known import KINDS, Known, Reference
from verify.log import Entry, Log
from verify.model import Evidence
from verify.store import Received, Store, is_archive

if TYPE_CHECKING:
    from verify.report import notebook

WISHES = {"title": str, "author": str, "archive": str, "checks": dict}  # what case.toml may say
SIDES = ("for", "against", "neutral")


def _now() -> datetime:
    return datetime.now(UTC)


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
        return reading.pictures(self.log)

    @property
    def known(self) -> Known:
        """The case's shelf."""
        return reading.shelf(self.log, self.store)

    # --- what goes in -------------------------------------------------------------------------------------------------

    def add(
        self, files: Iterable[Path | str], *, source: str, graphic: bool = False, withhold: bool = False
    ) -> list[Evidence | Unreadable]:
        """Take files in, read-only and by digest; a file that cannot be had is on the record with the reason.

        `withhold` keeps digests and sizes, the archive's too, in the private part; public lines say random aliases. A
        file whose digest the log said before is not taken in that way.
        """
        return [item for file in files for item in self._take_in(Path(file), source, graphic, withhold)]

    def _take_in(self, path: Path, source: str, graphic: bool, withhold: bool) -> Iterator[Evidence | Unreadable]:
        """One file, or what a ZIP archive holds; whatever is left out is on the record with the reason."""
        try:
            if is_archive(path):
                unpacked = self.store.unpack(path, source=source)
                received, left_out = list(unpacked.members), list(unpacked.left_out)
            else:
                received, left_out = [self.store.receive(path, source=source)], []
        except Unreadable as error:
            received, left_out = [], [(path.name, str(error))]
        # One file that is withheld would give itself away by the archive around it.
        withhold |= any(
            digest in self.log.aliases for item in received for digest in (item.evidence.digest, item.archive) if digest
        )
        for item in received:
            try:
                self._log_intake(item, source, graphic, withhold)
                yield item.evidence
            except Refused as error:
                left_out.append((item.evidence.name, str(error)))
        for name, why in left_out:
            body = {"evidence": None, "size": None, "label": self._label(), "graphic": graphic, "archive": None}
            self.log.append("intake", body, private={"name": name, "source": source, "mtime": None, "unable": why})
            yield Unreadable(why)

    def _log_intake(self, item: Received, source: str, graphic: bool, withhold: bool) -> None:
        taken = item.evidence
        digests = [digest for digest in (taken.digest, item.archive) if digest and withhold]
        private = {"name": taken.name, "source": source, "mtime": item.modified.isoformat()}
        body = {"evidence": taken.digest, "label": self._label(), "graphic": graphic, "archive": item.archive}
        size = {"size": taken.size}
        told, untold = ({"size": None}, size) if digests else (size, {})
        self.log.append("intake", {**body, **told}, private={**private, **untold}, withhold=digests)

    def _label(self) -> str:
        return f"picture-{self.log.count('intake') + 1:02d}"

    def add_known(
        self, kind: str, name: str, files: Iterable[Path | str], *, source: str, vouched_by: str, taken: str = ""
    ) -> list[Reference]:
        """Put references on the shelf; who vouches for them is part of the record. Raises Refused, Unreadable."""
        if kind not in KINDS:
            raise Refused(f"{kind!r} is not a kind of known picture; expected one of {', '.join(KINDS)}")
        shelf = []
        for file in files:
            kept = self.store.take_in(Path(file))
            body = {"kind": kind, "name": name, "digest": kept.digest, "source": source}
            size = None if kept.digest in self.log.aliases else kept.size
            self.log.append("known", body | {"size": size, "vouched_by": vouched_by, "taken": taken})
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
        name = f"C{self.log.count('claim') + 1}"
        self.log.append("claim", {"id": name, "text": text, "by": by})
        return name

    def hypothesis(self, text: str, *, rival: str | None = None) -> str:
        """Something that may be so, and which other it competes with, also one still to come; returns its name."""
        name = f"H{self.log.count('hypothesis') + 1}"
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

    def tell_apart(self, picture: str, other: str, *, why: str) -> Entry:
        """Say that two pictures are no copies, whatever the check answered: both stay on the record. Raises Refused."""
        asked = self.find(picture).evidence.digest
        about = [asked, reading.counterpart(self.log, asked, other)]
        return self.log.append("review", {"decision": "different pictures", "about": about, "text": why})

    # --- what is asked ------------------------------------------------------------------------------------------------

    def ask(self, check: str, picture: str) -> Asked:
        """Put one check to one picture and log it. Raises Refused on unknown names."""
        if asked := next(self._inquiry().ask([(checks.get(check), self.find(picture))], 1), None):
            return asked
        raise Refused(f"{check} of {picture}: the log answers it already, or there is nothing to compare with")

    def compare(self, check: str, picture: str, other: str, **settings: Any) -> Asked:
        """Put a two-picture check to one pair with settings of its own, and log it; what a person drew comes so.

        `other` names a picture of the case, or a reference by name or digest. Raises Refused.
        """
        return self._inquiry().compare(checks.get(check), self.find(picture), other, settings)

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
        answers = self._inquiry().ask(jobs, workers)
        yield from progress(answers, len(jobs), "asking") if progress else answers

    def findings(self, entry: Entry) -> list[dict[str, Any]]:
        """The findings of a check entry, public or disclosed, as JSON; none where they are withheld."""
        return reading.findings(entry)

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

        inquiry = self._inquiry()
        with Guard() as guard:
            for entry in self.entries("check"):
                yield entry, rerun.compare(entry, *inquiry.again(guard, entry), read=self.store.read)

    def _inquiry(self) -> Inquiry:
        archive = self.wishes.get("archive")
        stage = Stage(self.log, self.store, Path(archive), self.folder / INDEX) if archive else None
        return Inquiry(self.log, self.store, self.wishes, self.pictures, self.known, stage)


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
