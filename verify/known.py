"""The shelf: reference pictures by kind, each with its source, its date and who vouches for it."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from verify import image
from verify.errors import Refused
from verify.model import Against

KINDS = ("flags", "emblems", "rooms", "clothing")
SUFFIXES = frozenset([".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".heic", ".heif", ".avif"])


@dataclass(frozen=True, slots=True)
class Reference:
    """One known picture. `name` is what it shows ("Lobby of station 7"); several references may share a name."""

    kind: str
    name: str
    path: str
    digest: str  # SHA-256 of the file
    source: str = ""
    vouched_by: str = ""
    taken: str = ""  # when the picture was taken, as ISO 8601 or as far as known

    def open(self) -> image.Image:
        """The reference as an image; opened once a process. Raises Unreadable, or Refused if the file has changed."""
        return _open(self.path, self.digest)

    @property
    def against(self) -> Against:
        """What a finding says that it was measured against."""
        return Against(self.digest, self.name)


@lru_cache(maxsize=64)
def _open(path: str, digest: str) -> image.Image:
    opened = image.open(path)
    if opened.digest != digest:
        raise Refused(f"{Path(path).name}: the reference has changed since it was put on the shelf")
    return opened


@dataclass(frozen=True, slots=True)
class Known:
    """References by kind; the national flags that ship with the toolkit are not among them."""

    flags: tuple[Reference, ...] = ()
    emblems: tuple[Reference, ...] = ()
    rooms: tuple[Reference, ...] = ()
    clothing: tuple[Reference, ...] = ()

    def __iter__(self) -> Iterator[Reference]:
        for kind in KINDS:
            yield from getattr(self, kind)

    @classmethod
    def of(cls, references: Iterator[Reference] | tuple[Reference, ...] | list[Reference]) -> Known:
        """A shelf of these references."""
        shelf: dict[str, list[Reference]] = {kind: [] for kind in KINDS}
        for reference in references:
            if reference.kind not in shelf:
                raise Refused(f"{reference.kind!r} is not a kind of known picture; expected one of {', '.join(KINDS)}")
            shelf[reference.kind].append(reference)
        return cls(**{kind: tuple(items) for kind, items in shelf.items()})

    @classmethod
    def from_folder(cls, folder: Path | str) -> Known:
        """A shelf from a folder: `KIND/NAME.jpg` or `KIND/NAME/*.jpg`; `known.toml` beside them may say more.

        known.toml: a table per "KIND/NAME" with `source`, `vouched_by` and `taken`. Raises Refused.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise Refused(f"{folder.name}: no such folder of known pictures; expected {', '.join(KINDS)} inside it")
        told = tomllib.loads((folder / "known.toml").read_text()) if (folder / "known.toml").is_file() else {}
        found = []
        for kind in KINDS:
            for path in sorted((folder / kind).rglob("*")):
                if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
                    inside = path.relative_to(folder / kind)
                    name = inside.parts[0] if len(inside.parts) > 1 else path.stem
                    digest = hashlib.sha256(image.read_bytes(path)).hexdigest()
                    found.append(Reference(kind, name, str(path), digest, **told.get(f"{kind}/{name}", {})))
        return cls.of(found)

    def to_json(self) -> list[dict[str, Any]]:
        """A JSON list that `from_json` reads back."""
        return [asdict(reference) for reference in self]

    @classmethod
    def from_json(cls, value: Sequence[Mapping[str, Any]]) -> Known:
        """The shelf that `to_json` wrote."""
        return cls.of([Reference(**item) for item in value])
