"""Checks a case's log by levels, each with what it does not show; nothing is changed, and nothing found is hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from verify.errors import LogError, Refused, Tampered
from verify.log import checkpoints, locked, private, sshsig
from verify.log.aliases import check_opened, introduced, is_alias
from verify.log.chain import Chain, Link, split
from verify.log.checkpoints import Checkpoint
from verify.log.entry import is_digest
from verify.log.levels import LEVELS, Problem, Report
from verify.log.log import PLACE
from verify.log.rerun import Comparison

MAX_PROBLEMS = 100  # told one by one


def check(
    folder: Path | str,
    *,
    pinned: Sequence[str] = (),
    level: int | None = None,
    seen: Checkpoint | None = None,
    now: datetime | None = None,
    rerun: Callable[[], Iterable[Comparison]] | None = None,
) -> Report:
    """Check the log of a case up to `level` (by default 3 with a pinned key, else 2; 5 with `rerun`).

    `pinned`: public keys or fingerprints that you trust. `seen`: a checkpoint that you kept from an earlier day, which
    this log must continue. `rerun` asks every check entry again. Raises LogError where there is no log to read.
    """
    asked = level if level is not None else 5 if rerun else 3 if pinned else 2
    if asked not in LEVELS:
        raise Refused(f"there is no level {asked}; expected one of {', '.join(map(str, LEVELS))}")
    run = _Run(Path(folder), now or datetime.now(UTC))
    run.chain_of_lines()
    run.look_at_checkpoints(seen)
    if asked >= 2:
        run.look_at_files()
    if asked >= 3:
        run.look_at_signatures(pinned)
    reruns = tuple(rerun()) if rerun and asked >= 5 else ()
    run.problems += [
        Problem(
            "rerun", again.entry, f"entry {again.entry}, {again.check}: {again.because}", again.state == "different"
        )
        for again in reruns
        if again.state in {"different", "not checkable"}
    ]
    return run.report(asked, reruns)


class _Run:
    """One check under way."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.chain = Chain(self._trouble, now)
        self.files: dict[str, int] = {}  # digest or alias of a file that the log names: the entry that first does
        self.aliases: dict[int, set[str]] = {}  # by the intake that introduces them
        self.introduced: set[str] = set()
        self.stands_for: dict[str, str] = {}  # by alias and by digest the other, as private bodies say
        self.waived: set[str] = set()
        self.private: dict[int, str] = {}
        self.exports: dict[str, tuple[str, int]] = {}
        self.keys: list[tuple[int, str]] = []  # entry and public key
        self.announced: list[int] = []  # sizes of the checkpoints that the log itself speaks of
        self.signed: list[tuple[int, str]] = []  # size and public key of good signatures
        self.withheld = self.withheld_files = 0
        self._notes = {
            "intake": self._note_intake,
            "known": self._note_known,
            "check": self._note_check,
            "redaction": self._note_redaction,
            "export": self._note_export,
            "key": self._note_key,
            "checkpoint": self._note_checkpoint,
        }

    def chain_of_lines(self) -> None:
        """Levels 0 and 1."""
        for part in (
            PLACE.parent,
            checkpoints.FOLDER,
            private.path(Path(), 1).parent,
            Path("store"),
            Path("store/sha256"),
        ):
            if (self.folder / part).is_symlink():
                self._trouble("link", 0, f"{part}: a symbolic link stands where a folder of the case was")
        try:
            data = locked.read(self.folder / PLACE)
        except Tampered as error:
            self._trouble("link", 0, str(error))
            data = b""
        lines, torn = split(data)
        for link in self.chain.follow(lines):
            self._note(link)
        if torn:
            text = f"line {len(lines) + 1} is incomplete: something stopped while it was written (`verify log repair`)"
            self.problems.append(Problem("torn", len(lines) + 1, text, grave=False))
        elif not lines:
            self._trouble("empty", 0, "the log holds no entry")

    def look_at_checkpoints(self, seen: Checkpoint | None) -> None:
        """What the checkpoints beside the log, and one kept elsewhere, say of its length and head."""
        if seen:
            self._compare(seen, "the checkpoint that you kept", "seen")
        found = set()
        for path in checkpoints.files(self.folder):
            try:
                checkpoint = checkpoints.read(path)
                found.add(checkpoint.size)
                self._compare(checkpoint, f"checkpoint {path.name}", "checkpoint")
                self._look_at_signature(path, checkpoint)
            except Tampered as error:
                code = "signature" if str(error).startswith("its signature") else "checkpoint"
                self._trouble(code, 0, f"checkpoint {path.name[:40]!r}: {error}")
        for size in sorted(set(self.announced) - found):
            self._trouble(
                "checkpoint", size, f"entry {size} speaks of a checkpoint that is not here (`verify log repair`)"
            )

    def look_at_files(self) -> None:
        """Level 2."""
        for seq, commitment in self.private.items():
            try:
                self._open(seq, private.read_plain(self.folder, seq, commitment))
            except Tampered as error:
                self._trouble("private", seq, str(error))
        for name, entry in self.files.items():
            digest = self.stands_for.get(name, name) if is_alias(name) else name
            if is_alias(digest):
                self.withheld_files += 1
            else:
                self._look_at_file(digest, entry, waived=bool({name, digest} & self.waived))
        for name, (digest, entry) in self.exports.items():
            path = self.folder / name
            if path.is_symlink() or (path.exists() and _hash(path) != digest):
                self._trouble("export", entry, f"{name} is not the file that entry {entry} says was exported")

    def _open(self, seq: int, body: dict[str, Any] | None) -> None:
        self.withheld += body is None
        if body is not None and self.aliases.get(seq):
            try:
                check_opened(self.aliases[seq], body, self.stands_for)
            except Tampered as error:
                raise Tampered(f"the private body of entry {seq} {error}") from error

    def _look_at_file(self, digest: str, entry: int, *, waived: bool) -> None:
        path = self.folder / "store" / "sha256" / digest[:2] / digest
        if path.parent.is_symlink() or path.is_symlink():
            self._trouble("link", entry, f"the file {digest[:12]}… of entry {entry} is behind a symbolic link")
        elif not path.is_file():
            self.withheld_files += waived
            if not waived:
                self._trouble("missing", entry, f"the file {digest[:12]}… of entry {entry} is not here")
        elif _hash(path) != digest:
            self._trouble("changed", entry, f"the file {digest[:12]}… of entry {entry} has changed")

    def look_at_signatures(self, pinned: Sequence[str]) -> None:
        """Level 3."""
        with suppress(LogError):
            expected = checkpoints.signers([public for _, public in self.keys])
            if locked.read(self.folder / checkpoints.SIGNERS) != expected:
                self._trouble("signers", 0, f"{checkpoints.SIGNERS} names other keys than the log")
        if not self.signed:
            return self._short("unsigned", "no checkpoint is signed")
        mine = [size for size, public in self.signed if {public, sshsig.fingerprint(public)} & set(pinned)]
        if not mine:
            why = "signed, but by no key that you named" if pinned else "signed, but you named no key to trust"
            return self._short(
                "not-pinned", f"{why}: {', '.join(sorted({sshsig.fingerprint(k) for _, k in self.signed}))}"
            )
        if max(mine) < len(self.chain.digests):
            self._short(
                "tail",
                f"signed up to entry {max(mine)}; entries after it are not: {len(self.chain.digests) - max(mine)}",
            )
        return None

    def report(self, asked: int, reruns: tuple[Comparison, ...]) -> Report:
        """What was found."""
        looked = [level for level in LEVELS if level <= asked]
        return Report(
            asked=asked,
            entries=len(self.chain.digests),
            case=self.chain.case,
            head=self.chain.digests[-1] if self.chain.digests else "",
            signed=max((size for size, _ in self.signed), default=0),
            holds={level: not any(problem.level <= level for problem in self.problems) for level in looked},
            problems=tuple(self.problems),
            withheld=self.withheld,
            withheld_files=self.withheld_files,
            reruns=reruns,
        )

    def _note(self, link: Link) -> None:
        fields = link.fields
        if fields["private"] is not None:
            self.private[fields["seq"]] = fields["private"]
            if fields["kind"] == "intake":
                self.aliases[fields["seq"]] = introduced(fields["body"])
                self.introduced |= self.aliases[fields["seq"]]
        note = self._notes.get(fields["kind"])
        if note:
            note(fields["body"], len(self.chain.digests) + 1)

    def _note_intake(self, body: dict[str, Any], entry: int) -> None:
        self._name(entry, body.get("evidence"), body.get("archive"))

    def _note_known(self, body: dict[str, Any], entry: int) -> None:
        self._name(entry, body.get("digest"))

    def _note_check(self, body: dict[str, Any], entry: int) -> None:
        compared = [item.get("digest") for item in _listed(body, "compared")]
        points = [finding["pairs"] for finding in _listed(body, "findings") if isinstance(finding.get("pairs"), dict)]
        self._name(entry, body.get("picture"), *compared, *(point.get("digest") for point in points))

    def _note_redaction(self, body: dict[str, Any], _: int) -> None:
        if is_digest(body.get("digest")) or is_alias(body.get("digest")):
            self.waived.add(body["digest"])

    def _note_export(self, body: dict[str, Any], entry: int) -> None:
        self.exports[body["file"]] = (body["digest"], entry)

    def _note_key(self, body: dict[str, Any], entry: int) -> None:
        try:
            public = sshsig.read_public(body.get("public"))
            if sshsig.fingerprint(public) != body.get("fingerprint"):
                raise Tampered("has a fingerprint that is another key's")
            self.keys.append((entry, public))
        except Tampered as error:
            self._trouble("form", entry, f"the key of entry {entry} {error}")

    def _note_checkpoint(self, _: dict[str, Any], entry: int) -> None:
        self.announced.append(entry)

    def _name(self, entry: int, *digests: object) -> None:
        for digest in digests:
            if is_digest(digest) or (is_alias(digest) and digest in self.introduced):
                self.files.setdefault(str(digest), entry)
            elif digest is not None:
                why = "an alias that no intake introduced" if is_alias(digest) else "no SHA-256 in lower-case hex"
                self._trouble("form", entry, f"entry {entry} names a file by {why}")

    def _compare(self, checkpoint: Checkpoint, what: str, code: str) -> None:
        digests = self.chain.digests
        if checkpoint.case != self.chain.case:
            self._trouble(code, 0, f"{what} is of another case")
        elif checkpoint.size > len(digests):
            self._trouble(
                code,
                len(digests),
                f"{what} is over {checkpoint.size} entries, the log has {len(digests)}: the end is gone",
            )
        elif digests[checkpoint.size - 1] != checkpoint.head:
            self._trouble(
                code, checkpoint.size, f"{what} has another head: entries up to {checkpoint.size} were changed"
            )

    def _look_at_signature(self, path: Path, checkpoint: Checkpoint) -> None:
        armored = checkpoints.read_signature(path)
        if armored is None:
            return
        try:
            public = sshsig.verify(checkpoint.text(), armored)
        except Tampered as error:
            raise Tampered(f"its signature {error}") from error
        if public not in [key for entry, key in self.keys if entry <= checkpoint.size]:
            raise Tampered("its signature is by a key that the log does not name")
        self.signed.append((checkpoint.size, public))

    def _trouble(self, code: str, entry: int, text: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(code, entry, text))

    def _short(self, code: str, text: str) -> None:
        self.problems.append(Problem(code, 0, text, grave=False))


def _listed(value: object, field: str) -> Iterator[dict[str, Any]]:
    """The objects in a list that stands in a field of an object; none where there is none."""
    listed = value.get(field) if isinstance(value, dict) else None
    return (item for item in listed if isinstance(item, dict)) if isinstance(listed, list) else iter(())


def _hash(path: Path) -> str:
    try:
        return locked.digest(path)
    except LogError:
        return ""
