"""The log: append-only, each line chained over the bytes of the one before, checkpoints signed; and checking it."""

from verify.log.entry import KINDS, Entry
from verify.log.log import Log

__all__ = ["KINDS", "Entry", "Log"]
