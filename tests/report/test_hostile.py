"""Text that a stranger wrote is shown and does nothing, wherever it stands."""

import base64
import html
import html.parser
import re
import shutil
import subprocess
import unicodedata

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.drawn import encode, scene
from tests.report.cases import FLAG, Made
from verify import report
from verify.model import Against, Answer, Finding, Region, Strength
from verify.report import page
from verify.report.text import flat, inert, markdown

PAYLOADS = {
    "script": "<script>document.title='RAN'</script>",
    "image": "<img src=x onerror=\"document.title='RAN'\">",
    "attribute": '"\' onmouseover="document.title=\'RAN\'" x="',
    "style": "</style><style>*{background:url(http://tracker.invalid/s)}</style>",
    "refresh": "<meta http-equiv=refresh content='0;url=http://tracker.invalid/m'>",
    "markdown picture": "![](http://tracker.invalid/p.png)",
    "markdown link": "[press](javascript:alert(1)) <http://tracker.invalid> www.tracker.invalid",
    "markdown block": "\n\n# Title\n\n```\nx\n```\n| a | b |\n",
    "template": "{{ 7 * 7 }}{% raw %}{# x #}",
    "terminal": "\x1b]0;title\x07\x1b[2J\x9b31m",
    "direction": "exe.\u202egpj\u2066\u2069\u200f",
    "zero width": "pic\u200bture\u00ad\ufeff",
    "lines": "one\u2028two\u2029three\rfour\x85five",
    "stack": "a" + "\u0301" * 200,
    "tags": "\U000e0041\U000e0042",
    "long": "A" * 50_000,
}
FIELDS = ("name", "source", "label", "title", "actor", "claim", "hypothesis", "note", "why", "conclusion", "because",
          "limits", "measured", "region", "against", "level", "strength", "question", "check", "setting", "version",
          "known", "url", "unable", "search")  # fmt: skip


def case_of(folder, payload, fields=FIELDS):
    """A case in which these fields hold the payload."""
    told = {field: payload if field in fields else field for field in FIELDS}
    case = Made(folder, title=told["title"], actor=told["actor"][:90])
    case.intake(told["label"], encode(scene(1)), name=told["name"], source=told["source"])
    case.missing(f"second {told['label']}", told["unable"])
    other = case.known("rooms", told["known"], encode(scene(2)), source=told["source"])
    seen = dict.fromkeys(("url", "platform", "when", "how_known", "archived"), told["url"])
    case.say("appearance", evidence=case.digests[told["label"]], **seen)
    case.say("claim", id="C1", text=told["claim"], by=told["claim"])
    case.say("hypothesis", id=told["hypothesis"], text=told["hypothesis"], rival=told["hypothesis"])
    case.say("note", text=told["note"], about=[told["note"]])
    case.say("search-without-result", archive=told["search"], searched=3, picture=told["search"])
    finding = Finding(
        Answer.YES,
        told["because"],
        against=Against(other, told["against"]),
        measured={told["measured"]: told["measured"], "nested": {told["measured"]: [told["measured"]]}},
        regions=(Region.box(10, 10, 90, 90, told["region"]), Region.box(10, 10, 90, 90, told["region"], "against")),
        level=told["level"],
        strength=(Strength(told["strength"], 1.5, told["strength"], told["strength"]),),
        limits=told["limits"],
    )
    told_too = {"settings": {"note": told["setting"]}, "version": told["version"]}
    for private in (False, True):
        check = told["check"] + str(private)
        entry = case.check(check, "features", told["question"], told["label"], [finding], private=private, **told_too)
    case.say("link", entry=entry, finding=0, hypothesis=told["hypothesis"], direction="for", why=told["why"])
    case.say("conclusion", text=told["conclusion"], about=told["hypothesis"])
    return case


