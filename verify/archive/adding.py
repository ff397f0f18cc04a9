"""Taking files into an archive: read once, in batches that are complete before they count, and taken up again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify import guard
from verify.archive import upkeep
from verify.archive.duplicates import Progress, Unread, every_file, named, silent
from verify.archive.signature import Signature
from verify.archive.store import Archive
from verify.errors import EvidenceError, Refused

BATCH = 256  # pictures a segment while adding: what a crash can lose at most
State = tuple[int, int, int]  # size in bytes, time of change in nanoseconds, inode
Read = tuple[Path, State, Signature]


@dataclass(frozen=True, slots=True)
class Added:
    """A file that is in the archive now; `new` where its bytes were not there before."""

    path: str
    digest: str
    new: bool


def add_files(
    archive: Archive,
    paths: Sequence[Path | str],
    *,
    local: bool = True,
    model: Path | None = None,
    progress: Progress = silent,
    workers: int | None = None,
) -> Iterator[Added | Unread]:
    """Take files, and those in folders, into the archive; one that has not changed since is not read again.

    Each batch is complete on the disk before it is announced; `local=False` leaves out the local features, a
    learned `model` adds its vectors. A file that could not be read is tried again: a reader for it may be there now.
    """
    with archive.writing():
        yield from _add(
            archive, _foreign(archive, paths), {"local": local, "model": model and str(model)}, progress, workers
        )
        upkeep.merge(archive)


def follow_folder(
    archive: Archive, folder: Path | str, *, progress: Progress = silent, workers: int | None = None
) -> list[Unread]:
    """Make the archive hold what a folder holds now and nothing else; returns what could not be read."""
    try:
        files = _foreign(archive, [folder])
    except Refused:  # not a file in it
        files = []
    with archive.writing():
        found = list(_add(archive, files, {}, progress, workers))
        here = [(str(path.absolute()),) for path in files]
        with archive.database() as database:
            database.execute("CREATE TEMP TABLE here (path TEXT PRIMARY KEY)")
            database.executemany("INSERT INTO here VALUES (?)", here)
            database.execute("DELETE FROM file WHERE path NOT IN (SELECT path FROM here)")
            database.execute("DELETE FROM unread WHERE path NOT IN (SELECT path FROM here)")
            database.execute(
                "INSERT OR IGNORE INTO removed SELECT digest FROM picture WHERE digest NOT IN (SELECT digest FROM file)"
            )
            database.execute("DROP TABLE here")
        upkeep.merge(archive)
    return [item for item in found if isinstance(item, Unread)]


def _foreign(archive: Archive, paths: Sequence[Path | str]) -> list[Path]:
    """The files, without those of the archive itself, which may lie among the pictures. Raises Refused for no file."""
    own = archive.folder.resolve()
    return [path for path in every_file(paths) if own not in path.resolve().parents]


def _add(
    archive: Archive, files: Sequence[Path], signing: dict[str, Any], progress: Progress, workers: int | None
) -> Iterator[Added | Unread]:
    known = {row[0]: row[1:] for row in archive.database().execute("SELECT path, digest, size, mtime, inode FROM file")}
    fresh: list[tuple[Path, State]] = []
    for path in files:
        state, told = _state(path), known.get(str(path.absolute()))
        if told and told[1:] == state:
            yield Added(str(path), told[0], new=False)
        else:
            fresh.append((path, state))  # the state before it is read: what changes meanwhile is read again next time
    jobs = [{"path": str(path), **signing} for path, _ in fresh]
    results = guard.map("verify.archive.signature:sign_file", jobs, workers=workers)
    waiting: list[Read] = []
    for number, result in progress(results, len(fresh), "adding"):
        if isinstance(result, EvidenceError):
            yield _unread(archive, fresh[number], result)
            continue
        waiting.append((*fresh[number], Signature.unpack(result)))
        if len(waiting) == BATCH:
            yield from _commit(archive, waiting)
            waiting = []
    yield from _commit(archive, waiting)


def _commit(archive: Archive, waiting: Sequence[Read]) -> Iterator[Added]:
    """A segment of what is new among these files; complete before the database names it."""
    here = "SELECT count(*) FROM picture WHERE digest = ?"
    new = {signature.digest: signature for *_, signature in waiting if not archive.one(here, signature.digest)}
    name, batch = archive.write(list(new.values())) if new else ("", [])
    with archive.database() as database:
        if batch:
            archive.announce(name, batch)
        for path, state, signature in waiting:
            row = (str(path.absolute()), signature.digest, *state)
            database.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)", row)
            database.execute("DELETE FROM unread WHERE path = ?", (str(path.absolute()),))
            database.execute("DELETE FROM removed WHERE digest = ?", (signature.digest,))
    for path, _, signature in waiting:
        yield Added(str(path), signature.digest, new=signature.digest in new)


def _unread(archive: Archive, file: tuple[Path, State], error: EvidenceError) -> Unread:
    path, state = file
    because = named(error, path)
    with archive.database() as database:
        row = (str(path.absolute()), because, *state)
        database.execute("INSERT OR REPLACE INTO unread VALUES (?, ?, ?, ?, ?)", row)
    return Unread(str(path), because)


def _state(path: Path) -> State:
    try:
        found = path.stat(follow_symlinks=False)
    except OSError:  # gone, or never there: reading it will say so
        return -1, -1, -1
    return found.st_size, found.st_mtime_ns, found.st_ino
