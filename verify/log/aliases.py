"""Aliases: what a public line says in place of a digest that is withheld; private bodies open them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from verify.errors import Refused, Tampered
from verify.log.canonical import Plain
from verify.log.entry import is_digest

NAMED = ("evidence", "archive")  # fields of an intake's body that may introduce an alias
SHORT = 12  # hex digits that a text quotes of a digest; fewer are too few to know it by
_alias = re.compile(r"~[0-9a-f]{64}")
_quoted = re.compile(rf"[0-9a-fA-F]{{{SHORT},}}")
_standing = re.compile(rf"~[0-9a-f]{{{SHORT},64}}")


def is_alias(value: object) -> bool:
    """Whether this stands for a withheld digest: "~" and 64 lower-case hex digits, which are drawn at random."""
    return isinstance(value, str) and _alias.fullmatch(value) is not None


def introduced(body: Mapping[str, Any]) -> set[str]:
    """The aliases that the public body of an intake introduces."""
    return {body[field] for field in NAMED if is_alias(body.get(field))}


def check_unsaid(lines: bytes, body: Mapping[str, Any], digests: Iterable[str]) -> None:
    """Whether a body names these digests as an intake does, and no line of the log said one. Raises Refused."""
    said, named = lines.lower(), {body.get(field) for field in NAMED}
    for digest in digests:
        if not is_digest(digest) or digest not in named:
            raise Refused(f"{digest[:12]}…: only the evidence or archive of an intake can be withheld")
        if digest[:SHORT].encode() in said:
            raise Refused(f"{digest[:12]}…: the log said this digest before; it cannot be withheld any more")


def check_opened(aliases: set[str], private: Mapping[str, Any], before: dict[str, str]) -> None:
    """Whether a private body opens exactly these aliases, one for one digest. Raises Tampered.

    `before` holds the digest of each alias and the alias of each digest so far, and learns these.
    """
    told = private.get("stands_for")
    if not isinstance(told, Mapping) or set(told) != aliases or not all(map(is_digest, told.values())):
        raise Tampered("does not say which file each alias of its entry stands for")
    for alias, digest in told.items():
        if before.setdefault(alias, digest) != digest or before.setdefault(digest, alias) != alias:
            raise Tampered("has a second alias for a file, or a second file for an alias")


class Aliases:
    """Which alias stands for which digest, both ways, as far as it was disclosed here."""

    def __init__(self, known: Iterable[tuple[str, str]] = ()) -> None:
        self.digests: dict[str, str] = {}  # by alias
        self._digests: dict[str, tuple[str, str]] = {}  # alias and digest, by the first characters of the alias
        self._aliases: dict[str, tuple[str, str]] = {}  # digest and alias, by the first characters of the digest
        for alias, digest in known:
            self._learn(alias, digest)

    def __contains__(self, digest: str) -> bool:
        return self._aliases.get(digest[:SHORT], ("",))[0] == digest

    def learn(self, body: Mapping[str, Any], private: Mapping[str, Any] | None) -> None:
        """What the private body of an intake, where it is disclosed, says of the aliases in the public one."""
        told = (private or {}).get("stands_for", {})
        for alias in sorted(introduced(body)) if isinstance(told, dict) else ():
            if is_digest(told.get(alias)):
                self._learn(alias, told[alias])

    def _learn(self, alias: str, digest: str) -> None:
        self.digests.setdefault(alias, digest)
        self._digests.setdefault(alias[: SHORT + 1], (alias, digest))
        self._aliases.setdefault(digest[:SHORT], (digest, alias))

    def withhold(self, digests: Iterable[str], random: Callable[[int], bytes]) -> tuple[Aliases, dict[str, str]]:
        """These aliases and one for each of the digests, which keeps the one it has; and what those stand for."""
        stands_for = {}
        for digest in dict.fromkeys(digests):
            _, alias = self._aliases[digest[:SHORT]] if digest in self else ("", "~" + random(32).hex())
            stands_for[alias] = digest
        return Aliases([*self.digests.items(), *stands_for.items()]), stands_for

    def hide(self, plain: Plain) -> Plain:
        """The value as a public line may say it: no text holds 12 hex digits or more of the beginning of a digest."""
        return _each(plain, lambda text: _quoted.sub(self._hidden, text)) if self._aliases else plain

    def reveal(self, plain: Plain) -> Plain:
        """The value with the digests that were hidden; an alias that nothing opens stays."""
        return _each(plain, lambda text: _standing.sub(self._shown, text)) if self._aliases else plain

    def _hidden(self, match: re.Match[str]) -> str:
        run, low, at, told = match[0], match[0].lower(), 0, []
        while at < len(run):
            digest, alias = self._aliases.get(low[at : at + SHORT], ("", ""))
            length = _common(low[at:], digest)
            told.append(alias[: length + 1] if digest else run[at])
            at += length or 1
        return "".join(told)

    def _shown(self, match: re.Match[str]) -> str:
        alias, digest = self._digests.get(match[0][: SHORT + 1], ("", ""))
        length = _common(match[0], alias)
        return digest[: length - 1] + match[0][length:] if digest else match[0]


def _common(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _each(plain: Plain, change: Callable[[str], str]) -> Plain:
    if isinstance(plain, str):
        return change(plain)
    if isinstance(plain, list):
        return [_each(item, change) for item in plain]
    if isinstance(plain, dict):
        return {change(key): _each(item, change) for key, item in plain.items()}
    return plain
