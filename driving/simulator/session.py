"""A client's session with a CARLA server, ours or a real one. It sets synchronous mode and restores the settings, loads worlds, advances time.

It leaves the car and its camera to `ego.py`, the server's process to `process.py`, and what to drive to `driving/rollout`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from types import TracebackType

import carla

from driving.quantities import CameraSpec, Pose, UserError
from driving.simulator.client import connect
from driving.simulator.ego import EgoVehicle
from driving.simulator.errors import SimulatorError
from driving.world.maps.opendrive import suppress_georeference_warning
from driving.world.weather import NAMES, Weather

# How a real server builds the mesh of OpenDRIVE text: 2 m between vertices, no walls, 0.6 m beside the lanes.
GENERATION = {"vertex_distance": 2.0, "max_road_length": 50.0, "wall_height": 0.0, "additional_width": 0.6}


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
        """Connect. Raises UserError where the server has another version, SimulatorError where it does not respond."""
        self.config = config
        self.client = connect(config.host, config.port, config.timeout_s)
        self._cars: list[EgoVehicle] = []
        with self._explain("connect", "; start it, or name another with --host and --port"):
            theirs, ours = self.client.get_server_version(), version("carla")
            if theirs != ours:
                raise UserError(f"the server at {config.host}:{config.port} is CARLA {theirs}, the client is {ours}: install one version for both")
            self.world = self.client.get_world()
            self._restored = self.world.get_settings()
        try:
            self._synchronise()
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def _explain(self, what: str, remedy: str = "") -> Iterator[None]:
        """Turn the client's RuntimeError into a SimulatorError that says what was asked of which server, and perhaps what to do."""
        try:
            with suppress_georeference_warning():
                yield
        except RuntimeError as error:
            where = f"{self.config.host}:{self.config.port}"
            raise SimulatorError(f"cannot {what} at the server {where}: {' '.join(str(error).split())}{remedy}") from error

    def _synchronise(self) -> None:
        """Set synchronous mode with this session's time step."""
        with self._explain("set synchronous mode"):
            settings = self.world.get_settings()
            settings.synchronous_mode = True
            settings.fixed_delta_seconds = self.config.dt_s
            settings.substepping = True
            settings.max_substep_delta_time, settings.max_substeps = 0.01, max(1, math.ceil(self.config.dt_s / 0.01))
            self.world.apply_settings(settings)

    def load_opendrive(self, name: str, text: str) -> None:
        """Load a world from OpenDRIVE text. Raises SimulatorError where the server refuses."""
        parameters = carla.OpendriveGenerationParameters(**GENERATION, smooth_junctions=True, enable_mesh_visibility=True)
        with self._explain(f"load map {name}"):
            self._forget_cars()
            self.world = self.client.generate_opendrive_world(text, parameters)
        self._synchronise()

    def load_map(self, name: str) -> None:
        """Load one of the server's own maps. Raises SimulatorError where the server refuses."""
        with self._explain(f"load map {name}"):
            self._forget_cars()
            self.world = self.client.load_world(name)
        self._synchronise()

    @property
    def map(self) -> carla.Map:
        """The current world's map. Raises SimulatorError where it cannot be read."""
        with self._explain("read the map"):
            return self.world.get_map()

    def set_weather(self, weather: Weather) -> None:
        """Change the weather from the next tick on. Raises SimulatorError where the server refuses."""
        values = dict(zip(NAMES, weather.as_list(), strict=True))
        with self._explain("set the weather"):
            self.world.set_weather(carla.WeatherParameters(**values))

    def tick(self) -> int:
        """Advance the world by one step and return the new frame's number. Raises SimulatorError where the server does not tick in time."""
        try:
            return int(self.world.tick(self.config.timeout_s))
        except RuntimeError as error:
            raise SimulatorError(f"the server {self.config.host}:{self.config.port} did not tick: {' '.join(str(error).split())}") from error

    def spawn_ego(self, pose: Pose, camera: CameraSpec, blueprint: str = "vehicle.tesla.model3") -> EgoVehicle:
        """Spawn a car with a camera. Raises SimulatorError where the place is taken or not on a road."""
        with self._explain(f"spawn {blueprint}"):
            car = EgoVehicle(self.world, pose, camera, blueprint, self.config.timeout_s)
        self._cars.append(car)
        return car

    def _forget_cars(self) -> None:
        """Remove the cars that this session has spawned."""
        for car in self._cars:
            car.destroy()
        self._cars.clear()

    def close(self) -> None:
        """Remove this session's cars and restore the server's settings. A dead server is not an error here."""
        with contextlib.suppress(RuntimeError, SimulatorError):
            self._forget_cars()
            self.client.set_timeout(min(2.0, self.config.timeout_s))
            self.world.apply_settings(self._restored)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
