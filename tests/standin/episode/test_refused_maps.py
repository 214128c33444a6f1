"""Maps that share one id among signals of different kinds load; a map that is refused leaves the running world as it was."""

from __future__ import annotations

import queue

import carla
import pytest

from driving.quantities import UserError
from driving.standin import simulation as module
from driving.standin.episode.levels import Catalogue
from driving.standin.faults import Faults
from driving.standin.simulation import Simulation
from driving.standin.traffic.lights import TrafficLights
from driving.standin.traffic.signs import Signs
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
    lights, signs = TrafficLights(network), Signs(network)
    assert 3 <= len(lights.states) <= 4
    assert {place.id for place in signs._places} >= {"803"}
    assert all(place.stops for place in signs._places)


def test_the_real_maps_with_all_their_signals_give_an_episode() -> None:
    for path in sorted(shared("maps").glob("*.xodr")):
        network = RoadNetwork.from_opendrive(path.stem, path.read_text(encoding="utf-8"))
        assert len(TrafficLights(network).states) <= sum(signal.dynamic for signal in network.signals)
        Signs(network)


def test_an_episode_that_cannot_be_built_leaves_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Simulation(Streams(), Catalogue(seed=0, track=3), Faults())
    episode, number = world.episode, world.episode_id

    def broken(*_: object) -> None:
        raise KeyError("332")

    monkeypatch.setattr(module, "Episode", broken)
    with pytest.raises(UserError, match="lights and signs of map track_4 cannot be used: KeyError"):
        world.load("track_4", reset_settings=True)
    assert world.episode is episode
    assert world.episode_id == number
    world.tick()


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
