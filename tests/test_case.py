import zipfile
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from click.testing import CliRunner

from tests.drawn import encode, scene
from verify.appearances import Appearance
from verify.archive import add_files, appear, find, opened, tell_apart
from verify.case import Case
from verify.cli import cli
from verify.errors import Refused, Unreadable
from verify.log import check as check_log
from verify.log.bundle import bundle
from verify.model import Evidence


class Clock:
    """A clock that moves a second at every look."""

    def __init__(self):
        self.now = datetime(2026, 1, 2, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def case(tmp_path):
    return Case.new(tmp_path / "case", title="A room", actor="heron", clock=Clock())


@pytest.fixture
def leak(tmp_path):
    path = tmp_path / "IMG_20240101_120000.jpg"
    path.write_bytes(encode(scene(31)))
    return path


def test_evidence_is_known_by_label_name_and_digest(case, leak):
    (taken,) = case.add([leak], source="a stick")
    assert isinstance(taken, Evidence)
    assert case.find("picture-01") == case.find(leak.name) == case.find(taken.digest[:12])
    assert case.store.read(taken.digest) == leak.read_bytes()


def test_a_file_that_cannot_be_had_is_on_the_record(case, tmp_path):
    (failed,) = case.add([tmp_path / "gone.jpg"], source="a stick")
    assert isinstance(failed, Unreadable)
    (entry,) = case.entries("intake")
    assert entry.body["evidence"] is None
    assert "gone.jpg" in entry.private["unable"]


def test_an_archive_gives_its_members_and_what_was_left_out(case, leak, tmp_path):
    packed = tmp_path / "leak.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(leak, "../../escape.jpg")
    (member,) = case.add([packed], source="a stick")
    assert member.name == "escape.jpg"
    assert not (tmp_path.parent / "escape.jpg").exists()
    assert case.entries("intake")[0].body["archive"]


def test_file_names_stay_in_the_private_part(case, leak):
    case.add([leak], source="from A. N. Other")
    list(case.ask_all())
    public = (case.folder / "log" / "verification.jsonl").read_text()
    assert leak.name not in public
    assert "Other" not in public
    assert str(case.folder.parent) not in public


def test_what_the_log_answers_is_not_asked_again(case, leak):
    case.add([leak], source="a stick")
    first = len(list(case.ask_all()))
    assert first
    assert list(case.ask_all()) == []


def test_a_setting_of_the_case_is_in_force_and_logged_and_an_unknown_one_is_refused(case, leak):
    (case.folder / "case.toml").write_text('title = "t"\nauthor = "heron"\nwrong = 1\n')
    with pytest.raises(Refused, match="wrong"):
        Case(case.folder)


def test_statements_of_people_are_logged_in_their_words(case, leak):
    case.add([leak], source="a stick")
    asked = next(case.ask_all())
    entry = case.entries("check")[0]
    assert case.claim("It is staged.", by="the ministry") == "C1"
    assert case.hypothesis("taken there", rival="H2") == "H1"
    assert case.hypothesis("staged", rival="H1") == "H2"
    case.link(entry.seq, "H1", "neutral", why="says nothing of the place")
    case.conclude("open", about="H1")
    assert asked.check == entry.body["check"]
    assert [e.kind for e in case.entries()][-5:] == ["claim", "hypothesis", "hypothesis", "link", "conclusion"]
    for wrong in ((entry.seq, "H9", "for"), (entry.seq, "H1", "sideways"), (1, "H1", "for")):
        with pytest.raises(Refused):
            case.link(*wrong, why="?")


def test_two_cases_share_nothing(tmp_path, leak):
    one, two = (Case.new(tmp_path / name, title=name, actor="heron") for name in ("one", "two"))
    one.add([leak], source="a stick")
    assert two.pictures == ()
    assert one.log.head != two.log.head


def test_a_new_case_wants_an_empty_folder(tmp_path, leak):
    with pytest.raises(Refused, match="not empty"):
        Case.new(tmp_path, title="t", actor="heron")


def test_a_title_with_every_awkward_character_is_read_back(tmp_path):
    title = 'a "b" \\ \x7f \x01 ə 🚩'
    assert Case.new(tmp_path / "c", title=title, actor="heron").wishes["title"] == title


def test_a_rerun_of_an_untouched_case_is_identical(case, leak):
    case.add([leak], source="a stick")
    list(case.ask_all())
    outcomes = {outcome.state for _, outcome in case.rerun()}
    assert outcomes == {"identical"}


def cropped(seed):
    return encode(scene(seed)[60:420, 80:600])


def test_an_archive_is_searched_and_what_it_holds_comes_into_the_store(tmp_path, leak):
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "old.jpg").write_bytes(cropped(31))
    (archive / "other.jpg").write_bytes(encode(scene(32)))
    (archive / "broken.jpg").write_bytes(b"no picture")
    (archive / "empty.jpg").write_bytes(b"")
    case = Case.new(tmp_path / "case", title="t", actor="heron", archive=archive, clock=Clock())
    case.add([leak], source="a stick")
    (asked,) = case.ask_all(["copy"])
    assert asked.answer == "yes"
    assert asked.findings[0].against.name == "old.jpg"
    (entry,) = case.entries("check")
    told = entry.body["searched"]
    digests = sorted(sha256(path.read_bytes()).hexdigest() for path in (archive / "old.jpg", archive / "other.jpg"))
    assert told["archive"] == sha256("\n".join(digests).encode()).hexdigest()
    assert (told["kind"], told["pictures"], told["unable"], told["hits"]) == ("folder", 2, 2, [told["hits"][0]])
    assert told["pdq_bits"] == 64
    assert {outcome.state for _, outcome in case.rerun()} == {"identical"}
    assert list(case.ask_all(["copy"])) == []


