"""Exact search: what a plain comparison of everything with everything finds, no less and no more."""

import numpy as np
import pytest

from verify.archive import search


def planted(count=3000, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (count, 32), dtype=np.uint8)
    for row in range(count // 2, count):
        bits = np.unpackbits(rows[row - count // 2])
        bits[rng.choice(256, rng.integers(0, 80), replace=False)] ^= 1
        rows[row] = np.packbits(bits)
    return np.ascontiguousarray(rows.view(np.uint64).T)


def plain(columns, one, radius):
    bits = np.bitwise_count(columns ^ one[:, None]).sum(axis=0)
    return {(int(row), int(bits[row])) for row in np.flatnonzero(bits <= radius)}


@pytest.mark.parametrize("radius", [0, 10, 31, 48, 64, 100, 256])
@pytest.mark.parametrize("way", ["scan", "slots"])
def test_every_hash_within_the_radius_is_found(radius, way):
    columns = planted()
    slots = search.Slots(columns)
    for row in range(0, 3000, 300):
        one = columns[:, row].copy()
        rows, bits = slots.search(one, radius) if way == "slots" else search.scan(columns, one, radius)
        assert {(int(r), int(b)) for r, b in zip(rows, bits, strict=True)} == plain(columns, one, radius)


@pytest.mark.parametrize("radius", [0, 15, 31])
def test_the_self_join_finds_every_pair(radius):
    columns = planted(2000, seed=1)
    wanted = {(a, b) for a in range(2000) for b, _ in plain(columns, columns[:, a], radius) if a < b}
    assert len(wanted) > 10 or radius == 0
    assert {(int(a), int(b)) for a, b in search.self_join(columns, radius)} == wanted


@pytest.mark.parametrize("faiss", [False, True])
def test_many_are_asked_at_once_with_faiss_and_without(faiss, monkeypatch):
    if faiss:
        pytest.importorskip("faiss", reason="the optional accelerator")
    monkeypatch.setattr(search, "BLOCK", 1000)  # as on a large archive
    columns = planted()
    asked = np.ascontiguousarray(columns[:, ::300].T)
    number, rows, bits = search.Scanner(columns, faiss=faiss).search(asked, 64)
    for n, one in enumerate(asked):
        here = number == n
        assert set(zip(rows[here].tolist(), bits[here].tolist(), strict=True)) == plain(columns, one, 64)
    assert len(search.Scanner(columns, faiss=faiss).search(asked[:0], 64)[0]) == 0


def test_the_self_join_finds_pairs_in_one_crowded_bucket(monkeypatch):
    monkeypatch.setattr(search, "PAIRS", 100)  # several rounds a bucket
    columns = np.repeat(planted(40, seed=2), 8, axis=1)
    wanted = {(a, b) for a in range(320) for b, _ in plain(columns, columns[:, a], 31) if a < b}
    assert {(int(a), int(b)) for a, b in search.self_join(columns, 31)} == wanted


def test_an_empty_archive_has_no_hits():
    nothing = np.zeros((4, 0), np.uint64)
    assert len(search.scan(nothing, np.zeros(4, np.uint64), 64)[0]) == 0
    assert len(search.Slots(nothing).search(np.zeros(4, np.uint64), 31)[0]) == 0
    assert len(search.self_join(nothing, 31)) == 0
