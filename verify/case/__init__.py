"""One thing to verify, in one folder: evidence, known pictures, log, write-up; rerun."""

from verify.case.case import Case
from verify.case.reading import Picture

__all__ = ["Case", "Picture"]
