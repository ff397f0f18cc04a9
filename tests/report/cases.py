"""Cases for tests of the write-up: a real log and store with findings written by hand over drawn pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.drawn import encode, scene
from verify.log import Log
from verify.model import Against, Answer, Finding, Pair, Portability, Region, Strength
from verify.store import Store

SAME_ROOM = "Is this the same room as in another picture?"
FLAG = "Is a known national flag in the picture?"
COPY = "Is it a copy of another picture?"
WHEN = "When was it taken, according to the file?"


class Clock:
    """A clock that moves a second at every look."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Made:
    """A case being made: files go into the store, entries into the log."""

    folder: Path
    title: str = "A case"
    actor: str = "heron"
    log: Log = field(init=False)
    store: Store = field(init=False)
    digests: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        ids = iter(range(1, 10_000))
        random: Callable[[int], bytes] = lambda size: next(ids).to_bytes(size, "big")  # noqa: E731
        self.log = Log.create(
            self.folder, title=self.title, actor=self.actor, clock=Clock(), random=random, durable=False
        )
        self.store = Store(self.folder)

    def intake(self, label: str, data: bytes, *, graphic: bool = False, name: str = "", source: str = "a stick") -> str:
        digest = self.store.put(data)
        body = {"evidence": digest, "size": len(data), "label": label, "graphic": graphic, "archive": None}
        self.log.append("intake", body, private={"name": name or f"{label}.jpg", "source": source, "mtime": None})
        self.digests[label] = digest
        return digest

    def missing(self, label: str, why: str, name: str = "gone.jpg") -> None:
        body = {"evidence": None, "size": None, "label": label, "graphic": False, "archive": None}
        self.log.append("intake", body, private={"name": name, "source": "a stick", "mtime": None, "unable": why})

    def known(self, kind: str, name: str, data: bytes, **told: str) -> str:
        digest = self.store.put(data)
        body = {"kind": kind, "name": name, "digest": digest, "size": len(data), "source": "an album"}
        self.log.append("known", body | {"vouched_by": "egret", "taken": "2020"} | told)
        self.digests[name] = digest
        return digest

    def against(self, name: str) -> Against:
        return Against(self.digests[name], name)

    def check(
        self,
        check: str,
        room: str,
        question: str,
        label: str,
        findings: Sequence[Finding],
        *,
        private: bool = False,
        settings: Mapping[str, Any] | None = None,
        version: str = "1",
    ) -> int:
        packed = [finding.to_json() for finding in findings]
        compared = {f.against.digest: f.against.name for f in findings if f.against}
        body = {
            "check": check,
            "version": version,
            "question": question,
            "room": room,
            "settings": settings or {"least": 12, "ratio": 0.8},
            "picture": self.digests[label],
            "compared": [{"digest": digest, "name": name} for digest, name in compared.items()],
            "known": [],
            "answer": findings[0].answer.value,
            "findings": None if private else packed,
            "versions": {"numpy": f"2.{version}", "opencv-python-headless": "5.0"},
            "limits": findings[0].limits,
        }
        return self.log.append("check", body, private={"findings": packed} if private else None).seq

    def say(self, kind: str, **body: Any) -> int:
        return self.log.append(kind, body).seq


