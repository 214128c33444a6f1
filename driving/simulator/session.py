"""A client's session with a CARLA server, ours or a real one. It sets synchronous mode and restores the settings, loads worlds, advances time.

It leaves the car and its camera to `ego.py`, the server's process to `process.py`, and what to drive to `driving/rollout`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from types import TracebackType
from typing import TypeVar

import carla
import numpy as np

from driving.quantities import CameraSpec, Pose, UserError
from driving.simulator.client import connect
from driving.simulator.ego import EgoVehicle
from driving.simulator.errors import PlaceTakenError, SimulatorError
from driving.simulator.other_cars import OtherCars
from driving.simulator.watch import ServerWatch
from driving.world.maps.opendrive import suppress_georeference_warning
from driving.world.weather import NAMES, Weather

# How a real server builds the mesh of OpenDRIVE text: 2 m between vertices, no walls, 0.6 m beside the lanes.
GENERATION = {"vertex_distance": 2.0, "max_road_length": 50.0, "wall_height": 0.0, "additional_width": 0.6}
SUBSTEP_S, MOST_SUBSTEPS = 0.01, 16  # the steps of the server's physics; Unreal makes at most 16 per tick, and longer ones where that is too few
CLOSE_TIMEOUT_S = 2.0  # for each call that removes or restores something
GONE_TIMEOUT_S = 0.05
TAKEN_WORDS = "collision at spawn position"  # what a server says where an actor would touch something

Result = TypeVar("Result")


@dataclass
class SessionConfig:
    """Where the server is and how time runs.

    Args:
        host: the server's address.
        port: its RPC port.
        timeout_s: how long any call may take (s).
        dt_s: the simulated time between two ticks (s).
    """

    host: str = "127.0.0.1"
    port: int = 2000
    timeout_s: float = 60.0
    dt_s: float = 0.1


class Session:
    """A connection in synchronous mode; a context manager that restores the server's settings and removes what it spawned."""

    def __init__(self, config: SessionConfig) -> None:
        """Connect. Raises NoServerError where no server listens, SimulatorError where it does not respond, UserError where it has another version."""
        self.config = config
        self.watch = ServerWatch(config.host, config.port, config.timeout_s)
        self.client = connect(config.host, config.port, config.timeout_s)
        self._cars: list[EgoVehicle] = []
        self._restored: carla.WorldSettings | None = None
        self._is_closed = False
        try:
            self._ask("connect", self._connect, "; start it, or name another with --host and --port")
            self._ask("set synchronous mode", self._synchronise)
        except BaseException:
            self.close()
            raise

    def _ask(self, what: str, call: Callable[[], Result], remedy: str = "") -> Result:
        """Call the client's library and return the result.

        Turns its RuntimeError into a SimulatorError that says what was asked of which server, and perhaps what to do. A server that ends
        meanwhile is a SimulatorError at once.
        """
        try:
            with suppress_georeference_warning():
                return self.watch.call(call)
        except RuntimeError as error:
            where = f"{self.config.host}:{self.config.port}"
            raise SimulatorError(f"cannot {what} at the server {where}: {' '.join(str(error).split())}{remedy}") from error

    def _connect(self) -> None:
        """Compare the versions, and read what is to be restored."""
        theirs, ours = self.client.get_server_version(), version("carla")
        if theirs != ours:
            where = f"{self.config.host}:{self.config.port}"
            raise UserError(f"the server at {where} is CARLA {theirs}, the client is {ours}: install one version for both")
        self.world = self.client.get_world()
        self._restored = self.world.get_settings()

    def _synchronise(self) -> None:
        """Set synchronous mode with this session's time step."""
        settings = self.world.get_settings()
        settings.synchronous_mode = True
        settings.fixed_delta_seconds = self.config.dt_s
        settings.substepping = True
        settings.max_substeps = min(MOST_SUBSTEPS, max(1, math.ceil(self.config.dt_s / SUBSTEP_S)))
        settings.max_substep_delta_time = max(SUBSTEP_S, self.config.dt_s / settings.max_substeps)
        self.world.apply_settings(settings)

    def load_opendrive(self, name: str, text: str) -> None:
        """Load a world from OpenDRIVE text. Raises SimulatorError where the server refuses."""
        parameters = carla.OpendriveGenerationParameters(**GENERATION, smooth_junctions=True, enable_mesh_visibility=True)
        self._load(name, lambda: self.client.generate_opendrive_world(text, parameters))

    def load_map(self, name: str) -> None:
        """Load one of the server's own maps. Raises SimulatorError where the server refuses."""
        self._load(name, lambda: self.client.load_world(name))

    def _load(self, name: str, call: Callable[[], carla.World]) -> None:
        self._forget_cars()
        self.world = self._ask(f"load map {name}", call)
        self._ask("set synchronous mode", self._synchronise)

    @property
    def map(self) -> carla.Map:
        """The current world's map. Raises SimulatorError where it cannot be read."""
        return self._ask("read the map", self.world.get_map)

    def set_weather(self, weather: Weather) -> None:
        """Change the weather from the next tick on. Raises SimulatorError where the server refuses."""
        values = dict(zip(NAMES, weather.as_list(), strict=True))
        self._ask("set the weather", lambda: self.world.set_weather(carla.WeatherParameters(**values)))

    def tick(self) -> int:
        """Advance the world by one step and return the new frame's number. Raises SimulatorError where the server does not tick in time.

        Within `watch.call` it waits in the calling thread: a thread per tick would slow a drive down.
        """
        if self._is_closed:
            raise SimulatorError(f"the session with {self.config.host}:{self.config.port} is closed: open another one")
        if not self.watch.is_watching():
            return self.watch.call(self.tick)
        self.watch.check()
        try:
            return int(self.world.tick(self.config.timeout_s))
        except RuntimeError as error:
            self.watch.check()
            raise SimulatorError(f"the server {self.config.host}:{self.config.port} did not tick: {' '.join(str(error).split())}") from error

    def spawn_ego(self, pose: Pose, camera: CameraSpec, blueprint: str = "vehicle.tesla.model3") -> EgoVehicle:
        """Spawn a car with a camera. Raises PlaceTakenError where it would touch something, SimulatorError where the server fails."""
        try:
            car = self._ask(f"spawn {blueprint}", lambda: EgoVehicle(self.world, pose, camera, blueprint, self.watch, self.config.timeout_s))
        except SimulatorError as error:
            if TAKEN_WORDS not in str(error):
                raise
            raise PlaceTakenError(f"{error} (x {pose.x_m:.1f}, y {pose.y_m:.1f} m): choose a place where nothing stands") from error
        self._cars.append(car)
        return car

    def spawn_others(self, poses: Sequence[Pose], random: np.random.Generator) -> OtherCars:
        """Spawn cars without physics, of models drawn at random. Who asks for them removes them. Raises SimulatorError where the server fails."""
        return OtherCars(self.client, self.world, poses, random, self._ask)

    def _forget_cars(self) -> None:
        """Remove the cars that this session has spawned."""
        for car in self._cars:
            car.destroy()
        self._cars.clear()

    def close(self) -> None:
        """Remove this session's cars and restore the server's settings. A server that has ended is not an error here."""
        self._is_closed = True
        self.client.set_timeout(min(CLOSE_TIMEOUT_S, self.config.timeout_s))
        with contextlib.suppress(SimulatorError):
            self._forget_cars()
            if self._restored is not None:
                self._ask("restore the settings", lambda: self.world.apply_settings(self._restored))
        if self.watch.has_ended():  # the library asks the server once more when its objects are freed
            self.client.set_timeout(GONE_TIMEOUT_S)
        self.watch.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
