"""Checkpoints: three lines that say how long the log is and what its head is, signed beside the log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from verify.errors import LogError, Tampered
from verify.log import locked
from verify.log.chain import FORMAT
from verify.log.entry import is_case, is_digest
from verify.log.sshsig import NAMESPACE, SigningKey

FOLDER = Path("log") / "checkpoints"
SIGNERS = Path("keys") / "allowed_signers"
KEY = Path("keys") / "signing_key"  # of a case whose key the toolkit made: private, mode 0600, never in a bundle
_name = re.compile(r"\d{8}\.txt", re.ASCII)
_size = re.compile(r"[1-9]\d{0,7}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log of `case` had `size` entries, the last of them with digest `head`."""

    case: str
    size: int
    head: str

    def text(self) -> bytes:
        """The three lines that are signed."""
        return f"{FORMAT} {self.case}\n{self.size}\n{self.head}\n".encode()

    @property
    def file(self) -> Path:
        """Where it lies in the case's folder; its signature has `.sig` behind the name."""
        return FOLDER / f"{self.size:08d}.txt"


def parse(text: bytes) -> Checkpoint:
    """The checkpoint of three lines, exactly. Raises Tampered."""
    lines = text.decode("ascii", "replace").split("\n")
    if len(lines) != 4 or lines[3]:
        raise Tampered("has not exactly three lines")
    form, _, case = lines[0].partition(" ")
    if form != FORMAT or not is_case(case):
        raise Tampered("does not begin with the log's format and a case")
    if not _size.fullmatch(lines[1]) or not is_digest(lines[2]):
        raise Tampered("has a size or a head that is not written as a checkpoint's")
    return Checkpoint(case, int(lines[1]), lines[2])


def write(folder: Path, checkpoint: Checkpoint, key: SigningKey | None) -> Path:
    """Put a checkpoint beside the log, and its signature where there is a key. Raises LogError."""
    path = folder / checkpoint.file
    path.parent.mkdir(parents=True, exist_ok=True)
    locked.write_new(path, checkpoint.text(), 0o644)
    if key:
        locked.write_new(path.with_name(path.name + ".sig"), key.sign(checkpoint.text()), 0o644)
    return path


def files(folder: Path) -> list[Path]:
    """The checkpoints beside a log, the oldest first."""
    return sorted((folder / FOLDER).glob("*.txt"))


def read(path: Path) -> Checkpoint:
    """The checkpoint in a file of the case, under its own name. Raises Tampered."""
    try:
        checkpoint = parse(locked.read(path))
    except LogError as error:
        raise Tampered(str(error)) from error
    if not _name.fullmatch(path.name) or path.name != checkpoint.file.name:
        raise Tampered("lies under a name that is not its size")
    return checkpoint


def read_signature(path: Path) -> bytes | None:
    """The signature of a checkpoint's file, or None where it is not signed. Raises Tampered."""
    signature = path.with_name(path.name + ".sig")
    if not (signature.exists() or signature.is_symlink()):
        return None
    try:
        return locked.read(signature)
    except LogError as error:
        raise Tampered(str(error)) from error


def signers(publics: list[str]) -> bytes:
    """The `allowed_signers` file of these keys, for `ssh-keygen -Y verify -I verify-log`."""
    return "".join(f'verify-log namespaces="{NAMESPACE}" {public}\n' for public in publics).encode()
