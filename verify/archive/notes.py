"""What people put beside an archive's pictures: where each was published, and which pairs are no copies."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from verify.appearances import Appearance, span
from verify.archive.store import Archive
from verify.errors import Refused


@dataclass(frozen=True, slots=True)
class Decision:
    """Somebody looked at two pictures (by digest) and found them to be different ones."""

    a: str
    b: str
    because: str
    actor: str
    time: str  # ISO 8601, UTC

    def to_json(self) -> dict[str, str]:
        """The fields by name."""
        return asdict(self)


def find(archive: Archive, name: str) -> str:
    """The digest of a picture named by path, by file name, or by the beginning of its digest. Raises Refused."""
    found = archive.named(name)
    if len(found) != 1:
        many = "several pictures are called that" if found else "no such picture in this archive"
        raise Refused(f"{name}: {many}; expected a path, a file's name, or at least 6 digits of a SHA-256")
    return found[0]


def appear(archive: Archive, digest: str, seen: Appearance) -> None:
    """Remember that a picture was published; nothing is fetched. Raises Refused where `when` is no date."""
    span(seen.when)
    row = (digest, seen.url, seen.platform, seen.when, seen.how_known, seen.archived)
    with archive.writing(), archive.database() as database:
        database.execute("DELETE FROM appearance WHERE digest = ? AND url = ? AND time = ?", (digest, row[1], row[3]))
        database.execute("INSERT INTO appearance VALUES (?, ?, ?, ?, ?, ?)", row)


def appearances(archive: Archive, digest: str) -> tuple[Appearance, ...]:
    """Where a picture is known to have been published, in the order in which it was told."""
    rows = "SELECT url, platform, time, how_known, archived FROM appearance WHERE digest = ? ORDER BY rowid"
    return tuple(Appearance(*row) for row in archive.database().execute(rows, (digest,)))


def tell_apart(archive: Archive, a: str, b: str, because: str, actor: str, *, now: datetime | None = None) -> Decision:
    """Remember that two pictures (by digest) were looked at and are different ones. Searches still name the pair."""
    if a == b:
        raise Refused(f"{a[:12]}…: one and the same picture; expected two")
    time = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    decision = Decision(min(a, b), max(a, b), because, actor, time)
    with archive.writing(), archive.database() as database:
        row = (decision.a, decision.b, because, actor, time)
        database.execute("INSERT OR REPLACE INTO distinct_pair VALUES (?, ?, ?, ?, ?)", row)
    return decision


def put_together(archive: Archive, a: str, b: str) -> None:
    """Take such a decision back. Raises Refused where there is none."""
    with archive.writing(), archive.database() as database:
        gone = database.execute("DELETE FROM distinct_pair WHERE a = ? AND b = ?", sorted((a, b)))
    if not gone.rowcount:
        raise Refused(f"{a[:12]}… and {b[:12]}…: nobody has told these two apart")


def decision(archive: Archive, a: str, b: str) -> Decision | None:
    """What somebody decided about two pictures."""
    query = "SELECT a, b, because, actor, time FROM distinct_pair WHERE a = ? AND b = ?"
    row = archive.database().execute(query, sorted((a, b))).fetchone()
    return Decision(*row) if row else None
