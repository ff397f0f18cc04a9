"""An archive on disk: nothing read twice, nothing half-written, found again after compaction."""

import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from tests.archive import edits
from tests.drawn import encode, scene
from verify.archive import (
    Added,
    Archive,
    Relation,
    Unread,
    add_files,
    check,
    compact,
    info,
    listed_hashes,
    look_up,
    near_foreign,
    opened,
    put_together,
    read_hashes,
    remove,
    sign,
    tell_apart,
)
from verify.cli.archive import archive as commands
from verify.errors import Refused
from verify.model import Answer


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    home = tmp_path_factory.mktemp("archive")
    (home / "in").mkdir()
    for seed in range(60, 66):
        (home / "in" / f"{seed}.jpg").write_bytes(encode(scene(seed)))
    (home / "in" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much")
    with Archive.create(home / "kept") as archive:
        told = list(add_files(archive, [home / "in"], workers=1))
    return home, told


@pytest.fixture
def home(filled, tmp_path):
    shutil.copytree(filled[0] / "kept", tmp_path / "kept")
    (tmp_path / "in").symlink_to(filled[0] / "in")
    return tmp_path


def added(told):
    return [item for item in told if isinstance(item, Added)]


def test_every_file_is_told_about_and_the_broken_one_is_on_record(filled):
    _, told = filled
    assert len(added(told)) == 6
    assert all(item.new for item in added(told))
    (unread,) = [item for item in told if isinstance(item, Unread)]
    assert "broken.jpg" in unread.because


def test_an_archive_among_its_pictures_does_not_read_itself(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encode(scene(60)))
    with Archive.create(tmp_path / "kept") as archive:
        told = list(add_files(archive, [tmp_path], workers=1)) + list(add_files(archive, [tmp_path], workers=1))
    assert [(one.path, one.new) for one in told] == [(str(tmp_path / "a.jpg"), True), (str(tmp_path / "a.jpg"), False)]


def test_an_unchanged_file_is_not_read_again_and_a_changed_one_is(tmp_path):
    file = tmp_path / "a.jpg"
    file.write_bytes(encode(scene(70)))
    read = []

    def watch(items, total, what):
        read.append(total)
        return iter(items)

    with opened(tmp_path / "kept", create=True) as archive:
        list(add_files(archive, [file], workers=1, progress=watch))
        list(add_files(archive, [file], workers=1, progress=watch))
        file.write_bytes(encode(scene(71), quality=60))
        list(add_files(archive, [file], workers=1, progress=watch))
        assert read == [1, 0, 1]
        assert len(archive) == 2


@pytest.mark.parametrize(
    "edit", [edits.crop, edits.caption, edits.frame, lambda p: np.ascontiguousarray(np.rot90(p[:, ::-1]))]
)
def test_an_edited_picture_is_found_and_no_other(home, edit):
    with opened(home / "kept") as archive:
        hits = look_up(archive, sign(encode(edit(scene(62))))).hits
    assert [hit.comparison.finding.answer for hit in hits] == [Answer.YES]
    assert hits[0].paths[0].endswith("62.jpg")


def test_the_same_bytes_are_named_so_and_an_unknown_picture_finds_nothing(home):
    with opened(home / "kept") as archive:
        (hit,) = look_up(archive, sign(encode(scene(60)))).hits
        assert hit.comparison.relation is Relation.SAME_BYTES
        assert look_up(archive, sign(encode(scene(99)))).hits == ()


def test_a_removed_picture_is_not_found_and_compaction_keeps_the_others(home):
    with opened(home / "kept") as archive:
        before = archive.identity
        (hit,) = look_up(archive, sign(encode(scene(61)))).hits
        remove(archive, hit.digest)
        assert archive.identity != before
        assert look_up(archive, sign(encode(scene(61)))).hits == ()
        assert compact(archive) == len(archive) == 5
        assert look_up(archive, sign(encode(scene(61)))).hits == ()
        assert look_up(archive, sign(encode(edits.crop(scene(62))))).hits
        assert check(archive) == {}


def test_a_run_cut_short_leaves_nothing_behind(home):
    (home / "kept" / "passing-1").mkdir()
    (home / "kept" / "segments" / "000002-0123456789abcdef").mkdir()
    with opened(home / "kept") as archive:
        assert info(archive)["segments"] == 1
        assert sorted(path.name for path in (home / "kept").iterdir()) == ["archive.sqlite", "lock", "segments"]
        assert len(look_up(archive, sign(encode(scene(60)))).hits) == 1


def test_a_second_writer_is_refused_and_clears_nothing_away(home):
    with opened(home / "kept") as writer, writer.writing():
        (home / "kept" / "passing-7").mkdir()
        with opened(home / "kept") as other:
            assert (home / "kept" / "passing-7").exists()
            with pytest.raises(Refused, match="another process"):
                list(add_files(other, [home / "in"], workers=1))


def test_damage_is_found_and_named(home):
    path = next((home / "kept" / "segments").glob("*/pdq.npy"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with opened(home / "kept") as archive:
        assert len(check(archive)) == 1
    path.unlink()
    with opened(home / "kept") as archive:
        (part,) = info(archive)["damaged"]
    assert "pdq.npy: missing or damaged" in part["because"]


def test_what_is_no_archive_is_refused(tmp_path):
    with pytest.raises(Refused, match="no archive here"):
        Archive.open(tmp_path)
    (tmp_path / "archive.sqlite").write_bytes(b"no database at all")
    with pytest.raises(Refused, match="damaged"):
        Archive.open(tmp_path)
    with pytest.raises(Refused, match="not empty"):
        Archive.create(tmp_path)


def test_the_identity_follows_the_content_alone(home):
    with opened(home / "kept") as archive:
        assert archive.identity == opened_identity(home)


def opened_identity(home):
    with opened(home / "kept") as archive:
        return archive.identity


def test_a_pair_told_apart_is_named_with_what_was_decided(home):
    picture = sign(encode(edits.crop(scene(63))))
    with opened(home / "kept") as archive:
        (hit,) = look_up(archive, picture).hits
        tell_apart(archive, picture.digest, hit.digest, "two prints of one poster", "AB")
        (told,) = look_up(archive, picture).hits
        assert told.decision.because == "two prints of one poster"
        assert told.comparison == hit.comparison
        put_together(archive, hit.digest, picture.digest)
        (again,) = look_up(archive, picture).hits
        assert again.decision is None
        with pytest.raises(Refused, match="nobody has told"):
            put_together(archive, hit.digest, picture.digest)


@pytest.mark.parametrize("method", ["pdq", "phash", "dhash"])
def test_lists_of_hashes_come_back_as_they_went(home, tmp_path, method):
    with opened(home / "kept") as archive:
        lines = [f"{digits},{digest}" for digits, digest in listed_hashes(archive, method)]
        (tmp_path / "list.txt").write_text("\n".join(lines))
        assert read_hashes(archive, tmp_path / "list.txt", method) == 6
        near = near_foreign(archive, sign(encode(scene(64), quality=80)))
    assert near
    assert near[0][0] == method


def test_a_bad_line_is_refused_with_its_number(home, tmp_path):
    (tmp_path / "list.txt").write_text("0" * 64 + "\n" + "0" * 63 + "\n")
    with opened(home / "kept") as archive:
        with pytest.raises(Refused, match="line 2"):
            read_hashes(archive, tmp_path / "list.txt", "pdq")
        assert info(archive)["foreign_hashes"] == 0


def test_the_commands_answer_with_their_exit_codes(home, tmp_path):
    run = CliRunner().invoke
    (tmp_path / "query.jpg").write_bytes(encode(edits.crop(scene(60))))
    kept = str(home / "kept")
    found = run(commands, ["search", kept, str(tmp_path / "query.jpg"), "--json"])
    assert found.exit_code == 0
    assert '"answer": "yes"' in found.output
    assert run(commands, ["search", kept, str(tmp_path / "missing.jpg")]).exit_code == 2
    assert run(commands, ["info", kept, "--check", "--json"]).exit_code == 0
    assert run(commands, ["export", kept]).output.count("\n") == 6
    assert run(commands, ["add", kept, str(tmp_path / "query.jpg")]).output.startswith("1 new")


def test_a_near_hash_is_set_against_the_archives_own_chance(home):
    with opened(home / "kept") as archive:
        (near,) = look_up(archive, sign(encode(scene(62), quality=60))).hits
        (far,) = look_up(archive, sign(encode(edits.crop(scene(62))))).hits
    assert near.comparison.finding.measured["pdq_expected_by_chance"] < 1e-6
    assert far.comparison.finding.measured["pdq_expected_by_chance"] > 1e-5
