"""The files of a case, by content: taken in once, read-only, found by the SHA-256 of their bytes."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import secrets
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import IO

from verify.errors import LogError, Refused, Tampered, Unreadable
from verify.model import Evidence

MAX_FILE = 4 * 2**30  # bytes of one file or archive; a sparse file of a terabyte shall not fill the disk
PIECE = 2**20  # bytes read at a time
_SAFE = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_digest = re.compile(r"[0-9a-f]{64}")
_alias = re.compile(r"~[0-9a-f]{64}")  # what the log says for a digest that is withheld here


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one archive may unpack to, archives inside it included."""

    members: int = 10_000
    member_bytes: int = 512 * 2**20  # as much as one picture may have
    total_bytes: int = 8 * 2**30
    directory_bytes: int = 16 * 2**20  # of the archive's own list of contents
    depth: int = 3  # an archive in an archive in an archive


@dataclass(frozen=True, slots=True)
class Received:
    """A file taken in, with what the file system said of it."""

    evidence: Evidence
    modified: datetime  # aware, UTC
    archive: str | None = None  # digest of the archive that it came in


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What an archive held: nothing is dropped without its reason."""

    archive: Received
    members: tuple[Received, ...]
    left_out: tuple[tuple[str, str], ...]  # the member's name as it stands in the archive, and why


class Store:
    """The store in a case's folder. What lies in it was checked when it came and is checked whenever it is read."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder) / "store" / "sha256"

    def take_in(self, path: Path | str, *, source: str = "") -> Evidence:
        """Copy a file into the store, hashed while it is copied. Raises Unreadable, LogError."""
        return self.receive(path, source=source).evidence

    def receive(self, path: Path | str, *, source: str = "") -> Received:
        """As `take_in`, with the file's time of change. The file is opened once, never through a link.

        Raises Unreadable: missing, a link, no regular file, over 4 GiB, or changed while it was copied.
        """
        path = Path(path)
        with _open_regular(path) as file:
            before = os.fstat(file.fileno())
            digest, size = self._copy(file, path.name, before.st_size)
            after = os.fstat(file.fileno())
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns) or size != after.st_size:
            raise Unreadable(f"{path.name}: changed while it was taken in; expected a file that nobody is writing")
        modified = datetime.fromtimestamp(int(before.st_mtime), UTC)
        return Received(Evidence(digest, size, path.name, source), modified)

    def put(self, data: bytes) -> str:
        """Keep these bytes; their digest. Raises LogError."""
        return self._copy(io.BytesIO(data), "", len(data))[0]

    def path(self, digest: str) -> Path:
        """Where the file of this digest lies, or would lie; that of an alias lies nowhere. Raises Refused on others."""
        if not (_digest.fullmatch(digest) or _alias.fullmatch(digest)):
            raise Refused(f"{digest[:80]!r} is no digest; expected 64 lower-case hex digits of SHA-256")
        return self.folder / digest[:2] / digest

    def read(self, digest: str) -> bytes:
        """The bytes of this digest, hashed again. Raises LogError where not here, Tampered where they differ."""
        path = self.path(digest)
        if any(part.is_symlink() for part in (path, *path.parents[:3])):
            raise Tampered(f"{digest[:12]}…: a symbolic link stands in the store; expected the file itself")
        try:
            with _open_regular(path) as file:
                data = file.read()
        except Unreadable as error:
            raise LogError(
                f"{digest[:12]}…: not in the store, or not readable; expected the file that was taken in"
            ) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise Tampered(f"{digest[:12]}…: the file in the store has changed; expected the bytes that were taken in")
        return data

    def __contains__(self, digest: str) -> bool:
        path = self.path(digest)
        return path.is_file() and not path.is_symlink()

    def __iter__(self) -> Iterator[str]:
        """Digests of what lies here, sorted."""
        return iter(sorted(path.name for path in self.folder.glob("*/*") if _digest.fullmatch(path.name)))

    def unpack(self, path: Path | str, *, source: str = "", bounds: Bounds = Bounds()) -> Unpacked:
        """Take in a ZIP archive and what it holds; names in it are kept as text and never become paths.

        Archives inside are taken in and unpacked too. Raises Unreadable where it is no archive or over its bounds.
        """
        archive = self.receive(path, source=source)
        members: list[Received] = []
        left_out: list[tuple[str, str]] = []
        self._unpack(archive, members, left_out, bounds, 1)
        return Unpacked(archive, tuple(members), tuple(left_out))

    def _unpack(
        self, archive: Received, members: list[Received], left_out: list[tuple[str, str]], bounds: Bounds, depth: int
    ) -> None:
        digest = archive.evidence.digest
        with _opened_archive(self.path(digest), archive.evidence.name, bounds) as opened:
            for info in opened.infolist():
                if info.is_dir():
                    continue
                try:
                    used = sum(member.evidence.size for member in members)
                    member = self._take_member(opened, info, digest, bounds, len(members), used)
                except Unreadable as error:
                    left_out.append((info.filename, str(error)))
                    continue
                members.append(member)
                if member.evidence.name.lower().endswith(".zip"):
                    self._unpack_inner(member, members, left_out, bounds, depth + 1)

    def _unpack_inner(
        self, member: Received, members: list[Received], left_out: list[tuple[str, str]], bounds: Bounds, depth: int
    ) -> None:
        try:
            if depth > bounds.depth:
                raise Unreadable(f"{member.evidence.name}: archives nested over {bounds.depth} deep")
            self._unpack(member, members, left_out, bounds, depth)
        except Unreadable as error:
            left_out.append((member.evidence.source, str(error)))

    def _take_member(
        self, opened: zipfile.ZipFile, info: zipfile.ZipInfo, archive: str, bounds: Bounds, count: int, used: int
    ) -> Received:
        name = PurePosixPath(info.filename).name
        if stat.S_ISLNK(info.external_attr >> 16):
            raise Unreadable(f"{name}: a symbolic link in the archive; expected the file itself")
        if info.flag_bits & 1:
            raise Unreadable(f"{name}: encrypted in the archive; expected an open one")
        if count >= bounds.members:
            raise Unreadable(f"{name}: the archive holds over {bounds.members} files")
        allowed = min(bounds.member_bytes, bounds.total_bytes - used)
        try:
            with opened.open(info) as file:
                digest, size = self._copy(file, name, allowed)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            OSError,
            ValueError,
            RuntimeError,
        ) as error:
            raise Unreadable(
                f"{name}: damaged in the archive or packed in an unknown way ({str(error)[:80]})"
            ) from error
        evidence = Evidence(digest, size, name, info.filename)
        try:
            modified = datetime(*info.date_time, tzinfo=UTC)
        except ValueError:  # months 0 and 13 stand in archives of many tools
            modified = datetime(1980, 1, 1, tzinfo=UTC)
        return Received(evidence, modified, archive)

    def _copy(self, file: IO[bytes], name: str, allowed: int) -> tuple[str, int]:
        """Copy to a temporary file beside its place, hashed on the way; then into its place, hashed again there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".{secrets.token_hex(8)}.part"
        try:
            digest, size = _write_hashed(file, temporary, allowed, name)
            path = self.path(digest)
            path.parent.mkdir(exist_ok=True)
            if path.exists() or path.is_symlink():
                self.read(digest)
            else:
                temporary.replace(path)
                sync_folder(path.parent)
                sync_folder(self.folder)
                if _hash(path) != digest:
                    raise LogError(f"{name}: the disk gave back other bytes than were written")
        except OSError as error:
            raise LogError(f"{name or 'a file'}: cannot be kept in the store ({error.strerror})") from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
        return digest, size


def is_archive(path: Path | str) -> bool:
    """Whether a file begins as a ZIP archive does. Raises Unreadable."""
    with _open_regular(Path(path)) as file:
        return file.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}


def _open_regular(path: Path) -> BufferedReader:
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | _SAFE), "rb")
    except OSError as error:
        why = (
            "a symbolic link, expected the file itself"
            if path.is_symlink()
            else (error.strerror or "no access").lower()
        )
        raise Unreadable(f"{path.name}: cannot be opened: {why}") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Unreadable(f"{path.name}: not a regular file; expected one")
    return file


def _write_hashed(file: IO[bytes], temporary: Path, allowed: int, name: str) -> tuple[str, int]:
    hasher, size = hashlib.sha256(), 0
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o600), "wb") as out:
        while piece := file.read(PIECE):
            size += len(piece)
            if size > min(allowed, MAX_FILE):
                raise Unreadable(f"{name}: larger than the {min(allowed, MAX_FILE)} bytes that it may have here")
            hasher.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
        if hasattr(os, "fchmod"):
            os.fchmod(out.fileno(), 0o444)
    return hasher.hexdigest(), size


def _hash(path: Path) -> str:
    with _open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk; Windows has no such call and needs none."""
    if hasattr(os, "O_DIRECTORY"):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


@contextlib.contextmanager
def _opened_archive(path: Path, name: str, bounds: Bounds) -> Iterator[zipfile.ZipFile]:
    """Refuses a list of contents that would not fit into memory before it is read (APPNOTE.TXT 4.3.16)."""
    with _open_regular(path) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 65_557))  # the end record and the longest comment behind it
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) < at + 22:
            raise Unreadable(f"{name}: no ZIP archive, or cut off; expected a whole one")
        if (
            b"PK\x06\x07" in tail[max(0, at - 20) : at]
            or int.from_bytes(tail[at + 12 : at + 16], "little") > bounds.directory_bytes
        ):
            raise Unreadable(
                f"{name}: an archive of 4 GiB or 65,535 files and more; expected a smaller one, or the files"
            )
        try:
            with zipfile.ZipFile(file) as opened:
                yield opened
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, UnicodeError, ValueError) as error:
            raise Unreadable(f"{name}: a damaged archive ({str(error)[:80]}); expected one that opens") from error
