"""Private bodies: what stands beside the log, committed to in its line by a salted digest, and can be withheld."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from verify.errors import LogError, Tampered
from verify.log import locked
from verify.log.canonical import Plain, decode, encode, pack, unpack

SALT = 32  # bytes: a name, a position or a serial number is guessed in a second where there is none


def path(case: Path, seq: int) -> Path:
    """Where the private body of an entry lies."""
    return case / "log" / "private" / f"{seq:08d}.json"


def seal(body: Mapping[str, Any], salt: bytes) -> tuple[bytes, str]:
    """The bytes of the file and their commitment, SHA-256 over them all. Raises Refused on what is no JSON value."""
    sealed = encode({"body": pack(body), "salt": salt.hex()}) + b"\n"
    return sealed, hashlib.sha256(sealed).hexdigest()


def write(case: Path, seq: int, sealed: bytes, *, durable: bool) -> None:
    """Put it into its place, for the owner's eyes only. Raises LogError."""
    folder = path(case, seq).parent
    folder.mkdir(mode=0o700, exist_ok=True)
    locked.write_new(path(case, seq), sealed, 0o600, durable=durable)


def remove(case: Path, seq: int) -> None:
    """Remove it; its commitment stays in the log."""
    with contextlib.suppress(FileNotFoundError):
        path(case, seq).unlink()
        locked.sync_folder(path(case, seq).parent)


def read(case: Path, seq: int, commitment: str) -> dict[str, Any] | None:
    """The body, or None where it is withheld. Raises Tampered where it is not the one committed to."""
    body = read_plain(case, seq, commitment)
    return None if body is None else dict(unpack(body))


def read_plain(case: Path, seq: int, commitment: str) -> dict[str, Plain] | None:
    """As `read`, but as it stands in the file, every number and character written by the log's rules."""
    at = path(case, seq)
    if not (at.exists() or at.is_symlink()):
        return None
    try:
        sealed = locked.read(at)
    except Tampered:
        raise
    except LogError as error:
        raise Tampered(f"the private body of entry {seq} cannot be read") from error
    if hashlib.sha256(sealed).hexdigest() != commitment:
        raise Tampered(f"the private body of entry {seq} is not the one that the log commits to")
    plain = decode(sealed.removesuffix(b"\n"))
    body = plain.get("body") if isinstance(plain, dict) else None
    if not isinstance(body, dict):
        raise Tampered(f"the private body of entry {seq} is no object")
    return body
