"""Opening a log's file under a lock that holds between processes and threads, and writing to it whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from verify.errors import LogError, Tampered

_NO_LINKS = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        os.lseek(fd, 2**40, os.SEEK_SET)  # a byte far behind the end: what is written stays readable
        msvcrt.locking(fd, msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX)


@contextlib.contextmanager
def opened(path: Path, *, create: bool = False) -> Iterator[int]:
    """A descriptor of a regular file, locked until the end of the block. Raises LogError, or Tampered on a link."""
    flags = os.O_RDWR | os.O_APPEND | _NO_LINKS | (os.O_CREAT | os.O_EXCL if create else 0)
    try:
        fd = os.open(path, flags, 0o644)
    except FileExistsError as error:
        raise LogError(f"{path.name}: there is a log already; expected a folder without one") from error
    except OSError as error:
        if path.is_symlink():
            raise Tampered(
                f"{path.name}: a symbolic link stands where the log was; expected the file itself"
            ) from error
        raise LogError(f"{path.name}: the log cannot be opened: {(error.strerror or 'no access').lower()}") from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise Tampered(f"{path.name}: not a regular file; expected the log")
        _lock(fd)
        yield fd
    finally:
        os.close(fd)  # and the lock with it


def read(path: Path) -> bytes:
    """All bytes of a regular file of the case, never through a link. Raises LogError or Tampered."""
    with _reading(path) as file:
        return file.read()


def digest(path: Path) -> str:
    """SHA-256 of a regular file of the case, never through a link. Raises LogError or Tampered."""
    with _reading(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reading(path: Path) -> BufferedReader:
    try:
        fd = os.open(path, os.O_RDONLY | _NO_LINKS)
    except OSError as error:
        if path.is_symlink():
            raise Tampered(f"{path.name}: a symbolic link; expected the file itself") from error
        raise LogError(f"{path.name}: cannot be read: {(error.strerror or 'no access').lower()}") from error
    file = os.fdopen(fd, "rb")
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        file.close()
        raise Tampered(f"{path.name}: not a regular file; expected the file itself")
    return file


def read_from(fd: int, offset: int) -> bytes:
    """What stands in the file from `offset` on."""
    os.lseek(fd, offset, os.SEEK_SET)
    pieces = []
    while piece := os.read(fd, 2**24):
        pieces.append(piece)
    return b"".join(pieces)


def append(fd: int, data: bytes, *, durable: bool) -> None:
    """All of `data` behind the end, on the disk on return; on an error the file is cut back. Raises LogError."""
    start = os.fstat(fd).st_size
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(fd, left) :]
        if durable:
            os.fsync(fd)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.ftruncate(fd, start)
            os.fsync(fd)
        raise LogError(f"the entry was not written ({error.strerror}); the log is as it was before") from error


def write_new(path: Path, data: bytes, mode: int, *, durable: bool = True) -> None:
    """A new file, whole or not there at all; an older one of that name is replaced. Raises LogError."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS, mode)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(fd)
        temporary.replace(path)
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise LogError(f"{path.name}: cannot be written: {(error.strerror or 'no access').lower()}") from error


def sync_folder(folder: Path) -> None:
    """The folder's list of names on the disk; nothing to do on Windows."""
    if sys.platform != "win32":
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
