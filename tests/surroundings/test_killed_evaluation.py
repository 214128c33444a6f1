"""An evaluation whose server and then whose own process is killed: every drive counts once, and the table is that of an undisturbed run."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from driving.evaluation.drive_task import DriverReference
from driving.evaluation.results import RESULTS
from driving.evaluation.runner import evaluate
from driving.evaluation.suite import SuiteConfig
from driving.world.generated.tracks import TrackConfig
from tests.surroundings.terminals import Terminal, in_terminal

EXPERT = DriverReference("expert")
SUITE = SuiteConfig(families={"track": [1, 2, 3]}, track=TrackConfig(length_m=300.0), route_length_m=100.0)
OPTIONS = ("--families", "{track: [1, 2, 3]}", "--track.length_m", 300, "--route_length_m", 100)
SERVER = b"driving.standin"


def table_of(summary: dict[str, Any]) -> str:
    """Return all of a summary that another run must repeat byte for byte."""
    return json.dumps({name: value for name, value in summary.items() if name != "wall_clock"})


def read_names(out: Path) -> list[str]:
    """Return the names of the drives that have a result on the disk."""
    return [json.loads(line)["row"]["name"] for line in (out / RESULTS).read_text().splitlines()]


def kill(terminal: Terminal, what: bytes) -> None:
    """Kill -9 the processes of a command whose command line has these words."""
    for pid in terminal.list_processes():
        if what in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)


def test_a_killed_server_and_a_killed_runner_leave_the_table_of_an_undisturbed_run(tmp_path: Path) -> None:
    sound = evaluate(EXPERT, SUITE, tmp_path / "sound")
    out = tmp_path / "killed"
    with in_terminal("scripts/evaluate.py", "--driver", "expert", "--out", out, *OPTIONS) as terminal:
        terminal.wait_until(lambda: (out / "routes" / "track_2").exists())  # the second drive has begun
        kill(terminal, SERVER)
        terminal.wait_until(lambda: "trying again (2 of 3)" in terminal.text)
        terminal.wait_until(lambda: "track_2 (" in terminal.text)
        terminal.process.kill()
        terminal.wait_for_end()
        assert not terminal.wait_for_survivors(2.0)
    assert read_names(out) == ["track_1", "track_2"]
    resumed = evaluate(EXPERT, SUITE, out)
    assert table_of(resumed) == table_of(sound)
    assert read_names(out) == ["track_1", "track_2", "track_3"]
    [failed] = resumed["wall_clock"]["failed_attempts"]["track_2"]
    assert "exit status -9" in failed
