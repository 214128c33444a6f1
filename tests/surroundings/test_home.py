"""Commands in an environment that lacks what a login shell provides: a HOME, a known user, a locale, somebody who reads the output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared_data import REPOSITORY
from tests.surroundings.commands import as_stranger, run_bare
from tests.training.logs import write_log

CONNECT = "import driving.simulator.client, os; print(os.environ['HOME'])"


@pytest.mark.parametrize("script", ["evaluate", "record"])
def test_a_command_explains_itself_without_any_environment_variable(script: str) -> None:
    done = run_bare(f"scripts/{script}.py", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--help" in done.stdout


def test_a_user_whom_the_system_does_not_know_records_a_log_without_any_environment_variable(tmp_path: Path) -> None:
    done = run_bare("scripts/record.py", "--out", tmp_path / "log", "--families", "{track: 1}", "--minutes", "0.02", before=as_stranger())
    assert done.returncode == 0, done.stderr
    assert "frames added" in done.stdout
    assert run_bare("scripts/doctor.py", tmp_path / "log", before=as_stranger()).returncode == 0


@pytest.mark.parametrize("home", ["missing", "locked"])
def test_a_home_that_cannot_be_used_stays_as_it_is_and_a_map_is_still_read(home: str, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o000)
    read = (
        "from driving.world.generated.tracks import generate_track; from driving.world.maps.opendrive import read_map; "
        "read_map('t', generate_track(1))"
    )
    done = run_bare("-c", f"{CONNECT}; {read}", variables={"HOME": tmp_path / home}, before=as_stranger())
    assert (done.returncode, done.stdout.strip()) == (0, str(tmp_path / home)), done.stderr


def test_an_empty_home_becomes_a_folder_that_can_be_written() -> None:
    done = run_bare("-c", CONNECT, variables={"HOME": ""})
    assert done.returncode == 0, done.stderr
    assert os.access(done.stdout.strip(), os.W_OK)


def test_a_name_that_the_locale_cannot_show_does_not_end_a_command(tmp_path: Path) -> None:
    log = write_log(tmp_path / "Straße", [10])
    done = run_bare("scripts/doctor.py", log, variables={"PYTHONIOENCODING": "ascii", "LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "is sound" in done.stdout


def test_a_command_whose_output_is_closed_does_its_work_all_the_same(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", [10])
    words = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "scripts/doctor.py"]
    assert subprocess.run([*words, str(log)], cwd=REPOSITORY, timeout=60, check=False).returncode == 0
    assert subprocess.run([*words, str(tmp_path / "none")], cwd=REPOSITORY, timeout=60, check=False).returncode in (1, 2)


def test_a_command_whose_reader_has_left_ends_in_silence(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", [10])
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "scripts/doctor.py", str(log)]
    done = subprocess.run(words, cwd=REPOSITORY, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")
