"""The structure of the code, read from its imports and definitions: arrows, doors, circles, sizes."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("driving", "perception", "policy")
MOST_FILES, MOST_PARAMETERS = 15, 7
MOST_COMMANDS = 20  # scripts/ has a file per command, and the README lists them all

# The packages from the lowest to the highest, each with those of ours that it may import. All of them are lower: so no circle can arise.
# A permission that no file uses fails as well.
ALLOWED: dict[str, set[str]] = {
    "perception": set(),
    "policy": {"perception"},
    "driving.quantities": {"policy"},
    "driving.world": {"policy", "driving.quantities"},
    "driving.bicycle": {"driving.world"},
    "driving.video": {"policy", "driving.quantities"},
    "driving.refusals": set(),
    "driving.provenance": set(),
    "driving.folder_lock": {"policy", "driving.quantities"},
    "driving.interrupts": set(),
    "driving.parser": {"policy", "driving.quantities"},
    "driving.command": {"perception", "driving.interrupts", "driving.quantities", "driving.refusals", "driving.world"},
    "driving.logs": {"policy", "driving.quantities", "driving.folder_lock", "driving.video"},
    "driving.standin": {"driving.quantities", "driving.interrupts", "driving.world", "driving.parser", "driving.command"},
    "driving.simulator": {"driving.interrupts", "driving.quantities", "driving.world", "driving.bicycle"},
    "driving.drivers": {"policy", "driving.quantities", "driving.world", "driving.bicycle"},
    "driving.rollout": {
        "policy",
        "driving.quantities",
        "driving.folder_lock",
        "driving.world",
        "driving.video",
        "driving.interrupts",
        "driving.parser",
        "driving.logs",
        "driving.simulator",
        "driving.drivers",
    },
    "driving.benchmarks": {"perception", "policy", "driving.quantities", "driving.world", "driving.simulator", "driving.drivers", "driving.rollout"},
    "driving.evaluation": {
        "policy",
        "driving.quantities",
        "driving.provenance",
        "driving.folder_lock",
        "driving.world",
        "driving.interrupts",
        "driving.parser",
        "driving.simulator",
        "driving.drivers",
        "driving.rollout",
    },
    "driving.training": {
        "perception",
        "policy",
        "driving.quantities",
        "driving.refusals",
        "driving.folder_lock",
        "driving.world",
        "driving.bicycle",
        "driving.interrupts",
        "driving.parser",
        "driving.logs",
        "driving.drivers",
        "driving.evaluation",
    },
    "driving.dagger": {
        "policy",
        "driving.quantities",
        "driving.folder_lock",
        "driving.interrupts",
        "driving.parser",
        "driving.logs",
        "driving.simulator",
        "driving.drivers",
        "driving.rollout",
        "driving.evaluation",
        "driving.training",
    },
    "driving.viewer": {
        "perception",
        "policy",
        "driving.quantities",
        "driving.folder_lock",
        "driving.bicycle",
        "driving.video",
        "driving.interrupts",
        "driving.parser",
        "driving.command",
        "driving.logs",
        "driving.drivers",
        "driving.rollout",
        "driving.training",
    },
    "driving.reports": {
        "policy",
        "driving.quantities",
        "driving.provenance",
        "driving.folder_lock",
        "driving.video",
        "driving.parser",
        "driving.logs",
        "driving.drivers",
        "driving.rollout",
        "driving.evaluation",
        "driving.training",
        "driving.dagger",
        "driving.viewer",
    },
    "driving.explanation": {
        "perception",
        "policy",
        "driving.quantities",
        "driving.folder_lock",
        "driving.video",
        "driving.world",
        "driving.interrupts",
        "driving.parser",
        "driving.simulator",
        "driving.drivers",
        "driving.rollout",
        "driving.evaluation",
        "driving.training",
        "driving.viewer",
        "driving.reports",
    },
}

# The packages and modules in which an outside package may be imported.
DOORS: dict[str, set[str]] = {
    "carla": {"driving.simulator", "driving.world.maps"},
    "av": {"driving.video", "driving.logs.importers"},
    "rerun": {"driving.viewer"},
    "matplotlib": {"driving.reports"},
    "jinja2": {"driving.reports"},
    "lightning": {"driving.training"},
    "wandb": {"driving.training", "driving.explanation.page"},
    "sklearn": {"driving.explanation"},
    "torchmetrics": {"driving.explanation"},
    "pyarrow": {"driving.logs"},
    "msgpack": {"driving.standin.wire"},
    "scenariogeneration": {"driving.world.generated"},
    "onnxruntime": {"policy"},
    "ray": {"driving.evaluation.workers"},
    "onnx_ir": {"policy"},
}


def source_files() -> list[Path]:
    return sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    """Return the dotted name of a file's module; for a package it is the name of its folder."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def package_of(module: str) -> str:
    """The package that a module belongs to: the first part of its name, or the first two inside `driving`."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "driving" else parts[0]


@lru_cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each (line, module) that a file imports, also inside functions and for type checkers alone."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import; name the module in full"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in modules() else node.module or ""


@lru_cache
def modules() -> frozenset[str]:
    return frozenset(name_of(path) for path in source_files())


def find_circle(arrows: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the nodes along one circle of a directed graph, the first one repeated at the end; nothing where there is none."""
    done: set[str] = set()
    for start in sorted(arrows):
        path, pending = [start], [iter(sorted(arrows[start]))]
        while pending:
            following = next(pending[-1], None)
            if following is None:
                done.add(path.pop())
                pending.pop()
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                path.append(following)
                pending.append(iter(sorted(arrows.get(following, ()))))
    return []


