"""The one place where bytes become pixels: upright, capped, from an explicit list of formats."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import warnings
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from verify.errors import EvidenceError, Unreadable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import PIL.Image

    Pixels = npt.NDArray[np.uint8]
    Arrays = dict[str, npt.NDArray[np.generic]]

MAX_PIXELS = 64_000_000  # a 61-megapixel camera file passes; raise it per call for larger scans
MAX_BYTES = 512 * 2**20  # no single photograph comes near; keeps a 64 GB sparse file out of memory
MAX_SCANS = 100  # a progressive JPEG of libjpeg has about 10; 3,000 hang every decoder for minutes
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "GIF", "BMP", "HEIF", "AVIF")
_SAFE = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))  # what there is
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file; symbolic links, pipes and devices are refused.

    Raises Unreadable: missing, not a regular file, empty, or larger than `max_bytes`.
    """
    try:
        fd = os.open(path, os.O_RDONLY | _SAFE)
    except OSError as error:
        why = (
            "a symbolic link, expected the file itself"
            if path.is_symlink()
            else (error.strerror or "no access").lower()
        )
        raise Unreadable(f"{path.name}: cannot be opened: {why}") from error
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(f"{path.name}: not a regular file; expected a picture")
        if status.st_size > max_bytes:
            raise Unreadable(f"{path.name}: {status.st_size} bytes; expected at most {max_bytes}")
        with os.fdopen(fd, "rb", closefd=False) as file:
            data = file.read(max_bytes + 1)
    finally:
        os.close(fd)
    if not data:
        raise Unreadable(f"{path.name}: the file is empty; expected a picture")
    return data


