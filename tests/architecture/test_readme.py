"""The README and the pages of docs/ name only commands, options and files that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAGES = {path: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
COMMANDS = sorted({line.split("#")[0].strip() for page in PAGES.values() for line in page.splitlines() if line.startswith("python scripts/")})


@lru_cache
def help_of(*words: str) -> str:
    """Return the text of a command's --help."""
    done = subprocess.run([sys.executable, *words, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_shows_commands() -> None:
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_exists_with_its_options(command: str) -> None:
    words = command.split()
    inner = [words[2]] if words[1].endswith(("train.py", "import_logs.py", "benchmark.py")) else []
    said = help_of(words[1], *inner)
    for option in re.findall(r"--[\w.]+", command):
        assert option in said, f"{words[1]} knows no {option}"
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


def test_each_script_is_in_the_readme_and_shows_an_example() -> None:
    for script in sorted((ROOT / "scripts").glob("*.py")):
        assert f"scripts/{script.name}" in README, f"{script.name} is not in the README"
        assert "python scripts/" in help_of(f"scripts/{script.name}"), f"{script.name} --help shows no example"
