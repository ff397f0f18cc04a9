"""How fast a log is checked and written, beside what the machine's own disk allows.

    python tests/bench/bench_log.py [--entries 100000] [--folder DIR]

Prints entries checked a second (canonical form, chain, digests; in memory and as `verify log check` does it), by the
CPU time of this process, which others on the machine do not slow down, and of the clock; entries appended a second with
and without fsync, and, for the same bytes, what a bare write and fsync of this disk can do. Each figure is the median
of five runs with the slowest and fastest beside it. The entries are a case's: checks with findings, notes, intakes.
"""

import argparse
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from verify.log import Log, check
from verify.log.chain import Chain, split

RUNS = 5


def bodies(count):
    """One intake and one note to eight checks, as in a case."""
    finding = {
        "answer": "unclear",
        "because": "31 of 402 points fit one plane, reprojection 1.3 pixels, expected at least 40.",
        "against": {"digest": "ab" * 32, "name": "Lobby of station 7"},
        "measured": {"inliers": 31, "points": 402, "error": 1.2876543, "share": 0.0771144, "scale": 0.9986},
        "score": 31.25,
        "limits": "Repeated tiles look alike.",
    }
    asked = {
        "check": "room",
        "version": "1",
        "question": "Is it the same room?",
        "settings": {"ratio": 0.8, "least": 40},
    }
    for number in range(count):
        match number % 10:
            case 0:
                yield "intake", {"evidence": f"{number:064x}", "size": number, "label": f"picture-{number:02d}"}
            case 1:
                yield "note", {"text": "The tiles behind the counter are the ones of the 2019 photograph.", "about": []}
            case _:
                yield (
                    "check",
                    asked | {"picture": f"{number:064x}", "findings": [finding], "versions": {"opencv": "5.0.0"}},
                )


def timed(work, clock):
    """Seconds of `work` by `clock`."""

    def once():
        begun = clock()
        work()
        return clock() - begun

    return spread(once)


def say(what, count, seconds, goal):
    middle, slow, fast = (count / value for value in seconds)
    print(f"{what:58} {middle:>9,.0f}/s  ({slow:,.0f} to {fast:,.0f})   goal {goal}")
    return middle


def refuse(code, _, text):
    raise AssertionError(f"{code}: {text}")


def append(folder, count, durable):
    """A fresh log with `count` entries appended."""
    with tempfile.TemporaryDirectory(dir=folder) as inner:
        log = Log.create(inner, title="t", actor="heron", durable=durable)
        begun = time.perf_counter()
        for kind, body in bodies(count):
            log.append(kind, body)
        return time.perf_counter() - begun


def raw(folder, line, count, durable):
    """The same bytes by bare system calls: what no log can beat here."""
    with tempfile.TemporaryDirectory(dir=folder) as inner:
        fd = os.open(Path(inner) / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        begun = time.perf_counter()
        for _ in range(count):
            os.write(fd, line)
            if durable:
                os.fsync(fd)
        taken = time.perf_counter() - begun
        os.close(fd)
        return taken


def spread(work):
    taken = [work() for _ in range(RUNS)]
    return statistics.median(taken), max(taken), min(taken)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--folder", default=None, help="where to write: the disk that is measured")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=told.folder) as folder:
        log = Log.create(folder, title="t", actor="heron", durable=False)
        for kind, body in bodies(told.entries - 1):
            log.append(kind, body)
        data = (Path(folder) / "log" / "verification.jsonl").read_bytes()
        count = len(log)
        print(f"{count:,} entries, {len(data) / 1e6:.0f} MB, {len(data) / count:.0f} bytes each\n")
        now = datetime.now(UTC)
        for clock, name in ((time.process_time, "CPU"), (time.perf_counter, "clock")):
            chain = timed(lambda: sum(1 for _ in Chain(refuse, now).follow(split(data)[0])), clock)
            say(f"checked: canonical form, chain, digests ({name})", count, chain, "50,000/s (100,000 in 2 s)")
            say(
                f"checked by `check`, level 1, from the disk ({name})",
                count,
                timed(lambda: check(folder, level=1), clock),
                "-",
            )
    line = data[: len(data) // count]
    for durable, goal, number in ((True, "1,000/s", 1000), (False, "5,000/s", 5000)):
        how = "with fsync" if durable else "without fsync"
        ours = say(f"appended {how}", number, spread(lambda d=durable, n=number: append(told.folder, n, d)), goal)
        bare = say(f"  bare write {how}", number, spread(lambda d=durable, n=number: raw(told.folder, line, n, d)), "-")
        print(f"  ratio to the bare write: {ours / bare:.2f}")


if __name__ == "__main__":
    main()
