"""The README and the pages of docs/ name only commands, options and files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.scripts import run_scripts

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAGES = {path: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
COMMANDS = sorted({line.split("#")[0].strip() for page in PAGES.values() for line in page.splitlines() if line.startswith("python scripts/")})


def name_help(command: str) -> tuple[str, ...]:
    """Return the script of a command, and its subcommand where it has one: their --help has the options."""
    words = command.split()
    return tuple(words[1:3] if words[1].endswith(("train.py", "import_logs.py", "benchmark.py")) else words[1:2])


@pytest.fixture(scope="module")
def helps(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], str]:
    """Return what each script, and each subcommand that a page names, prints with --help."""
    scripts = {(f"scripts/{script.name}",) for script in (ROOT / "scripts").glob("*.py")}
    words = sorted(scripts | {name_help(command) for command in COMMANDS})
    done = run_scripts(tmp_path_factory.mktemp("helps"), [[*script, "--help"] for script in words])
    assert [(script, one.err) for script, one in zip(words, done, strict=True) if one.status] == []
    return {script: one.out for script, one in zip(words, done, strict=True)}


def test_the_readme_shows_commands() -> None:
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_exists_with_its_options(command: str, helps: dict[tuple[str, ...], str]) -> None:
    said = helps[name_help(command)]
    for option in re.findall(r"--[\w.]+", command):
        assert option in said, f"{command.split()[1]} knows no {option}"
    for file in re.findall(r"configs/[\w/]+\.\w+", command):
        assert (ROOT / file).is_file(), f"{file} is missing"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_file_and_folder_that_a_page_names_is_there(page: Path) -> None:
    named = {ROOT / name for name in re.findall(r"`((?:driving|policy|perception|configs|scripts|tests)/[\w./]*)`", PAGES[page])}
    named |= {page.parent / link for link in re.findall(r"\]\(([\w./]+)\)", PAGES[page])}
    assert named or page.name == "standin.md"
    assert not [str(path) for path in named if not path.exists()]


def test_each_package_in_the_tree_of_the_readme_is_there() -> None:
    tree = README.split("## Where things are")[1].split("```")[1]
    parents: list[str] = []
    for line in tree.strip().splitlines():
        depth, name = (len(line) - len(line.lstrip())) // 2, line.split()[0]
        parents = [*parents[:depth], name]
        assert (ROOT / "".join(parents)).exists(), f"the tree shows {''.join(parents)}"


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len(README.splitlines()) <= 150


def test_each_script_is_in_the_readme_and_shows_an_example(helps: dict[tuple[str, ...], str]) -> None:
    for script in sorted((ROOT / "scripts").glob("*.py")):
        assert f"scripts/{script.name}" in README, f"{script.name} is not in the README"
        assert "python scripts/" in helps[f"scripts/{script.name}",], f"{script.name} --help shows no example"