class Inventory(html.parser.HTMLParser):
    """What a page is made of: its tags, and attributes that could act."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.acting: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            inside = (value or "").startswith(("#", "data:image/jpeg;base64,"))
            if name.startswith("on") or (name in {"src", "href", "action", "srcset"} and not inside) or name == "style":
                self.acting.append((name, value))


HARMLESS = frozenset(
    "html head meta title style body header main section footer nav div p b br a span small bdi pre ul li h1 h2 h3 h4 "  # noqa: SIM905
    "table thead tbody tr th td article figure img figcaption details summary svg g rect image text path".split()
)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_payload_in_every_field_adds_no_tag_no_attribute_and_no_hidden_character(tmp_path, payload):
    paths = report.write_up(case_of(tmp_path, payload).folder)
    text = paths[0].read_text(encoding="utf-8")
    found = Inventory()
    found.feed(text)
    assert found.tags <= HARMLESS
    assert found.acting == []
    assert text.count("http-equiv=") == 1 + text.count("http-equiv=refresh")
    for path in paths:
        told = path.read_text(encoding="utf-8")
        before_log = told.split("Appendix: the whole log")[0]
        assert [
            c for c in before_log if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and c != "\n"
        ] == []


@pytest.mark.parametrize("field", [field for field in FIELDS if field != "region"])  # that one is drawn
def test_a_payload_in_one_field_is_shown_as_text(tmp_path, field):
    payload = "<b onclick=x>&amp;"
    paths = report.write_up(case_of(tmp_path, payload, (field,)).folder)
    body = paths[0].read_text(encoding="utf-8").split('<section id="log">')[0]
    assert payload not in body
    assert "&lt;b onclick=x&gt;&amp;amp;" in body


def test_the_control_an_unescaped_template_does_let_the_payload_through(tmp_path, monkeypatch):
    monkeypatch.setattr(page.jinja2, "Environment", _careless)
    text = report.write_up(case_of(tmp_path, PAYLOADS["script"]).folder, ("html",))[0].read_text(encoding="utf-8")
    found = Inventory()
    found.feed(text)
    assert "script" in found.tags


class _Careless(jinja2.Environment):
    """What a report would be without the two layers."""


def _careless(**options):
    return _Careless(**options | {"autoescape": False, "finalize": lambda value: value})


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_markdown_renders_to_no_link_and_no_picture(tmp_path, payload):
    text = report.write_up(case_of(tmp_path, payload).folder, ("md",))[0].read_text(encoding="utf-8")
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert re.findall(r"<(?:a|img|script|style|meta|iframe)\b", rendered) == []
    headings = re.findall(r"<h1>(.*?)</h1>", rendered)
    assert len(headings) == 1


def test_the_control_unescaped_markdown_does_become_a_picture():
    assert "<img" in MarkdownIt("commonmark").render("- " + PAYLOADS["markdown picture"])


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_escaped_text_is_one_list_item_that_reads_as_it_was(text):
    rendered = MarkdownIt("commonmark", {"html": True}).render("- x " + markdown(text))
    assert html.unescape(rendered) == f"<ul>\n<li>{('x ' + ' '.join(inert(text).split())).strip()}</li>\n</ul>\n"


def test_number_and_flat_keep_what_was_measured():
    assert flat({"a": {"b_c": 0.123456, "d": [1, True, None]}, "e": {}}) == [
        ("a · b c", "0.1235"),
        ("a · d", "[1, yes, none]"),
        ("e", "{}"),
    ]


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: the page's own inventory is tested above")
def test_in_a_real_browser_nothing_runs(tmp_path):
    payload = "".join(PAYLOADS[name] for name in ("script", "image", "attribute", "style", "refresh"))
    (path,) = report.write_up(case_of(tmp_path / "case", payload).folder, ("html",))
    assert html.unescape(_title(path, tmp_path)) == payload  # and not what the payload would make of it
    control = tmp_path / "control.html"
    control.write_text("<title>x</title>" + PAYLOADS["script"], encoding="utf-8")
    assert _title(control, tmp_path) == "RAN"


def _title(path, folder):
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom", "--virtual-time-budget=2000"]
    command = [CHROMIUM, *options, f"--user-data-dir={folder / 'profile'}", path.as_uri()]
    shown = subprocess.run(command, capture_output=True, timeout=120, check=True).stdout.decode()
    return re.search(r"<title>(.*?)</title>", shown, re.S)[1]


def test_no_original_byte_and_no_metadata_leaves_with_a_picture(tmp_path):
    marker = b"PLANTED-SERIAL-77812"
    planted = encode(scene(3), comment=marker, exif=_exif(marker.decode()))
    assert planted.count(marker) >= 2
    case = Made(tmp_path)
    case.intake("picture-01", planted)
    case.check("flag", "features", FLAG, "picture-01", [Finding(Answer.YES, "x", regions=(Region.box(5, 5, 50, 50),))])
    (path,) = report.write_up(tmp_path, ("html",))
    pictures = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", path.read_text(encoding="utf-8"))
    assert len(pictures) >= 3
    for packed in pictures:
        data = base64.b64decode(packed)
        assert marker not in data
        assert b"Exif" not in data
        assert planted[-2000:-1000] not in data


def _exif(text):
    import PIL.Image

    exif = PIL.Image.Exif()
    exif[0x010E] = text
    return exif
