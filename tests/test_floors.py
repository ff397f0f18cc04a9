"""Imports point down only, and rooms of one floor do not import each other."""

import ast
from pathlib import Path

import verify

ROOT = Path(verify.__file__).parent
FLOORS = [
    {"model", "errors"},
    {"log", "store", "image", "guard"},
    {"known", "figures", "appearances", "kept"},
    {"report", "archive", "matching", "metadata"},
    {"checks", "shortlisting"},
    {"asking"},
    {"calibrating", "case", "looking", "overlaying"},
    {"cli", "__init__"},
    {"__main__"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS, 1) for room in rooms}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Rooms of the toolkit that a file imports, wherever the statement stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            if node.module == "verify":
                found |= {f"verify.{name.name}" for name in node.names}
            else:
                found.add(node.module)
    return {name.split(".")[1] for name in found if name.startswith("verify.")}


def modules() -> list[Path]:
    return [path for path in ROOT.rglob("*.py") if "data" not in path.relative_to(ROOT).parts]


def test_every_room_has_a_floor():
    assert {room_of(path) for path in modules()} <= set(FLOOR)


def test_imports_point_down():
    up = [
        f"{path.relative_to(ROOT)} imports {other}"
        for path in modules()
        for other in imports(path)
        if other != room_of(path) and FLOOR.get(other, 99) >= FLOOR[room_of(path)]
    ]
    allowed = {"store.py imports image"}  # shares the one safe way to open a stranger's file
    assert sorted(set(up) - allowed) == []


def test_a_check_imports_no_other_check():
    crossing = [str(path.relative_to(ROOT)) for path in (ROOT / "checks").glob("*/*.py") if "checks" in imports(path)]
    assert crossing == []
