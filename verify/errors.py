"""The errors that a caller can act on.

EvidenceError                 every error of this toolkit
├── Unreadable                a file is not what was expected: missing, empty, truncated, no picture, too large
├── Unavailable               a tool, an extra or a model that the request needs is not installed
├── Refused                   the request itself is wrong: a bad setting, a reference that cannot serve, an unknown name
├── GuardError                the guarded child did not answer
│   ├── Crashed               it died, or ran out of memory
│   └── TimedOut              it ran out of wall-clock or CPU time
└── LogError                  the log or the store cannot be trusted or used
    ├── Torn                  the last line is incomplete: `verify log repair`
    └── Tampered              a line, a file or a signature is not what the log says
"""


class EvidenceError(Exception):
    """Every error of this toolkit; its text is one sentence: what, where, what was expected."""


class Unreadable(EvidenceError):
    """A file is not what was expected."""


class Unavailable(EvidenceError):
    """A tool, an extra or a model that the request needs is not installed."""


class Refused(EvidenceError):
    """The request itself is wrong."""


class GuardError(EvidenceError):
    """The guarded child did not answer."""


class Crashed(GuardError):
    """The guarded child died, or ran out of memory."""


class TimedOut(GuardError):
    """The guarded child ran out of wall-clock or CPU time."""


class LogError(EvidenceError):
    """The log or the store cannot be trusted or used."""


class Torn(LogError):
    """The last line of the log is incomplete."""


class Tampered(LogError):
    """A line, a file or a signature is not what the log says."""
