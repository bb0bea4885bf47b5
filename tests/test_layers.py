"""Imports run one way: the floors of CONTRIBUTING.md, checked over the whole package."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "appaudit"

FLOOR = {
    "__init__": 0,
    "errors": 0,
    "records": 0,
    "jsonform": 1,
    "aside": 1,
    "garbage": 1,
    "assets": 1,
    "dex": 1,
    "apk": 2,
    "knowledge": 2,
    "bundle": 2,
    "static": 3,
    "dynamic": 3,
    "traffic": 3,
    "policy": 3,
    "compare": 3,
    "report": 3,
    "alongside": 4,
    "audit": 4,
    "following": 3,
    "batch": 5,
    "cli": 6,
    "__main__": 7,
}
"""A room imports itself and lower floors, never a neighbour of floor 3, nothing above."""


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                continue  # relative imports stay inside the room; see test_relative_imports
            if node.module == "appaudit":
                rooms |= {a.name if a.name in FLOOR else "__init__" for a in node.names}
            elif (node.module or "").startswith("appaudit."):
                rooms.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            rooms |= {a.name.split(".")[1] for a in node.names if a.name.startswith("appaudit.")}
    return rooms


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if "_bundled" not in p.parts)


def test_every_room_has_a_floor() -> None:
    assert {room_of(p) for p in modules()} <= set(FLOOR)


def test_no_relative_imports_leave_a_room() -> None:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not node.level, f"{path}: use absolute imports"


def test_imports_run_one_way() -> None:
    wrong = []
    for path in modules():
        here = room_of(path)
        for there in imported_rooms(path) - {here}:
            lower = FLOOR[there] < FLOOR[here]
            beside = FLOOR[there] == FLOOR[here] and FLOOR[here] not in (1, 3)
            if not lower and not (beside and there < here):
                wrong.append(f"{path.relative_to(PACKAGE)} imports {there}")
    assert not wrong, wrong
