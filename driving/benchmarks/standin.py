"""How fast the stand-in server is, on this machine, now: ticks a second of a client that controls a car and takes every camera image.

The server is a process of its own on 127.0.0.1, the client the unmodified `carla` package in synchronous mode; each tick sends a control,
waits for the tick and then for every camera's image of that very frame, as a driver must. Beside it run what one would take instead (`peers`).
All contenders take turns within one loop, so that a disturbance hits them alike; medians are reported. CPU times are per tick.

What bounds it: at 200x66 the round trips of a tick (three messages of the server, two of the client) and the renderer, about as much each;
from 320x180 on the server's rasteriser and shading, at 800x600 also the copies of 1.9 MB through the loopback.
The TrafficManager opens a port on all interfaces, so that its case runs only in a network namespace that has nothing but a loopback.
"""

from __future__ import annotations

import contextlib
import json
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

import carla

from driving.benchmarks.peers import Peer, installed_peers
from driving.quantities import UserError
from driving.simulator.client import connect
from driving.simulator.process import StandinProcess
from driving.world.maps.opendrive import suppress_georeference_warning

TRAFFIC_PORT = 8000
STEP_S = 0.05
MOVE_EVERY = 100  # ticks after which the car is put on another spawn point, so that it sees more than one place
OWN_NETWORK = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
BASELINE = "CarRacing-v3"


@dataclass(frozen=True)
class Case:
    """What a client asks of the server: an image size (px), so many cameras, so many cars on autopilot."""

    name: str
    width_px: int
    height_px: int
    cameras: int = 1
    traffic: int = 0


CASES = (
    Case("200x66", 200, 66),
    Case("320x180", 320, 180),
    Case("800x600", 800, 600),
    Case("320x180, three cameras", 320, 180, cameras=3),
    Case("320x180, 20 autopilot cars", 320, 180, traffic=20),
)


@dataclass
class Row:
    """One contender's result. ticks_per_s is a median over the rounds, spread the interquartile range, best the largest.

    client_ms and server_ms are CPU times a tick (None where there is no server); times_baseline is how many times faster than CarRacing-v3.
    """

    contender: str
    ticks_per_s: float
    spread: float
    best: float
    client_ms: float
    server_ms: float | None
    times_baseline: float | None = None


@dataclass
class Load:
    """How long `load_world` takes (s): the first time, and again from what the server has kept."""

    map: str
    first_s: float
    again_s: float


@dataclass
class Result:
    """All that was measured; `left_out` says what was not, and why."""

    rows: list[Row] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def alone_on_the_network() -> bool:
    """Whether this process sees a loopback and no other network interface."""
    return [name for _, name in socket.if_nameindex()] == ["lo"]


def enter_own_network() -> None:
    """Runs this command again in a network namespace of its own, where that can be; else goes on here."""
    tools = shutil.which("unshare") and shutil.which("ip")
    if alone_on_the_network() or not tools or subprocess.run([*OWN_NETWORK, "true"], capture_output=True, check=False).returncode:
        return
    sys.stdout.flush()
    os.execvp(OWN_NETWORK[0], [*OWN_NETWORK, sys.executable, *sys.argv])


