"""The store's promises: taken in once, by content, read-only, and never by a way that its sender chose."""

import hashlib
import io
import os
import stat
import zipfile

import pytest

from verify.errors import LogError, Refused, Tampered, Unreadable
from verify.store import Bounds, Store, is_archive


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "case")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "IMG_0001.jpg"
    path.write_bytes(b"picture" * 1000)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def archive_of(path, members, **kwargs):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **kwargs) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_a_file_is_taken_in_by_its_content(store, file):
    received = store.receive(file, source="sent by hand")

    evidence = received.evidence
    assert evidence.digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (evidence.size, evidence.name, evidence.source) == (7000, "IMG_0001.jpg", "sent by hand")
    assert received.modified.timestamp() == 1_700_000_000
    assert store.read(evidence.digest) == file.read_bytes()
    assert evidence.digest in store
    assert list(store) == [evidence.digest]
    assert store.path(evidence.digest).parts[-4:] == ("store", "sha256", evidence.digest[:2], evidence.digest)


def test_what_lies_in_the_store_is_read_only_and_bears_no_name(store, file):
    path = store.path(store.take_in(file).digest)

    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert not [found for found in store.folder.rglob("*") if "IMG" in found.name or found.name.endswith(".part")]


def test_the_same_file_twice_is_one_file(store, file):
    assert store.take_in(file) == store.take_in(file)
    assert len(list(store)) == 1


def test_an_empty_file_is_taken_in(store, tmp_path):
    (tmp_path / "empty.jpg").touch()

    assert store.take_in(tmp_path / "empty.jpg").size == 0


def test_bytes_are_kept(store):
    digest = store.put(b"[[1,2]]")

    assert store.read(digest) == b"[[1,2]]"


@pytest.mark.parametrize("kind", ["missing", "link", "folder", "pipe"])
def test_what_is_no_regular_file_is_refused_at_once(store, file, tmp_path, kind):
    path = tmp_path / "odd.jpg"
    if kind == "link":
        path.symlink_to(file)
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)  # a plain open would wait for ever

    with pytest.raises(Unreadable, match=r"odd\.jpg"):
        store.take_in(path)
    assert list(store) == []


def test_a_file_that_grows_meanwhile_is_refused(store, file, monkeypatch):
    grow = iter(range(100))

    class Growing(io.BufferedReader):
        def read(self, size=-1):
            piece = super().read(size)
            if next(grow) == 0:
                with file.open("ab") as more:
                    more.write(b"more")
            return piece

    monkeypatch.setattr("verify.store._open_regular", lambda path: Growing(io.FileIO(path)))

    with pytest.raises(Unreadable, match=r"larger|changed"):
        store.take_in(file)
    assert not list(store.folder.rglob("*.part"))


def test_a_changed_file_is_noticed_when_read_and_when_taken_in_again(store, file):
    digest = store.take_in(file).digest
    path = store.path(digest)
    path.chmod(0o644)
    path.write_bytes(b"Picture" + file.read_bytes()[7:])

    with pytest.raises(Tampered):
        store.read(digest)
    with pytest.raises(Tampered):
        store.take_in(file)


def test_a_link_in_the_store_is_noticed(store, file):
    digest = store.take_in(file).digest
    path = store.path(digest)
    path.unlink()
    path.symlink_to(file)

    assert digest not in store
    with pytest.raises(Tampered):
        store.read(digest)


def test_a_missing_digest_and_a_wrong_one_are_told_apart(store):
    with pytest.raises(LogError, match="not in the store"):
        store.read("0" * 64)
    for wrong in ("../../etc/passwd", "A" * 64, ""):
        with pytest.raises(Refused):
            store.path(wrong)


def test_an_archive_and_its_members_are_taken_in(store, tmp_path):
    path = archive_of(tmp_path / "leak.zip", {"a/1.jpg": b"one", "a/2.jpg": b"two", "empty/": b""})

    unpacked = store.unpack(path, source="a letter")

    assert is_archive(path)
    assert unpacked.archive.evidence.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [(m.evidence.name, m.evidence.source) for m in unpacked.members] == [
        ("1.jpg", "a/1.jpg"),
        ("2.jpg", "a/2.jpg"),
    ]
    assert {m.archive for m in unpacked.members} == {unpacked.archive.evidence.digest}
    assert [store.read(m.evidence.digest) for m in unpacked.members] == [b"one", b"two"]
    assert unpacked.left_out == ()