def test_a_search_that_finds_nothing_is_logged_once(tmp_path, leak):
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "other.jpg").write_bytes(encode(scene(33)))
    case = Case.new(tmp_path / "case", title="t", actor="heron", archive=archive, clock=Clock())
    case.add([leak], source="a stick")
    assert list(case.ask_all(["copy"])) == []
    assert list(case.ask_all(["copy"])) == []
    (entry,) = case.entries("search-without-result")
    assert entry.body["searched"] == 1


def test_a_made_archive_is_searched_by_its_index_and_says_where_its_pictures_were_published(tmp_path, leak):
    (tmp_path / "old.jpg").write_bytes(cropped(31))
    (tmp_path / "other.jpg").write_bytes(encode(scene(32)))
    with opened(tmp_path / "archive", create=True) as archive:
        list(add_files(archive, [tmp_path / "old.jpg", tmp_path / "other.jpg"], workers=1))
        digest, identity = find(archive, "old.jpg"), archive.identity
        appear(archive, digest, Appearance("https://example.org/1", "a forum", "2019-05-01", "seen there"))
        tell_apart(archive, sha256(leak.read_bytes()).hexdigest(), digest, "two prints", "egret")
    case = Case.new(tmp_path / "case", title="t", actor="heron", archive=tmp_path / "archive", clock=Clock())
    case.add([leak], source="a stick")
    case.add_appearance("picture-01", url="https://example.org/2", platform="b", when="2024-03", how_known="seen")
    (asked,) = case.ask_all(["copy"])
    assert (asked.answer, [other.name for other in asked.compared]) == ("yes", ["old.jpg"])
    (entry,) = case.entries("check")
    assert (entry.body["searched"]["archive"], entry.body["searched"]["kind"]) == (identity, "archive")
    assert [e.body["evidence"] for e in case.entries("appearance")][1] == digest
    (review,) = case.entries("review")
    assert "two prints (decided" in review.body["text"]
    for path in case.write_up():
        text = " ".join(path.read_text().replace("\\", "").split())
        assert "published 2019-05-01 (a forum), the picture first 2024-03" in text
        assert f"1 found among 2 pictures of the archive {identity}" in text
        assert "two prints (decided" in text
    assert list(case.ask_all(["copy"])) == []
    assert check_log(case.folder).exit_code == 0


def test_a_hit_whose_file_is_gone_is_said_and_not_passed_over(tmp_path, leak):
    (tmp_path / "old.jpg").write_bytes(cropped(31))
    with opened(tmp_path / "archive", create=True) as archive:
        list(add_files(archive, [tmp_path / "old.jpg"], workers=1))
    (tmp_path / "old.jpg").write_bytes(b"something else")
    case = Case.new(tmp_path / "case", title="t", actor="heron", archive=tmp_path / "archive", clock=Clock())
    case.add([leak], source="a stick")
    assert list(case.ask_all(["copy"])) == list(case.ask_all(["copy"])) == []
    (entry,) = case.entries("search-without-result")
    assert entry.body["lost"][0].startswith("old.jpg: yes. ")
    (tmp_path / "old.jpg").write_bytes(cropped(31))
    (asked,) = case.ask_all(["copy"])
    assert asked.answer == "yes"


