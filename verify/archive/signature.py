"""What the archive keeps of a picture: digests, hashes, a thumbnail and local features; made in the guarded child."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from verify import guard, image
from verify.archive import agreement, features, hashing, learned, panels
from verify.archive.features import Features
from verify.errors import Refused

Arrays = dict[str, npt.NDArray[np.generic]]

METHOD = f"signature-2, {features.METHOD}"
DECODED_SIDE = 500  # a JPEG of 12 megapixels is decoded at 1/8 (504 pixels), which costs a quarter of the full decode
DECODED = "luma, longer side at least 500"


@dataclass(frozen=True, slots=True)
class Signature:
    """One picture: its `full` upright width and height and those of the `work` image, in pixels.

    `luma` is the SHA-256 of the decoded luma, `pdq` [8 x 32 bytes] one row an orientation, `thumbnail` luma of at most
    160 x 160 pixels. `boxes` [N x 4: x, y, width, height in the work image] are the pictures inside it, and `panels`
    [N x 32 bytes] the PDQ of each. `deflated` [bytes] is the work image, or nothing without local features;
    `vector` [D] that of a learned `model`, which its digest names, or nothing.
    """

    digest: str
    full: tuple[int, int]
    work: tuple[int, int]
    luma: str
    pdq: npt.NDArray[np.uint8]
    quality: int
    phash: bytes
    dhash: bytes
    boxes: npt.NDArray[np.int32]
    panels: npt.NDArray[np.uint8]
    thumbnail: npt.NDArray[np.uint8]
    deflated: npt.NDArray[np.uint8]
    features: Features
    vector: learned.Vectors = field(default_factory=lambda: learned.NONE)
    model: str = ""

    def work_image(self) -> npt.NDArray[np.uint8]:
        """The work image [H x W], luma. Raises Refused where what is kept of it is damaged or nothing."""
        width, height = self.work
        try:
            rows = zlib.decompressobj().decompress(self.deflated.tobytes(), width * height)
            shaped = np.frombuffer(rows, np.uint8).reshape(height, width)
        except (zlib.error, ValueError) as error:
            raise Refused(f"{self.digest[:16]}: its work image is missing or damaged; expected {self.work}") from error
        return np.cumsum(shaped, axis=0, dtype=np.uint8)

    def pack(self) -> Arrays:
        """Arrays alone, as the guard and `Image.derive` carry them."""
        points, sizes, angles, codes = self.features.arrays()
        return {
            "digests": np.array([self.digest, self.luma, self.model]),
            "numbers": np.array([*self.full, *self.work, self.quality]),
            "pdq": self.pdq,
            "phash": np.frombuffer(self.phash, np.uint8),
            "dhash": np.frombuffer(self.dhash, np.uint8),
            "boxes": self.boxes,
            "panels": self.panels,
            "thumbnail": self.thumbnail,
            "deflated": self.deflated,
            "points": points,
            "sizes": sizes,
            "angles": angles,
            "codes": codes,
            "vector": self.vector,
        }

    @classmethod
    def unpack(cls, value: Mapping[str, Any]) -> Signature:
        """The signature that `pack` wrote."""
        digest, luma, model = map(str, value["digests"])
        width, height, work_width, work_height, quality = map(int, value["numbers"])
        return cls(
            digest=digest,
            full=(width, height),
            work=(work_width, work_height),
            luma=luma,
            pdq=value["pdq"],
            quality=quality,
            phash=value["phash"].tobytes(),
            dhash=value["dhash"].tobytes(),
            boxes=value["boxes"],
            panels=value["panels"],
            thumbnail=value["thumbnail"],
            deflated=value["deflated"],
            features=Features(*(value[name] for name in ("points", "sizes", "angles", "codes"))),
            vector=value["vector"],
            model=model,
        )


def signature_of(picture: image.Image) -> Signature:
    """The signature of an opened picture, made once. Raises Unreadable."""
    return Signature.unpack(picture.derive(METHOD, lambda opened: sign(opened.data, opened.name).pack()))


def sign(data: bytes, name: str = "", *, local: bool = True, model: str | None = None) -> Signature:
    """The signature of a file's bytes; `local=False` leaves the local features out. Raises Unreadable.

    `model` is the path of a learned model whose vector is added. Raises Refused where it does not run.
    """
    decoded, full = image.scaled(data, name, DECODED_SIDE, gray=True)
    signed = sign_luma(decoded, hashlib.sha256(data).hexdigest(), full, local=local)
    if model is None:
        return signed
    vector = learned.embed(image.decode(data, name, min_side=learned.SIDE), model)
    return replace(signed, vector=vector, model=learned.identity(model))


def sign_luma(
    luma: npt.NDArray[np.uint8], digest: str, full: tuple[int, int] | None = None, *, local: bool = True
) -> Signature:
    """The signature of upright luma [H x W] that was decoded already."""
    work = features.work_image(luma)
    found = hashing.pdq(luma)
    phash, dhash = hashing.imagehash_of(luma)
    boxes = panels.panels(work)
    return Signature(
        digest=digest,
        full=full or (luma.shape[1], luma.shape[0]),
        work=(work.shape[1], work.shape[0]),
        luma=hashlib.sha256(np.array(luma.shape, "<u4").tobytes() + luma.tobytes()).hexdigest(),
        pdq=found.bits,
        quality=found.quality,
        phash=phash,
        dhash=dhash,
        boxes=np.array(boxes, np.int32).reshape(-1, 4),
        panels=panels.hashes(work, boxes),
        thumbnail=features.work_image(work, agreement.SIDE),
        deflated=deflate(work) if local else np.zeros(0, np.uint8),
        features=features.extract(work) if local else features.NONE,
    )


def deflate(work: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A work image without loss, in about half of its bytes: what each row differs by from the row above."""
    rows = np.diff(work, axis=0, prepend=np.zeros((1, work.shape[1]), np.uint8))
    packer = zlib.compressobj(1, strategy=zlib.Z_RLE)
    return np.frombuffer(packer.compress(rows.tobytes()) + packer.flush(), np.uint8)


def sign_file(path: str, local: bool = True, model: str | None = None) -> Arrays:
    """The guard's job: a file's signature, packed. Raises Unreadable."""
    cv2.setNumThreads(1)
    opened = image.open(path)
    return sign(opened.data, opened.name, local=local, model=model).pack()


def sign_guarded(path: Path, model: str | None = None) -> Signature:
    """A file's signature, made in a guarded child. Raises Unreadable or GuardError."""
    with guard.Guard() as child:
        return Signature.unpack(child.call(f"{__name__}:sign_file", path=str(path), model=model))


def same_pixels(path: str, other: str) -> bool:
    """The guard's job: whether two files decode to the same upright pixels. Raises Unreadable."""
    return bool(np.array_equal(image.open(path).pixels, image.open(other).pixels))
