"""An archive on disk: immutable segments of arrays, and SQLite for names, provenance and what was decided."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from verify.archive import segment
from verify.archive.segment import Segment
from verify.archive.signature import DECODED, METHOD, Signature
from verify.errors import Refused
from verify.store import sync_folder

FORMAT = 3
DATABASE = "archive.sqlite"
_name = re.compile(r"[0-9]{6,}-[0-9a-f]{16}")  # of a segment
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
CREATE INDEX file_digest ON file (digest);
CREATE INDEX picture_segment ON picture (segment);
CREATE TABLE removed (digest TEXT PRIMARY KEY);
CREATE TABLE appearance (digest TEXT, url TEXT, platform TEXT, time TEXT, how_known TEXT, archived TEXT);
CREATE TABLE distinct_pair (a TEXT, b TEXT, because TEXT, actor TEXT, time TEXT, PRIMARY KEY (a, b));
CREATE TABLE foreign_hash (method TEXT, bits BLOB, name TEXT, PRIMARY KEY (method, bits, name));
"""


class Archive:
    """An archive folder, opened. Close it, or use it in a `with`."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self.folder = folder
        self._database = database
        self._segments: dict[str, Segment] = {}
        self._damaged: dict[str, str] = {}
        self.null: tuple[float, float, int] | None = None  # what unrelated pictures of it differ in; see `by_chance`

    @classmethod
    def create(cls, folder: Path | str) -> Self:
        """A new, empty archive. Raises Refused where the folder is there already and not empty."""
        folder = Path(folder)
        passing = folder / f"{DATABASE}.part"  # complete before it has its name: a run cut short is begun again
        if folder.exists() and {path.name for path in folder.iterdir()} - {"segments", passing.name}:
            raise Refused(f"{folder.name}: the folder is not empty; expected a new one for the archive")
        (folder / "segments").mkdir(parents=True, exist_ok=True)
        passing.unlink(missing_ok=True)
        database = sqlite3.connect(passing)
        with database:
            database.executescript(_SCHEMA)
            database.execute("INSERT INTO meta VALUES ('format', ?)", (str(FORMAT),))
        database.close()
        passing.rename(folder / DATABASE)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """An existing archive; what an interrupted run left behind is cleared away. Raises Refused."""
        folder = Path(folder)
        path = folder / DATABASE
        if not path.is_file():
            raise Refused(f"{folder.name}: no archive here; expected a folder made by `verify archive add`")
        database = sqlite3.connect(path)
        try:
            database.execute("PRAGMA trusted_schema = OFF")  # an archive may come from a stranger
            found = database.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
            names = [row[0] for row in database.execute("SELECT name FROM segment")]
        except sqlite3.DatabaseError as error:
            database.close()
            raise Refused(f"{folder.name}/{DATABASE}: damaged or not of an archive ({error})") from error
        if found is None or found[0] != str(FORMAT):
            database.close()
            raise Refused(f"{folder.name}: archive format {found and found[0]}; this version reads format {FORMAT}")
        if odd := [name for name in names if not _name.fullmatch(str(name))]:
            database.close()
            raise Refused(f"{folder.name}/{DATABASE}: names a segment {str(odd[0])[:40]!r}, which no archive has")
        archive = cls(folder, database)
        with suppress(Refused), archive.writing():  # somebody else is writing: what looks left behind is theirs
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
        return int(self.one("SELECT count(*) FROM picture WHERE digest NOT IN (SELECT digest FROM removed)"))

    @property
    def unreadable(self) -> int:
        """Files that were to be added and could not be read."""
        return int(self.one("SELECT count(*) FROM unread"))

    @property
    def content(self) -> str:
        """SHA-256 over the sorted digests of the pictures, a line each: anyone who has the files can compute it."""
        return hashlib.sha256("\n".join(sorted(row[2] for row in self.rows())).encode("ascii")).hexdigest()

    @property
    def identity(self) -> str:
        """SHA-256 over the names, sizes and digests of the segments: names what a search has looked through."""
        rows = self._database.execute("SELECT name, pictures, digest FROM segment ORDER BY name").fetchall()
        gone = [row[0] for row in self._database.execute("SELECT digest FROM removed ORDER BY digest")]
        text = json.dumps({"segments": rows, "removed": gone}, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def rows(self) -> Iterator[tuple[str, int, str]]:
        """Segment, place in it and digest of every picture that can be found."""
        order = "SELECT segment, place, digest FROM picture WHERE digest NOT IN (SELECT digest FROM removed)"
        yield from self._database.execute(f"{order} ORDER BY segment, place").fetchall()

    def removed(self) -> frozenset[str]:
        """Digests of pictures that are hidden and not yet forgotten."""
        return frozenset(row[0] for row in self._database.execute("SELECT digest FROM removed"))

    def segments(self) -> Iterator[tuple[str, Segment]]:
        """Every segment that can be opened; the others, and why, are in `damaged`."""
        for (name,) in self._database.execute("SELECT name FROM segment ORDER BY name").fetchall():
            with suppress(Refused):
                yield name, self.segment(name)

    def segment(self, name: str) -> Segment:
        """One segment, memory-mapped; opened once. Raises Refused where it is missing or damaged."""
        if name in self._damaged:
            raise Refused(self._damaged[name])
        if name not in self._segments:
            try:
                self._segments[name] = Segment(self.place(name))
            except Refused as error:
                self._damaged[name] = str(error)
                raise
        return self._segments[name]

    def damaged(self) -> dict[str, str]:
        """By the name of each segment that cannot be searched: why."""
        for _ in self.segments():
            pass
        return dict(sorted(self._damaged.items()))

    def set_aside(self, name: str, because: str) -> None:
        """Search this segment no more: its files say what cannot be."""
        self._damaged[name] = because
        self._segments.pop(name, None)

    def forget(self) -> None:
        """Open every segment afresh: the files have changed."""
        self._segments.clear()
        self._damaged.clear()
        self.null = None

    def pictures_in(self, name: str) -> list[str]:
        """Digests of a segment's pictures that are not removed, in their order."""
        query = "SELECT digest FROM picture WHERE segment = ? AND digest NOT IN (SELECT digest FROM removed)"
        return [row[0] for row in self._database.execute(f"{query} ORDER BY place", (name,))]

    def named(self, name: str) -> list[str]:
        """Digests of the pictures that a path, a file's name, or the beginning of a digest may mean."""
        absolute = str(Path(name).absolute())
        query = "SELECT DISTINCT digest FROM file WHERE path = ?"
        if found := self._database.execute(query, (absolute,)).fetchall():
            return [row[0] for row in found]
        if len(name) >= 6 and all(sign in "0123456789abcdef" for sign in name.lower()):
            query = "SELECT digest FROM picture WHERE digest >= ? AND digest <= ?"
            if found := self._database.execute(query, (name.lower(), name.lower() + "g")).fetchall():
                return [row[0] for row in found]
        query = "SELECT DISTINCT digest FROM file WHERE path LIKE ? ESCAPE '\\'"
        tail = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return [row[0] for row in self._database.execute(query, (f"%/{tail}",))]

    def paths(self, digest: str) -> list[str]:
        """Where a picture was read from."""
        rows = self._database.execute("SELECT path FROM file WHERE digest = ? ORDER BY path", (digest,))
        return [row[0] for row in rows]

    def database(self) -> sqlite3.Connection:
        """For the notes that stand beside the pictures: appearances, decisions, foreign hashes."""
        return self._database

    def write(self, batch: Sequence[Signature]) -> tuple[str, Sequence[Signature]]:
        """Write a segment under a passing name, then give it its own: half a segment is never taken for one."""
        content = hashlib.sha256("".join(signature.digest for signature in batch).encode()).hexdigest()[:16]
        number = 1 + max((int(path.name.partition("-")[0]) for path in self._folders()), default=0)
        name = f"{number:06d}-{content}"
        passing = self.folder / f"passing-{os.getpid()}"
        shutil.rmtree(passing, ignore_errors=True)
        segment.write(passing, batch)
        passing.rename(self.place(name))
        sync_folder(self.folder / "segments")  # the name too is on the disk before the database says it
        return name, batch

    def announce(self, name: str, batch: Sequence[Signature]) -> None:
        """Name a written segment in the database; the transaction is the caller's."""
        row = (name, len(batch), segment.digest(self.place(name)))
        self._database.execute("INSERT INTO segment VALUES (?, ?, ?)", row)
        for place, signature in enumerate(batch):
            row_of = (signature.digest, name, place, DECODED, METHOD)
            self._database.execute("INSERT INTO picture VALUES (?, ?, ?, ?, ?)", row_of)

    @contextmanager
    def writing(self) -> Iterator[None]:
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
        for path in self._folders():
            if path.name not in known:
                shutil.rmtree(path)

    def _folders(self) -> list[Path]:
        """What has the name of a segment; a file manager may have left other things there."""
        return [path for path in (self.folder / "segments").iterdir() if _name.fullmatch(path.name)]

    def place(self, name: str) -> Path:
        """Where a segment lies."""
        return self.folder / "segments" / name

    def one(self, query: str, *values: str) -> Any:
        """The first value of the first row."""
        return self._database.execute(query, values).fetchone()[0]


@contextmanager
def opened(folder: Path | str, *, create: bool = False) -> Iterator[Archive]:
    """An archive for the length of a `with`; made where there is none yet and `create` says so."""
    fresh = create and not (Path(folder) / "archive.sqlite").exists()
    with Archive.create(folder) if fresh else Archive.open(folder) as archive:
        yield archive
