import pytest

from tests.drawn import encode, scene
from verify import asking
from verify.errors import Refused, Unreadable
from verify.guard import Guard
from verify.model import Answer, Finding


@pytest.fixture(scope="module")
def guard():
    with Guard() as running:
        yield running


def source(folder, name, data):
    (folder / name).write_bytes(data)
    return asking.source(folder / name)


def found(answer, score=None):
    return Finding(answer, f"{answer} {score}.", score=score)


def test_the_answer_over_everything_is_that_of_the_strongest_pair_and_says_how_many_there_were():
    best = asking.overall([found(Answer.NO, 9.0), found(Answer.YES, 1.0), found(Answer.YES, 2.0), found(Answer.UNABLE)])
    assert (best.answer, best.score) == (Answer.YES, 2.0)
    assert best.because.startswith("Best of 4 compared, 1 of them unable")
    assert best.measured == {"compared": 4, "unable": 1}


def design(score):
    return Finding(Answer.UNCLEAR, f"One design {score}.", score=score, level="same design")


def test_references_of_one_design_are_not_told_apart_by_their_scores():
    tied = asking.overall([design(3.0), design(9.0), design(2.0), found(Answer.UNCLEAR, 0.0)])
    assert "One design 9.0. 2 more of the same design" in tied.because
    alone = asking.overall([design(3.0), found(Answer.UNCLEAR, 0.0)])
    assert "more of the same design" not in alone.because
    decided = asking.overall([design(3.0), design(4.0), found(Answer.YES, 40.0)])
    assert "more of the same design" not in decided.because


def test_of_findings_that_are_equally_strong_one_with_a_level_comes_first():
    bare = Finding(Answer.UNCLEAR, "Nothing.", score=0.0, level="undetermined")
    assert (
        asking.overall([bare, Finding(Answer.UNCLEAR, "A style.", score=0.0, level="same style")]).level == "same style"
    )


def test_nothing_to_compare_with_is_unable():
    assert asking.overall([]).answer is Answer.UNABLE


def test_each_other_picture_gets_one_finding_in_its_place(guard, tmp_path):
    picture = source(tmp_path, "a.jpg", encode(scene(61)))
    others = [
        source(tmp_path, "copy.jpg", encode(scene(61), quality=60)),
        source(tmp_path, "broken.jpg", b"no picture"),
        source(tmp_path, "b.jpg", encode(scene(62))),
    ]
    answers = [finding.answer for finding in asking.pairs(guard, "copy", picture, others)]
    assert answers[:2] == [Answer.YES, Answer.UNABLE]
    assert answers[2] in {Answer.NO, Answer.UNCLEAR}


def test_a_copy_of_a_picture_is_no_second_sight_of_the_same_flag(guard, tmp_path):
    picture = source(tmp_path, "a.jpg", encode(scene(61)))
    copy = source(tmp_path, "copy.jpg", encode(scene(61), quality=60))
    (finding,) = asking.pairs(guard, "same_flag", picture, [copy])
    assert finding.answer is Answer.UNABLE
    assert "copy.jpg is a copy of the picture" in finding.because


def test_a_picture_that_cannot_be_opened_is_told_once(guard, tmp_path):
    picture = source(tmp_path, "broken.jpg", b"no picture")
    others = [source(tmp_path, f"{n}.jpg", encode(scene(70 + n))) for n in range(3)]
    asked = asking.ask(guard, "copy", picture, others=others)
    assert len(asked.findings) == 1
    assert asked.answer is Answer.UNABLE
    assert len(asked.compared) == 3


def test_a_file_that_changed_after_it_was_named_is_not_looked_at(guard, tmp_path):
    picture = source(tmp_path, "a.jpg", encode(scene(63)))
    (tmp_path / "a.jpg").write_bytes(encode(scene(64)))
    asked = asking.ask(guard, "flag", picture)
    assert asked.answer is Answer.UNABLE
    assert "changed" in asked.findings[0].because


def test_a_file_that_is_no_picture_does_not_pass_the_probe(guard, tmp_path):
    assert asking.probe(guard, source(tmp_path, "a.jpg", encode(scene(65)))) is None
    told = asking.probe(guard, source(tmp_path, "b.jpg", b"GIF89a"))
    assert told.answer is Answer.UNABLE


def test_an_unknown_check_or_setting_is_refused(guard, tmp_path):
    picture = source(tmp_path, "a.jpg", encode(scene(66)))
    with pytest.raises(Refused, match="no check"):
        asking.ask(guard, "no_such_check", picture)
    with pytest.raises(Refused, match="no setting"):
        asking.ask(guard, "flag", picture, settings={"no_such_setting": 1})


def test_a_missing_file_has_no_source(tmp_path):
    with pytest.raises(Unreadable):
        asking.source(tmp_path / "missing.jpg")


def test_versions_name_what_decides():
    versions = asking.versions()
    assert {"python", "numpy", "pillow"} <= set(versions)
    assert "sha256:" in versions["numpy"]
