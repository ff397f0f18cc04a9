import re
import subprocess
import sys
from html import unescape

import pytest

from tests.drawn import encode, scene
from tests.report.cases import COPY, SAME_ROOM, Made, same, whole
from verify import report
from verify.errors import Refused, Tampered
from verify.model import Against, Answer, Finding
from verify.report import page, reading, weighing


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    case = whole(tmp_path_factory.mktemp("reports") / "case")
    report.write_up(case.folder)
    return case.folder


@pytest.fixture(scope="module")
def html(folder):
    return (folder / "write-up.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "write-up.md").read_text(encoding="utf-8")


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.S)).split())


def test_the_same_log_gives_the_same_bytes(folder, html, text):
    again = report.write_up(folder)
    assert [path.name for path in again] == ["write-up.html", "write-up.md"]
    assert again[0].read_text(encoding="utf-8") == html
    assert again[1].read_text(encoding="utf-8") == text


def test_two_cases_made_alike_are_written_up_alike(tmp_path, html):
    other = whole(tmp_path / "other place" / "case")
    assert report.write_up(other.folder, ("html",))[0].read_text(encoding="utf-8") == html


def test_it_is_marked_internal_before_anything_else(html, text):
    assert (
        words(html)
        .split("</title>")[-1]
        .removeprefix("Whether the room is the one it is said to be ")
        .startswith("INTERNAL")
    )
    assert text.startswith("**INTERNAL.**")


@pytest.mark.parametrize(
    "said",
    [
        "This is the lobby.",
        "It is another room.",
        "Marks of the wall agree.",
        "60 matched points fit one camera movement",
        "Walls printed with one pattern can match without being one wall.",
        "The camera wrote 2025-12-30 12:00:00 +04:00.",
        "31 of 256 bits differ",
        "gone.jpg: cannot be opened",
        "not a picture in a known format",
        "No area shows the bands of a known flag.",
        "egret",
        "searched",
        "812",
        "drawn rooms",
        "Nobody has linked a finding to",
        "Looked at with a magnifier.",
    ],
)
def test_both_forms_say_it(html, text, said):
    assert said in words(html)
    assert said in " ".join(text.replace("\\", "").split())


def test_it_says_that_nobody_looked_at_the_pixels_for_alterations(html, text):
    for told in (words(html), text):
        assert "No check of the pixels is in this log" in told


def test_a_withdrawn_remark_is_left_to_the_log(html):
    body, log = html.split('<section id="log">')
    assert "An errror." not in body
    assert "An errror." in log


def test_words_of_judgement_never_occur(html, text):
    assert re.findall(r"\b(fake|authentic|proves?|proven)\b", words(html) + text, re.I) == []


def test_it_carries_the_whole_log(folder, html, text):
    lines = (folder / "log" / "verification.jsonl").read_text(encoding="utf-8").splitlines()
    shown = re.findall(r"</summary><div>(.*?)</div></details>", html.split('<section id="log">')[1])
    assert [
        line.replace("&#34;", '"').replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        for line in shown
    ] == lines
    assert all(f"    {line}" in text for line in lines)


def test_it_fetches_nothing_and_runs_nothing(html):
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    assert "<script" not in html
    assert re.findall(r'(?:src|href)="(?!data:image/jpeg;base64,|#)[^"]*"', html) == []
    assert "url(" not in html
    assert "@import" not in html


def test_every_link_leads_somewhere_and_no_mark_stands_twice(html):
    marks = re.findall(r'\bid="([^"]+)"', html)
    assert sorted(set(marks)) == sorted(marks)
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(marks)


def test_an_unknown_format_is_refused(folder):
    with pytest.raises(Refused, match="docx"):
        report.write_up(folder, ("docx",))


def test_a_changed_log_is_not_written_up(tmp_path):
    case = whole(tmp_path)
    path = tmp_path / "log" / "verification.jsonl"
    path.write_bytes(path.read_bytes().replace(b"This is the lobby", b"This is a lobbyy"))
    with pytest.raises(Tampered):
        report.write_up(case.folder)


def test_an_entry_of_another_form_is_named(tmp_path):
    case = Made(tmp_path)
    case.log.append("check", {"check": "room"})
    with pytest.raises(Tampered, match="entry 2"):
        report.write_up(tmp_path)


def test_an_empty_case_is_written_up(tmp_path):
    Made(tmp_path)
    assert "No check has answered yes or no." in report.write_up(tmp_path)[0].read_text(encoding="utf-8")


def test_the_lines_that_check_the_log_without_the_toolkit_do_so(folder, html):
    script = html.split("&lt;&lt;'END'\n")[1]
    script = unescape(script.split("\nEND</pre>")[0])
    run = [sys.executable, "-c", script, "log/verification.jsonl"]
    told = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=True).stdout
    head = re.search(r"<pre>([0-9a-f]{64})</pre>", html)[1]
    assert told.split() == ["26", "lines,", "head", head]


