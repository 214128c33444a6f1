"""What every command has in common: mistakes end in one line with the remedy and exit status 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from driving.command import run
from driving.evaluation.command import evaluate_command
from driving.rollout.command import record_command

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
