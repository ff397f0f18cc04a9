"""An archive on disk: immutable segments of arrays, and SQLite for names, provenance and what was decided."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from verify import guard
from verify.archive import segment
from verify.archive.duplicates import Progress, Unread, every_file, named, silent
from verify.archive.segment import Segment
from verify.archive.signature import DECODED, METHOD, Signature
from verify.errors import EvidenceError, Refused

FORMAT = 1
BATCH = 256  # pictures a segment while adding: what a crash can lose at most
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE segment (name TEXT PRIMARY KEY, pictures INTEGER NOT NULL, digest TEXT NOT NULL);
CREATE TABLE picture (
    digest TEXT PRIMARY KEY, segment TEXT NOT NULL, place INTEGER NOT NULL, decoded TEXT NOT NULL, method TEXT NOT NULL
);
CREATE TABLE file (
    path TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL, inode INTEGER NOT NULL
);
CREATE TABLE unread (path TEXT PRIMARY KEY, because TEXT NOT NULL, size INTEGER, mtime INTEGER, inode INTEGER);
CREATE TABLE removed (digest TEXT PRIMARY KEY);
CREATE TABLE appearance (digest TEXT, url TEXT, platform TEXT, time TEXT, how_known TEXT, archived TEXT);
CREATE TABLE distinct_pair (a TEXT, b TEXT, because TEXT, actor TEXT, PRIMARY KEY (a, b));
CREATE TABLE foreign_hash (method TEXT, bits BLOB, name TEXT, PRIMARY KEY (method, bits, name));
"""


@dataclass(frozen=True, slots=True)
class Added:
    """A file that is in the archive now; `new` where its bytes were not there before."""

    path: str
    digest: str
    new: bool


