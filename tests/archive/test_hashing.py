"""PDQ's numbers against values of the reference implementation, and what a hash promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drawn import scene
from verify.archive import Hash, hashing
from verify.errors import Refused


def differing(a, b):
    return int(np.unpackbits(a ^ b).sum())


# Size, quality and hash that pdqhash 0.2.8 gives for `pattern`; in the low ones every row is repeated, so that
# coefficients tie and the order of rounding decides; the 40 x 40 one is flat.
REFERENCE = [
    ((16, 241), 100, "ffffa5640d66d2b9506e0e74d56ed1058d2ad5a84e6274aa6ac52a597f90f800"),
    ((300, 200), 100, "f880fc00f800f802f820f945f810fc05ed00fc43f988facef988ff26fd87ff63"),
    ((64, 64), 100, "c0ff93ff9f803180af0e343fa1feb5e06955da47b68f8a7cb7c00a18f4c08a18"),
    ((5, 5), 8, "6b5a94a594a56b5a932664d99b669b2664d996a56b5a94a594a56b5a9b2664d9"),
    ((129, 1000), 100, "bfffbff7fffdc000ffbfffff000000000010ac221c109a16cc3c8ff28701bfb0"),
    ((8, 300), 100, "08cb07ff899e1a6f3ac47a72b6ab4a8a72e7b5754954858dc53be5907661f800"),
    ((40, 40), 0, "000000002c4b1134554b000011341134554b82000000554b554bcc532c4b1134"),
    ((600, 800), 51, "60ccb6696d14f0d76abd42faac8b336784db43c343065b568e49725a956b5e52"),
]


def pattern(height, width):
    """RGB by whole numbers alone: the same everywhere."""
    if (height, width) == (40, 40):
        return np.full((40, 40, 3), 90, np.uint8)
    y, x = np.mgrid[:height, :width]
    bands = [(x * x // (3 * k + 5) + y * (7 + k) + x * y // (k + 9)) % (200 + k * 17) for k in range(3)]
    return np.stack(bands, axis=2).astype(np.uint8)


@pytest.mark.parametrize(("size", "quality", "digits"), REFERENCE)
def test_hash_and_quality_are_those_of_the_reference_implementation(size, quality, digits):
    found = hashing.pdq_of_rgb(pattern(*size))
    assert (hashing.pdq_hex(found.bits[0]), found.quality) == (digits, quality)


def test_eight_orientations_are_those_of_the_turned_pictures():
    luma = scene(1, 300, 300).mean(axis=2)
    turned = hashing.pdq(luma).bits
    for row, (quarter, mirrored) in enumerate(zip(hashing.QUARTERS, [False] * 4 + [True] * 4, strict=True)):
        picture = np.rot90(luma[:, ::-1] if mirrored else luma, quarter)
        # the reference is not exactly symmetric either: its windows reach one pixel further to one side
        assert differing(hashing.pdq(picture).bits[0], turned[row]) <= 20, row
    assert min(differing(turned[0], turned[row]) for row in range(1, 8)) > 60


def test_a_resized_picture_keeps_its_hash_and_another_has_none_of_it():
    large, small = scene(2, 800, 600).mean(axis=2), scene(2, 800, 600)[::2, ::2].mean(axis=2)
    assert differing(hashing.pdq(large).bits[0], hashing.pdq(small).bits[0]) < 40
    assert differing(hashing.pdq(large).bits[0], hashing.pdq(scene(3).mean(axis=2)).bits[0]) > 80


@pytest.mark.parametrize("size", [(4, 300), (300, 4), (1, 1)])
def test_pictures_too_small_for_the_reference_have_no_quality(size):
    found = hashing.pdq(np.zeros(size))
    assert found.quality == 0
    assert not found.bits.any()


def test_a_flat_picture_has_no_quality():
    assert hashing.pdq(np.full((200, 200), 90)).quality == 0


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_hash_survives_its_text_and_distance_is_symmetric(a, b):
    one, other = Hash("pdq", a), Hash("pdq", b)
    assert Hash.parse(str(one)).bits == a
    assert one - other == other - one == differing(np.frombuffer(a, np.uint8), np.frombuffer(b, np.uint8))
    assert one - one == 0


def test_leading_zeros_are_kept():
    assert str(Hash("phash", bytes(7) + b"\x01")) == "phash:0000000000000001"


@pytest.mark.parametrize("text", ["pdq:00", "md5:" + "0" * 32, "phash:000000000000000g", "0" * 64, ""])
def test_what_is_no_hash_is_refused(text):
    with pytest.raises(Refused, match="is no hash"):
        Hash.parse(text)


def test_methods_do_not_mix():
    with pytest.raises(Refused, match="cannot be compared"):
        Hash("phash", bytes(8)) - Hash("dhash", bytes(8))


def test_phash_and_dhash_are_those_of_imagehash():
    imagehash = pytest.importorskip("imagehash")
    import PIL.Image

    luma = np.asarray(PIL.Image.fromarray(scene(4)).convert("L"))
    phash, dhash = hashing.imagehash_of(luma)
    assert phash.hex() == str(imagehash.phash(PIL.Image.fromarray(luma)))
    assert dhash.hex() == str(imagehash.dhash(PIL.Image.fromarray(luma)))
