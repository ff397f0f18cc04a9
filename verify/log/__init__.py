"""The log: append-only, each line chained over the bytes of the one before, checkpoints signed; and checking it."""

from verify.log.checking import check
from verify.log.checkpoints import Checkpoint
from verify.log.entry import KINDS, Entry
from verify.log.levels import LEVELS, Problem, Report
from verify.log.log import Log
from verify.log.rerun import Comparison
from verify.log.sshsig import SigningKey

__all__ = [
    "KINDS",
    "LEVELS",
    "Checkpoint",
    "Comparison",
    "Entry",
    "Log",
    "Problem",
    "Report",
    "SigningKey",
    "check",
]
