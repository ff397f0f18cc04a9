"""What a file says of itself, as found: tags, blocks, structure and problems. Values only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Value = None | bool | int | float | str | tuple["Value", ...]

MAX_TAGS = 20_000  # a photograph has a few hundred; a hostile file must not fill the memory with tags
MAX_TEXT = 65_536  # characters of one value
_NUMBER = re.compile(r"-?(?:\d|[1-9]\d{1,14})(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")


@dataclass(frozen=True, slots=True)
class Tag:
    """One statement of the file. `group` and `name` are ExifTool's (family 1), `value` what its `-n` prints.

    `raw` is the value before any conversion, `offset` where it stands in the file (bytes from its start; of XMP, where
    its packet stands; None inside compressed data), `reader` who read it.
    """

    group: str
    name: str
    value: Value
    raw: str = ""
    offset: int | None = None
    reader: str = "built-in"

    @property
    def key(self) -> str:
        """`group:name`."""
        return f"{self.group}:{self.name}"

    def to_json(self) -> dict[str, Any]:
        """The tag as `verify metadata --json` prints it."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {
            "group": self.group,
            "name": self.name,
            "value": value,
            "raw": self.raw,
            "offset": self.offset,
            "reader": self.reader,
        }


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the file with a meaning of its own: `kind` is "exif", "xmp", "iptc", "icc", "jumbf", "trailer" …"""

    kind: str
    data: bytes = field(repr=False)
    offset: int | None = None  # None: the bytes do not lie in one piece in the file
    inside: str = ""  # the kind of the block that holds it


@dataclass(frozen=True, slots=True)
class Embedded:
    """A picture inside the file: thumbnail or preview, `data` as stored."""

    name: str  # "IFD1:ThumbnailImage"
    data: bytes = field(repr=False)
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Jpeg:
    """The skeleton of a JPEG (ITU-T T.81)."""

    markers: tuple[str, ...]  # in file order, runs of the same marker kept: "SOI", "APP1", "DQT", "SOF0" …
    process: str  # "baseline", "extended", "progressive", "lossless" …
    width: int
    height: int
    precision: int  # bits of a sample
    components: tuple[tuple[int, int, int, int], ...]  # id, horizontal and vertical sampling, quantisation table
    subsampling: str  # "4:2:0", "4:2:2", "4:4:4", "4:4:0", "4:1:1", "grey", or the factors
    quantisation: tuple[tuple[int, tuple[int, ...]], ...]  # table number, 64 steps in row order
    quality: int | None  # nearest quality of the Independent JPEG Group's tables, 1 to 100
    quality_exact: bool  # whether the tables are exactly those
    huffman: str  # "standard", "optimised", "mixed" or "none"
    huffman_digest: str  # first 16 hex digits of the SHA-256 of the DHT bodies
    restart_interval: int
    scans: int
    end: int | None  # offset behind the end-of-image marker

    def to_json(self) -> dict[str, Any]:
        """As `verify metadata --json` prints it."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "quantisation"} | {
            "quantisation": [{"number": number, "steps": list(steps)} for number, steps in self.quantisation]
        }


@dataclass(frozen=True, slots=True)
class Metadata:
    """Everything read from one file, in file order, nothing interpreted."""

    format: str  # "JPEG", "PNG", "WebP", "TIFF", "GIF", "HEIC", "AVIF", "BMP", or "" where unknown
    size: int  # bytes
    tags: tuple[Tag, ...] = ()
    jpeg: Jpeg | None = None
    blocks: tuple[Block, ...] = ()
    embedded: tuple[Embedded, ...] = ()
    problems: tuple[str, ...] = ()
    width: int = 0  # as the image data say, before any orientation; 0 where unknown
    height: int = 0

    def all(self, *keys: str) -> tuple[Tag, ...]:
        """Tags with one of these keys, in the order of the keys; a key is `group:name`, `group:*` or `*:name`."""
        found: list[Tag] = []
        for key in keys:
            group, _, name = key.partition(":")
            found += [t for t in self.tags if group in {t.group, "*"} and name in {t.name, "*"} and t not in found]
        return tuple(found)

    def first(self, *keys: str) -> Tag | None:
        """The first tag that has a value, in the order of the keys."""
        return next((tag for tag in self.all(*keys) if tag.value not in {"", None}), None)

    def text(self, *keys: str) -> str:
        """The text of `first`, stripped, or ""."""
        tag = self.first(*keys)
        return text_of(tag).strip() if tag else ""

    def number(self, *keys: str) -> float | None:
        """The number of `first`, or None where it is no number."""
        tag = self.first(*keys)
        value = tag.value if tag else None
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def block(self, kind: str) -> tuple[Block, ...]:
        """Blocks of one kind."""
        return tuple(block for block in self.blocks if block.kind == kind)

    @property
    def groups(self) -> frozenset[str]:
        """Names of all groups that have a tag."""
        return frozenset(tag.group for tag in self.tags)


def text_of(tag: Tag) -> str:
    """A tag's value as text: the text itself where it is one, even where it reads like a number."""
    if isinstance(tag.value, tuple):
        return ", ".join(str(part) for part in tag.value)
    return tag.raw if isinstance(tag.value, int | float) and tag.raw else str(tag.value)


def plain(text: str) -> Value:
    """Text as ExifTool's JSON shows it: what reads as a number or a truth value is one. `Tag.raw` keeps the letters."""
    if len(text) < 40 and _NUMBER.fullmatch(text):
        number = float(text)
        return int(text) if number == int(number) and re.fullmatch(r"-?\d+", text) else shortest(number)
    return text.lower() == "true" if text.lower() in {"true", "false"} else text[:MAX_TEXT]


def shortest(number: float) -> int | float:
    """An integer where the number is one."""
    return int(number) if number == int(number) and abs(number) < 2**53 else number
