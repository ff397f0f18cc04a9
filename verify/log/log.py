"""The log of a case: entries are appended, never changed; to iterate is to verify."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.errors import LogError, Refused, Tampered, Torn
from verify.log import checkpoints, locked, private
from verify.log.aliases import Aliases, check_unsaid, introduced
from verify.log.canonical import encode, pack, unpack
from verify.log.chain import MAX_LINE, Chain, Link, genesis, split
from verify.log.checkpoints import Checkpoint
from verify.log.entry import KINDS, VERSION, Entry, check_actor, check_form, read_time, this_toolkit, write_time

if TYPE_CHECKING:
    from verify.log.sshsig import SigningKey

PLACE = Path("log") / "verification.jsonl"
SLACK = timedelta(seconds=2)  # a clock that is set right steps back by less; such an entry keeps the time before it

Clock = Callable[[], datetime]


class Log:
    """The log in a case's folder. Safe for several processes and threads at once: each append holds the file's lock."""

    def __init__(self, folder: Path, actor: str, clock: Clock, random: Callable[[int], bytes], durable: bool) -> None:
        self.folder = folder
        self.actor = actor
        self.key: str | None = None  # fingerprint of the key that this actor enrolled
        self._clock = clock
        self._random = random
        self._durable = durable
        self._chain = Chain(_refuse)
        self._size = 0  # bytes followed so far
        self._last = 0  # where the last of them begins
        self._own = threading.Lock()
        self.aliases = Aliases()  # of the digests that public lines withhold
        self._reveal = True

    @classmethod
    def create(
        cls,
        folder: Path | str,
        *,
        title: str,
        actor: str,
        clock: Clock = lambda: datetime.now(UTC),
        key: SigningKey | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
        durable: bool = True,
        toolkit: str | None = None,
    ) -> Log:
        """Begin a log in a case's folder; its first entry binds the case's identity and a nonce.

        `actor` is a pseudonym. With a `key`, the second entry names its public half. `durable=False` leaves out the
        fsync: what was written in the last seconds may be lost when the machine stops. `toolkit` names what writes, by
        default this toolkit and its version. Raises LogError, Refused.
        """
        folder = Path(folder)
        check_actor(actor)
        (folder / "log" / "checkpoints").mkdir(parents=True, exist_ok=True)
        log = cls(folder, actor, clock, random, durable)
        log.key = key.fingerprint if key else None
        case, nonce = f"case-{random(8).hex()}", random(32).hex()
        body = {"case": case, "nonce": nonce, "title": title, "toolkit": toolkit or this_toolkit()}
        with log._own, locked.opened(folder / PLACE, create=True) as fd:
            log._write(fd, "open", body, genesis(case, nonce), None)
            locked.sync_folder((folder / PLACE).parent)
        if key:
            log.enrol(key)
        return log

    @classmethod
    def open(
        cls,
        folder: Path | str,
        *,
        actor: str | None = None,
        clock: Clock = lambda: datetime.now(UTC),
        random: Callable[[int], bytes] = secrets.token_bytes,
        durable: bool = True,
        reveal: bool = True,
    ) -> Log:
        """The log of a case, followed from its first line. `actor` is the one who opened it, unless given.

        With `reveal` entries say the withheld digests that private bodies open. Raises LogError where there is none,
        Torn where its last line is incomplete, Tampered where it was changed.
        """
        log = cls(Path(folder), "", clock, random, durable)
        log._reveal = reveal
        links = log._catch_up(locked.read(log.folder / PLACE))
        if not links:
            raise Tampered(f"{PLACE.name}: the log is empty; expected its first entry")
        log.actor = unpack(links[0].fields["actor"]["name"]) if actor is None else actor
        check_actor(log.actor)
        log._note(links)
        return log

    @property
    def case(self) -> str:
        """The identity of the case, from the first entry."""
        return self._chain.case

    @property
    def head(self) -> str:
        """Digest of the last entry that was read or written here."""
        return self._chain.digests[-1]

    def __len__(self) -> int:
        return len(self._chain.digests)

    def count(self, kind: str) -> int:
        """How many entries of a kind the file holds now; only what is new to this log is read."""
        with self._own, locked.opened(self.folder / PLACE) as fd:
            self._note(self._catch_up(self._unread(fd)))
            return self._chain.kinds[kind]

    def __iter__(self) -> Iterator[Entry]:
        """Every entry of the file as it is now, followed again from the first line. Raises Torn or Tampered."""
        lines, torn = split(locked.read(self.folder / PLACE))
        chain = Chain(_refuse)
        for link in chain.follow(lines):
            yield self._entry(link)
        if torn:
            raise _torn(len(lines))
        if chain.digests[: len(self)] != self._chain.digests:
            raise Tampered(f"{PLACE.name}: lines that were read before are gone or changed; the log only grows")

    def append(
        self,
        kind: str,
        body: Mapping[str, Any],
        *,
        private: Mapping[str, Any] | None = None,
        withhold: Sequence[str] = (),
    ) -> Entry:
        """Write one entry behind the others; it is on the disk when this returns.

        `private` stands outside the log, mode 0600, and its line commits to it. `withhold`: digests in an intake's body
        that no public line says from here on; the private body opens the alias of each. Raises Refused on a wrong kind
        or body, or a digest that was said before, LogError where it cannot be written, Torn and Tampered as `open`.
        """
        if kind not in KINDS or kind == "open":
            raise Refused(f"{kind!r} is no kind of entry; expected one of {', '.join(sorted(KINDS - {'open'}))}")
        with self._own, locked.opened(self.folder / PLACE) as fd:
            self._note(self._catch_up(self._unread(fd)))
            return self._write(fd, kind, body, self.head, private, withhold)

    def enrol(self, key: SigningKey) -> Entry:
        """Name the public half of a key that this actor will sign with, in the log and in `keys/allowed_signers`."""
        self.key = key.fingerprint
        entry = self.append("key", {"fingerprint": key.fingerprint, "public": key.public})
        publics = [each.body["public"] for each in self if each.kind == "key"]
        (self.folder / checkpoints.SIGNERS).parent.mkdir(mode=0o700, exist_ok=True)
        locked.write_new(self.folder / checkpoints.SIGNERS, checkpoints.signers(publics), 0o644)
        return entry

    def checkpoint(self, key: SigningKey | None = None) -> Path:
        """Say how long the log is and what its head is, and sign that; the file, whose signature lies beside it.

        A key that the log does not name yet is enrolled first. Without a key the file waits for
        `ssh-keygen -Y sign -n verify-log-checkpoint -f KEY FILE`.
        """
        if key and key.public not in {entry.body.get("public") for entry in self if entry.kind == "key"}:
            self.enrol(key)
        entry = self.append("checkpoint", {"key": key.fingerprint if key else None})
        return checkpoints.write(self.folder, Checkpoint(self.case, entry.seq, entry.digest), key)

    def export(self, name: str) -> Entry | None:
        """Say what a file of the case that goes to others holds now; None where the log says so already.

        From then on the file is checked with the log. Raises Refused on a name that is not plain, LogError, Tampered.
        """
        digest = locked.digest(self.folder / name)
        said = [entry.body["digest"] for entry in self if entry.kind == "export" and entry.body["file"] == name]
        if said[-1:] == [digest]:
            return None
        return self.append("export", {"file": name, "digest": digest, "format": name.rpartition(".")[2]})

    def redact(self, seq: int, why: str) -> Entry:
        """Destroy the private body of an entry; the log says so and goes on verifying. Raises Refused."""
        if not any(entry.seq == seq and (entry.private is not None) for entry in self):
            raise Refused(f"entry {seq} has no private body here; expected one that has")
        entry = self.append("redaction", {"entry": seq, "why": why})
        private.remove(self.folder, seq)
        return entry

    def _unread(self, fd: int) -> bytes:
        """What stands behind the last line that was followed, which must still be there."""
        data = locked.read_from(fd, self._last)
        last = data[: self._size - self._last]
        if hashlib.sha256(last).hexdigest() != self.head:
            raise Tampered(f"{PLACE.name}: lines that were read before are gone or changed; the log only grows")
        return data[len(last) :]

    def _catch_up(self, data: bytes) -> list[Link]:
        """Follow what was written since by others."""
        lines, torn = split(data)
        if torn:
            raise _torn(len(self) + len(lines))
        links = list(self._chain.follow(lines))
        if lines:
            self._size += len(data)
            self._last = self._size - len(lines[-1]) - 1
        return links

    def _write(
        self,
        fd: int,
        kind: str,
        body: Mapping[str, Any],
        prev: str,
        secret: Mapping[str, Any] | None,
        withhold: Sequence[str] = (),
    ) -> Entry:
        seq, aliases = len(self) + 1, self.aliases
        if withhold:
            check_unsaid(locked.read_from(fd, 0), body if kind == "intake" else {}, withhold)
            aliases, stands_for = aliases.withhold(withhold, self._random)
            secret = {**(secret or {}), "stands_for": stands_for}
        sealed, commitment = private.seal(secret, self._random(private.SALT)) if secret is not None else (b"", None)
        fields = {
            "actor": {"key": self.key, "name": pack(self.actor)},
            "body": aliases.hide(pack(body)),
            "kind": kind,
            "prev": prev,
            "private": commitment,
            "seq": seq,
            "time": self._now(kind, body),
            "v": VERSION,
        }
        try:
            line = encode(check_form(fields))
        except Tampered as error:
            raise Refused(f"the entry {error}") from error
        if len(line) > MAX_LINE:
            raise Refused(
                f"the entry takes {len(line)} bytes; expected at most {MAX_LINE}: long lists go into the store"
            )
        if commitment:
            private.write(self.folder, seq, sealed, durable=self._durable)
        try:
            locked.append(fd, line + b"\n", durable=self._durable)
        except LogError:
            private.remove(self.folder, seq)
            raise
        (link,) = self._chain.follow([line])
        self._last, self._size = self._size, self._size + len(line) + 1
        return self._entry(link)

    def _now(self, kind: str, body: Mapping[str, Any]) -> str:
        now, last = self._clock(), self._chain.time
        if not last or write_time(now) >= last or (kind == "recovery" and body.get("what") == "clock set back"):
            return write_time(now)
        if read_time(last) - now <= SLACK:
            return last
        raise LogError(
            f"the clock says {write_time(now)}, the last entry {last}; set the clock, "
            "or let `verify log repair` record that it was set back"
        )

    def _note(self, links: list[Link]) -> None:
        for link in links:
            if link.fields["kind"] == "intake" and introduced(link.fields["body"]):
                self._entry(link)
            if link.fields["kind"] == "key" and unpack(link.fields["actor"]["name"]) == self.actor:
                self.key = str(link.fields["body"].get("fingerprint"))

    def _entry(self, link: Link) -> Entry:
        fields = link.fields
        secret = private.read(self.folder, fields["seq"], fields["private"]) if fields["private"] else None
        if fields["kind"] == "intake":
            self.aliases.learn(fields["body"], secret)
        return Entry(
            seq=fields["seq"],
            kind=fields["kind"],
            time=read_time(fields["time"]),
            actor=unpack(fields["actor"]["name"]),
            body=unpack(self.aliases.reveal(fields["body"]) if self._reveal else fields["body"]),
            prev=fields["prev"],
            digest=link.digest,
            private=secret,
            withheld=fields["private"] is not None and secret is None,
            key=fields["actor"]["key"],
        )


def _refuse(code: str, _: int, text: str) -> None:
    raise Tampered(f"{PLACE.name}: {text} [{code}]")


def _torn(lines: int) -> Torn:
    return Torn(f"{PLACE.name}: line {lines + 1} is incomplete, something stopped at it: `verify log repair`")
