"""What the README says to type exists: every script, every option, every file of the repository that it names."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = sorted({line.split("#")[0].strip() for line in README.splitlines() if line.startswith("python scripts/")})


@lru_cache
def help_of(*words: str) -> str:
    """What a command's --help says."""
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


def test_every_file_and_folder_that_the_readme_names_is_there() -> None:
    named = set(re.findall(r"`((?:driving|policy|perception|configs|scripts|tests)/[\w./]*)`", README)) | set(
        re.findall(r"\((\.readme/[\w.]+)\)", README)
    )
    assert len(named) > 8
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing


def test_every_script_is_in_the_readme_and_shows_an_example() -> None:
    for script in sorted((ROOT / "scripts").glob("*.py")):
        assert f"scripts/{script.name}" in README, f"{script.name} is not in the README"
        assert "python scripts/" in help_of(f"scripts/{script.name}"), f"{script.name} --help shows no example"
