"""What all commands share: a user's mistake ends in one line with exit status 2, a bug keeps its traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from driving.command import BUG, run
from driving.evaluation.command import evaluate_command
from driving.quantities import LiquidLaneError
from driving.rollout.command import record_command
from perception.errors import ConfigError

NOBODY = ["--host", "127.0.0.1", "--port", "1", "--timeout_s", "0.2"]


def complaint(command: Callable[..., object], words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(lambda: command("", words) and None) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return line


def test_an_unknown_option_is_refused_with_the_nearest_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--driver", "expert", "--out", str(tmp_path / "out"), "--route_lenght_m", "3"]
    assert "did you mean 'route_length_m'?" in complaint(evaluate_command, words, capsys)


def test_an_unknown_key_of_a_file_is_refused_with_the_nearest_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (suite := tmp_path / "suite.yaml").write_text("wheathers: [ClearNoon]\n")
    words = ["--driver", "expert", "--out", str(tmp_path / "out"), "--suite", str(suite)]
    assert "did you mean 'weathers'?" in complaint(evaluate_command, words, capsys)


def test_a_server_that_is_not_there_is_named_with_the_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = complaint(record_command, ["--out", str(tmp_path / "log"), *NOBODY], capsys)
    assert "127.0.0.1:1" in line
    assert "--host and --port" in line
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("kind", [ConfigError, LiquidLaneError])
def test_an_error_of_ours_is_one_line_with_exit_status_2(kind: type[Exception], capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise kind("unfolds is 0:\n  give 1 or more")

    assert run(fail) == 2
    assert capsys.readouterr().err == "error: unfolds is 0: give 1 or more\n"


def test_an_error_of_a_library_keeps_its_traceback_and_asks_for_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        np.zeros(3).reshape(2, 2)

    status = run(fail)
    assert status == BUG
    assert status not in (0, 2)
    error = capsys.readouterr().err
    assert "Traceback (most recent call last)" in error
    assert "in fail" in error
    assert "ValueError is a bug in LiquidLane: please report it" in error.splitlines()[-1]


def test_a_status_that_a_command_returns_is_its_exit_status() -> None:
    assert run(lambda: 1) == 1
    assert run(lambda: None) == 0
