"""How fast the stand-in server is on this machine: ticks per second of a client that controls a car and takes every camera image.

The server is a process of its own on 127.0.0.1. The client is the unmodified `carla` package in synchronous mode. Each tick sends a control,
waits for the tick, and then waits for every camera's image of the same frame, as a driver must. The environments that a user could take
instead (`driving/benchmarks/peers.py`) are measured too. All contenders take turns within one loop, so that a disturbance of the machine affects
all of them alike. Rates are medians, CPU times are per tick.

What limits the speed: at 200x66 the round trips of a tick (three messages of the server, two of the client) and the renderer, about equally;
from 320x180 on the server's rasteriser and shading; at 800x600 also the copies of 1.9 MB through the loopback.
The TrafficManager opens a port on all interfaces, so its case runs only in a network namespace that has nothing but a loopback.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import queue
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from driving.benchmarks.peers import Peer, find_peers
from driving.quantities import Control, Pose, UserError
from driving.simulator.client import connect, destroy_actors
from driving.simulator.ego import control_of, transform_of
from driving.simulator.process import StandinProcess
from driving.simulator.session import Session, SessionConfig
from driving.world.maps.opendrive import suppress_georeference_warning
from policy.whole_file import write_text

TRAFFIC_PORT = 8000
STEP_S = 0.05
MOVE_EVERY = 100  # the car is put on another spawn point after this many ticks, so that it sees more than one place
CONTROL = Control(throttle=0.4)
OWN_NETWORK = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
BASELINE = "CarRacing-v3"


@dataclass(frozen=True)
class Case:
    """What a client asks of the server."""

    name: str
    width_px: int  # of each camera's image
    height_px: int
    cameras: int = 1
    traffic: int = 0  # the number of cars on autopilot


CASES = (
    Case("200x66", 200, 66),
    Case("320x180", 320, 180),
    Case("800x600", 800, 600),
    Case("320x180, three cameras", 320, 180, cameras=3),
    Case("320x180, 20 autopilot cars", 320, 180, traffic=20),
)


@dataclass
class Row:
    """One contender's result."""

    contender: str
    ticks_per_s: float  # the median over the rounds
    spread: float  # the interquartile range of the ticks per second
    best: float  # the largest of them
    client_ms: float  # CPU time of this process per tick
    server_ms: float | None  # CPU time of the server per tick; None where there is no server
    times_baseline: float | None = None  # how many times as fast as CarRacing-v3


@dataclass
class Load:
    """How long `load_world` takes."""

    map: str
    first_s: float  # the first time
    again_s: float  # the second time, from what the server has kept


@dataclass
class Result:
    """All results of the benchmark."""

    rows: list[Row] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # what was not measured, and why


def is_alone_on_the_network() -> bool:
    """Return whether this process sees a loopback and no other network interface."""
    return [name for _, name in socket.if_nameindex()] == ["lo"]


def enter_own_network() -> None:
    """Run this command again in a network namespace of its own. Where the system does not allow that, return, and the command goes on here."""
    tools = shutil.which("unshare") and shutil.which("ip")
    if is_alone_on_the_network() or not tools or subprocess.run([*OWN_NETWORK, "true"], capture_output=True, check=False).returncode:
        return
    sys.stdout.flush()
    os.execvp(OWN_NETWORK[0], [*OWN_NETWORK, sys.executable, *sys.argv])