class Image:
    """Evidence opened: raw bytes at once, pixels when first asked for.

    `pixels` is upright RGB uint8 [H x W x 3]; `gray` is upright luma uint8 [H x W]; `data` are the bytes as received.
    """

    def __init__(self, data: bytes, name: str = "", *, max_pixels: int = MAX_PIXELS) -> None:
        self.data = data
        self.name = name
        self.max_pixels = max_pixels
        self.digest = hashlib.sha256(data).hexdigest()
        self.derived: dict[str, Arrays] = {}  # features by name of the method that made them; see `derive`

    @cached_property
    def pixels(self) -> Pixels:
        """Upright RGB uint8 [H x W x 3]; transparent areas over white. Raises Unreadable."""
        return decode(self.data, self.name, max_pixels=self.max_pixels)

    @cached_property
    def gray(self) -> Pixels:
        """Upright luma uint8 [H x W] (ITU-R BT.601), computed from `pixels` so that there is one decode path."""
        import numpy as np
        import PIL.Image

        return np.asarray(PIL.Image.fromarray(self.pixels).convert("L"))

    @cached_property
    def opacity(self) -> Pixels:
        """Upright opacity uint8 [H x W]; 255 everywhere where the file has no transparency. Raises Unreadable."""
        import numpy as np
        import PIL.ImageOps

        with _opened(self.data, self.name, self.max_pixels) as opened:
            return np.array(PIL.ImageOps.exif_transpose(opened).convert("RGBA").getchannel("A"))

    @property
    def size(self) -> tuple[int, int]:
        """Upright width and height, pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def release(self) -> None:
        """Forget the pixels, which can be decoded again; what was derived stays."""
        self.__dict__.pop("pixels", None)
        self.__dict__.pop("gray", None)

    def derive(self, method: str, compute: Callable[[Image], Arrays]) -> Arrays:
        """What `compute` makes of this picture, computed once; `method` names the algorithm, version and settings."""
        if method not in self.derived:
            self.derived[method] = compute(self)
        return self.derived[method]


def open(path: Path | str, *, name: str | None = None, max_pixels: int = MAX_PIXELS) -> Image:
    """Open a file as evidence. Raises Unreadable where the bytes cannot be had; pixels are decoded when asked for."""
    path = Path(path)
    return Image(read_bytes(path), path.name if name is None else name, max_pixels=max_pixels)


def decode(
    data: bytes,
    name: str = "",
    *,
    min_side: int | None = None,
    gray: bool = False,
    max_pixels: int = MAX_PIXELS,
    over: str = "white",
) -> Pixels:
    """Upright pixels of a file's bytes: RGB uint8 [H x W x 3], or luma [H x W] with `gray`.

    `min_side` lets a JPEG be decoded at 1/2, 1/4 or 1/8 as long as the longer side keeps at least so many pixels
    (libjpeg's scaled DCT); `over` is the colour that shows through where the picture is transparent.
    Raises Unreadable with one sentence naming the file and what was expected.
    """
    return scaled(data, name, min_side, gray=gray, max_pixels=max_pixels, over=over)[0]


def scaled(
    data: bytes,
    name: str,
    min_side: int | None,
    *,
    gray: bool = False,
    max_pixels: int = MAX_PIXELS,
    over: str = "white",
) -> tuple[Pixels, tuple[int, int]]:
    """What `decode` gives, and the upright width and height of the whole picture, pixels. Raises Unreadable."""
    import numpy as np
    import PIL.ImageOps

    with _opened(data, name, max_pixels) as opened:
        width, height = opened.size
        if min_side:
            shrink = max(1, max(opened.size) // min_side)
            opened.draft("L" if gray else "RGB", (max(1, opened.width // shrink), max(1, opened.height // shrink)))
        opened.load()
        pixels = np.array(_flatten(PIL.ImageOps.exif_transpose(opened), "L" if gray else "RGB", over))
        turned = (width > height) != (pixels.shape[1] > pixels.shape[0])
        return pixels, (height, width) if turned else (width, height)


@contextlib.contextmanager
def _opened(data: bytes, name: str, max_pixels: int) -> Iterator[PIL.Image.Image]:
    """Pillow's view of the bytes, within the caps; whatever goes wrong inside the block becomes Unreadable."""
    import PIL.Image

    _refuse_scan_bomb(data, name)
    _register_heif(data, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning about odd metadata is no reason to lose the pixels
        try:
            with PIL.Image.open(io.BytesIO(data), formats=_formats()) as opened:
                width, height = opened.size
                if width * height > max_pixels:
                    raise Unreadable(
                        f"{name}: {width} x {height} is {width * height / 1e6:.0f} megapixels; "
                        f"expected at most {max_pixels / 1e6:.0f} (settable)"
                    )
                yield opened
        except (EvidenceError, MemoryError):
            raise
        except PIL.UnidentifiedImageError as error:
            raise Unreadable(f"{name}: not a picture in a known format; expected {', '.join(FORMATS)}") from error
        except Exception as error:
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise Unreadable(f"{name}: damaged or truncated picture ({reason}); expected one that decodes") from error


def probe(data: bytes, name: str = "", *, max_pixels: int = MAX_PIXELS) -> tuple[str, int, int]:
    """Format, width and height (as stored, pixels) from the header alone. Raises Unreadable."""
    with _opened(data, name, max_pixels) as opened:
        return str(opened.format), *opened.size


def _flatten(picture: PIL.Image.Image, mode: str, over: str) -> PIL.Image.Image:
    """The picture in `mode`: 16-bit data scaled, transparency over the colour `over`."""
    import PIL.Image

    if picture.mode in {"I;16", "I;16B", "I;16L", "I", "F"}:
        import numpy as np

        values = np.asarray(picture, dtype=np.float64)
        top = 65535.0 if values.size and values.max() > 255 else 255.0
        picture = PIL.Image.fromarray((np.clip(values / top, 0, 1) * 255).round().astype(np.uint8))
    if picture.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        picture = PIL.Image.alpha_composite(PIL.Image.new("RGBA", clear.size, over), clear)
    return picture.convert(mode) if picture.mode == mode or mode == "RGB" else picture.convert("RGB").convert(mode)


def _formats() -> list[str]:
    import PIL.Image

    PIL.Image.init()
    return [name for name in FORMATS if name in PIL.Image.OPEN]  # Pillow raises KeyError on a name it lacks


def _register_heif(data: bytes, name: str) -> None:
    if data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS:
        try:
            import pillow_heif  # type: ignore[import-untyped, unused-ignore]
        except ImportError as error:
            raise Unreadable(f"{name}: a HEIC picture; install `image-evidence[heif]` to read it") from error
        pillow_heif.register_heif_opener()


def _refuse_scan_bomb(data: bytes, name: str) -> None:
    """Each scan of a progressive JPEG costs a pass over the whole picture, whatever its few bytes."""
    suspicious = data[:2] == b"\xff\xd8" and data.count(b"\xff\xda") > MAX_SCANS
    if suspicious and _scans(data) > MAX_SCANS:  # a video behind the picture holds these two bytes by chance
        raise Unreadable(f"{name}: a JPEG with over {MAX_SCANS} scans, made to keep decoders busy; expected about 10")


def _scans(data: bytes) -> int:
    """Scans before the end-of-image marker (ITU-T T.81, annex B)."""
    scans, at = 0, 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker == 0xD9:
            break
        scans += marker == 0xDA
        bare = marker in {0x00, 0x01, 0xFF} or 0xD0 <= marker <= 0xD8  # no length follows
        at += (1 if marker == 0xFF else 2) if bare else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return scans
