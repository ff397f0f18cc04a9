import struct
import zlib

import numpy as np
import PIL.Image
import pytest

from tests.drawn import encode, scene
from verify import image
from verify.errors import Unreadable


def rotated(orientation: int) -> bytes:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    return encode(scene(1, 80, 60), exif=exif)


@pytest.mark.parametrize(("orientation", "size"), [(1, (80, 60)), (6, (60, 80)), (3, (80, 60)), (8, (60, 80))])
def test_pixels_are_upright(orientation, size):
    assert image.Image(rotated(orientation)).size == size


def test_scaled_decode_keeps_the_asked_side():
    data = encode(scene(2, 1600, 1200))
    small = image.decode(data, min_side=400, gray=True)
    assert small.shape == (300, 400)


def test_transparency_lies_over_white():
    clear = np.zeros((4, 4, 4), np.uint8)
    assert image.decode(encode(clear, "PNG")).min() == 255


def test_sixteen_bit_grey_is_scaled():
    deep = np.array([[0, 65535], [32768, 65535]], np.uint16)
    assert image.decode(encode(deep, "PNG"))[..., 0].tolist() == [[0, 255], [128, 255]]


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


BAD = {
    "empty": b"",
    "text": b"hello, this is not a picture",
    "truncated": encode(scene(3))[:2000],
    "zero by zero": png(0, 0),
    "enormous": png(60_000, 60_000),
    "cut png": encode(scene(3), "PNG")[:900],
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "scan bomb": encode(scene(4), progressive=True)[:-2]
    + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00" * 3000
    + b"\xff\xd9",
}


@pytest.mark.parametrize("case", BAD)
def test_bad_bytes_give_one_sentence_naming_the_file(case):
    with pytest.raises(Unreadable, match=r"^leak\.jpg: .*expected") as caught:
        image.decode(BAD[case], "leak.jpg")
    assert "\n" not in str(caught.value)


def test_a_video_behind_the_picture_is_no_scan_bomb():
    data = encode(scene(5, 64, 64)) + b"\xff\xda\x00\x02" * 500
    assert image.decode(data).shape == (64, 64, 3)


def test_links_pipes_and_folders_are_refused(tmp_path):
    import os

    (tmp_path / "real.jpg").write_bytes(encode(scene(6, 32, 32)))
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    for name in ("link.jpg", "pipe.jpg", "missing.jpg", "."):
        with pytest.raises(Unreadable):
            image.open(tmp_path / name)


def test_derived_features_outlive_the_pixels():
    opened = image.Image(encode(scene(7, 64, 64)))
    first = opened.derive("mean-1", lambda picture: {"mean": picture.pixels.mean(axis=(0, 1))})
    opened.release()
    assert opened.derive("mean-1", lambda _: pytest.fail("computed twice")) is first
