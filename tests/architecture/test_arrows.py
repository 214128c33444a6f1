"""Which way imports point, and through which door outsiders come in: read from the source, so that a slip fails here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A room may import itself, what stands in its set, and nothing else of ours.
BELOW_ROLLOUT = {
    "driving.bicycle",
    "driving.command",
    "driving.drivers",
    "driving.logs",
    "driving.quantities",
    "driving.simulator",
    "driving.video",
    "driving.world",
}
ALLOWED: dict[str, set[str]] = {
    "perception": set(),
    "policy": {"perception"},
    "driving.quantities": set(),
    "driving.bicycle": {"driving.world"},
    "driving.video": {"driving.quantities"},
    "driving.command": {"policy", "perception", "driving.world", "driving.quantities"},
    "driving.world": {"driving.quantities"},
    "driving.logs": {"driving.quantities", "driving.video"},
    "driving.standin": {"driving.world", "driving.quantities", "driving.command"},
    "driving.simulator": {"driving.bicycle", "driving.world", "driving.quantities"},
    "driving.benchmarks": {"policy", "perception", "driving.simulator", "driving.world", "driving.quantities"},
    "driving.drivers": {"policy", "perception", "driving.bicycle", "driving.world", "driving.simulator", "driving.logs", "driving.quantities"},
    "driving.rollout": {"policy", "perception"} | BELOW_ROLLOUT,
    "driving.evaluation": {"policy", "perception", "driving.rollout"} | BELOW_ROLLOUT,
    "driving.training": {"policy", "perception", "driving.rollout", "driving.evaluation"} | BELOW_ROLLOUT,
    "driving.viewer": {"policy", "perception", "driving.rollout", "driving.evaluation", "driving.training"} | BELOW_ROLLOUT,
    "driving.reports": {"policy", "perception", "driving.rollout", "driving.evaluation", "driving.training"} | BELOW_ROLLOUT,
}

# An outside package may be imported in these rooms only.
DOORS: dict[str, set[str]] = {
    "carla": {"driving.simulator", "driving.world"},
    "av": {"driving.video", "driving.logs"},
    "rerun": {"driving.viewer"},
    "matplotlib": {"driving.reports"},
    "jinja2": {"driving.reports"},
    "lightning": {"driving.training"},
    "wandb": {"driving.training"},
    "pyarrow": {"driving.logs"},
    "msgpack": {"driving.standin"},
    "scenariogeneration": {"driving.world"},
    "onnxruntime": {"policy"},
    "onnx_ir": {"policy"},
}
OURS = {"driving", "perception", "policy"}


def room_of(module: str) -> str:
    """The room that a dotted module name belongs to: its first part, or its first two inside `driving`."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "driving" else parts[0]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Each (line, module) that a file imports, however deep inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import; name the module in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module in OURS else [node.module or ""]
            yield from ((node.lineno, name) for name in names)


def source_files() -> list[Path]:
    return sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows_and_the_doors(path: Path) -> None:
    room = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    wrong = []
    for line, module in imports(path):
        top = module.split(".")[0]
        if top in OURS and room_of(module) not in ALLOWED.get(room, set()) | {room, "driving"}:
            wrong.append(f"{path.relative_to(ROOT)}:{line}: {room} must not import {module}")
        if room not in DOORS.get(top, {room}):
            wrong.append(f"{path.relative_to(ROOT)}:{line}: {top} comes in through {sorted(DOORS[top])} only")
    assert not wrong, "\n".join(wrong)


def test_every_room_has_its_arrows_stated() -> None:
    rooms = {room_of(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in source_files()}
    assert rooms - {"driving.__init__"} <= set(ALLOWED) | {"driving"}


def test_files_are_named_for_what_lives_in_them() -> None:
    assert not [path for path in source_files() if path.stem in {"utils", "util", "helpers", "misc", "common"}]
