"""Packs a case so that anyone can check it without this toolkit; the same case gives the same bytes."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from string import Template

from verify.errors import Refused, Tampered
from verify.log import checkpoints, locked
from verify.log.checking import check
from verify.log.log import PLACE, Log

INTERNAL = ("write-up.html", "write-up.md")  # they show what private bodies hold
_WHEN = (
    1980,
    1,
    1,
    0,
    0,
    0,
)  # the first moment that a ZIP archive can name: when a bundle is packed is nobody's business
_PIECE = 2**20
_stored = re.compile(r"[0-9a-f]{64}")
_named = re.compile(rb'(?<=")[0-9a-f]{64}(?=")')
_checkpoint = re.compile(r"\d{8}\.txt(?:\.sig)?", re.ASCII)


def bundle(folder: Path | str, target: Path | str, *, private: bool = False) -> Path:
    """Pack log, checkpoints, public keys, store and exports of a case, with `VERIFY.txt` and `verify.sh`.

    Private bodies, the internal write-up and files whose digest is withheld stay out unless `private`; private keys,
    torn lines, case.toml and anything else always do. Raises Tampered or Torn where the case does not check, Refused
    where `target` exists, or a file for others says a withheld digest.
    """
    folder, target = Path(folder), Path(target)
    if target.exists() or target.is_symlink():
        raise Refused(f"{target.name}: there is such a file already; expected a new name")
    report = check(folder, level=2)
    if wrong := [problem for problem in report.problems if problem.grave]:
        raise Tampered(f"the case is not packed, it does not check: {wrong[0].text}")
    log = Log.open(folder)
    partial = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
            for name, content in _contents(folder, log, private=private):
                _add(archive, f"{log.case}/{name}", content)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _contents(folder: Path, log: Log, *, private: bool) -> Iterator[tuple[str, bytes | Path]]:
    """Every file of the bundle by its name there, in a fixed order."""
    publics = [entry.body["public"] for entry in log if entry.kind == "key"]
    yield "VERIFY.txt", _explained(log)
    yield "verify.sh", resources.files("verify.log").joinpath("verify.sh").read_bytes()
    yield PLACE.as_posix(), locked.read(folder / PLACE)
    for path in sorted((folder / checkpoints.FOLDER).glob("*")):
        if _checkpoint.fullmatch(path.name):
            yield f"{checkpoints.FOLDER.as_posix()}/{path.name}", path
    if publics:
        yield (
            checkpoints.SIGNERS.as_posix(),
            checkpoints.signers(publics),
        )  # from the log: a .pub file may name its owner
    named = set(_named.findall(locked.read(folder / PLACE)))  # what no public line names is nobody's business
    if private:
        for entry in log:
            if entry.private is not None:
                name = f"log/private/{entry.seq:08d}.json"
                yield name, folder / name
    for name in sorted({entry.body["file"] for entry in log if entry.kind == "export"}):
        if (folder / name).is_file() and (private or name not in INTERNAL):
            if not private:
                _check_silent(folder / name, log)
            yield name, folder / name
    for path in sorted((folder / "store" / "sha256").glob("*/*")):
        if not (_stored.fullmatch(path.name) and path.parent.name == path.name[:2]):
            continue
        if private or path.name.encode() in named:
            yield f"store/sha256/{path.name[:2]}/{path.name}", path


def _check_silent(path: Path, log: Log) -> None:
    """Whether a file for others says no withheld digest. Raises Refused."""
    text = locked.read(path).decode("latin-1")
    if log.aliases.hide(text) != text:
        raise Refused(f"{path.name}: says what the log withholds; pack it with the private part, or write it anew")


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    info = zipfile.ZipInfo(name, _WHEN)
    info.create_system = 3  # Unix, wherever it is packed
    info.external_attr = (0o100755 if name.endswith(".sh") else 0o100644) << 16
    if isinstance(content, bytes):
        archive.writestr(info, content)
        return
    expected, hasher = locked.digest(content), hashlib.sha256()  # digest refuses links and what is no file
    info.file_size = content.stat().st_size
    with content.open("rb") as source, archive.open(info, "w") as packed:
        while piece := source.read(_PIECE):
            hasher.update(piece)
            packed.write(piece)
    if hasher.hexdigest() != expected or (_stored.fullmatch(content.name) and content.name != expected):
        raise Tampered(f"{name}: changed while it was packed")


def _explained(log: Log) -> bytes:
    text = resources.files("verify.log").joinpath("VERIFY.txt").read_text(encoding="utf-8")
    keys = sorted({entry.body["fingerprint"] for entry in log if entry.kind == "key"})
    told = Template(text).substitute(
        case=log.case, entries=len(log), head=log.head, keys=", ".join(keys) or "none, it is not signed"
    )
    return told.encode()