def test_a_picture_joined_by_another_ones_entry_is_told_at_both(tmp_path):
    case = Made(tmp_path)
    case.intake("picture-01", encode(scene(1)))
    case.intake("picture-02", encode(scene(2)))
    yes = same(case.against("picture-02"), Answer.YES, 60)
    case.check("room", "features", SAME_ROOM, "picture-01", [yes, yes])
    told = words(report.write_up(tmp_path, ("html",))[0].read_text(encoding="utf-8"))
    assert "picture-01 with picture-02" in told
    assert "picture-02 with picture-01" in told
    assert "With picture-01: 60 matched points" in told


def test_a_copy_of_a_graphic_picture_is_blurred_and_an_unclear_one_is_not():
    digests = [character * 64 for character in "abcd"]
    pictures = tuple(
        reading.Picture(f"picture-{n}", n, digest, 1, n == 0, "", "", "", "") for n, digest in enumerate(digests)
    )

    def asked(one, other, answer):
        finding = Finding(answer, "x", against=Against(digests[other], "x"))
        return reading.Question(
            9, "copy", "1", COPY, "duplicates", digests[one], answer, (finding,), 1, {}, {}, "", False
        )

    questions = (asked(2, 1, Answer.YES), asked(0, 1, Answer.YES), asked(3, 0, Answer.UNCLEAR))
    story = reading.Story("t", "a", "c", "k", "h", 1, "", pictures=pictures, questions=questions)
    assert story.graphic() == frozenset(digests[:3])


def test_a_page_holds_only_so_many_figures_and_says_so(folder, monkeypatch, html):
    monkeypatch.setattr(page, "FIGURES", 1)
    short = report.write_up(folder, ("html",))[0].read_text(encoding="utf-8")
    monkeypatch.undo()
    report.write_up(folder)
    assert len(re.findall(r"<figure><img", short)) < len(re.findall(r"<figure><img", html))
    assert "2 figures are left out of this page" in words(short)


def test_a_withheld_private_finding_is_said_to_be_withheld(tmp_path):
    case = whole(tmp_path)
    for path in (tmp_path / "log" / "private").iterdir():
        path.unlink()
    told = words(report.write_up(case.folder)[0].read_text(encoding="utf-8"))
    assert "What was found is private and was withheld." in told
    assert "name withheld" in told
    assert "2025-12-30 12:00:00" not in told


def test_a_picture_that_is_gone_from_the_store_is_said_to_be_so(tmp_path):
    case = whole(tmp_path)
    case.store.path(case.digests["picture-01"]).unlink()
    told = words(report.write_up(case.folder)[0].read_text(encoding="utf-8"))
    assert "the store of the case does not hold it" in told


@pytest.fixture
def linked(tmp_path):
    """Three pictures: the first two show one room, and one emblem's design is in the last two; all is linked to H1."""
    case = Made(tmp_path)
    for number, label in enumerate(("picture-01", "picture-02", "picture-03")):
        case.intake(label, encode(scene(number)))
    case.known("rooms", "The lobby", encode(scene(7)))
    case.known("emblems", "The ministry", encode(scene(8)))
    case.say("hypothesis", id="H1", text="It is the lobby.", rival=None)
    rooms = [same(case.against("The lobby"), Answer.YES, 60)]
    design = [Finding(Answer.YES, "Its shape.", against=case.against("The ministry"), level="same design")]
    case.check("room", "features", SAME_ROOM, "picture-01", rooms)
    case.check("room", "features", SAME_ROOM, "picture-02", rooms)
    case.check("emblem", "features", "Is it there?", "picture-02", design)
    case.check("emblem", "features", "Is it there?", "picture-03", design)
    return case


def dependent(case, *entries):
    for entry in entries:
        case.say("link", entry=entry, finding=0, hypothesis="H1", direction="for", why="It fits.")
    (hypothesis,) = weighing.hypotheses(reading.read(case.folder))
    return hypothesis.dependent["for"]


def test_readings_of_one_room_are_said_to_be_one_observation(linked):
    one, two, emblem, _ = (entry.seq for entry in linked.log if entry.kind == "check")
    (sentence,) = dependent(linked, one, two, emblem)
    assert sentence.startswith(f"Entries {one}, {two}, {emblem} all rest on what is seen in picture-01, picture-02")
    page = report.write_up(linked.folder, ("html", "md"))
    assert all("not multiplied" in words(path.read_text(encoding="utf-8")) for path in page)


def test_one_design_in_two_pictures_does_not_make_them_one_observation(linked):
    emblem, other = (entry.seq for entry in linked.log if entry.kind == "check" and entry.body["check"] == "emblem")
    assert dependent(linked, emblem, other) == []