class _Stage:
    """A car with cameras, and traffic around it, on a server; `tick` is one tick of a driver's loop."""

    def __init__(self, client: carla.Client, world: carla.World, case: Case) -> None:
        self._client, self._world, self._ticks = client, world, 0
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
            place = carla.Transform(carla.Location(x=1.2, z=1.6), carla.Rotation(pitch=-6.0, yaw=60.0 * ((number + 1) // 2) * (-1) ** number))
            images: queue.SimpleQueue[Any] = queue.SimpleQueue()
            self._sensors.append(self._add(lens, place, self._car))
            self._sensors[-1].listen(images.put)
            self._images.append(images)
        if case.traffic:
            self._manager = client.get_trafficmanager(TRAFFIC_PORT)
            self._manager.set_synchronous_mode(True)
            self._manager.set_random_device_seed(7)
            places = self._spawns[1 :: max(1, (len(self._spawns) - 1) // case.traffic)][: case.traffic]
            if len(places) < case.traffic:
                raise UserError(
                    f"the map has {len(self._spawns)} spawn points, {case.traffic} cars need one each: give a larger one, --map FILE.xodr"
                )
            self._traffic = [self._add(library.find("vehicle.audi.tt"), at) for at in places]
            world.tick()
            for car in self._traffic:
                car.set_autopilot(True, TRAFFIC_PORT)

    def _add(self, blueprint: Any, at: carla.Transform, parent: Any = None) -> Any:
        self._actors.append(self._world.spawn_actor(blueprint, at, attach_to=parent))
        return self._actors[-1]

    def tick(self) -> None:
        """Control, tick, and each camera's image of that frame."""
        self._ticks += 1
        if self._ticks % MOVE_EVERY == 0 and self._manager is None:
            self._car.set_transform(self._spawns[self._ticks // MOVE_EVERY % len(self._spawns)])
        self._car.apply_control(carla.VehicleControl(throttle=0.4))
        frame = self._world.tick()
        for images in self._images:
            while images.get(timeout=20.0).frame < frame:
                pass

    def close(self) -> None:
        """Removes everything again."""
        if self._manager is not None:
            for car in self._traffic:
                car.set_autopilot(False, TRAFFIC_PORT)
            self._manager.set_synchronous_mode(False)
            self._manager.shut_down()
        for sensor in self._sensors:
            sensor.stop()
        self._client.apply_batch_sync([carla.command.DestroyActor(actor) for actor in reversed(self._actors)], False)
        self._world.tick()


class _Standin:
    """A case as a contender: sets its stage up for each turn, because cameras and cars that stay would slow down the others."""

    piece = 10

    def __init__(self, process: StandinProcess, client: carla.Client, world: carla.World, case: Case) -> None:
        self.name = f"stand-in, {case.name}"
        self._process, self._client, self._world, self._case = process, client, world, case

    @contextlib.contextmanager
    def turn(self) -> Iterator[Callable[[], None]]:
        """What to call for a tick, while the block lasts."""
        stage = _Stage(self._client, self._world, self._case)
        try:
            yield stage.tick
        finally:
            stage.close()

    def server_cpu_s(self) -> float | None:
        """The server's CPU time so far."""
        return self._process.cpu_s


def _timed(contender: _Standin | Peer, seconds: float) -> tuple[float, float, float | None]:
    """One turn of at least `seconds`: ticks a second, CPU ms a tick of this process and of the server."""
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


def _rows(contenders: list[_Standin | Peer], rounds: int, seconds: float) -> list[Row]:
    turns: dict[str, list[tuple[float, float, float | None]]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            turns[contender.name].append(_timed(contender, seconds))
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


def _loads(folder: Path) -> list[Load]:
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
    """Runs all of it: `rounds` turns of `seconds` each, on `map_file` or else a generated track; loading times of all maps in `maps`."""
    peers, left_out = installed_peers()
    result = Result(left_out=left_out)
    if not alone_on_the_network() and any(case.traffic for case in cases):
        result.left_out.append("autopilot cars: the TrafficManager opens a port on all interfaces, and no network namespace can be made here")
        cases = tuple(case for case in cases if not case.traffic)
    with suppress_georeference_warning():
        if maps is not None:
            result.loads = _loads(maps)
        result.rows = _race(peers, map_file, cases, rounds, seconds)
    return result


def _race(peers: list[Peer], map_file: Path | None, cases: tuple[Case, ...], rounds: int, seconds: float) -> list[Row]:
    arguments = ("--track", "7") if map_file is None else ("--map", str(map_file))
    with StandinProcess(*arguments) as process, contextlib.ExitStack() as stack:
        client = connect(process.host, process.port, 60.0)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, STEP_S
        world.apply_settings(settings)
        for peer in peers:
            stack.callback(peer.close)
        return _rows([*(_Standin(process, client, world, case) for case in cases), *peers], rounds, seconds)


def table(result: Result) -> str:
    """The result as lines."""
    lines = [f"{'':<44}{'ticks/s':>9}{'spread':>9}{'client ms':>11}{'server ms':>11}{'CarRacing':>11}"]
    for row in result.rows:
        server = "" if row.server_ms is None else f"{row.server_ms:.2f}"
        times = "" if row.times_baseline is None else f"{row.times_baseline:.1f} x"
        lines.append(f"{row.contender:<44}{row.ticks_per_s:>9.0f}{row.spread:>9.0f}{row.client_ms:>11.2f}{server:>11}{times:>11}")
    lines += [f"load_world({load.map!r}): {load.first_s:.2f} s, again {load.again_s:.2f} s" for load in result.loads]
    return "\n".join([*lines, *(f"left out: {why}" for why in result.left_out)])


def write(result: Result, path: Path) -> None:
    """The result as JSON, with what it was measured on."""
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine, **asdict(result)}, indent=1))
