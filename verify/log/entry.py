"""One entry: what stands in a line, and the rules of its form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from verify.errors import Refused, Tampered

VERSION = 1
KINDS = frozenset(
    {
        "open",  # the case begins: its identity, nonce and title
        "key",  # a signing key joins, its public half in the line
        "intake",  # a file was taken in
        "known",  # a known picture was put on the shelf
        "appearance",  # where and when a picture was seen
        "check",  # a question, its inputs, settings and findings
        "search-without-result",  # what was searched and not found
        "note",
        "claim",
        "hypothesis",
        "link",  # a finding speaks for or against a hypothesis
        "grade",
        "review",
        "conclusion",
        "correction",  # a later entry that supersedes an earlier one
        "redaction",  # a private body was destroyed
        "export",  # a file was written for others
        "checkpoint",  # the log up to here is signed beside it
        "anchor",  # a head was made known outside
        "recovery",  # a torn line was set aside, or the clock was set back
    }
)
POINTS_BACK = {"link": "entry", "correction": "supersedes", "redaction": "entry"}  # fields that name an earlier entry
FIELDS = ("actor", "body", "kind", "prev", "private", "seq", "time", "v")
AHEAD = timedelta(minutes=5)  # two honest clocks differ by so much at most where one of them is set by hand

_case = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_digest = re.compile(r"[0-9a-f]{64}")
_time = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ", re.ASCII)
_file = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,3}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line, read. `seq` is its line number, from 1; `digest` the SHA-256 of the line with its line end."""

    seq: int
    kind: str
    time: datetime  # aware, UTC, milliseconds; as the writer's own clock said
    actor: str  # a pseudonym
    body: Mapping[str, Any]
    prev: str  # `digest` of the entry before
    digest: str
    private: Mapping[str, Any] | None = None  # the disclosed private body; None where there is none or it is withheld
    withheld: bool = False  # there is a private body, and it is not here
    key: str | None = None  # fingerprint of the key that the actor signs with


def this_toolkit() -> str:
    """Name and version of this toolkit, as entries give it."""
    from importlib.metadata import PackageNotFoundError, version  # slow, and needed once a case

    try:
        return f"image-evidence {version('image-evidence')}"
    except PackageNotFoundError:  # run from its source without having been installed
        return "image-evidence unknown"


def is_digest(value: object) -> bool:
    """Whether this is a SHA-256 as the log writes it: 64 lower-case hex digits."""
    return isinstance(value, str) and _digest.fullmatch(value) is not None


def is_case(value: object) -> bool:
    """Whether this is a case's identity: a short plain word."""
    return isinstance(value, str) and _case.fullmatch(value) is not None


def is_file(value: object) -> bool:
    """Whether this names a file of the case in plain characters, at most three folders down, never upwards."""
    return isinstance(value, str) and _file.fullmatch(value) is not None


def write_time(moment: datetime) -> str:
    """An aware moment as the log writes it: UTC, milliseconds. Raises Refused on a naive one."""
    if moment.tzinfo is None:
        raise Refused("the clock gave a time without a zone; expected an aware one")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: object) -> datetime:
    """The moment that `write_time` wrote. Raises Tampered."""
    if not isinstance(text, str) or not _time.fullmatch(text):
        raise Tampered(f"the time {str(text)[:40]!r} is not written as the log writes it")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Tampered(f"the time {text!r} is not in the calendar") from error


def check_form(plain: object) -> dict[str, Any]:
    """The fields of a decoded line, in their right types. Raises Tampered."""
    if not isinstance(plain, dict) or tuple(plain) != FIELDS:
        raise Tampered(f"has other fields than {', '.join(FIELDS)}")
    if plain["v"] != VERSION or plain["v"] is True:
        raise Tampered("is of an unknown version of the log's format; expected 1")
    if plain["kind"] not in KINDS if isinstance(plain["kind"], str) else True:
        raise Tampered(f"is of the unknown kind {str(plain['kind'])[:40]!r}")
    if type(plain["seq"]) is not int or plain["seq"] < 1:
        raise Tampered(f"is numbered {str(plain['seq'])[:20]}; expected a whole number from 1")
    _check_actor(plain["actor"])
    if not isinstance(plain["body"], dict):
        raise Tampered("has a body that is no object")
    if not is_digest(plain["prev"]) or not (plain["private"] is None or is_digest(plain["private"])):
        raise Tampered("has a digest that is not 64 lower-case hex digits")
    back = POINTS_BACK.get(plain["kind"])
    if back and not (type(plain["body"].get(back)) is int and 0 < plain["body"][back] < plain["seq"]):
        raise Tampered(f"names no earlier entry in {back!r}")
    if plain["kind"] == "export":
        _check_export(plain["body"])
    return plain


def check_open(body: Mapping[str, Any]) -> tuple[str, str]:
    """Case and nonce of a first entry's body. Raises Tampered."""
    case, nonce = body.get("case"), body.get("nonce")
    if not (is_case(case) and is_digest(nonce)):
        raise Tampered("does not name its case and nonce")
    return str(case), str(nonce)


def _check_actor(actor: object) -> None:
    if not isinstance(actor, dict) or tuple(actor) != ("key", "name"):
        raise Tampered("names no actor")
    if not isinstance(actor["name"], str) or not actor["name"]:
        raise Tampered("has an actor without a name")
    if not (actor["key"] is None or isinstance(actor["key"], str)):
        raise Tampered("has a key that is no fingerprint")


def _check_export(body: Mapping[str, Any]) -> None:
    if not is_file(body.get("file")) or not is_digest(body.get("digest")):
        raise Tampered("exports no plainly named file with its digest")


def check_actor(actor: str) -> None:
    """Who writes has a name that a line can hold. Raises Refused."""
    if not actor.strip() or len(actor) > 100:
        raise Refused("the actor has no name; expected a pseudonym of at most 100 characters")