def test_a_plain_folder_is_read_once_and_followed(tmp_path, leak):
    archive = tmp_path / "archive"
    archive.mkdir()
    for seed in (31, 33):
        (archive / f"{seed}.jpg").write_bytes(cropped(seed))
    case = Case.new(tmp_path / "case", title="t", actor="heron", archive=archive, clock=Clock())
    case.add([leak], source="a stick")
    assert [asked.answer for asked in case.ask_all(["copy"])] == ["yes"]
    before = sorted(path.name for path in (case.folder / "archive-index" / "segments").iterdir())
    (archive / "31.jpg").unlink()
    (tmp_path / "second.jpg").write_bytes(encode(scene(33)))
    case.add([tmp_path / "second.jpg"], source="a stick")
    told = {asked.picture.name: asked.answer for asked in case.ask_all(["copy"])}
    assert told == {"picture-01": "no", "picture-02": "yes"}  # the other one is gone from the folder
    assert sorted(path.name for path in (case.folder / "archive-index" / "segments").iterdir()) == before
    next((case.folder / "archive-index").glob("archive.sqlite")).write_bytes(b"damaged")
    assert list(case.ask_all(["copy"])) == []  # made anew, and the same pictures as before


def test_an_archive_that_is_not_there_is_on_the_record_once(tmp_path, leak):
    case = Case.new(tmp_path / "case", title="t", actor="heron", archive=tmp_path / "unplugged", clock=Clock())
    case.add([leak], source="a stick")
    assert list(case.ask_all(["copy"])) == list(case.ask_all(["copy"])) == []
    (entry,) = case.entries("search-without-result")
    assert "not there" in entry.body["because"]


def test_a_pair_told_apart_keeps_its_answer_and_the_write_up_shows_both(case, leak, tmp_path):
    (tmp_path / "crop.jpg").write_bytes(cropped(31))
    case.add([leak, tmp_path / "crop.jpg"], source="a stick")
    (asked,) = case.ask_all(["copy"])
    with pytest.raises(Refused, match="nothing of that name"):
        case.tell_apart("picture-01", "picture-09", why="no")
    told = CliRunner().invoke(
        cli, ["apart", str(case.folder), "picture-01", "picture-02", "--why", "Two prints of it."]
    )
    assert told.exit_code == 0
    (entry,) = case.entries("review")
    assert sorted(entry.body["about"]) == sorted(picture.evidence.digest for picture in case.pictures)
    html, text = (path.read_text() for path in case.write_up())
    assert asked.answer == "yes"
    for said in (html, text.replace("\\", "")):
        assert "Two prints of it." in said
        assert "picture-02 (told apart)" in said
    assert html.count("told apart from <bdi>picture-02</bdi> by a person") == 1


def test_a_reference_made_from_the_picture_is_refused(case, leak, tmp_path):
    (tmp_path / "crop.jpg").write_bytes(cropped(31))
    case.add([leak], source="a stick")
    case.add_known("rooms", "The lobby", [tmp_path / "crop.jpg"], source="an album", vouched_by="heron")
    (asked,) = case.ask_all(["room"])
    assert asked.answer == "unable"
    assert "copy of the picture" in asked.findings[0].because


def test_a_new_picture_costs_only_its_own_pairs(case, leak, tmp_path):
    (tmp_path / "second.jpg").write_bytes(encode(scene(41)))
    (tmp_path / "third.jpg").write_bytes(encode(scene(42)))
    case.add([leak, tmp_path / "second.jpg"], source="a stick")
    list(case.ask_all(["copy"]))
    told = case.findings(case.entries("check")[0])[1]
    (case.store.path(case.pictures[1].evidence.digest)).unlink()  # were it asked again, this pair would be unable
    case.add([tmp_path / "third.jpg"], source="a stick")
    first = next(case.ask_all(["copy"]))
    assert {finding.against.name for finding in first.findings[1:]} == {"picture-02", "picture-03"}
    assert told in [finding.to_json() for finding in first.findings]


def test_points_drawn_by_a_person_are_on_the_record(case, leak, tmp_path):
    (tmp_path / "reference.jpg").write_bytes(encode(scene(51)))
    case.add([leak], source="a stick")
    case.add_known("rooms", "The lobby", [tmp_path / "reference.jpg"], source="an album", vouched_by="heron")
    spots = [(40, 50), (600, 60), (580, 420), (60, 400), (300, 220), (420, 130), (150, 300), (500, 330)]
    drawn = {"drawn_by": "heron", "pairs": [[x, y, x * 0.9 + 20, y * 0.9 + 10] for x, y in spots], "lines": []}
    asked = case.compare("room", "picture-01", "The lobby", points=drawn)
    (entry,) = case.entries("check")
    assert entry.body["settings"]["points"]["drawn_by"] == "heron"
    assert "heron" in asked.findings[0].because
    assert {outcome.state for _, outcome in case.rerun()} == {"identical"}


def public(case):
    return (case.folder / "log" / "verification.jsonl").read_text()


