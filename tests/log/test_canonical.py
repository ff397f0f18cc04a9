"""The canonical form: one value, one line, made again by other hands."""

import json
import math
import shutil
import subprocess

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.errors import Refused
from verify.log.canonical import NotCanonical, decimal, decode, encode, pack, unpack

TEXT = st.text(st.characters(categories=None), max_size=20) | st.sampled_from(
    [
        "0.5",
        "-1.25e-07",
        "1e+16",
        "nan",
        "inf",
        "-inf",
        "9007199254740993e+0",
        "\\",
        "\\u0041",
        "\\U0001f600",
        "\ud83d\ude00",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def as_logged(value):
    """What the log gives back: floats rounded to twelve digits; a "not a number" made comparable."""
    if isinstance(value, float):
        return "is nan" if math.isnan(value) else float(f"{value:.12g}")
    if isinstance(value, list):
        return [as_logged(item) for item in value]
    if isinstance(value, dict):
        return {key: as_logged(item) for key, item in value.items()}
    return value


@given(VALUES)
def test_every_value_is_read_back(value):
    line = encode(pack(value))

    assert as_logged(unpack(decode(line))) == as_logged(value)
    assert type(unpack(decode(line))) is type(value)


@given(VALUES)
def test_the_bytes_are_those_of_rfc_8785(value):
    plain = pack(value)

    assert encode(plain) == rfc8785.dumps(plain)


@given(TEXT, TEXT)
def test_two_texts_never_log_alike(one, two):
    assert (encode(pack(one)) == encode(pack(two))) == (one == two)


@given(TEXT)
def test_a_text_never_logs_as_a_number(text):
    assert isinstance(unpack(pack(text)), str)


@given(VALUES)
def test_nothing_in_a_line_moves_a_terminal_or_breaks_it(value):
    text = encode(pack(value)).decode()

    assert text.isprintable() or all(c.isprintable() or c in "\u00ad\u200b\u200c\u200d" or ord(c) > 0x9F for c in text)
    assert len(text.splitlines()) == 1


@pytest.mark.skipif(not shutil.which("jq"), reason="jq not installed")
def test_jq_makes_every_character_again():
    every = [chr(code) for code in range(0x10000)] + [chr(code) for code in range(0x10000, 0x110000, 997)]
    lines = b"".join(
        encode(pack({"k": "".join(every[at : at + 500]), "".join(every[at : at + 9]): at, "n": -(2**53) + 1 + at}))
        + b"\n"
        for at in range(0, len(every), 500)
    )

    again = subprocess.run(["jq", "-cS", "."], input=lines, capture_output=True, check=True).stdout

    assert again == lines


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_decimal_keeps_twelve_digits_and_is_its_own_decimal(number):
    text = decimal(number)

    assert math.isclose(float(text), number, rel_tol=1e-11) or number == 0 or math.isinf(float(text))
    assert decimal(float(text)) == text
    assert "." in text or "e" in text or "inf" in text


def test_the_same_number_from_two_roundings_is_one_decimal():
    assert decimal(0.1 + 0.2) == decimal(0.3) == "0.3"
    assert decimal(-0.0) == decimal(0.0) == "0.0"
    assert decimal(1e16) == "1e+16"


def test_numbers_of_numpy_are_numbers():
    numpy = pytest.importorskip("numpy")

    assert pack([numpy.float32(0.5), numpy.int64(3), numpy.float64(0.25)]) == ["0.5", 3, "0.25"]
    assert pack(numpy.bool_(True).item()) is True


def test_too_deep_is_refused_before_it_is_written():
    value = []
    for _ in range(70):
        value = [value]

    with pytest.raises(Refused, match="nested"):
        pack(value)


@settings(max_examples=300)
@given(
    st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
)
def test_reading_takes_the_canonical_form_or_nothing(line):
    try:
        plain = decode(line)
    except NotCanonical:
        return
    assert encode(plain) == line
