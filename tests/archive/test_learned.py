"""The learned tier: it proposes, the same confirmation decides; without onnxruntime it is one sentence."""

import importlib.util

import numpy as np
import pytest

from tests.archive import edits
from tests.drawn import encode, scene
from verify.archive import add_files, find_duplicates, look_up, model_file, opened, sign, sign_guarded
from verify.archive.duplicates import propose
from verify.errors import Refused
from verify.model import Answer

HERE = importlib.util.find_spec("onnxruntime") is not None
runs = pytest.mark.skipif(not HERE, reason="onnxruntime, the optional learned tier, is not installed")


def number(value):
    """A variable-length integer of protocol buffers."""
    done = b""
    while value > 127:
        done, value = done + bytes([value & 127 | 128]), value >> 7
    return done + bytes([value])


def part(field, content):
    """A field of protocol buffers: a number, or bytes with their length."""
    if isinstance(content, int):
        return number(field << 3) + number(content)
    content = content.encode() if isinstance(content, str) else content
    return number(field << 3 | 2) + number(len(content)) + content


def value(name, shape):
    dimensions = b"".join(part(1, part(1, size)) for size in shape)
    return part(1, name) + part(2, part(1, part(1, 1) + part(2, dimensions)))


def node(kind, taken, given, **lists):
    attributes = b"".join(
        part(5, part(1, name) + b"".join(part(8, one) for one in ints) + part(20, 7)) for name, ints in lists.items()
    )
    return part(1, taken) + part(2, given) + part(4, kind) + attributes


def model(file, side=32):
    """The mean colours of 4 x 4 places: ONNX of two nodes, written by hand."""
    pool = node("AveragePool", "picture", "pooled", kernel_shape=[side // 4] * 2, strides=[side // 4] * 2)
    graph = part(1, pool) + part(1, node("Flatten", "pooled", "vector")) + part(2, "mean")
    graph += part(11, value("picture", (1, 3, side, side))) + part(12, value("vector", (1, 48)))
    file.write_bytes(part(1, 8) + part(7, graph) + part(8, part(2, 13)))
    return file


@pytest.mark.skipif(HERE, reason="onnxruntime is installed")
def test_without_onnxruntime_it_says_what_to_install(tmp_path):
    with pytest.raises(Refused, match=r"install `image-evidence\[learned\]`"):
        model_file(str(tmp_path / "model.onnx"))


@runs
def test_a_model_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refused, match=r"gone\.onnx: no such model"):
        model_file(str(tmp_path / "gone.onnx"))


@runs
def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"no model")
    with pytest.raises(Refused, match=r"no\.onnx: no ONNX model"):
        sign(encode(scene(300)), model=str(tmp_path / "no.onnx"))


@runs
def test_a_vector_has_unit_length_and_names_its_model(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encode(scene(300)))
    mean = str(model(tmp_path / "mean.onnx"))
    signed = sign_guarded(tmp_path / "a.jpg", mean)  # in the guarded child, without a network
    assert signed.vector.shape == (48,)
    assert np.linalg.norm(signed.vector.astype(float)) == pytest.approx(1, abs=0.01)
    assert len(signed.model) == 16
    assert sign(encode(scene(300))).model == ""


@runs
def test_the_model_proposes_and_the_confirmation_decides(tmp_path):
    """Soft pictures of like colours have no local features in common, and nothing else proposes them."""
    mean = str(model(tmp_path / "mean.onnx"))
    pictures = [np.full((240, 320, 3), 60, np.uint8) for _ in range(2)]
    for n, picture in enumerate(pictures):
        picture[:120] = 200
        picture[30 + 60 * n : 60 + 60 * n, 40:80] = 255 - 100 * n
    plain = [sign(encode(picture), local=False) for picture in pictures]
    learned = [sign(encode(picture), local=False, model=mean) for picture in pictures]
    assert propose(plain) == []
    assert [pair[:2] for pair in propose(learned)] == [(0, 1)]
    for n, picture in enumerate(pictures):
        (tmp_path / f"{n}.png").write_bytes(encode(picture, "PNG"))
    found = find_duplicates([tmp_path / "0.png", tmp_path / "1.png"], model=tmp_path / "mean.onnx", workers=1)
    assert [pair.finding.answer for pair in found if pair.finding.answer is Answer.YES] == []


@runs
def test_an_archive_compares_vectors_of_one_model_only(tmp_path):
    mean, other = model(tmp_path / "mean.onnx"), model(tmp_path / "other.onnx", side=64)
    for n in (301, 302):
        (tmp_path / f"{n}.jpg").write_bytes(encode(scene(n)))
    with opened(tmp_path / "kept", create=True) as archive:
        list(add_files(archive, [tmp_path / "301.jpg", tmp_path / "302.jpg"], model=mean, workers=1))
        ((_, segment),) = archive.segments()
        asked = edits.crop(scene(301), 0.6)
        assert len(segment.alike(sign(encode(asked), model=str(mean)))) >= 1
        assert len(segment.alike(sign(encode(asked), model=str(other)))) == 0
        assert len(segment.alike(sign(encode(asked)))) == 0
        hits = look_up(archive, sign(encode(asked), model=str(mean))).hits
        assert [hit.paths[0].rpartition("/")[2] for hit in hits] == ["301.jpg"]
