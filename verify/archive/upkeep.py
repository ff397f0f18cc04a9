"""Keeping an archive: what it holds and what is damaged, forgetting, few large segments, and repair from the files."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from verify import guard
from verify.archive import segment
from verify.archive.duplicates import Progress, silent
from verify.archive.segment import Segment
from verify.archive.signature import METHOD, Signature
from verify.archive.store import FORMAT, Archive
from verify.errors import EvidenceError, Refused

LARGE = 4096  # pictures a segment: about 200 MB, and a search opens few of them
MANY = 16  # smaller segments than that, and they are merged: each costs a query about as much as a large one


def info(archive: Archive) -> dict[str, Any]:
    """Counts, identity, and the pictures that cannot be searched because their segment is damaged."""
    count = {name: archive.one(f"SELECT count(*) FROM {name}") for name in ("segment", "file", "removed")}  # noqa: S608
    return {
        "pictures": len(archive),
        "files": count["file"],
        "unreadable": archive.unreadable,
        "removed": count["removed"],
        "segments": count["segment"],
        "appearances": archive.one("SELECT count(*) FROM appearance"),
        "told_apart": archive.one("SELECT count(*) FROM distinct_pair"),
        "foreign_hashes": archive.one("SELECT count(*) FROM foreign_hash"),
        "identity": archive.identity,
        "format": FORMAT,
        "method": METHOD,
        "damaged": [
            {
                "segment": name,
                "because": because,
                "pictures": [{"digest": d, "paths": archive.paths(d)} for d in archive.pictures_in(name)],
            }
            for name, because in archive.damaged().items()
        ],
    }


def check(archive: Archive) -> dict[str, str]:
    """By segment: why its files are not what was written. Reads every byte; what is found is searched no more."""
    for name, digest in archive.database().execute("SELECT name, digest FROM segment ORDER BY name").fetchall():
        try:
            same = segment.digest(archive.place(name)) == digest
        except OSError:
            same = False
        if not same and name not in archive.damaged():
            archive.set_aside(name, f"{name}: its bytes are not those that were written")
    return archive.damaged()


def remove(archive: Archive, digest: str) -> None:
    """Hide a picture; `compact` forgets it. Raises Refused where there is none."""
    if not archive.one("SELECT count(*) FROM picture WHERE digest = ?", digest):
        raise Refused(f"{digest[:12]}…: no such picture in this archive; expected its SHA-256")
    with archive.writing(), archive.database() as database:
        database.execute("INSERT OR IGNORE INTO removed VALUES (?)", (digest,))


def compact(archive: Archive) -> int:
    """Rewrite the segments without what was removed, as few as can be; returns the pictures that are left.

    Raises Refused where a segment is damaged: `rebuild` comes first.
    """
    with archive.writing():
        if damaged := archive.damaged():
            raise Refused(f"{next(iter(damaged.values()))}; `verify archive rebuild` comes before compacting")
        _rewrite(archive, [name for name, _ in archive.segments()])
    return len(archive)


def merge(archive: Archive) -> None:
    """Where small segments have become many, make large ones of them; the caller is alone in writing."""
    small = [name for name, part in archive.segments() if len(part) < LARGE]
    if len(small) >= MANY:
        _rewrite(archive, small)


def _rewrite(archive: Archive, names: Sequence[str]) -> None:
    """New segments of what is left in these; the database changes over in one transaction, then the old ones go."""
    gone = archive.removed()
    signatures = (s for name in names for s in _rows(archive.segment(name)) if s.digest not in gone)
    written = [archive.write(batch) for batch in _batches(signatures, LARGE)]
    _change_over(archive, names, written)


def _change_over(archive: Archive, names: Iterable[str], written: Iterable[tuple[str, Sequence[Signature]]]) -> None:
    with archive.database() as database:
        for name in names:
            inside = "SELECT digest FROM removed WHERE digest IN (SELECT digest FROM picture WHERE segment = ?)"
            forgotten = database.execute(inside, (name,)).fetchall()
            database.executemany("DELETE FROM file WHERE digest = ?", forgotten)
            database.executemany("DELETE FROM removed WHERE digest = ?", forgotten)
            database.execute("DELETE FROM picture WHERE segment = ?", (name,))
            database.execute("DELETE FROM segment WHERE name = ?", (name,))
        for name, batch in written:
            archive.announce(name, batch)
    archive.forget()
    for name in names:
        shutil.rmtree(archive.place(name), ignore_errors=True)  # else the next opening clears it away


def rebuild(archive: Archive, *, progress: Progress = silent, workers: int | None = None) -> dict[str, list[str]]:
    """Read the originals of damaged segments again; returns the digests `rebuilt` and those `lost`.

    Every byte is checked first. A picture whose file is gone or has changed is lost: it is forgotten here, with its
    file's path among the unreadable, and can be added again. The appearances and decisions about it stay.
    """
    with archive.writing():
        names = list(check(archive))
        wanted = [digest for name in names for digest in archive.pictures_in(name)]
        places = {path: digest for digest in wanted for path in archive.paths(digest)}
        jobs = [{"path": path} for path in places]
        found: dict[str, Signature] = {}
        results = guard.map("verify.archive.signature:sign_file", jobs, workers=workers)
        for _, result in progress(results, len(jobs), "rebuilding"):
            if not isinstance(result, EvidenceError):
                signed = Signature.unpack(result)
                found[signed.digest] = signed
        kept = [found[digest] for digest in wanted if digest in found]
        lost = [digest for digest in wanted if digest not in found]
        written = [archive.write(batch) for batch in _batches(kept, LARGE)]
        _put_down(archive, lost)
        _change_over(archive, names, written)
    return {"rebuilt": [signed.digest for signed in kept], "lost": lost}


def _put_down(archive: Archive, lost: Sequence[str]) -> None:
    because = "its stored signature was damaged, and the file is no longer what was read"
    with archive.database() as database:
        for digest in lost:
            for path in archive.paths(digest):
                told = f"{Path(path).name}: {because}."
                database.execute("INSERT OR REPLACE INTO unread VALUES (?, ?, NULL, NULL, NULL)", (path, told))
            database.execute("DELETE FROM file WHERE digest = ?", (digest,))


def _rows(part: Segment) -> Iterator[Signature]:
    return (part.signature(row) for row in range(len(part)))


def _batches(items: Iterable[Signature], size: int) -> Iterator[list[Signature]]:
    batch: list[Signature] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