@pytest.mark.parametrize(
    "name", ["../../../up.jpg", "/etc/cron.d/up.jpg", "C:\\up.jpg", "a/../../up.jpg", "x\n\u202ey.jpg"]
)
def test_names_in_an_archive_never_become_paths(store, tmp_path, name):
    before = {path for path in tmp_path.rglob("*") if "store" not in path.parts}
    path = archive_of(tmp_path / "leak.zip", {name: b"data"})

    unpacked = store.unpack(path)

    assert unpacked.members[0].evidence.digest == hashlib.sha256(b"data").hexdigest()
    assert {p for p in tmp_path.rglob("*") if "store" not in p.parts} - before <= {path, tmp_path / "case"}


def test_a_link_in_an_archive_is_left_out_with_its_reason(store, tmp_path):
    path = tmp_path / "leak.zip"
    link = zipfile.ZipInfo("passwd.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")

    unpacked = store.unpack(path)

    assert unpacked.members == ()
    assert "symbolic link" in unpacked.left_out[0][1]


def test_a_bomb_is_left_out_before_it_fills_the_disk(store, tmp_path):
    path = archive_of(tmp_path / "leak.zip", {"bomb.png": bytes(50_000_000), "1.jpg": b"one"})

    unpacked = store.unpack(path, bounds=Bounds(member_bytes=1_000_000))

    assert [m.evidence.name for m in unpacked.members] == ["1.jpg"]
    assert "larger" in unpacked.left_out[0][1]
    assert sum(p.stat().st_size for p in store.folder.rglob("*") if p.is_file()) < 200_000


def test_the_total_counts_over_archives_inside(store, tmp_path):
    inner = io.BytesIO()
    archive_of(inner, {f"{n}.jpg": bytes([n]) * 1000 for n in range(5)})
    path = archive_of(tmp_path / "leak.zip", {"inner.zip": inner.getvalue(), "last.jpg": b"l" * 1000})

    unpacked = store.unpack(path, bounds=Bounds(total_bytes=len(inner.getvalue()) + 3500))

    assert [m.evidence.name for m in unpacked.members] == ["inner.zip", "0.jpg", "1.jpg", "2.jpg"]
    assert [name for name, _ in unpacked.left_out] == ["3.jpg", "4.jpg", "last.jpg"]
    assert unpacked.members[1].archive == unpacked.members[0].evidence.digest


def test_archives_nested_too_deep_are_not_opened(store, tmp_path):
    data = b"core"
    for level in range(6):
        packed = io.BytesIO()
        archive_of(packed, {f"level-{level}.zip" if level else "core.jpg": data})
        data = packed.getvalue()
    path = tmp_path / "leak.zip"
    path.write_bytes(data)

    unpacked = store.unpack(path)

    assert [m.evidence.name for m in unpacked.members] == ["level-5.zip", "level-4.zip", "level-3.zip"]
    assert "nested" in unpacked.left_out[0][1]


def test_too_many_members_are_counted_not_kept(store, tmp_path):
    path = archive_of(tmp_path / "leak.zip", {f"{n}.jpg": b"%d" % n for n in range(12)})

    unpacked = store.unpack(path, bounds=Bounds(members=10))

    assert (len(unpacked.members), len(unpacked.left_out)) == (10, 2)


@pytest.mark.parametrize("cut", [0, 3, 10, 60, 100, -1, -10, -22])
def test_a_cut_off_archive_is_one_clear_sentence(store, tmp_path, cut):
    path = archive_of(tmp_path / "leak.zip", {"1.jpg": b"one" * 100})
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(Unreadable, match=r"leak\.zip"):
        store.unpack(path)


def test_every_changed_byte_of_an_archive_is_survived(store, tmp_path):
    path = archive_of(tmp_path / "leak.zip", {"1.jpg": b"one" * 100})
    whole = path.read_bytes()
    good = hashlib.sha256(b"one" * 100).hexdigest()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            unpacked = store.unpack(path)
        except Unreadable:
            continue
        assert all(m.evidence.digest == good or m.evidence.size != 300 for m in unpacked.members)


def test_an_encrypted_member_is_left_out(store, tmp_path):
    path = archive_of(tmp_path / "leak.zip", {"1.jpg": b"one"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)

    assert "encrypted" in store.unpack(path).left_out[0][1]


def test_a_full_disk_is_one_clear_error(store, file):
    import resource
    import signal

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(LogError, match="cannot be kept"):
            store.take_in(file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert not list(store.folder.rglob("*.part"))
