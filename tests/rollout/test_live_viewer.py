"""The live viewer's process: whatever becomes of it in the middle of a drive, the drive is the same."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from driving.drivers.learned import PRETRAINED
from driving.evaluation.drive_task import DriverReference, drive_task
from driving.evaluation.identity import digest_trace
from driving.evaluation.suite import SuiteConfig
from driving.evaluation.tasks import make_tasks
from driving.rollout.live_feed import FEED, SLOTS, LiveFeed
from driving.rollout.live_viewer import run_live_viewer
from driving.rollout.tick import Tick
from driving.simulator.session import Session
from tests.rollout.world import CAMERA

CHECKPOINT = Path(PRETRAINED)
DRIVER = DriverReference(checkpoint=CHECKPOINT)
[TASK] = make_tasks(SuiteConfig(families={"track": [3]}, route_length_m=150.0, camera=CAMERA))


class Events:
    """Calls functions in the middle of a drive, at their ticks, and notes how large the feed's file is at each tick."""

    def __init__(self, feed: Path, events: dict[int, Callable[[], None]]) -> None:
        self.sizes: list[int] = []
        self._feed, self._events = feed, events

    def on_tick(self, tick: Tick) -> None:
        """Call what belongs to this tick."""
        self._events.get(len(self.sizes), lambda: None)()
        self.sizes.append(self._feed.stat().st_size)


def find_server(viewer: int) -> int:
    """Return the process of Rerun's server, which the viewer has started."""
    children = [pid for thread in Path(f"/proc/{viewer}/task").iterdir() for pid in (thread / "children").read_text().split()]
    (server,) = [int(pid) for pid in children if "rerun" in Path(f"/proc/{pid}/cmdline").read_text()]
    return server


def shares_among_sessions() -> bool:
    """Whether Linux shares the processor among sessions here (autogroup, see sched(7))."""
    switch = Path("/proc/sys/kernel/sched_autogroup_enabled")
    return switch.exists() and switch.read_text().strip() == "1"


def test_a_viewer_that_loses_its_server_hangs_and_is_killed_leaves_the_drive_as_it_is(session: Session, tmp_path: Path) -> None:
    driver = DRIVER.load()
    plain = drive_task(session, TASK, driver)
    with run_live_viewer(tmp_path, CHECKPOINT, subprocess.PIPE) as viewer:
        assert viewer.stdout is not None
        assert "open http://127.0.0.1:" in viewer.stdout.readline()
        server, states = find_server(viewer.pid), list[str]()

        def note_state(pid: int) -> None:
            states.append(Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[0])

        events = {
            30: lambda: os.kill(server, signal.SIGKILL),
            50: lambda: viewer.send_signal(signal.SIGSTOP),
            70: lambda: note_state(viewer.pid),
            80: viewer.kill,
            110: lambda: states.append(str(viewer.poll())),
        }
        watched = Events(tmp_path / FEED, events)
        shown = drive_task(session, TASK, driver, [LiveFeed(tmp_path / FEED, "drive"), watched])
    assert digest_trace(shown) == digest_trace(plain)
    assert states == ["T", str(-signal.SIGKILL)]
    assert len(watched.sizes) == len(plain.columns["frame"]) > 2 * SLOTS, "the drive is too short to fill the feed"
    assert len(set(watched.sizes)) == 1
    assert not (tmp_path / FEED).exists()


@pytest.mark.skipif(not shares_among_sessions(), reason="needs a Linux that shares the processor among sessions")
def test_the_viewer_gives_way_to_the_drive_although_it_has_a_session_of_its_own(tmp_path: Path) -> None:
    own = Path("/proc/self/autogroup").read_text()  # empty for a process in a control group of its own
    with run_live_viewer(tmp_path, CHECKPOINT, subprocess.PIPE) as viewer:
        assert viewer.stdout is not None
        viewer.stdout.readline()
        assert Path(f"/proc/{viewer.pid}/autogroup").read_text().split()[-1] == "19"
        assert os.getpriority(os.PRIO_PROCESS, find_server(viewer.pid)) == 19
    assert Path("/proc/self/autogroup").read_text() == own
