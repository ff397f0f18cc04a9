"""What can hold of a log, level by level, and what was found: values, without I/O."""

from __future__ import annotations

from dataclasses import dataclass

from verify.log.rerun import Comparison

LEVELS = {  # level: what holds, what that does not show
    0: ("every line is whole and in the one canonical form", "that nothing was changed"),
    1: (
        "every entry hangs on the one before, and no checkpoint contradicts them",
        "an edit of the last entries, a dropped tail or a log written anew, unless a signature you trust covers it",
    ),
    2: (
        "every file that the log names is here with the bytes that were logged",
        "that a file is what it is said to be, or was unchanged before it was taken in",
    ),
    3: (
        "the whole log is signed by a key that you named",
        "when it was written (the clock is the signer's own), or that the holder of the key did not write it anew",
    ),
    5: (
        "every check gives the same findings again from the same files",
        "that a check measures what it should",
    ),
}
_OF_LEVEL = {"canonical": 0, "form": 0, "empty": 0, "torn": 0, "missing": 2, "changed": 2, "link": 2, "private": 2}
_OF_LEVEL |= {"export": 2, "signature": 3, "unsigned": 3, "tail": 3, "not-pinned": 3, "signers": 3, "rerun": 5}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something found. `grave`: the log or a file is not what it should be; else it is only less than was asked."""

    code: str
    entry: int  # line of the log, 0 where it is about none
    text: str
    grave: bool = True

    @property
    def level(self) -> int:
        """The level that does not hold because of it."""
        return _OF_LEVEL.get(self.code, 1)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `holds` maps the levels that were looked at to whether they hold."""

    asked: int
    entries: int
    case: str
    head: str
    signed: int  # entries covered by the newest checkpoint with a good signature of a key of the log
    holds: dict[int, bool]
    problems: tuple[Problem, ...]
    withheld: int  # private bodies that are not here
    withheld_files: int  # files that are not here, as a redaction in the log says
    reruns: tuple[Comparison, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 holds at the asked level · 1 something is wrong · 3 nothing wrong, but less than was asked."""
        asked = [problem for problem in self.problems if problem.level <= self.asked or problem.grave]
        return 1 if any(problem.grave for problem in asked) else 3 if asked else 0