class _Stage:
    """A car with cameras and traffic around it on a server."""

    def __init__(self, session: Session, case: Case) -> None:
        """Spawn all of it. Raises UserError where the map is too small for the traffic."""
        self._session, self._ticks, self._control = session, 0, control_of(CONTROL)
        world = session.world
        self._actors: list[Any] = []
        self._traffic: list[Any] = []
        self._manager: Any = None
        library, self._spawns = world.get_blueprint_library(), world.get_map().get_spawn_points()
        self._car = self._add(library.find("vehicle.tesla.model3"), self._spawns[0])
        lens = library.find("sensor.camera.rgb")
        lens.set_attribute("image_size_x", str(case.width_px))
        lens.set_attribute("image_size_y", str(case.height_px))
        self._sensors: list[Any] = []
        self._images: list[queue.SimpleQueue[Any]] = []
        for number in range(case.cameras):
            yaw_deg = 60.0 * ((number + 1) // 2) * (-1) ** number  # ahead, then in turn to the left and to the right
            mount = Pose(x_m=1.2, z_m=1.6, pitch_rad=math.radians(-6.0), yaw_rad=math.radians(yaw_deg))
            images: queue.SimpleQueue[Any] = queue.SimpleQueue()
            self._sensors.append(self._add(lens, transform_of(mount), self._car))
            self._sensors[-1].listen(images.put)
            self._images.append(images)
        if case.traffic:
            self._manager = session.client.get_trafficmanager(TRAFFIC_PORT)
            self._manager.set_synchronous_mode(True)
            self._manager.set_random_device_seed(7)
            places = self._spawns[1 :: max(1, (len(self._spawns) - 1) // case.traffic)][: case.traffic]
            if len(places) < case.traffic:
                raise UserError(
                    f"the map has {len(self._spawns)} spawn points, {case.traffic} cars need one each: give a larger map, --map FILE.xodr"
                )
            self._traffic = [self._add(library.find("vehicle.audi.tt"), at) for at in places]
            session.tick()
            for car in self._traffic:
                car.set_autopilot(True, TRAFFIC_PORT)

    def _add(self, blueprint: Any, at: Any, parent: Any = None) -> Any:
        """Spawn an actor at a client's transform."""
        self._actors.append(self._session.world.spawn_actor(blueprint, at, attach_to=parent))
        return self._actors[-1]

    def tick(self) -> None:
        """Send a control, tick, and take each camera's image of that frame."""
        self._ticks += 1
        if self._ticks % MOVE_EVERY == 0 and self._manager is None:
            self._car.set_transform(self._spawns[self._ticks // MOVE_EVERY % len(self._spawns)])
        self._car.apply_control(self._control)
        frame = self._session.tick()
        for images in self._images:
            while images.get(timeout=20.0).frame < frame:
                pass

    def close(self) -> None:
        """Remove everything again."""
        if self._manager is not None:
            for car in self._traffic:
                car.set_autopilot(False, TRAFFIC_PORT)
            self._manager.set_synchronous_mode(False)
            self._manager.shut_down()
        for sensor in self._sensors:
            sensor.stop()
        destroy_actors(self._session.client, self._actors[::-1])
        self._session.tick()


class _Standin:
    """A case as a contender. It sets its stage up for each turn, because cameras and cars that stay would slow the others down."""

    piece = 10  # ticks between two looks at the clock

    def __init__(self, process: StandinProcess, session: Session, case: Case) -> None:
        self.name = f"stand-in, {case.name}"
        self._process, self._session, self._case = process, session, case

    @contextlib.contextmanager
    def turn(self) -> Iterator[Callable[[], None]]:
        """Give the function that makes one tick, while the block lasts."""
        stage = _Stage(self._session, self._case)
        try:
            yield stage.tick
        finally:
            stage.close()

    def server_cpu_s(self) -> float | None:
        """Return the server's CPU time so far (s)."""
        return self._process.cpu_s


def _time_turn(contender: _Standin | Peer, seconds: float) -> tuple[float, float, float | None]:
    """Run one turn of at least `seconds`; return ticks per second, and the CPU time per tick (ms) of this process and of the server."""
    with contender.turn() as tick:
        for _ in range(contender.piece):
            tick()
        count, server, client, began = 0, contender.server_cpu_s(), time.process_time(), time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            for _ in range(contender.piece):
                tick()
            count += contender.piece
        after = contender.server_cpu_s()
        used = None if after is None or server is None else 1e3 * (after - server) / count
        return count / elapsed, 1e3 * (time.process_time() - client) / count, used


def _run_rounds(contenders: list[_Standin | Peer], rounds: int, seconds: float) -> list[Row]:
    """Let the contenders take turns of `seconds` and return their results."""
    turns: dict[str, list[tuple[float, float, float | None]]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            turns[contender.name].append(_time_turn(contender, seconds))
    rows = []
    for name, found in turns.items():
        rates = [rate for rate, _, _ in found]
        quarter = statistics.quantiles(rates, n=4, method="inclusive") if rounds > 1 else [rates[0]] * 3
        server = [used for _, _, used in found if used is not None]
        client_ms = statistics.median(used for _, used, _ in found)
        rows.append(
            Row(name, statistics.median(rates), quarter[2] - quarter[0], max(rates), client_ms, statistics.median(server) if server else None)
        )
    base = next((row.ticks_per_s for row in rows if row.contender.startswith(BASELINE)), None)
    for row in rows:
        row.times_baseline = None if base is None else row.ticks_per_s / base
    return rows


def _time_loads(folder: Path) -> list[Load]:
    """Measure how long each map of the folder takes to load."""
    loads = []
    with StandinProcess("--track", "0", "--maps", str(folder)) as process:
        client = connect(process.host, process.port, 120.0)
        for name in sorted(path.stem for path in folder.glob("*.xodr")):
            times = []
            for _ in range(2):
                began = time.perf_counter()
                client.load_world(name)
                times.append(time.perf_counter() - began)
            loads.append(Load(name, *times))
    return loads


def measure(rounds: int, seconds: float, map_file: Path | None, maps: Path | None, cases: tuple[Case, ...] = CASES) -> Result:
    """Run the benchmark.

    Args:
        rounds: how many turns each contender gets.
        seconds: how long a turn lasts (s).
        map_file: the OpenDRIVE file to drive on; None for a generated track.
        maps: a folder of OpenDRIVE files whose loading times are measured; None for none.
        cases: what the client asks of the server.

    Raises UserError where the map is too small for a case's traffic, SimulatorError where the server fails.
    """
    peers, left_out = find_peers()
    result = Result(left_out=left_out)
    if not is_alone_on_the_network() and any(case.traffic for case in cases):
        result.left_out.append(
            "autopilot cars: the TrafficManager opens a port on all interfaces, and this system does not allow a network namespace"
        )
        cases = tuple(case for case in cases if not case.traffic)
    with suppress_georeference_warning():
        if maps is not None:
            result.loads = _time_loads(maps)
        result.rows = _race(peers, map_file, cases, rounds, seconds)
    return result


def _race(peers: list[Peer], map_file: Path | None, cases: tuple[Case, ...], rounds: int, seconds: float) -> list[Row]:
    """Run the cases and the peers against each other."""
    arguments = ("--track", "7") if map_file is None else ("--map", str(map_file))
    with contextlib.ExitStack() as opened:
        process = opened.enter_context(StandinProcess(*arguments))
        session = opened.enter_context(Session(SessionConfig(process.host, process.port, dt_s=STEP_S)))
        for peer in peers:
            opened.callback(peer.close)
        contenders: list[_Standin | Peer] = [*(_Standin(process, session, case) for case in cases), *peers]
        return session.watch.call(lambda: _run_rounds(contenders, rounds, seconds))


def table(result: Result) -> str:
    """Return the result as lines of text."""
    lines = [f"{'':<44}{'ticks/s':>9}{'spread':>9}{'client ms':>11}{'server ms':>11}{'CarRacing':>11}"]
    for row in result.rows:
        server = "" if row.server_ms is None else f"{row.server_ms:.2f}"
        times = "" if row.times_baseline is None else f"{row.times_baseline:.1f} x"
        lines.append(f"{row.contender:<44}{row.ticks_per_s:>9.0f}{row.spread:>9.0f}{row.client_ms:>11.2f}{server:>11}{times:>11}")
    lines += [f"load_world({load.map!r}): {load.first_s:.2f} s, again {load.again_s:.2f} s" for load in result.loads]
    return "\n".join([*lines, *(f"left out: {why}" for why in result.left_out)])


def write(result: Result, path: Path) -> None:
    """Write the result as JSON, with the machine that it was measured on."""
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    write_text(path, json.dumps({"machine": machine, **asdict(result)}, indent=1))
