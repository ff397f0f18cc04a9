"""Every pair of files that shows the same picture, and every file that could not be read."""

from dataclasses import replace

import numpy as np
import pytest

from tests.archive import edits
from tests.drawn import encode, scene
from verify.archive import Duplicate, Relation, Unread, candidates, clusters, features, find_duplicates, sign
from verify.archive.duplicates import propose
from verify.archive.features import Features
from verify.errors import Refused
from verify.model import Answer, Finding


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    picture = scene(50)
    files = {
        "a.jpg": encode(picture),
        "a-again.jpg": encode(picture),
        "a.png": encode(np.asarray(picture), "PNG"),
        "a-lossless.webp": encode(picture, "WEBP", lossless=True),
        "mirror.jpg": encode(np.ascontiguousarray(edits.crop(picture)[:, ::-1])),
        "other.jpg": encode(scene(51)),
        "flat.jpg": encode(np.full((200, 300, 3), 99, np.uint8)),
        "empty.jpg": b"",
        "note.txt": b"no picture",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / ".hidden").write_bytes(b"x")
    return list(find_duplicates([folder], workers=1))


def pair(found, one, other):
    wanted = {one, other}
    (hit,) = [
        d for d in found if isinstance(d, Duplicate) and {d.a.rpartition("/")[2], d.b.rpartition("/")[2]} == wanted
    ]
    return hit


def test_same_bytes_same_pixels_and_derived_are_told_apart(found):
    assert pair(found, "a.jpg", "a-again.jpg").relation is Relation.SAME_BYTES
    assert pair(found, "a.png", "a-lossless.webp").relation is Relation.SAME_PIXELS
    assert pair(found, "a.jpg", "a.png").relation is Relation.NEAR_DUPLICATE
    assert pair(found, "a.jpg", "mirror.jpg").relation is Relation.DERIVED


def test_every_pair_is_there_and_no_other(found):
    copies = {"a.jpg", "a-again.jpg", "a.png", "a-lossless.webp", "mirror.jpg"}
    pairs = [{d.a.rpartition("/")[2], d.b.rpartition("/")[2]} for d in found if isinstance(d, Duplicate)]
    assert len(pairs) == 10
    assert set().union(*pairs) == copies
    assert all(d.finding.answer is Answer.YES for d in found if isinstance(d, Duplicate))


def test_unreadable_files_are_named_with_their_reason(found):
    unread = {u.path.rpartition("/")[2]: u.because for u in found if isinstance(u, Unread)}
    assert set(unread) == {"empty.jpg", "note.txt"}
    assert "empty" in unread["empty.jpg"]
    assert "not a picture" in unread["note.txt"]


def test_the_lines_have_the_promised_fields(found):
    fields = {"a", "b", "relation", "answer", "score", "measured", "regions", "pairs", "because"}
    assert all(set(line.to_json()) == fields for line in found)


def test_nothing_to_read_is_refused(tmp_path):
    with pytest.raises(Refused, match="no file"):
        list(find_duplicates([tmp_path]))


def linked(a, b, score, answer=Answer.YES):
    return Duplicate(a, b, Relation.DERIVED, Finding(answer, "", score=score))


def test_a_group_names_the_pair_that_holds_it_together_least():
    chain = [linked("a", "b", 90), linked("b", "c", 20), linked("c", "d", 70), linked("a", "c", 10)]
    (group,) = clusters(chain)
    assert group.files == ("a", "b", "c", "d")
    assert (group.weakest.a, group.weakest.b) == ("b", "c")
    assert len(group.pairs) == 4


def test_pairs_that_are_unclear_join_nothing():
    groups = clusters([linked("a", "b", 9), linked("b", "c", 8, Answer.UNCLEAR), linked("c", "d", 7)])
    assert [group.files for group in groups] == [("a", "b"), ("c", "d")]


@pytest.mark.parametrize(("shared", "proposed"), [(4, [(0, 1)]), (3, [])])
def test_four_equal_features_propose_a_picture_that_has_few_candidates(shared, proposed):
    a, b = sign(encode(scene(310))), sign(encode(scene(311)))
    b = replace(b, features=a.features.first(shared))
    assert [pair[:2] for pair in propose([a, b])] == proposed


def random_features(rng, count):
    codes = rng.normal(size=(count, features.DIMENSIONS))
    codes = np.rint(127 * codes / np.linalg.norm(codes, axis=1, keepdims=True)).astype(np.int8)
    return Features(np.zeros((count, 2), np.float32), np.ones(count, np.float32), np.zeros(count, np.float32), codes)


def joined(parts):
    return Features(*map(np.concatenate, zip(*(part.arrays() for part in parts), strict=True)))


def test_what_many_pictures_have_in_common_proposes_no_pair_but_what_two_have_does():
    rng = np.random.default_rng(5)
    caption, part = random_features(rng, 6), random_features(rng, 6)
    own = [random_features(rng, 20) for _ in range(200)]
    shown = [[each, caption, *([part] if n < 2 else [])] for n, each in enumerate(own)]
    collection = [joined(parts) for parts in shown]
    assert {(found.a, found.b) for found in candidates.self_join(collection, candidates.JOIN_VOTES)} == {(0, 1)}


def test_a_picture_that_a_collection_holds_many_times_is_proposed_each_time():
    rng = np.random.default_rng(6)
    picture = random_features(rng, 300)
    noise = rng.integers(-6, 7, (1000, *picture.codes.shape))
    found = candidates.self_join([replace(picture, codes=(picture.codes + n).astype(np.int8)) for n in noise])
    assert {n for pair in found for n in (pair.a, pair.b)} == set(range(1000))