def arrows_between(fold: Mapping[str, str]) -> dict[str, set[str]]:
    """Return who imports whom, with each module counted as the node that `fold` gives it."""
    arrows: dict[str, set[str]] = defaultdict(set)
    for path in source_files():
        source = fold[name_of(path)]
        arrows[source] |= {fold[module] for _, module in imports(path) if module in fold} - {source}
    return arrows


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows_and_the_doors(path: Path) -> None:
    name = name_of(path)
    wrong = []
    for line, module in imports(path):
        top = module.split(".")[0]
        if top in OURS and package_of(module) not in ALLOWED.get(package_of(name), set()) | {package_of(name), "driving"}:
            wrong.append(f"{path.relative_to(ROOT)}:{line}: {package_of(name)} must not import {module}")
        if top in DOORS and not any(f"{name}.".startswith(f"{door}.") for door in DOORS[top]):
            wrong.append(f"{path.relative_to(ROOT)}:{line}: only {sorted(DOORS[top])} may import {top}")
    assert not wrong, "\n".join(wrong)


def test_each_package_has_its_arrows_stated_and_they_point_down() -> None:
    assert {package_of(name_of(path)) for path in source_files()} - {"driving"} == set(ALLOWED)
    order = list(ALLOWED)
    assert not [(name, other) for name, others in ALLOWED.items() for other in others if order.index(other) >= order.index(name)]


def test_each_permission_is_used() -> None:
    used: dict[str, set[str]] = defaultdict(set)
    doors: dict[str, set[str]] = defaultdict(set)
    for path in source_files():
        for _, module in imports(path):
            used[package_of(name_of(path))].add(package_of(module))
            doors[module.split(".")[0]] |= {door for door in DOORS.get(module.split(".")[0], ()) if f"{name_of(path)}.".startswith(f"{door}.")}
    unused = [f"{room} -> {other}" for room, others in ALLOWED.items() for other in sorted(others - used[room])]
    unused += [f"{top} in {door}" for top, allowed in DOORS.items() for door in sorted(allowed - doors[top])]
    assert not unused, f"permissions that no file uses: {unused}"


def test_no_files_import_one_another_in_a_circle() -> None:
    assert not find_circle(arrows_between({name: name for name in modules()}))


def test_no_folders_import_one_another_in_a_circle() -> None:
    """A folder's own files count as its content, except where it holds further folders: there each file counts by itself."""
    packages = {name_of(path) for path in source_files() if path.name == "__init__.py"}
    holders = {name.rpartition(".")[0] for name in packages}
    fold = {name: name if name in packages or name.rpartition(".")[0] in holders else name.rpartition(".")[0] for name in modules()}
    assert not find_circle(arrows_between(fold))


@pytest.mark.parametrize(("arrows", "circle"), [({"a": "b", "b": "c", "c": "b"}, ["b", "c", "b"]), ({"a": "bc", "b": "c", "c": ""}, [])])
def test_a_circle_is_found_where_there_is_one(arrows: dict[str, str], circle: list[str]) -> None:
    assert find_circle(arrows) == circle


def test_no_folder_holds_more_files_than_one_can_look_through() -> None:
    counts: dict[Path, int] = defaultdict(int)
    for top in (*OURS, "scripts", "tests", "configs", "docs"):
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".so", ".pyc"}:
                counts[path.parent.relative_to(ROOT)] += 1
    assert not {str(folder): count for folder, count in counts.items() if count > (MOST_COMMANDS if folder.name == "scripts" else MOST_FILES)}


def test_no_function_of_driving_takes_more_parameters_than_one_can_remember() -> None:
    """A class's own `__init__` counts too; records of configuration are dataclasses and have none."""
    long = []
    for path in (path for path in source_files() if name_of(path).startswith("driving")):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if one.arg not in ("self", "cls")]
                if len(names) > MOST_PARAMETERS:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} takes {len(names)}: bundle what belongs together")
    assert not long, "\n".join(long)


def test_files_are_named_for_what_they_hold() -> None:
    vague = {"utils", "util", "helpers", "misc", "common"}
    assert not [path for path in source_files() if path.stem in vague or path.stem == path.parent.name]
