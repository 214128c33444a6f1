"""Ctrl-C, SIGTERM and SIGKILL: commands end at once, say what is kept, and leave no process behind."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from driving.logs.doctor import examine
from driving.logs.metadata import read_info
from driving.training.checkpoint import LAST
from tests.surroundings.terminals import Terminal, in_terminal
from tests.training.logs import write_log

SOON_S = 2.0
SLOW_MACHINE_S = 2.0  # what a machine whose cores are all busy may take on top
SMALL_CAMERA = ("--camera.width_px", 64, "--camera.height_px", 36)
SWALLOW = """
import time
from driving.command import start

def main():
    while True:
        try:
            print("works", flush=True)
            time.sleep(60.0)
        except BaseException:
            pass

start(main)
"""
FORK = """
import os, time
from driving.command import start

def main():
    state = []

    def hold():
        print("forks", flush=True)
        time.sleep(60.0)
        state.append(1)

    os.register_at_fork(before=hold, after_in_parent=state.pop, after_in_child=state.pop)
    if not os.fork():
        os._exit(0)
    time.sleep(60.0)

start(main)
"""
SLEEP = 'import time; print("asleep", flush=True); time.sleep(600)'
START_SERVER = "from driving.simulator.process import StandinProcess; StandinProcess('--maps', 'configs/maps')"


@dataclass(frozen=True)
class Case:
    """A command, and when it is in the middle of its work."""

    words: list[object]
    is_busy: Callable[[Terminal], bool]
    kept: str  # part of the line that it must print
    processes: int  # how many run at that time


def make_case(name: str, folder: Path) -> Case:
    out = folder / "out"
    if name == "record":
        words = ["scripts/record.py", "--out", out, "--families", "{track: 4}", "--minutes", 60, "--episode_s", 5, "--servers", 2, *SMALL_CAMERA]
        return Case(words, lambda _: (out / "meta" / "info.json").is_file() and read_info(out)["total_episodes"] > 0, "finished episodes", 3)
    if name == "evaluate":
        words = ["scripts/evaluate.py", "--driver", "expert", "--out", out, "--families", "{track: [1,2,3,4]}", "--route_length_m", 100]
        return Case(words, lambda terminal: "off centre" in terminal.text, "the same command goes on", 4)
    small = ["--data.window=8", "--data.batch_size=8", "--trainer.max_epochs=100000", "--trainer.accelerator=cpu", "--data.workers=2"]
    words = ["scripts/train.py", "fit", "--config", "configs/train/scratch.yaml", "--data.log", write_log(folder / "log"), "--out", out, *small]
    return Case(words, lambda terminal: (out / LAST).is_file() and len(terminal.list_processes()) > 1, "--existing resume", 2)


@pytest.mark.parametrize(
    ("name", "number"), [("record", signal.SIGINT), ("evaluate", signal.SIGTERM), ("train", signal.SIGINT), ("train", signal.SIGTERM)]
)
def test_a_command_ends_at_once_with_one_line_that_says_what_is_kept(name: str, number: int, tmp_path: Path) -> None:
    case = make_case(name, tmp_path)
    with in_terminal(*case.words) as terminal:
        terminal.wait_until(lambda: case.is_busy(terminal))
        assert len(terminal.list_processes()) >= case.processes
        before = len(terminal.text)
        terminal.type_ctrl_c() if number == signal.SIGINT else terminal.process.send_signal(number)
        status, took_s = terminal.wait_for_end()
        assert (status, took_s < SOON_S + SLOW_MACHINE_S) == (128 + number, True), terminal.text
        assert not terminal.wait_for_survivors(SOON_S)
    said = terminal.text[before:]
    assert "Traceback" not in said
    assert case.kept in said.splitlines()[-1]
    if name == "record":
        assert examine(tmp_path / "out") == []


@pytest.mark.parametrize("name", ["evaluate", "train"])
def test_no_process_survives_a_command_that_is_killed(name: str, tmp_path: Path) -> None:
    case = make_case(name, tmp_path)
    with in_terminal(*case.words) as terminal:
        terminal.wait_until(lambda: case.is_busy(terminal))
        terminal.process.kill()
        terminal.wait_for_end()
        assert not terminal.wait_for_survivors(SOON_S)


def test_a_server_that_still_starts_ends_with_its_owner() -> None:
    with in_terminal("-c", START_SERVER) as terminal:
        terminal.wait_until(lambda: len(terminal.list_processes()) > 1)
        terminal.process.kill()
        terminal.wait_for_end()
        assert not terminal.wait_for_survivors(SOON_S)


def test_a_command_that_still_imports_ends_with_one_line() -> None:
    with in_terminal("scripts/evaluate.py", "--help") as terminal:
        terminal.wait_until(terminal.handles_signals)
        terminal.type_ctrl_c()
        assert terminal.wait_for_end()[0] == 128 + signal.SIGINT
    [line] = terminal.text.replace("^C", "").split("\r\n")[:-1]
    assert line.startswith("interrupted: ")


def test_a_command_whose_library_swallows_the_interrupt_ends_all_the_same_however_often_one_types() -> None:
    with in_terminal("-c", SWALLOW) as terminal:
        terminal.wait_until(lambda: "works" in terminal.text)
        terminal.type_ctrl_c()
        terminal.wait_until(lambda: terminal.text.count("works") > 1)
        os.kill(terminal.process.pid, signal.SIGTERM)
        terminal.type_ctrl_c()
        status, took_s = terminal.wait_for_end()
        assert (status, took_s < SOON_S + SLOW_MACHINE_S) == (128 + signal.SIGINT, True), terminal.text
    assert "interrupted: " in terminal.text.splitlines()[-1]


def test_an_interrupt_within_a_library_s_hook_around_a_fork_ends_the_command_without_a_traceback() -> None:
    with in_terminal("-c", FORK) as terminal:
        terminal.wait_until(lambda: "forks\r\n" in terminal.text)  # Ctrl-C drops what the terminal has not passed on yet
        terminal.type_ctrl_c()
        status, took_s = terminal.wait_for_end()
        assert (status, took_s < SOON_S + SLOW_MACHINE_S) == (128 + signal.SIGINT, True), terminal.text
    lines = terminal.text.replace("^C", "").split("\r\n")
    assert (lines[0], lines[1].startswith("interrupted: "), lines[2:]) == ("forks", True, [""]), terminal.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_script_ends_all_that_it_has_started(number: int) -> None:
    script = f"set -eu; source scripts/sourced/jobs.sh; {sys.executable} -c '{SLEEP}' & job {sys.executable} -c '{SLEEP}'"
    with in_terminal("-c", f"import os; os.execvp('bash', ['bash', '-c', {script!r}])") as terminal:
        terminal.wait_until(lambda: terminal.text.count("asleep") == 2)
        terminal.type_ctrl_c() if number == signal.SIGINT else terminal.process.send_signal(number)
        status, took_s = terminal.wait_for_end()
        assert (status, took_s < SOON_S + SLOW_MACHINE_S) == (128 + number, True), terminal.text
        assert not terminal.wait_for_survivors(SOON_S)
