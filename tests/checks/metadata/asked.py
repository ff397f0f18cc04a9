"""Asking one question of the metadata room in tests."""

from verify import checks
from verify.image import Image
from verify.known import Known
from verify.model import Finding

NO_FORMAT = b"MZ this is a program" * 9


def ask(check: str, data: bytes, name: str = "x.jpg", **settings) -> Finding:
    return next(iter(checks.get(check).run(Image(data, name), Known(), **settings)))


def compare(check: str, one: bytes, two: bytes, names=("a.jpg", "b.jpg")) -> Finding:
    return next(iter(checks.get(check).run(Image(one, names[0]), Image(two, names[1]))))
