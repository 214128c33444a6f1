"""Maps that share one id among signals of different kinds load; a map that is refused leaves the running world as it was."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import carla
import pytest

from driving.quantities import UserError
from driving.standin.episode import levels
from driving.standin.episode.catalogue import Catalogue
from driving.standin.faults import Faults
from driving.standin.simulation import Simulation
from driving.standin.traffic.lights import TrafficLights
from driving.standin.traffic.map_signals import MapSignals
from driving.standin.wire.streams import Streams
from driving.world.maps.roads import RoadNetwork
from tests.shared_data import shared
from tests.standin.conftest import Spawn, ours
from tests.standin.traffic.crossing import crossing_with_lights

FAR = '<geometry s="0" x="9e9"'


@pytest.mark.parametrize("shared_with", [900, 800])
def test_a_light_a_limit_and_a_stop_sign_may_share_an_id(shared_with: int) -> None:
    text = crossing_with_lights().replace('id="802"', f'id="{shared_with}"').replace('id="801"', 'id="900"')
    stop = f'<signal name="stop" id="{shared_with}" s="40" t="4.5" dynamic="no" orientation="-" type="206" subtype="-1" value="-1" zOffset="2"/>'
    network = RoadNetwork.from_opendrive("same_ids", text.replace("<signals>", f"<signals>{stop}", 1))
    signals = MapSignals.from_network(network)
    assert 3 <= len(TrafficLights(signals.lights).states) <= 4
    assert {sign.id for sign in signals.signs} >= {"803"}
    assert all(sign.stops for sign in signals.signs)


def test_the_real_maps_with_all_their_signals_give_an_episode() -> None:
    for path in sorted(shared("maps").glob("*.xodr")):
        network = RoadNetwork.from_opendrive(path.stem, path.read_text(encoding="utf-8"))
        signals = MapSignals.from_network(network)
        assert len(TrafficLights(signals.lights).states) <= sum(signal.dynamic for signal in network.signals)


def test_a_file_that_is_not_text_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "broken.xodr").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="map broken cannot be read"):
        Simulation(Streams(), Catalogue(seed=0, file=tmp_path / "broken.xodr"), Faults())


def fail(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    """Make a function that `levels` uses raise an error."""

    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(levels, name, broken)


@pytest.mark.parametrize("error", [RuntimeError("332"), IndexError("332"), ValueError("332"), OverflowError("332")])
def test_a_map_that_the_map_reader_cannot_use_is_refused_in_one_line_and_the_world_goes_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], error: Exception
) -> None:
    world = Simulation(Streams(), Catalogue(seed=0, track=3), Faults())
    episode, number = world.episode, world.episode_id
    fail(monkeypatch, "find_spawn_poses", error)
    with pytest.raises(UserError, match=f"^map track_4 cannot be used: {type(error).__name__} 332$"):
        world.load("track_4", reset_settings=True)
    assert world.episode is episode
    assert world.episode_id == number
    assert "Traceback" not in capfd.readouterr().err
    world.tick()


def test_a_bug_while_a_map_is_built_is_not_taken_for_a_mistake_of_the_map_and_the_world_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Simulation(Streams(), Catalogue(seed=0, track=3), Faults())
    episode, number = world.episode, world.episode_id
    fail(monkeypatch, "build_scene", KeyError("332"))
    with pytest.raises(KeyError, match="332"):
        world.load("track_4", reset_settings=True)
    assert world.episode is episode
    assert world.episode_id == number
    world.tick()


def test_a_bug_in_reading_a_map_is_not_taken_for_a_mistake_of_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, "find_spawn_poses", AttributeError("no such field"))
    with pytest.raises(AttributeError):
        Simulation(Streams(), Catalogue(seed=0, track=3), Faults())


@ours
def test_a_refused_map_leaves_actors_sensors_and_clock_alone(client: carla.Client, world: carla.World, spawn: Spawn) -> None:
    car = spawn("vehicle.audi.tt")
    images: queue.Queue[carla.Image] = queue.Queue()
    camera = spawn("sensor.camera.rgb", image_size_x=40, image_size_y=30)
    camera.listen(images.put)
    frame, episode = world.tick(), world.id
    for refused in (crossing_with_lights().replace('<geometry s="0" x="20.0"', FAR), "<OpenDRIVE/>"):
        with pytest.raises(RuntimeError):
            client.generate_opendrive_world(refused)
    assert client.get_world().id == episode
    assert world.tick() == frame + 1
    assert world.get_actor(car.id).is_alive
    assert [images.get(timeout=10.0).frame for _ in range(2)] == [frame, frame + 1]
