"""How fast a drive is on this machine: ticks per second of the whole loop, as a share of what its server makes when nobody drives.

All contenders drive the same route on the same server with the same camera, and take turns within one loop, so that a disturbance of the machine
affects all of them alike. "the server alone" is a client that sends a fixed control, ticks and takes each image: what CARLA's own example of the
synchronous mode does. The others are drives as an evaluation makes them, with trace and movie. The live one is streamed, as `--live` does it, to
the live view in a process of its own, which starts and ends with the turn.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from driving.drivers.driver import Driver
from driving.drivers.expert import Expert
from driving.drivers.exported import ExportedDriver
from driving.drivers.learned import LearnedDriver, checkpoint_folder
from driving.quantities import CameraSpec, Control
from driving.rollout.listeners import CAMERA_MOVIE, CameraMovie
from driving.rollout.live_feed import FEED, LiveFeed
from driving.rollout.live_viewer import run_live_viewer
from driving.rollout.loop import DriveConfig, drive
from driving.simulator.process import StandinProcess
from driving.simulator.session import Session, SessionConfig
from driving.world.generated.tracks import generate_track
from driving.world.maps.route import Route
from driving.world.maps.routes import spread_routes
from perception.errors import ConfigError
from policy.export import export_policy
from policy.network import DrivingPolicy, PolicyConfig, load_policy, save_policy
from policy.runtime import ExportedPolicy
from policy.whole_file import write_text

ALONE, POLICY, LIVE = "the server alone", "a drive by a policy", "a drive by a policy, live"
TRACK, STEP_S = 7, 0.1
CONTROL = Control(throttle=0.4)


@dataclass(frozen=True)
class Row:
    """One contender's result."""

    contender: str
    ticks_per_s: float  # the median over the rounds
    spread: float  # the interquartile range
    share_of_server: float  # the median over the rounds of its ticks per second, divided by those of the server alone in the same round
    rates: list[float]  # ticks per second in each round


def measure(rounds: int, ticks: int, checkpoint: Path | None, report: Callable[[str], None]) -> list[Row]:
    """Run the benchmark.

    Args:
        rounds: how many turns each contender gets.
        ticks: how long a turn is.
        checkpoint: the policy that drives; None for the quickstart's architecture with random weights.
        report: takes one line for a contender that cannot run here.

    Raises UserError for a checkpoint that cannot be read, SimulatorError where the server fails.
    """
    torch.set_num_threads(1)
    policy = DrivingPolicy(PolicyConfig(target="curvature", scale=0.01)) if checkpoint is None else load_policy(checkpoint_folder(checkpoint))
    with tempfile.TemporaryDirectory() as folder, StandinProcess() as process:
        save_policy(policy, Path(folder))
        drivers = _make_drivers(policy, Path(folder), report)
        with Session(SessionConfig(process.host, process.port, dt_s=STEP_S)) as session:
            session.load_opendrive(f"track_{TRACK}", generate_track(TRACK))
            route = spread_routes(session.map, 1, 2000.0, 0)[0]
            rates = session.watch.call(lambda: _take_turns(session, route, drivers, Path(folder), rounds, ticks))
    return [_summarise(name, values, rates[ALONE]) for name, values in rates.items()]


def _make_drivers(policy: DrivingPolicy, folder: Path, report: Callable[[str], None]) -> dict[str, Driver]:
    """Return the drivers by name. An exported policy is left out where its packages are not installed."""
    drivers: dict[str, Driver] = {"a drive by the expert": Expert(), POLICY: LearnedDriver(policy), LIVE: LearnedDriver(policy)}
    try:
        export_policy(policy, folder / "policy.onnx")
        drivers["a drive by the policy, exported"] = ExportedDriver(ExportedPolicy(folder / "policy.onnx"))
    except ConfigError as error:
        report(f"left out: the exported policy ({error})")
    return drivers


def _take_turns(session: Session, route: Route, drivers: Mapping[str, Driver], folder: Path, rounds: int, ticks: int) -> dict[str, list[float]]:
    """Return each contender's ticks per second in each round. A round before the first one is not counted."""
    rates: dict[str, list[float]] = {ALONE: [], **{name: [] for name in drivers}}
    for counted in (False, *[True] * rounds):
        for name, values in rates.items():
            watched: AbstractContextManager[list[LiveFeed]] = _watch_live(folder) if name == LIVE else nullcontext([])
            with watched as feeds:
                rate = _time_ticks(session, route, ticks) if name == ALONE else _time_drive(session, route, drivers[name], folder, ticks, feeds)
            values += [rate] if counted else []
    return rates


@contextmanager
def _watch_live(folder: Path) -> Iterator[list[LiveFeed]]:
    """Run the live view of the policy that is saved in `folder`. Give the feed, as soon as the view reads it."""
    with run_live_viewer(folder, folder, subprocess.PIPE) as viewer:
        if viewer.stdout is None or not viewer.stdout.readline():
            raise RuntimeError(f"the live view ended with exit status {viewer.wait()} before it showed a drive; its message is above")
        yield [LiveFeed(folder / FEED, LIVE)]


def _time_ticks(session: Session, route: Route, ticks: int) -> float:
    """Make ticks without a driver, and return the ticks per second."""
    ego = session.spawn_ego(route.pose_at(0.0), CameraSpec())
    began = time.perf_counter()
    for _ in range(ticks):
        ego.apply(CONTROL)
        ego.wait_for_image(session.tick())
    elapsed_s = time.perf_counter() - began
    ego.destroy()
    return ticks / elapsed_s


def _time_drive(session: Session, route: Route, driver: Driver, folder: Path, ticks: int, feeds: list[LiveFeed]) -> float:
    """Make a drive, and return the ticks per second."""
    ego = session.spawn_ego(route.pose_at(0.0), CameraSpec())
    began = time.perf_counter()
    with CameraMovie(folder / CAMERA_MOVIE, STEP_S) as movie:
        trace = drive(session, ego, route, driver, DriveConfig(time_s=(ticks - 1) * STEP_S), [movie, *feeds])
    elapsed_s = time.perf_counter() - began
    ego.destroy()
    return len(trace.columns["frame"]) / elapsed_s


def _summarise(name: str, rates: list[float], alone: list[float]) -> Row:
    """Return the result of one contender."""
    quarter = statistics.quantiles(rates, n=4, method="inclusive") if len(rates) > 1 else [rates[0]] * 3
    return Row(name, statistics.median(rates), quarter[2] - quarter[0], statistics.median(a / b for a, b in zip(rates, alone, strict=True)), rates)


def table(rows: list[Row]) -> str:
    """Return the result as lines of text; the last one says what the live view costs a drive."""
    lines = [f"{'one camera, 320x180':<36}{'ticks/s':>9}{'spread':>9}{'of the server alone':>22}"]
    lines += [f"{row.contender:<36}{row.ticks_per_s:>9.0f}{row.spread:>9.0f}{row.share_of_server:>22.0%}" for row in rows]
    rates = {row.contender: row.rates for row in rows}
    shares = [live / policy for live, policy in zip(rates[LIVE], rates[POLICY], strict=True)]
    words = f"{statistics.median(shares):.1%} of its ticks per second (median of {len(shares)} rounds, {min(shares):.1%} to {max(shares):.1%})"
    return "\n".join([*lines, f"shown live, a drive by a policy makes {words}"])


def write(rows: list[Row], path: Path) -> None:
    """Write the result as JSON, with the machine that it was measured on."""
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    write_text(path, json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=1))
