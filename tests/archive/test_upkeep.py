"""An archive that was damaged, or whose keeper was killed: what is sound is found, and the rest is named."""

import os
import shutil
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.archive import edits
from tests.drawn import encode, scene
from verify.archive import (
    Archive,
    add_files,
    check,
    compact,
    follow_folder,
    info,
    look_up,
    opened,
    rebuild,
    remove,
    sign,
    upkeep,
)
from verify.cli.archive import archive as commands
from verify.errors import Refused

SEEDS = (80, 81, 82, 83)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Two segments of two pictures each."""
    home = tmp_path_factory.mktemp("upkeep")
    (home / "in").mkdir()
    with Archive.create(home / "kept") as archive:
        for pair in (SEEDS[:2], SEEDS[2:]):
            for seed in pair:
                (home / "in" / f"{seed}.jpg").write_bytes(encode(scene(seed)))
            list(add_files(archive, [home / "in"], workers=1))
    return home


@pytest.fixture
def home(filled, tmp_path):
    """A copy of it; the pictures stay where they are."""
    shutil.copytree(filled / "kept", tmp_path / "kept")
    return tmp_path


def found(archive, seed):
    return [Path(hit.paths[0]).name for hit in look_up(archive, sign(encode(edits.crop(scene(seed))))).hits]


def segments(home):
    return sorted((home / "kept" / "segments").iterdir())


def broken(file, how):
    if how == "gone":
        file.unlink()
    elif how == "cut short":
        file.write_bytes(file.read_bytes()[:-5])
    elif how == "empty":
        file.write_bytes(b"")
    elif how == "no array":
        file.write_bytes(b"x" * 200)
    else:
        np.save(file, np.load(file)[:-1])


@pytest.mark.parametrize("how", ["gone", "cut short", "empty", "no array", "another length"])
@pytest.mark.parametrize("name", ["pdq", "local", "signs", "thumbnails", "deflated", "digests"])
def test_a_damaged_segment_is_named_with_its_pictures_and_the_others_are_searched(home, name, how):
    broken(segments(home)[0] / f"{name}.npy", how)
    with opened(home / "kept") as archive:
        (part,) = info(archive)["damaged"]
        assert f"{segments(home)[0].name}/" in part["because"]
        assert sorted(Path(p["paths"][0]).name for p in part["pictures"]) == ["80.jpg", "81.jpg"]
        looked = look_up(archive, sign(encode(edits.crop(scene(82)))))
        assert [hit.paths[0].rpartition("/")[2] for hit in looked.hits] == ["82.jpg"]
        assert (looked.searched, looked.unsearchable) == (2, 2)
        assert found(archive, 80) == []


def test_offsets_that_lead_nowhere_set_the_segment_aside(home):
    file = segments(home)[0] / "order.npy"
    np.save(file, np.load(file) + np.uint32(10**6))
    with opened(home / "kept") as archive:
        assert found(archive, 80) == []
        assert len(archive.damaged()) == 1
        assert found(archive, 83) == ["83.jpg"]


def test_a_changed_byte_is_found_by_the_check_and_no_earlier(home):
    file = segments(home)[1] / "codes.npy"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with opened(home / "kept") as archive:
        assert archive.damaged() == {}
        assert list(check(archive)) == [segments(home)[1].name]


def test_a_damaged_segment_is_rebuilt_from_its_files_and_what_is_gone_is_named(filled, home):
    (segments(home)[0] / "pdq.npy").unlink()
    with opened(home / "kept") as archive:
        told = rebuild(archive, workers=1)
        assert (len(told["rebuilt"]), told["lost"]) == (2, [])
        assert found(archive, 80) == ["80.jpg"]
        assert check(archive) == {}
        assert len(archive) == 4


def test_a_lost_picture_is_forgotten_and_read_again_when_it_comes_back(filled, home):
    files = home / "in"
    shutil.copytree(filled / "in", files)
    shutil.rmtree(home / "kept")
    with Archive.create(home / "kept") as archive:
        list(add_files(archive, [files], workers=1))
    (files / "81.jpg").rename(home / "elsewhere.jpg")
    (segments(home)[0] / "local.npy").unlink()
    with opened(home / "kept") as archive:
        told = rebuild(archive, workers=1)
        assert (len(told["rebuilt"]), len(told["lost"])) == (3, 1)
        assert (len(archive), archive.unreadable, found(archive, 81)) == (3, 1, [])
        (home / "elsewhere.jpg").rename(files / "81.jpg")
        list(add_files(archive, [files], workers=1))
        assert (len(archive), archive.unreadable, found(archive, 81)) == (4, 0, ["81.jpg"])


def test_compacting_wants_sound_segments(home):
    (segments(home)[0] / "pdq.npy").unlink()
    with opened(home / "kept") as archive, pytest.raises(Refused, match="rebuild"):
        compact(archive)


def test_many_small_segments_become_one(home, monkeypatch):
    monkeypatch.setattr(upkeep, "MANY", 3)
    (home / "in").mkdir()
    (home / "in" / "84.jpg").write_bytes(encode(scene(84)))
    with opened(home / "kept") as archive:
        assert info(archive)["segments"] == 2
        list(add_files(archive, [home / "in"], workers=1))
        assert (info(archive)["segments"], len(archive)) == (1, 5)
        assert found(archive, 81) == ["81.jpg"]
        assert len(segments(home)) == 1


def test_a_followed_folder_loses_what_it_lost(filled, tmp_path):
    shutil.copytree(filled / "in", tmp_path / "in")
    with opened(tmp_path / "kept", create=True) as archive:
        follow_folder(archive, tmp_path / "in", workers=1)
        before = archive.content
        (tmp_path / "in" / "80.jpg").rename(tmp_path / "80.jpg")
        (tmp_path / "in" / "note.txt").write_text("no picture")
        assert len(follow_folder(archive, tmp_path / "in", workers=1)) == 1
        assert (len(archive), found(archive, 80)) == (3, [])
        (tmp_path / "80.jpg").rename(tmp_path / "in" / "80.jpg")
        (tmp_path / "in" / "note.txt").unlink()
        follow_folder(archive, tmp_path / "in", workers=1)
        assert (archive.content, archive.unreadable) == (before, 0)
        shutil.rmtree(tmp_path / "in")
        (tmp_path / "in").mkdir()
        follow_folder(archive, tmp_path / "in", workers=1)
        assert len(archive) == 0


# --- killed ----------------------------------------------------------------------------------------------------------


def killed_at(step, job):
    """Run the job in a child that kills itself at its so manyeth call to the disk; whether it came to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child lives too briefly to wait for a lock
        child = os.fork()
    if not child:
        try:
            left = iter(range(step))

            def counted(call):
                def calling(*arguments, **named):
                    if next(left, None) is None:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return call(*arguments, **named)

                return calling

            os.fsync, Path.rename, shutil.rmtree = map(counted, (os.fsync, Path.rename, shutil.rmtree))
            job()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return not os.WIFSIGNALED(status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the test forks")
def test_killing_compaction_at_any_step_loses_nothing(home):
    with opened(home / "kept") as archive:
        (hit,) = look_up(archive, sign(encode(scene(80)))).hits
        remove(archive, hit.digest)
        left = sorted(digest for *_, digest in archive.rows())
    step, ended = 0, False
    while not ended:
        shutil.rmtree(home / "work", ignore_errors=True)
        shutil.copytree(home / "kept", home / "work")

        def job():
            with Archive.open(home / "work") as archive:
                compact(archive)

        ended = killed_at(step, job)
        with Archive.open(home / "work") as archive:  # as the next run finds it
            assert sorted(digest for *_, digest in archive.rows()) == left
            assert check(archive) == {}
            assert sorted(path.name for path in (home / "work").iterdir()) == ["archive.sqlite", "lock", "segments"]
            assert len(list((home / "work" / "segments").iterdir())) == info(archive)["segments"]
            if step % 12 == 0 or ended:
                assert (found(archive, 80), found(archive, 82)) == ([], ["82.jpg"])
        step += 1
    assert step > 20  # the segment's files, its name, the old segments


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the test forks")
def test_killing_the_first_run_of_adding_at_any_step_can_be_taken_up(filled, tmp_path, monkeypatch):
    monkeypatch.setattr("verify.archive.adding.BATCH", 2)
    packed = {str(path): sign(path.read_bytes()).pack() for path in sorted((filled / "in").iterdir())}
    monkeypatch.setattr(
        "verify.guard.map", lambda _, jobs, **__: ((n, packed[job["path"]]) for n, job in enumerate(jobs))
    )

    def job():
        with opened(tmp_path / "work", create=True) as archive:
            list(add_files(archive, [filled / "in"]))

    before = 0
    for step in range(0, 60, 4):
        shutil.rmtree(tmp_path / "work", ignore_errors=True)
        ended = killed_at(step, job)
        with opened(tmp_path / "work", create=True) as archive:
            have = len(archive)
            assert have >= before
            assert have in {0, 2, 4}  # whole batches
            before = have
            list(add_files(archive, [filled / "in"]))
            assert (len(archive), check(archive)) == (4, {})
    assert ended


# --- the commands ----------------------------------------------------------------------------------------------------


def test_the_commands_say_what_is_damaged_and_mend_it(home):
    run, kept = CliRunner().invoke, str(home / "kept")
    (segments(home)[0] / "pdq.npy").unlink()
    told = run(commands, ["info", kept])
    assert told.exit_code == 1
    assert "80.jpg" in told.output
    (home / "other.jpg").write_bytes(encode(scene(99)))
    missed = run(commands, ["search", kept, str(home / "other.jpg")])
    assert "unclear" in missed.output
    assert "2 more are in a damaged part" in missed.output
    assert run(commands, ["rebuild", kept]).output == "2 rebuilt, 0 lost\n"
    assert run(commands, ["info", kept, "--check"]).exit_code == 0
    assert run(commands, ["search", kept, str(home / "other.jpg")]).output.startswith("no")


def test_publication_decides_first_and_disagreement_is_unclear(home):
    run, kept = CliRunner().invoke, str(home / "kept")
    query = home / "crop.jpg"
    query.write_bytes(encode(edits.crop(scene(82))))
    assert (
        "likelier earlier: the archive's (the picture shows a part"
        in run(commands, ["search", kept, str(query)]).output
    )
    run(commands, ["add", kept, str(query)])
    seen = ["appearance", kept, "--url", "https://example.org/a", "--platform", "a forum"]
    assert run(commands, [*seen, "82.jpg", "--when", "2019-05"]).exit_code == 0
    assert run(commands, [*seen, str(query), "--when", "2021-01-02T10:00+02:00"]).exit_code == 0
    told = run(commands, ["search", kept, str(query)]).output
    assert "likelier earlier: the archive's (the other was published 2019-05" in told
    assert "published 2019-05: https://example.org/a" in told
    assert run(commands, [*seen, "crop.jpg", "--when", "2018"]).exit_code == 0
    assert (
        "likelier earlier: unclear (the picture was published 2018"
        in run(commands, ["search", kept, str(query)]).output
    )
    assert run(commands, [*seen, "82.jpg", "--when", "last May"]).exit_code != 0
    assert run(commands, [*seen, "8", "--when", "2019"]).exit_code != 0


def test_the_command_remembers_that_two_are_not_copies(home):
    run, kept = CliRunner().invoke, str(home / "kept")
    query = home / "crop.jpg"
    query.write_bytes(encode(edits.crop(scene(82))))
    assert run(commands, ["apart", kept, str(query), "82.jpg"]).exit_code == 2
    assert run(commands, ["apart", kept, str(query), "82.jpg", "--why", "two prints", "--as", "egret"]).exit_code == 0
    told = run(commands, ["search", kept, str(query)]).output
    assert told.startswith("yes")
    assert "not a duplicate, said egret" in told
    assert run(commands, ["apart", kept, "82.jpg", str(query), "--undo"]).exit_code == 0
    assert "egret" not in run(commands, ["search", kept, str(query)]).output