def matched(count: int, seed: int = 1) -> tuple[Pair, ...]:
    """Matched points on a grid, shifted by ten pixels."""
    return tuple(
        Pair((30.0 + 40 * (i % 14), 40.0 + 35 * (i // 14)), (40.0 + 40 * (i % 14), 42.0 + 35 * (i // 14)))
        for i in range(count)
    )


def same(other: Against, answer: Answer, score: float, **more: Any) -> Finding:
    """A finding of the kind that a room check makes."""
    told = {
        Answer.YES: f"{score:.0f} matched points fit one camera movement, where 12 would be asked for.",
        Answer.NO: "A pipe that both views would show is in one of them only.",
        Answer.UNCLEAR: f"{score:.0f} matched points are too few to tell; 12 would be asked for.",
        Answer.UNABLE: "The picture could not be read.",
    }
    yes = answer is Answer.YES
    return Finding(
        answer,
        more.pop("because", told[answer]),
        against=other,
        measured={"inliers": int(score), "rms": 0.8123456, "fit": {"share": 0.41, "planes": [3, 2]}},
        pairs=matched(60) if yes else (),
        regions=(Region.box(60, 60, 200, 140, "board"), Region.box(70, 62, 200, 140, "board", "against"))
        if yes
        else (),
        score=score,
        level="same surface" if yes else "undetermined",
        portability=Portability.FIXED if yes else None,
        limits=more.pop("limits", "Walls printed with one pattern can match without being one wall."),
        **more,
    )


def whole(folder: Path) -> Made:
    """A case in which everything occurs once."""
    case = Made(folder, title="Whether the room is the one it is said to be")
    case.intake("picture-01", encode(scene(1)), name="IMG_1.jpg")
    case.intake("picture-02", encode(scene(2)), graphic=True, name="IMG_2.jpg")
    case.intake("picture-03", b"<html>no picture</html>", name="page.jpg")
    case.missing("picture-04", "gone.jpg: cannot be opened: no such file or directory")
    case.known("rooms", "The lobby", encode(scene(1)[:, 40:]))
    case.known("rooms", "Another lobby", encode(scene(7)))
    case.say("appearance", evidence=case.digests["picture-01"], url="https://channel.example/1", platform="a channel",
             when="2025-12-30", how_known="seen on the page", archived="")  # fmt: skip
    case.say("claim", id="C1", text="This is the lobby.", by="the sender")
    case.say("hypothesis", id="H1", text="It is the lobby.", rival="H2")
    case.say("hypothesis", id="H2", text="It is another room.", rival="H1")
    case.say("hypothesis", id="H3", text="It was taken in 2025.", rival=None)
    lobby, other = case.against("The lobby"), case.against("Another lobby")
    strength = (Strength("the same room", 2.31, "room-test-1", "drawn rooms"),)
    pairs = [same(lobby, Answer.YES, 60, strength=strength), same(other, Answer.UNCLEAR, 5)]
    best = same(lobby, Answer.YES, 60, strength=strength, because=f"Best of 2 compared: {pairs[0].because}")
    room = case.check("room", "features", SAME_ROOM, "picture-01", [best, *pairs])
    case.check("room", "features", SAME_ROOM, "picture-02", [same(other, Answer.UNCLEAR, 7)] * 2)
    unable = Finding(Answer.UNABLE, "picture-03: not a picture in a known format; expected JPEG, PNG.")
    case.check("room", "features", SAME_ROOM, "picture-03", [unable])
    flag = Finding(Answer.YES, "The bands of Azerbaijan, 0.04 from its colours.", measured={"fits": ["AZ"]},
                   regions=(Region.box(300, 200, 120, 80, "Azerbaijan"),), portability=Portability.PORTABLE,
                   limits="A flag says nothing about who hung it there.")  # fmt: skip
    case.check("flag", "features", FLAG, "picture-01", [flag])
    case.check("flag", "features", FLAG, "picture-02", [Finding(Answer.NO, "No area shows the bands of a known flag.")])
    copied = Finding(Answer.YES, "31 of 256 bits differ and 80 points fit one mirrored crop.",
                     against=case.against("picture-02"), measured={"relation": "derived", "bits": 31},
                     regions=(Region.box(10, 10, 600, 440, "both"), Region.box(0, 0, 630, 470, "both", "against")),
                     pairs=matched(30), score=80.0)  # fmt: skip
    case.check("copy", "duplicates", COPY, "picture-01", [copied, copied])
    taken = Finding(Answer.YES, "The camera wrote 2025-12-30 12:00:00 +04:00.", measured={"offset": "+04:00"})
    case.check("capture_time", "metadata", WHEN, "picture-01", [taken], private=True)
    case.say("link", entry=room, finding=1, hypothesis="H1", direction="for", why="Marks of the wall agree.")
    case.say("link", entry=room, finding=1, hypothesis="H2", direction="against", why="Another room has other marks.")
    note = case.say("note", text="Looked at with a magnifier.\nTwice.", about=[])
    case.say("note", text="An errror.", about=[])
    case.say("correction", supersedes=note + 1, why="spelling")
    case.say("conclusion", text="It is the lobby.", about="H1")
    case.say("search-without-result", archive="old pictures", searched=812, picture=case.digests["picture-01"])
    return case
