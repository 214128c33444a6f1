"""One server for all tests here that do not break it: the stand-in, or the real one that CARLA_HOST (and CARLA_PORT) names."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Iterator
from typing import Any

import carla
import pytest

from tests.standin.servers import Server, serving, synchronous
from tests.standin.traffic.crossing import crossing_with_lights

Spawn = Callable[..., Any]
ours = pytest.mark.skipif("CARLA_HOST" in os.environ, reason="of the stand-in alone")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Our own server, whether or not a real one is there."""
    folder = tmp_path_factory.mktemp("standin")
    (folder / "crossing.xodr").write_text(crossing_with_lights())
    (folder / "lights_behind.xodr").write_text(crossing_with_lights(behind=True))
    with serving(folder, "--track", 3, "--maps", folder) as made:
        yield made


@pytest.fixture(scope="session")
def client(request: pytest.FixtureRequest) -> carla.Client:
    """A client of the server under test."""
    if host := os.environ.get("CARLA_HOST"):
        made = carla.Client(host, int(os.environ.get("CARLA_PORT", "2000")))
        made.set_timeout(60.0)
        return made
    ours: Server = request.getfixturevalue("server")
    return ours.client()


@pytest.fixture
def world(client: carla.Client) -> Iterator[carla.World]:
    """A fresh episode in synchronous mode with a step of 0.05 s; asynchronous again at the end."""
    made = client.reload_world()
    synchronous(made)
    yield made
    settings = made.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = False, None
    made.apply_settings(settings)


@pytest.fixture
def spawn(world: carla.World) -> Spawn:
    """spawn("vehicle.audi.tt", at=..., attach_to=..., width="100") and so on."""

    def make(name: str, at: carla.Transform | None = None, attach_to: carla.Actor | None = None, **attributes: object) -> Any:
        blueprint = world.get_blueprint_library().find(name)
        for key, value in attributes.items():
            blueprint.set_attribute(key, str(value))
        if at is None:
            at = carla.Transform() if attach_to else world.get_map().get_spawn_points()[0]
        return world.spawn_actor(blueprint, at, attach_to=attach_to)

    return make


class Messages:
    """What a sensor sends, in order."""

    def __init__(self, sensor: carla.Sensor) -> None:
        self.sensor = sensor  # a sensor without a name is garbage, and then silent
        self._queue: queue.Queue[Any] = queue.Queue()
        sensor.listen(self._queue.put)

    def next(self, timeout_s: float = 5.0) -> Any:
        """The next message; queue.Empty if none comes."""
        return self._queue.get(timeout=timeout_s)

    def of(self, frame: int) -> Any:
        """The message of a frame, those before it thrown away."""
        while True:
            message = self.next()
            if message.frame >= frame:
                assert message.frame == frame, f"frame {frame} never came, but {message.frame} did"
                return message

    def waiting(self) -> list[Any]:
        """All that has come by now."""
        found = []
        while not self._queue.empty():
            found.append(self._queue.get())
        return found
