"""The three logs that the attacks start from, and the tools of an attacker who knows the format."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from verify.log import Log, SigningKey
from verify.log.canonical import encode
from verify.log.chain import genesis
from verify.log.checkpoints import Checkpoint, parse, signers, write
from verify.log.private import seal
from verify.store import Store

KEY = SigningKey.from_seed(hashlib.sha256(b"heron").digest())
STRANGER = SigningKey.from_seed(hashlib.sha256(b"stranger").digest())
Lines = list[bytes]


def clock(start=datetime(2024, 3, 1, 9, 0, tzinfo=UTC)) -> Callable[[], datetime]:
    """A clock that moves a minute at each look."""
    times = iter(range(10_000))
    return lambda: start + timedelta(minutes=next(times))


def random(name: str) -> Callable[[int], bytes]:
    """Bytes that are the same each time the attacks are made."""
    draws = iter(range(10_000))
    return lambda size: hashlib.sha256(f"{name} {next(draws)}".encode()).digest()[:size]


class Target:
    """A case under attack."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.options: list[str] = []

    @property
    def path(self) -> Path:
        return self.folder / "log" / "verification.jsonl"

    @property
    def lines(self) -> Lines:
        return self.path.read_bytes().split(b"\n")[:-1]

    @lines.setter
    def lines(self, lines: Lines) -> None:
        self.path.write_bytes(b"".join(line + b"\n" for line in lines))

    @property
    def entries(self) -> list[dict]:
        return [json.loads(line) for line in self.lines]

    def checkpoint(self, size: int) -> Path:
        return self.folder / "log" / "checkpoints" / f"{size:08d}.txt"

    def drop_checkpoint(self, size: int) -> None:
        self.checkpoint(size).unlink()
        self.checkpoint(size).with_name(f"{size:08d}.txt.sig").unlink()

    def reader(self, name: str, content: bytes) -> str:
        """A file that whoever checks brings along."""
        path = self.folder / "reader" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return f"reader/{name}"

    def trust(self, key: SigningKey = KEY) -> None:
        self.options += ["--signers", self.reader("allowed_signers", signers([key.public]))]

    def seen(self, size: int) -> None:
        self.options += ["--seen", self.reader("seen.txt", self.checkpoint(size).read_bytes())]

    def private(self, seq: int) -> dict:
        return json.loads((self.folder / f"log/private/{seq:08d}.json").read_bytes())["body"]

    def commit(self, seq: int, body: dict, entries: list[dict], spoil: Callable[[bytes], bytes] = bytes) -> None:
        """Another private body, and its commitment in the entry; `spoil` changes its bytes."""
        sealed = spoil(seal(body, bytes(32))[0])
        entries[seq - 1]["private"] = hashlib.sha256(sealed).hexdigest()
        (self.folder / f"log/private/{seq:08d}.json").write_bytes(sealed)

    def rechain(self, entries: list[dict], *, spoil: dict[int, Callable[[bytes], bytes]] | None = None) -> None:
        """Write these entries with new digests all along, as an attacker would; `spoil` changes a line's bytes."""
        prev = genesis(entries[0]["body"].get("case", ""), entries[0]["body"].get("nonce", ""))
        lines = []
        for number, entry in enumerate(entries, 1):
            line = encode(entry | {"prev": prev})
            lines.append((spoil or {}).get(number, bytes)(line))
            prev = hashlib.sha256(lines[-1] + b"\n").hexdigest()
        self.lines = lines

    def sign_again(self, *keys: SigningKey) -> None:
        """New checkpoints over the log as it is, where there were some."""
        digests = [hashlib.sha256(line + b"\n").hexdigest() for line in self.lines]
        case = self.entries[0]["body"]["case"]
        for path in sorted((self.folder / "log" / "checkpoints").glob("*.txt")):
            size = parse(path.read_bytes()).size
            write(self.folder, Checkpoint(case, size, digests[size - 1]), keys[0])


def plain(folder: Path, name="case") -> Target:
    """Three entries, not signed."""
    log = Log.create(
        folder, title="The lobby", actor="heron", clock=clock(), random=random(name), durable=False, toolkit="made"
    )
    log.append("note", {"text": "seen at noon", "number": 12, "list": [1]})
    log.append("note", {"text": "the end"})
    (folder / "log" / "checkpoints").rmdir()
    return Target(folder)


def signed(folder: Path, name="case", key: SigningKey = KEY) -> Target:
    """Seven entries with checkpoints over four and seven; the reader trusts heron's key."""
    log = Log.create(
        folder,
        title="The lobby",
        actor="heron",
        clock=clock(),
        random=random(name),
        key=key,
        durable=False,
        toolkit="made",
    )
    log.append("note", {"text": "seen at noon"})
    log.checkpoint(key)
    log.append("claim", {"id": "C1", "text": "it is the lobby", "by": "a channel"})
    log.append("note", {"text": "the end"})
    log.checkpoint(key)
    target = Target(folder)
    target.trust()
    return target


def filed(folder: Path) -> Target:
    """A picture, a check with its list of points, private bodies and a write-up; not signed."""
    log = Log.create(
        folder, title="The lobby", actor="heron", clock=clock(), random=random("files"), durable=False, toolkit="made"
    )
    store = Store(folder)
    picture, points = store.put(b"the bytes of a picture"), store.put(b"[[1.5,2,3,4]]")
    body = {"evidence": picture, "size": 22, "label": "picture-01", "graphic": False, "archive": None}
    log.append("intake", body, private={"name": "IMG_1.jpg", "source": "by hand"})
    finding = {"answer": "yes", "score": 0.875, "pairs": {"digest": points, "count": 1}}
    log.append("check", {"check": "room", "picture": picture, "compared": [], "findings": [finding]})
    log.append("intake", body | {"label": "picture-02"}, private={"name": "IMG_2.jpg", "source": "by hand"})
    (folder / "write-up.md").write_bytes(b"# The lobby\n")
    digest = hashlib.sha256(b"# The lobby\n").hexdigest()
    log.append("export", {"file": "write-up.md", "digest": digest, "format": "md"})
    (folder / "log" / "checkpoints").rmdir()
    target = Target(folder)
    target.picture, target.points = store.path(picture), store.path(points)
    for path in (target.picture, target.points):
        path.chmod(0o644)
    return target


def withheld(folder: Path) -> Target:
    """A picture and its archive under aliases, another in the open, a check of both; not signed."""
    log = Log.create(
        folder, title="The lobby", actor="heron", clock=clock(), random=random("held"), durable=False, toolkit="made"
    )
    store = Store(folder)
    picture, archive, other = map(store.put, (b"the bytes of a picture", b"an archive", b"another picture"))
    body = {"evidence": picture, "size": None, "label": "picture-01", "graphic": False, "archive": archive}
    log.append("intake", body, private={"name": "IMG_1.jpg", "size": 22}, withhold=[picture, archive])
    log.append("intake", body | {"evidence": other, "archive": None}, private={"name": "IMG_2.jpg"})
    compared = [{"digest": other, "name": "picture-02"}]
    log.append("check", {"check": "room", "picture": picture, "compared": compared, "findings": []})
    log.append("intake", body | {"label": "picture-03"}, private={"name": "IMG_3.jpg"}, withhold=[picture, archive])
    (folder / "log" / "checkpoints").rmdir()
    target = Target(folder)
    target.picture, target.archive, target.other = map(store.path, (picture, archive, other))
    for path in (target.picture, target.archive, target.other):
        path.chmod(0o644)
    return target
