"""Mends what a crash leaves behind, and writes into the log that it did."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from verify.errors import LogError
from verify.log import checkpoints, locked
from verify.log.canonical import decode
from verify.log.chain import split
from verify.log.checkpoints import Checkpoint
from verify.log.entry import write_time
from verify.log.log import PLACE, SLACK, Log
from verify.log.sshsig import SigningKey

TORN = Path("log") / "torn"


def repair(
    folder: Path | str,
    *,
    actor: str | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    key: SigningKey | None = None,
) -> list[str]:
    """Mend a log; what was done, one sentence each, nothing where there was nothing to mend.

    A torn tail moves to `log/torn/`, by its digest, and a recovery entry names it. A checkpoint that the log speaks of
    and that is missing is written again, signed where its `key` is given. Raises Tampered on what no crash can do: such
    a log is left as it is.
    """
    folder = Path(folder)
    done = []
    torn = _set_aside(folder)
    log = Log.open(folder, actor=actor, clock=clock)
    last = list(log)[-1].time
    if last - clock() > SLACK:
        now = write_time(clock())
        log.append("recovery", {"what": "clock set back", "last": write_time(last), "now": now})
        done.append(f"the clock stands at {now}, before the last entry ({write_time(last)}): recorded")
    if torn:
        digest = hashlib.sha256(torn).hexdigest()
        log.append("recovery", {"what": "torn line", "size": len(torn), "digest": digest})
        done.append(f"{len(torn)} bytes of a torn line moved to {TORN}/{digest[:12]}…: recorded")
    for entry in log:
        checkpoint = Checkpoint(log.case, entry.seq, entry.digest)
        if entry.kind == "checkpoint" and not (folder / checkpoint.file).exists():
            mine = key if key and key.fingerprint == entry.body.get("key") else None
            checkpoints.write(folder, checkpoint, mine)
            done.append(f"checkpoint {entry.seq} written again{', signed' if mine else ', not signed'}")
    return done


def _set_aside(folder: Path) -> bytes:
    """The torn bytes behind the last whole line, copied to their own file before the log is cut back to that line."""
    with locked.opened(folder / PLACE) as fd:
        data = locked.read_from(fd, 0)
        lines, torn = split(data)
        if not torn:
            return b""
        if not lines:
            raise LogError(
                f"{PLACE.name}: not even the first line is whole; there is nothing to mend, begin the case again"
            )
        decode(lines[-1])
        (folder / TORN).mkdir(mode=0o700, exist_ok=True)
        locked.write_new(folder / TORN / f"{hashlib.sha256(torn).hexdigest()}.bin", torn, 0o600)
        os.ftruncate(fd, len(data) - len(torn))
        os.fsync(fd)
    return torn