def test_a_withheld_picture_is_asked_about_and_no_public_line_knows_its_digest(case, leak, tmp_path):
    (tmp_path / "crop.jpg").write_bytes(cropped(31))
    held, open_ = *case.add([leak], source="a stick", withhold=True), *case.add([tmp_path / "crop.jpg"], source="web")
    list(case.ask_all())
    case.note(f"the digest begins with {held.digest[:12]}", about=[held.digest])
    case.add_appearance("picture-01", url="https://example.org", platform="a forum", when="then", how_known="seen")

    assert held.digest[:12] not in public(case)
    assert open_.digest in public(case)
    assert (held.size, case.find(held.digest[:12]).evidence.size) == (leak.stat().st_size,) * 2
    assert case.entries("intake")[0].body["size"] is None
    (copy,) = (entry for entry in case.entries("check") if entry.body["check"] == "copy")
    assert (copy.body["picture"], copy.body["answer"]) == (held.digest, "yes")
    assert list(Case(case.folder).ask_all()) == []
    assert {outcome.state for _, outcome in Case(case.folder).rerun()} == {"identical"}
    assert check_log(case.folder).exit_code == 0


def test_a_withheld_picture_that_another_is_compared_with_stays_unnamed(case, leak, tmp_path):
    (tmp_path / "crop.jpg").write_bytes(cropped(31))
    case.add([tmp_path / "crop.jpg"], source="web")
    (held,) = case.add([leak], source="a stick", withhold=True)
    (asked, *_) = case.ask_all(["copy"])
    assert asked.findings[1].against.digest == held.digest
    assert held.digest[:12] not in public(case)
    assert case.findings(case.entries("check")[0])[1]["against"]["digest"] == held.digest


def test_an_archive_of_withheld_pictures_is_withheld_too(case, leak, tmp_path):
    packed = tmp_path / "leak.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(leak, "a.jpg")
        archive.writestr("b.jpg", b"no picture")
    held = case.add([packed], source="a stick", withhold=True)
    archive = case.entries("intake")[0].body["archive"]
    again = case.add([leak], source="a stick")
    assert len(held) == 2
    assert again == [held[0].__class__(held[0].digest, held[0].size, leak.name, "a stick")]
    assert not [d for d in (archive, *(each.digest for each in held)) if d[:12] in public(case)]
    assert f'"size":{leak.stat().st_size}' not in public(case)
    assert check_log(case.folder).exit_code == 0


def test_an_archive_around_a_withheld_picture_is_withheld_whole(case, leak, tmp_path):
    (held,) = case.add([leak], source="a stick", withhold=True)
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.jpg", b"comes before it")
        archive.write(leak, "b.jpg")
    case.add([packed], source="web")
    with zipfile.ZipFile(bundle(case.folder, tmp_path / "b.zip")) as archive:
        assert not [name for name in archive.namelist() if "store" in name]
    assert held.digest[:12] not in public(case)
    assert len(case.pictures) == 2


def test_what_the_log_said_before_is_not_taken_in_as_withheld(case, leak):
    case.add([leak], source="a stick")
    (failed,) = case.add([leak], source="a stick", withhold=True)
    assert isinstance(failed, Unreadable)
    assert "cannot be withheld" in str(failed)
    assert case.entries("intake")[1].body["evidence"] is None


def test_a_bundle_without_the_private_part_is_read_written_up_and_run_again(case, leak, tmp_path):
    (held,) = case.add([leak], source="a stick", withhold=True)
    list(case.ask_all())
    with zipfile.ZipFile(bundle(case.folder, tmp_path / "b.zip")) as archive:
        assert not [name for name in archive.namelist() if held.digest[:12].encode() in archive.read(name)]
        assert leak.read_bytes() not in [archive.read(name) for name in archive.namelist()]
        archive.extractall(tmp_path / "unpacked")
    (folder,) = (tmp_path / "unpacked").iterdir()
    (folder / "case.toml").write_text('title = "t"\nauthor = "stork"\n')
    reader = Case(folder)
    assert {outcome.state for _, outcome in reader.rerun()} == {"not checkable"}
    page, text = (path.read_text() for path in reader.write_up())
    assert held.digest[:12] not in page + text
    assert "The picture is withheld" in page
    assert held.digest in case.write_up(["md"])[0].read_text()


def test_the_command_withholds(case, leak):
    done = CliRunner().invoke(cli, ["intake", str(case.folder), str(leak), "--source", "a stick", "--withhold"])
    digest = done.stdout.split()[0]
    assert (done.exit_code, len(digest)) == (0, 64)
    assert digest[:12] not in public(case)
    for shown in ([], ["--json"]):
        told = CliRunner().invoke(cli, ["log", "show", str(case.folder), *shown]).stdout
        assert digest[:12] not in told
        assert "picture-01" in told
    told = CliRunner().invoke(cli, ["log", "show", str(case.folder), "--json", "--private"]).stdout
    assert digest in told
