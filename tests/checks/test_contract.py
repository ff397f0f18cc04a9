"""One suite over every check, present and future."""

import json
import re

import numpy as np
import pytest

from tests.drawn import encode, scene
from verify import checks
from verify.errors import EvidenceError
from verify.image import Image
from verify.known import Known
from verify.model import Answer, Finding

FORBIDDEN = re.compile(r"\b(fake|faked|authentic|prove[sdn]?|genuine)\b", re.IGNORECASE)
EVERY = list(checks.every().values())
PICTURES = {
    "scene": encode(scene(11)),
    "another": encode(scene(12)),
    "one pixel": encode(np.zeros((1, 1, 3), np.uint8), "PNG"),
    "uniform": encode(np.full((300, 400, 3), 127, np.uint8), "PNG"),
    "narrow": encode(scene(13, 900, 6)),
    "grey": encode(scene(14)[..., 0]),
    "truncated": encode(scene(15))[:3000],
    "no picture": b"MZ this is a program" * 9,
}


def ask(check, name, other="another", **settings):
    picture = Image(PICTURES[name], f"{name}.jpg")
    second = Known() if check.pictures == 1 else Image(PICTURES[other], f"{other}.jpg")
    return list(check.run(picture, second, **check.resolve(settings)))


@pytest.fixture(params=EVERY, ids=lambda check: check.name)
def check(request):
    return request.param


def test_it_asks_one_question_and_says_how_and_when_it_is_wrong(check):
    assert check.question.endswith("?")
    assert check.pictures in {1, 2}
    for word in ("Method", "Limits"):
        assert word in check.about
    assert not FORBIDDEN.search(check.question + check.about)


def test_its_settings_can_be_written_as_json(check):
    assert json.loads(json.dumps(check.settings)) == json.loads(json.dumps(check.resolve({})))


@pytest.mark.parametrize("name", PICTURES)
def test_it_says_something_of_every_picture(check, name):
    try:
        findings = ask(check, name)
    except EvidenceError:
        assert name in {"truncated", "no picture"}, "a picture that decodes gets a finding, not an error"
        return
    assert findings
    width, height = (10**6, 10**6) if name in {"truncated", "no picture"} else Image(PICTURES[name]).size
    for finding in findings:
        assert Finding.from_json(json.loads(json.dumps(finding.to_json(), allow_nan=False))) is not None
        assert finding.because.endswith((".", "?"))
        assert "\n" not in finding.because
        assert not FORBIDDEN.search(finding.because + finding.limits)
        for region in finding.regions:
            if region.of == "picture":
                assert all(-1 <= x <= width + 1 and -1 <= y <= height + 1 for x, y in region.polygon)
    if name == "no picture":
        assert {finding.answer for finding in findings} == {Answer.UNABLE}


def test_the_same_input_gives_the_same_findings(check):
    assert ask(check, "scene") == ask(check, "scene")


def test_an_unknown_setting_is_refused(check):
    with pytest.raises(EvidenceError, match="no setting"):
        check.resolve({"no_such_setting": 1})