class Archive:
    """An archive folder, opened. Close it, or use it in a `with`."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self.folder = folder
        self._database = database
        self._segments: dict[str, Segment] = {}

    @classmethod
    def create(cls, folder: Path | str) -> Self:
        """A new, empty archive. Raises Refused where the folder is there already and not empty."""
        folder = Path(folder)
        if folder.exists() and any(folder.iterdir()):
            raise Refused(f"{folder.name}: the folder is not empty; expected a new one for the archive")
        (folder / "segments").mkdir(parents=True)
        database = sqlite3.connect(folder / "archive.sqlite")
        with database:
            database.executescript(_SCHEMA)
            database.execute("INSERT INTO meta VALUES ('format', ?)", (str(FORMAT),))
        return cls(folder, database)

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """An existing archive; what an interrupted run left behind is cleared away. Raises Refused."""
        folder = Path(folder)
        path = folder / "archive.sqlite"
        if not path.is_file():
            raise Refused(f"{folder.name}: no archive here; expected a folder made by `verify archive add`")
        database = sqlite3.connect(path)
        try:
            found = database.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
        except sqlite3.DatabaseError as error:
            database.close()
            raise Refused(f"{folder.name}/archive.sqlite: damaged or not of an archive ({error})") from error
        if found is None or found[0] != str(FORMAT):
            database.close()
            raise Refused(f"{folder.name}: archive format {found and found[0]}; this version reads format {FORMAT}")
        archive = cls(folder, database)
        with suppress(Refused), archive._writing():  # somebody else is writing: what looks left behind is theirs
            archive._settle()
        return archive

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __len__(self) -> int:
        """Pictures that can be found."""
        return int(self._one("SELECT count(*) FROM picture WHERE digest NOT IN (SELECT digest FROM removed)"))

    @property
    def identity(self) -> str:
        """SHA-256 over the names, sizes and digests of the segments: names what a search has looked through."""
        rows = self._database.execute("SELECT name, pictures, digest FROM segment ORDER BY name").fetchall()
        gone = [row[0] for row in self._database.execute("SELECT digest FROM removed ORDER BY digest")]
        text = json.dumps({"segments": rows, "removed": gone}, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def check(self) -> list[str]:
        """The segments whose files are not what was written; reads every byte."""
        rows = self._database.execute("SELECT name, digest FROM segment ORDER BY name").fetchall()
        return [name for name, digest in rows if segment.digest(self._place(name)) != digest]

    def add(
        self,
        paths: Sequence[Path | str],
        *,
        local: bool = True,
        progress: Progress = silent,
        workers: int | None = None,
    ) -> Iterator[Added | Unread]:
        """Take files, and those in folders, into the archive; one that has not changed since is not read again.

        Each batch is complete on the disk before it is announced; `local=False` leaves out the local features.
        """
        with self._writing():
            yield from self._add(every_file(paths), local, progress, workers)

    def _add(
        self, files: Sequence[Path], local: bool, progress: Progress, workers: int | None
    ) -> Iterator[Added | Unread]:
        known = {row[0]: row[1:] for row in self._database.execute("SELECT path, digest, size, mtime, inode FROM file")}
        fresh: list[Path] = []
        for path in files:
            told = known.get(str(path.absolute()))
            if told and told[1:] == _stat(path):
                yield Added(str(path), told[0], new=False)
            else:
                fresh.append(path)
        jobs = [{"path": str(path), "local": local} for path in fresh]
        results = guard.map("verify.archive.signature:sign_file", jobs, workers=workers)
        waiting: list[tuple[Path, Signature]] = []
        for number, result in progress(results, len(fresh), "adding"):
            if isinstance(result, EvidenceError):
                yield self._unread(fresh[number], result)
                continue
            waiting.append((fresh[number], Signature.unpack(result)))
            if len(waiting) == BATCH:
                yield from self._commit(waiting)
                waiting = []
        yield from self._commit(waiting)

    def remove(self, digest: str) -> None:
        """Hide a picture; `compact` forgets it. Raises Refused where there is none."""
        if not self._one("SELECT count(*) FROM picture WHERE digest = ?", digest):
            raise Refused(f"{digest[:12]}…: no such picture in this archive; expected its SHA-256")
        with self._database:
            self._database.execute("INSERT OR IGNORE INTO removed VALUES (?)", (digest,))

    def compact(self) -> int:
        """Rewrite the segments without what was removed, as few as can be; returns the pictures that are left."""
        with self._writing():
            self._compact()
        return len(self)

    def _compact(self) -> None:
        kept = [(name, row) for name, row, _ in self.rows()]
        signatures = (self.segment(name).signature(row) for name, row in kept)
        names = [row[0] for row in self._database.execute("SELECT name FROM segment")]
        written = [self._write(batch) for batch in _batches(signatures, 16 * BATCH)]
        with self._database:
            gone = "SELECT digest FROM removed"
            self._database.execute(f"DELETE FROM file WHERE digest IN ({gone})")  # noqa: S608 - no foreign text in it
            self._database.execute("DELETE FROM segment")
            self._database.execute("DELETE FROM picture")
            self._database.execute("DELETE FROM removed")
            for name, batch in written:
                self._announce(name, batch)
        self._segments.clear()
        for name in names:
            shutil.rmtree(self._place(name))

    def rows(self) -> Iterator[tuple[str, int, str]]:
        """Segment, place in it and digest of every picture that can be found."""
        order = "SELECT segment, place, digest FROM picture WHERE digest NOT IN (SELECT digest FROM removed)"
        yield from self._database.execute(f"{order} ORDER BY segment, place").fetchall()

    def segments(self) -> Iterator[tuple[str, Segment]]:
        """Every segment, opened. Raises Refused where one is missing or damaged."""
        for row in self._database.execute("SELECT name FROM segment ORDER BY name").fetchall():
            yield row[0], self.segment(row[0])

    def segment(self, name: str) -> Segment:
        """One segment, memory-mapped; opened once."""
        if name not in self._segments:
            self._segments[name] = Segment(self._place(name))
        return self._segments[name]

    def paths(self, digest: str) -> list[str]:
        """Where a picture was read from."""
        rows = self._database.execute("SELECT path FROM file WHERE digest = ? ORDER BY path", (digest,))
        return [row[0] for row in rows]

    def database(self) -> sqlite3.Connection:
        """For the notes that stand beside the pictures: appearances, decisions, foreign hashes."""
        return self._database

    def info(self) -> dict[str, Any]:
        """Counts and identity."""
        count = {name: self._one(f"SELECT count(*) FROM {name}") for name in ("segment", "file", "unread", "removed")}  # noqa: S608
        return {
            "pictures": len(self),
            "files": count["file"],
            "unreadable": count["unread"],
            "removed": count["removed"],
            "segments": count["segment"],
            "foreign_hashes": self._one("SELECT count(*) FROM foreign_hash"),
            "identity": self.identity,
            "format": FORMAT,
            "method": METHOD,
        }

    def _commit(self, waiting: Sequence[tuple[Path, Signature]]) -> Iterator[Added]:
        """A segment of what is new among these files; complete before the database names it."""
        have = {row[0] for row in self._database.execute("SELECT digest FROM picture")}
        new = {signature.digest: signature for _, signature in waiting if signature.digest not in have}
        name, batch = self._write(list(new.values())) if new else ("", [])
        with self._database:
            if batch:
                self._announce(name, batch)
            for path, signature in waiting:
                row = (str(path.absolute()), signature.digest, *_stat(path))
                self._database.execute("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)", row)
                self._database.execute("DELETE FROM unread WHERE path = ?", (str(path.absolute()),))
                self._database.execute("DELETE FROM removed WHERE digest = ?", (signature.digest,))
        for path, signature in waiting:
            yield Added(str(path), signature.digest, new=signature.digest in new)

    def _write(self, batch: Sequence[Signature]) -> tuple[str, Sequence[Signature]]:
        """Write a segment under a passing name, then give it its own: half a segment is never taken for one."""
        content = hashlib.sha256("".join(signature.digest for signature in batch).encode()).hexdigest()[:16]
        number = 1 + max((int(path.name.split("-")[0]) for path in self._place("").iterdir()), default=0)
        name = f"{number:06d}-{content}"
        passing = self.folder / f"passing-{os.getpid()}"
        shutil.rmtree(passing, ignore_errors=True)
        segment.write(passing, batch)
        passing.rename(self._place(name))
        return name, batch

    def _announce(self, name: str, batch: Sequence[Signature]) -> None:
        row = (name, len(batch), segment.digest(self._place(name)))
        self._database.execute("INSERT INTO segment VALUES (?, ?, ?)", row)
        for place, signature in enumerate(batch):
            row_of = (signature.digest, name, place, DECODED, METHOD)
            self._database.execute("INSERT INTO picture VALUES (?, ?, ?, ?, ?)", row_of)

    def _unread(self, path: Path, error: EvidenceError) -> Unread:
        because = named(error, path)
        try:
            state: tuple[int | None, ...] = _stat(path)
        except OSError:
            state = (None, None, None)
        with self._database:
            row = (str(path.absolute()), because, *state)
            self._database.execute("INSERT OR REPLACE INTO unread VALUES (?, ?, ?, ?, ?)", row)
        return Unread(str(path), because)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Alone in writing. Raises Refused where another process is."""
        with (self.folder / "lock").open("w") as lock:
            try:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Refused(f"{self.folder.name}: another process is writing to this archive") from error
            except ImportError:
                pass  # Windows: two writers at once are the user's to avoid
            yield

    def _settle(self) -> None:
        """Clear away what an interrupted run wrote but did not announce."""
        known = {row[0] for row in self._database.execute("SELECT name FROM segment")}
        for path in self.folder.glob("passing-*"):
            shutil.rmtree(path)
        for path in self._place("").iterdir():
            if path.name not in known:
                shutil.rmtree(path)

    def _place(self, name: str) -> Path:
        return self.folder / "segments" / name

    def _one(self, query: str, *values: str) -> Any:
        return self._database.execute(query, values).fetchone()[0]


def _stat(path: Path) -> tuple[int, int, int]:
    state = path.stat(follow_symlinks=False)
    return state.st_size, state.st_mtime_ns, state.st_ino


def _batches(items: Iterable[Signature], size: int) -> Iterator[list[Signature]]:
    batch: list[Signature] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


@contextmanager
def opened(folder: Path | str, *, create: bool = False) -> Iterator[Archive]:
    """An archive for the length of a `with`; made where there is none yet and `create` says so."""
    fresh = create and not (Path(folder) / "archive.sqlite").exists()
    with Archive.create(folder) if fresh else Archive.open(folder) as archive:
        yield archive
