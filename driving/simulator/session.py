"""A client's session with a CARLA server, ours or a real one: synchronous settings in, always restored; worlds loaded; time advanced.

Left to others: the car and its camera (`ego`), the server's process (`process`), what to drive (`rollout`).
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

# The mesh that a real server builds from OpenDRIVE text: 2 m between vertices, no walls, 0.6 m beside the lanes.
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
        """Connects. Raises UserError for another version of the server, SimulatorError where none answers."""
        self.config = config
        self.client = connect(config.host, config.port, config.timeout_s)
        self._cars: list[EgoVehicle] = []
        with self._explained("connect", "; start it, or name another with --host and --port"):
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
    def _explained(self, what: str, remedy: str = "") -> Iterator[None]:
        """Turns the client's RuntimeError into a SimulatorError that says what was asked of whom, and perhaps what to do."""
        try:
            with suppress_georeference_warning():
                yield
        except RuntimeError as error:
            where = f"{self.config.host}:{self.config.port}"
            raise SimulatorError(f"cannot {what} at the server {where}: {' '.join(str(error).split())}{remedy}") from error

    def _synchronise(self) -> None:
        with self._explained("set synchronous mode"):
            settings = self.world.get_settings()
            settings.synchronous_mode = True
            settings.fixed_delta_seconds = self.config.dt_s
            settings.substepping = True
            settings.max_substep_delta_time, settings.max_substeps = 0.01, max(1, math.ceil(self.config.dt_s / 0.01))
            self.world.apply_settings(settings)

    def load_opendrive(self, name: str, text: str) -> None:
        """Loads a world from OpenDRIVE text. Raises SimulatorError where the server refuses."""
        parameters = carla.OpendriveGenerationParameters(**GENERATION, smooth_junctions=True, enable_mesh_visibility=True)
        with self._explained(f"load map {name}"):
            self._forget_cars()
            self.world = self.client.generate_opendrive_world(text, parameters)
        self._synchronise()

    def load_map(self, name: str) -> None:
        """Loads one of the server's own maps."""
        with self._explained(f"load map {name}"):
            self._forget_cars()
            self.world = self.client.load_world(name)
        self._synchronise()

    @property
    def map(self) -> carla.Map:
        """The current world's map."""
        with self._explained("read the map"):
            return self.world.get_map()

    def set_weather(self, weather: Weather) -> None:
        """Changes the weather from the next tick on."""
        values = dict(zip(NAMES, weather.as_list(), strict=True))
        with self._explained("set the weather"):
            self.world.set_weather(carla.WeatherParameters(**values))

    def tick(self) -> int:
        """Advances the world by one step; the new frame's number."""
        try:
            return int(self.world.tick(self.config.timeout_s))
        except RuntimeError as error:
            raise SimulatorError(f"the server {self.config.host}:{self.config.port} did not tick: {' '.join(str(error).split())}") from error

    def spawn_ego(self, pose: Pose, camera: CameraSpec, blueprint: str = "vehicle.tesla.model3") -> EgoVehicle:
        """Spawns a car with a camera, and ticks once. Raises SimulatorError where the place is taken or off the road."""
        with self._explained(f"spawn {blueprint}"):
            car = EgoVehicle(self.world, pose, camera, blueprint, self.config.timeout_s)
        self._cars.append(car)
        return car

    def _forget_cars(self) -> None:
        for car in self._cars:
            car.destroy()
        self._cars.clear()

    def close(self) -> None:
        """Destroys this session's cars and restores the settings that it found; a dead server is no error here."""
        with contextlib.suppress(RuntimeError, SimulatorError):
            self._forget_cars()
            self.client.set_timeout(min(2.0, self.config.timeout_s))
            self.world.apply_settings(self._restored)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
