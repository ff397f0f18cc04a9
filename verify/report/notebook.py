"""How findings look in a notebook: plain tables and re-encoded pictures that also work where nothing is trusted.

An untrusted notebook drops styles, scripts and inline drawings: blur is therefore in the pixels, and what is folded
away is in `<details>`, which survives.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from verify.errors import Refused
from verify.model import Finding
from verify.report.text import flat, inert


@dataclass(frozen=True, slots=True)
class Display:
    """Something to be shown in a notebook, and its text where there is none."""

    html: str
    text: str

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def show(folder: Path | str, check: str, picture: str) -> Display:
    """What the log of a case holds on one check of one picture (by label), with its figures.

    Raises Refused where that was never asked, LogError, Torn or Tampered where the log cannot be trusted.
    """
    from verify.guard import Guard
    from verify.report import reading, telling
    from verify.report.pictures import Album, data_uri
    from verify.store import Store

    story = reading.read(Path(folder))
    cards = [card for topic in telling.topics(story) if topic.check == check for card in topic.cards]
    card = next((card for card in cards if card.picture.label == picture), None)
    if not card:
        raise Refused(f"{check} was not asked of {picture}; expected a check and a picture of this case")
    with Guard() as guard:
        album = Album(Store(folder), story.graphic(), guard)
        drawn = [album.figure(card.picture.digest or "", finding) for finding in card.drawn]
    figures = "".join(f'<p><img src="{data_uri(one.jpeg)}" alt="{_safe(picture)}"></p>' for one in drawn if one)
    found = [*(card.question.each if card.question else ()), *(one.finding for one in card.met)]
    text = card.question.text if card.question else card.met[0].question.text
    head = f"<h4>{_safe(text)} {_safe(picture)}: {card.answer.value}</h4><p>{_safe(card.because)}</p>"
    html = head + figures + (finding_numbers(card.first) if card.first else "") + _one_by_one(found)
    return Display(html, "\n".join([f"{inert(text)} {inert(picture)}: {card.answer.value}", *map(finding_text, found)]))


def sheet(folder: Path | str) -> Display:
    """The pictures of a case side by side, small; those that are graphic are blurred."""
    from verify.guard import Guard
    from verify.report import reading
    from verify.report.pictures import Album, data_uri
    from verify.store import Store

    story = reading.read(Path(folder))
    with Guard() as guard:
        album = Album(Store(folder), story.graphic(), guard)
        cells = []
        for picture in story.pictures:
            small = album.thumbnail(picture.digest, 200) if picture.digest else None
            shown = f'<img src="{data_uri(small)}" alt="">' if small else "could not be read"
            cells.append(f"<td>{shown}<br>{_safe(picture.label)}{' (graphic)' if picture.graphic else ''}</td>")
    rows = "".join(f"<tr>{''.join(cells[at : at + 4])}</tr>" for at in range(0, len(cells), 4))
    return Display(f"<table>{rows}</table>", "\n".join(inert(picture.label) for picture in story.pictures))


def finding_text(finding: Finding) -> str:
    """One finding as lines of text."""
    against = f" [{inert(finding.against.name)}]" if finding.against else ""
    limits = f"\n    may be wrong: {inert(finding.limits)}" if finding.limits else ""
    return f"{finding.answer.value}{against}: {inert(finding.because)}{limits}"


def finding_html(finding: Finding) -> str:
    """One finding as a table, its numbers folded away; no picture, because a finding holds none."""
    rows = [
        ("answer", finding.answer.value),
        ("because", finding.because),
        ("compared with", finding.against.name if finding.against else ""),
        ("level", finding.level or ""),
        ("rests on what is", finding.portability.value if finding.portability else ""),
        ("may be wrong", finding.limits),
    ]
    return _table([(name, value) for name, value in rows if value]) + finding_numbers(finding)


def finding_numbers(finding: Finding) -> str:
    """What was measured, folded away."""
    rows = flat(finding.measured)
    return f"<details><summary>{len(rows)} numbers</summary>{_table(rows)}</details>" if rows else ""


def asked_html(asked: Any) -> str:
    """A question put (an `asking.Asked`), its answer and the findings one by one."""
    head = f"<h4>{_safe(asked.question)} {_safe(asked.picture.name)}</h4>"
    return head + finding_html(asked.findings[0]) + _one_by_one(asked.findings[1:])


def asked_text(asked: Any) -> str:
    """The same as lines of text."""
    return "\n".join([f"{inert(asked.question)} {inert(asked.picture.name)}", *map(finding_text, asked.findings)])


def register() -> None:
    """Teach the running notebook to show findings and questions; does nothing outside of one."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell:
        formatters = shell.display_formatter.formatters
        for module, name, as_html, as_text in _TYPES:
            formatters["text/html"].for_type_by_name(module, name, as_html)
            formatters["text/plain"].for_type_by_name(module, name, _printed(as_text))


def _printed(as_text: Callable[[Any], str]) -> Callable[[Any, Any, bool], None]:
    return lambda value, printer, _: printer.text(as_text(value))


_TYPES: tuple[tuple[str, str, Callable[[Any], str], Callable[[Any], str]], ...] = (
    ("verify.model", "Finding", finding_html, finding_text),
    ("verify.asking", "Asked", asked_html, asked_text),
)


def _one_by_one(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    rows = [(f.answer.value, f.against.name if f.against else "", f.because) for f in findings]
    told = "".join("<tr>" + "".join(f"<td>{_safe(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<details><summary>{len(findings)} findings one by one</summary><table>{told}</table></details>"


def _table(rows: Sequence[tuple[str, str]]) -> str:
    told = "".join(f"<tr><th>{_safe(name)}</th><td>{_safe(value)}</td></tr>" for name, value in rows)
    return f"<table>{told}</table>"


def _safe(text: str) -> str:
    return escape(inert(text))
