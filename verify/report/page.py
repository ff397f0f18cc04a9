"""The write-up as one HTML page that needs nothing else: no script, no font, no address is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from verify.log.aliases import is_alias
from verify.model import Answer, Finding
from verify.report import earlier, graph, telling, weighing
from verify.report.pictures import Album, data_uri
from verify.report.reading import Picture, Story
from verify.report.telling import ORDER, Card, Topic
from verify.report.text import flat, inert, number

FIGURES = 120  # in one page at most, about 12 MB: a browser on a phone still opens it
FOLDER = Path(__file__).parent


def render(story: Story, album: Album) -> str:
    """The page. The same story and pictures give the same bytes: no clock, nothing of this machine."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters |= {"number": number, "flat": flat, "lines": lambda text: Kept(inert(text, lines=True))}
    return environment.get_template("page.html.j2").render(**_context(story, album))


class Kept(str):
    """Text that is inert already and keeps its line ends; it is still escaped."""

    __slots__ = ()


def _finalize(value: Any) -> Any:
    """Every value that reaches the page passes here: text is made inert, and escaped after that."""
    return value if isinstance(value, Markup | Kept) else inert(value)


def _context(story: Story, album: Album) -> dict[str, Any]:
    told = telling.topics(story)
    joined = telling.edges(told)
    thumbs = {digest: _src(jpeg) for digest in _pictured(story) if (jpeg := album.thumbnail(digest))}
    figures = _figures(told, album)
    missing = unread(story, told, album)
    return {
        "css": Markup((FOLDER / "page.css").read_text(encoding="utf-8")),  # noqa: S704 our own file
        "story": story,
        "topics": told,
        "chapters": {name: [t for t in told if t.chapter == name] for name in ("seen", "metadata", "copies")},
        "thumbs": thumbs,
        "graphic": story.graphic(),
        "figures": figures,
        "left_out": sum(len(card.drawn) for topic in told for card in topic.cards) - sum(map(len, figures.values())),
        "searches": earlier.searches(story),
        "orders": earlier.orders(story),
        "told_apart": earlier.told_apart(story),
        "appeared": earlier.appeared(story),
        "remarks": earlier.remarks(story),
        "hypotheses": weighing.hypotheses(story),
        "unlinked": weighing.unlinked(story),
        "unread": missing,
        "left_open": telling.left_open(told, {picture.seq for picture, _ in missing}),
        "change": telling.what_would_change_it(story),
        "edges": joined,
        "joined_by": _joined_by(story, told, joined),
        "graph": _graph(story, joined, thumbs),
        "grids": [
            (columns, _grid(story, columns))
            for columns in ([t for t in told if t.chapter != "metadata"], [t for t in told if t.chapter == "metadata"])
        ],
        "answers": ORDER,
        "Answer": Answer,
        "versions": versions(story),
        "altered": any(question.room == "integrity" for question in story.questions),
        "heads": story.heads,
        "raw": [Markup(escape(line, quote=False)) for line in story.lines],  # noqa: S704 inert by the log's own rule
    }


def _src(jpeg: bytes) -> Markup:
    return Markup(data_uri(jpeg))  # noqa: S704 base64 has no character that HTML knows


def _pictured(story: Story) -> Iterator[str]:
    yield from dict.fromkeys(picture.digest for picture in story.pictures if picture.digest)
    yield from dict.fromkeys(reference.digest for reference in story.references)


def _figures(told: list[Topic], album: Album) -> dict[str, list[tuple[Markup, Finding, bool]]]:
    """By the card's mark: data URI and finding of each figure, until the page holds `FIGURES`."""
    found: dict[str, list[tuple[Markup, Finding, bool]]] = {}
    room = FIGURES
    for card in (card for topic in told for card in topic.cards):
        for finding in card.drawn[:room]:
            drawn = album.figure(card.picture.digest or "", finding)
            if drawn:
                found.setdefault(card.anchor, []).append((_src(drawn.jpeg), finding, drawn.near))
                room -= 1
    return found


def unread(story: Story, told: list[Topic], album: Album) -> list[tuple[Picture, str]]:
    """Files that could not be had or read, each with the reason on record, or else with the one met here."""
    cards: list[Card] = [card for topic in told for card in topic.cards]
    found = []
    for picture in story.pictures:
        if picture.digest is None:
            found.append((picture, picture.unable or "The reason is private and was withheld."))
        elif is_alias(picture.digest):
            found.append((picture, "The picture is withheld, and so is its digest."))
        elif not album.get(picture.digest):
            why = [c.because for c in cards if c.picture is picture and c.answer is Answer.UNABLE]
            found.append((picture, why[0] if why else album.unable[picture.digest]))
    return found


def _graph(story: Story, joined: list[telling.Edge], thumbs: dict[str, Markup]) -> Markup:
    own = {picture.digest: picture.label for picture in reversed(story.pictures) if picture.digest}
    names = {digest: story.name_of(digest) for edge in joined for digest in (edge.a, edge.b)}
    ordered = {p.digest: own[p.digest] for p in story.pictures if p.digest}
    return Markup(graph.draw(joined, ordered, names, thumbs)) if joined else Markup("")  # noqa: S704 escaped where drawn


def _joined_by(story: Story, told: list[Topic], joined: list[telling.Edge]) -> list[tuple[str, int, list[list[str]]]]:
    """For each question that joined pictures: its text, its kind of line, and the names that hang together."""
    found = []
    for kind, check in enumerate(dict.fromkeys(edge.check for edge in joined)):
        text = next(topic.text for topic in told if topic.check == check)
        groups = telling.groups((edge.a, edge.b) for edge in joined if edge.check == check)
        named = [list(dict.fromkeys(story.name_of(digest) for digest in group)) for group in groups]
        found.append((text, kind % graph.KINDS, named))
    return found


def _grid(story: Story, told: list[Topic]) -> list[tuple[Picture, list[Card | None]]]:
    """Pictures by questions: the card of each, or None where it was not asked."""
    rows = []
    for picture in story.pictures:
        cells = [next((card for card in topic.cards if card.picture.digest == picture.digest), None) for topic in told]
        rows.append((picture, cells))
    return rows


def versions(story: Story) -> list[tuple[str, str]]:
    """Programs and libraries named by the check entries, with every version that occurs."""
    found: dict[str, list[str]] = {}
    for question in story.questions:
        for name, value in flat(question.versions):
            if value not in found.setdefault(name, []):
                found[name].append(value)
    return sorted((name, ", ".join(values)) for name, values in found.items())
