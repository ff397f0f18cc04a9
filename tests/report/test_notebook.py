import base64
import io
import re
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest

from tests.drawn import scene
from tests.report.cases import whole
from verify.errors import Refused
from verify.model import Against, Answer, Finding
from verify.report import notebook


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return whole(tmp_path_factory.mktemp("reports") / "case").folder


def pictures(html):
    packed = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", html)
    return [np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(one)))) for one in packed]


def test_a_question_is_shown_with_its_figure_and_as_text(folder):
    shown = notebook.show(folder, "flag", "picture-01")._repr_mimebundle_()
    assert "The bands of Azerbaijan" in shown["text/html"]
    assert "The bands of Azerbaijan" in shown["text/plain"]
    assert len(pictures(shown["text/html"])) == 1


def test_it_needs_nothing_that_an_untrusted_notebook_drops(folder):
    html = notebook.show(folder, "room", "picture-01").html + notebook.sheet(folder).html
    assert set(re.findall(r"<(\w+)", html)) <= set("h4 p img table tr th td details summary br".split())  # noqa: SIM905
    assert set(re.findall(r"\s(\w+)=\"", html)) <= {"src", "alt"}


def test_a_graphic_picture_and_its_copies_come_out_blurred(folder):
    first, second = pictures(notebook.sheet(folder).html)
    for shown, seed in ((second, 2), (first, 1)):  # the first one is a copy of the second, the log says
        sharp = np.asarray(PIL.Image.fromarray(scene(seed)).resize((shown.shape[1], shown.shape[0])))
        detail = [np.abs(np.diff(pixels.astype(int), axis=1)).mean() for pixels in (shown, sharp)]
        assert detail[0] < detail[1] / 5


def test_what_was_never_asked_is_refused(folder):
    with pytest.raises(Refused, match="flag was not asked of picture-03"):
        notebook.show(folder, "flag", "picture-03")


def test_strangers_text_is_escaped():
    finding = Finding(
        Answer.NO, "<script>\u202e", against=Against("0" * 64, "<b>"), measured={"<i>": ["<u>"]}, limits="<s>"
    )
    html = notebook.finding_html(finding) + notebook.asked_html(
        SimpleNamespace(question="<q>", picture=SimpleNamespace(name="<n>"), findings=(finding, finding))
    )
    assert set(re.findall(r"<(\w+)", html)) <= {"h4", "table", "tr", "th", "td", "details", "summary"}
    assert "[U+202E]" in notebook.finding_text(finding)


def test_outside_a_notebook_nothing_is_registered():
    notebook.register()
