"""What a client sees before the reply to a call and what after it, read from the sockets."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import carla
import pytest

from tests.standin.conftest import ours
from tests.standin.servers import Server, synchronous
from tests.standin.wire.raw_client import RawClient, episode_of, read_message, read_waiting

pytestmark = ours


@pytest.fixture
def raw(server: Server) -> Iterator[RawClient]:
    """A client that sees the bytes."""
    made = RawClient(server.host, server.port)
    yield made
    made.close()


@pytest.fixture
def scene(server: Server) -> carla.World:
    """A fresh synchronous episode. It may end in the test."""
    made = server.client().reload_world()
    synchronous(made)
    return made


def spawn_imu(scene: carla.World, raw: RawClient) -> tuple[carla.Actor, int]:
    """Return a sensor and the id of its stream."""
    sensor = scene.spawn_actor(scene.get_blueprint_library().find("sensor.other.imu"), carla.Transform())
    return sensor, int.from_bytes(raw.call("get_actors_by_id", [sensor.id])[0][5][:4], "little")


def tick_until_subscribed(raw: RawClient, *streams: socket.socket) -> None:
    """Tick until each stream has brought a message: then the server has taken all subscriptions. Nothing is left to read."""
    for stream in streams:
        while not read_waiting(stream):
            raw.call("tick_cue")
    for stream in streams:
        read_waiting(stream)


def ask_episode(raw: RawClient) -> int:
    """Return the id of the episode."""
    return int(raw.call("get_episode_info")[0])


@pytest.mark.parametrize("name", ["", "track_5"])
def test_a_load_is_answered_first_and_the_level_opens_at_the_first_tick_after_the_client_has_asked(
    scene: carla.World, raw: RawClient, name: str
) -> None:
    _, stream_id = spawn_imu(scene, raw)
    scene.tick()
    old = ask_episode(raw)
    with raw.subscribe() as snapshots, raw.subscribe(stream_id) as sensor:
        assert episode_of(read_message(snapshots)) == old
        raw.call("load_new_episode", name, False, 65535)
        assert read_waiting(snapshots) == []
        assert read_waiting(sensor) == []  # still open
        assert ask_episode(raw) == old
        with raw.subscribe() as again:
            assert episode_of(read_message(again)) == old
            raw.call("tick_cue")
            assert episode_of(read_message(again)) > old
        assert episode_of(read_message(snapshots)) > old
        with pytest.raises(EOFError):
            read_message(sensor)
        assert ask_episode(raw) > old


def test_the_level_opens_without_a_tick_if_nobody_asks(scene: carla.World, raw: RawClient) -> None:
    old = ask_episode(raw)
    with raw.subscribe() as snapshots:
        read_message(snapshots)
        raw.call("load_new_episode", "", False, 65535)
        assert episode_of(read_message(snapshots)) > old


def test_while_a_traffic_manager_is_registered_other_calls_are_served_before_a_load_is_answered(scene: carla.World, raw: RawClient) -> None:
    assert raw.call("add_traffic_manager_running", ["127.0.0.1", 18_000]) is True
    started = time.monotonic()
    raw.send("load_new_episode", "", False, 65535)
    raw.send("version")
    assert raw.receive() == "0.9.16"
    assert raw.receive() is None
    assert time.monotonic() - started > 0.04
    assert raw.call("destroy_traffic_manager", 18_000) is True


def test_the_snapshot_of_a_tick_comes_before_its_sensors_and_only_destroyed_sensors_end(scene: carla.World, raw: RawClient) -> None:
    (sensor, stream_id), (_, other_id) = spawn_imu(scene, raw), spawn_imu(scene, raw)
    scene.tick()
    with raw.subscribe() as snapshots, raw.subscribe(stream_id) as first, raw.subscribe(other_id) as second:
        tick_until_subscribed(raw, snapshots, first, second)
        frame = raw.call("tick_cue")
        assert int.from_bytes(read_message(snapshots)[8:16], "little") == frame
        assert all(int.from_bytes(read_message(one)[8:16], "little") == frame for one in (first, second))
        raw.send("apply_batch", [[[1, [sensor.id]]]], True)
        raw.send("tick_cue")
        with pytest.raises(EOFError):
            read_message(first)
        assert int.from_bytes(read_message(second)[8:16], "little") == frame + 1
