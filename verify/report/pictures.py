"""The only door by which pictures leave a case: decoded in the guarded child, blurred, scaled, encoded afresh."""

from __future__ import annotations

import base64
import io
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.errors import EvidenceError, Unreadable
from verify.guard import Guard
from verify.model import Finding

if TYPE_CHECKING:
    from verify.figures import View
    from verify.image import Pixels
    from verify.store import Store

LONGEST = 1080  # pixels kept of a picture: what a figure shows at most
QUALITY = 74  # of JPEG: cracks and letters stay readable at a tenth of the bytes of quality 95
HELD = 24  # decoded pictures held at once, about 3 MB each


def export_image(pixels: Pixels, *, quality: int = QUALITY) -> bytes:
    """A JPEG of these pixels (RGB uint8 [H x W x 3]) and nothing else: no metadata, no bytes of any original."""
    import PIL.Image

    packed = io.BytesIO()
    PIL.Image.fromarray(pixels).save(packed, "JPEG", quality=quality, optimize=True)
    return packed.getvalue()


def data_uri(jpeg: bytes) -> str:
    """What `src=` of a self-contained page takes."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture as it may be shown: scaled `pixels`, and the upright `size` in pixels that the original has."""

    pixels: Pixels
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure, and whether it shows a part of the picture once more from nearby."""

    jpeg: bytes
    near: bool


class Album:
    """Pictures of a case's store by digest; those in `graphic` only ever come out blurred."""

    def __init__(self, store: Store, graphic: frozenset[str], guard: Guard) -> None:
        self._store = store
        self._graphic = graphic
        self._guard = guard
        self._held: OrderedDict[str, Shown | None] = OrderedDict()
        self.unable: dict[str, str] = {}  # why a picture cannot be shown, by digest

    def get(self, digest: str) -> Shown | None:
        """The picture, or None where the store does not hold it or it cannot be read."""
        if digest not in self._held:
            self._held[digest] = self._opened(digest)
            if len(self._held) > HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(digest)
        return self._held[digest]

    def _opened(self, digest: str) -> Shown | None:
        from verify import figures

        try:
            if digest not in self._store:
                raise Unreadable("the store of the case does not hold it")
            found = self._guard.call(_OPEN, path=str(self._store.path(digest)), longest=LONGEST)
            if found["digest"] != digest:
                raise Unreadable("the file in the store is not the one that the log names")
        except EvidenceError as error:
            self.unable[digest] = str(error)
            return None
        pixels = figures.blur(found["pixels"]) if digest in self._graphic else found["pixels"]
        return Shown(pixels, (found["size"][0], found["size"][1]))

    def thumbnail(self, digest: str, longest: int = 240) -> bytes | None:
        """A small JPEG, or None."""
        from verify import figures

        shown = self.get(digest)
        return export_image(figures.fit(shown.pixels, longest), quality=68) if shown else None

    def figure(self, digest: str, finding: Finding) -> Drawn | None:
        """The finding drawn on the picture and on what it was compared with; None where one is missing."""
        from verify import figures

        shown = self.get(digest)
        other = self.get(finding.against.digest) if finding.against else None
        if not shown or (finding.against and not other):
            return None
        picture = figures.View.whole(shown.pixels, shown.size)
        against = figures.View.whole(other.pixels, other.size) if other else None
        near = self._near(digest, finding, shown)
        return Drawn(export_image(figures.draw(picture, finding, against, near=near)), near is not None)

    def _near(self, digest: str, finding: Finding, shown: Shown) -> View | None:
        """The place of a small find, from the original's own pixels; never of a picture that must be blurred."""
        from verify import figures

        box = figures.focus(finding, shown.size)
        if not box or digest in self._graphic:
            return None
        try:
            found = self._guard.call(_OPEN, path=str(self._store.path(digest)), longest=LONGEST // 2, box=list(box))
        except EvidenceError:
            return None
        return figures.View(found["pixels"], *box)


# --- in the child -----------------------------------------------------------------------------------------------------

_OPEN = f"{__name__}:opened"


def opened(path: str, longest: int, box: list[int] | None = None) -> Mapping[str, Any]:
    """Upright pixels, or a box of them, scaled down; the original's size; the digest of the bytes they came from."""
    from verify import figures, image

    picture = image.open(path, name="picture")
    pixels = picture.pixels
    if box:
        left, top, width, height = box
        pixels = pixels[top : top + height, left : left + width]
    return {"pixels": figures.fit(pixels, longest), "size": list(picture.size), "digest": picture.digest}
