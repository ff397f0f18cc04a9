"""What was computed of pictures, kept on disk by their digest, so that another process need not compute it again.

A cache, not a record: it may be deleted at any time, nothing in the log names it, and a rerun does not read it. A
picture can be roughly drawn again from its features, so only references are kept, never the evidence.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.image import Arrays


class Kept:
    """A folder of named arrays by digest and method, for pictures of these digests; others are not written.

    A method's name says its version and settings.
    """

    def __init__(self, folder: Path | str, digests: Iterable[str]) -> None:
        self.folder = Path(folder)
        self.digests = frozenset(digests)

    def read(self, digest: str, methods: Iterable[str] | None = None) -> dict[str, Arrays]:
        """What is kept of a picture, by method (all of them, or those asked for); empty where nothing readable is."""
        import numpy as np

        found: dict[str, Arrays] = {}
        wanted = None if methods is None else set(methods)
        try:
            with np.load(self._path(digest), allow_pickle=False) as stored:
                for key in stored.files:
                    method, _, name = key.rpartition("|")
                    if wanted is None or method in wanted:
                        found.setdefault(method, {})[name] = stored[key]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return {}
        return found

    def write(self, digest: str, derived: Mapping[str, Arrays]) -> None:
        """Keep what was derived, beside what is kept already; whole or not at all."""
        import numpy as np

        if digest not in self.digests:
            return

        told = self.read(digest) | dict(derived)
        arrays = {f"{method}|{name}": array for method, named in told.items() for name, array in named.items()}
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            np.savez(file, allow_pickle=False, **arrays)
        Path(file.name).replace(path)

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.npz"
