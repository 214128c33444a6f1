"""A folder that cannot be written is refused at once, in one line; a read-only program finds another place for its compiled code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.shared_data import REPOSITORY
from tests.surroundings.small_disks import python, python_beside_read_only, refusal

NOBODY = ("--host", "127.0.0.1", "--port", "1", "--timeout_s", "0.2")
COMPILE = """
import os, sys
from driving.command import run
def main():
    from driving.world.scenery import clearance
    from numba import njit
    print(os.environ["NUMBA_CACHE_DIR"])
sys.exit(run(main))
"""


@pytest.mark.parametrize(
    "words",
    [
        ("scripts/record.py", *NOBODY, "--out"),
        ("scripts/evaluate.py", "--driver", "expert", *NOBODY, "--out"),
        ("scripts/report.py", "--log", "LOG", "--out"),
        ("scripts/benchmark.py", "ltc", "--out"),
    ],
    ids=lambda words: words[0],
)
def test_a_read_only_folder_is_refused_before_any_work(words: tuple[str, ...], log: Path, tmp_path: Path) -> None:
    (place := tmp_path / "place").mkdir()
    named = [str(log) if word == "LOG" else word for word in words]
    line = refusal(python_beside_read_only([place], *named, place / "out"))
    assert f"{place}/out (Read-only file system)" in line
    assert "give a folder that can be written" in line


def test_a_file_in_the_place_of_the_folder_is_named(log: Path, tmp_path: Path) -> None:
    (there := tmp_path / "there").write_text("mine")
    assert f"{there} (File exists): move it away, or give another name" in refusal(python("scripts/report.py", "--log", log, "--out", there))
    assert there.read_text() == "mine"


def test_compiled_code_goes_to_a_private_folder_where_program_and_home_are_read_only(tmp_path: Path) -> None:
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    surroundings = {"HOME": str(home), "XDG_CACHE_HOME": "", "TMPDIR": str(temporary), "NUMBA_CACHE_DIR": ""}
    folder = temporary / f"liquidlane-{os.getuid()}"
    done = python_beside_read_only([REPOSITORY, home], "-c", COMPILE, **surroundings)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"compiled code goes to {folder}, because")
    assert "NUMBA_CACHE_DIR" in done.stderr
    assert Path(done.stdout.strip()).parent == folder
    assert folder.stat().st_mode & 0o777 == 0o700


def test_without_any_place_for_compiled_code_the_remedy_is_named(tmp_path: Path) -> None:
    everything = [REPOSITORY, *(Path(place) for place in ("/tmp", "/var/tmp", "/usr/tmp", "/root") if Path(place).exists())]
    done = python_beside_read_only(everything, "-c", COMPILE, HOME="/tmp", XDG_CACHE_HOME="", NUMBA_CACHE_DIR="")
    assert "set NUMBA_CACHE_DIR to a folder that can be written" in refusal(done)
