"""Faults on purpose happen when and as they were asked for, and every one of them can be survived."""

from __future__ import annotations

import queue
import time
from pathlib import Path

import carla
import pytest

from driving.quantities import UserError
from driving.standin.faults import DIED, Faults
from tests.standin.conftest import Messages
from tests.standin.servers import serving, synchronous


def camera_on(world: carla.World) -> Messages:
    """A small camera that looks down a road."""
    blueprint = world.get_blueprint_library().find("sensor.camera.rgb")
    for key in ("image_size_x", "image_size_y"):
        blueprint.set_attribute(key, "16")
    return Messages(world.spawn_actor(blueprint, carla.Transform(carla.Location(z=3))))


def test_sensor_faults_befall_the_ticks_they_name_and_no_others(tmp_path: Path) -> None:
    with serving(tmp_path, "--track", 0, "--fault", "drop:2@10,delay:3@20,repeat:2@30,hang:1.0@40,close@50,refuse@1") as server:
        client = server.client()
        with pytest.raises(RuntimeError, match="refused by the fault switch"):
            client.reload_world()
        world = client.reload_world()
        synchronous(world)  # ticks 1 and 2
        images = camera_on(world)
        frames = {tick: world.tick() for tick in range(3, 40)}
        expected = [[frames[tick]] for tick in range(3, 40)]
        expected[7:9] = [[], []]
        expected[17], expected[20] = [], [frames[20], frames[23]]
        expected[27:29] = [[frames[29]], [frames[29]]]
        wanted = [frame for part in expected for frame in part]
        assert [images.next().frame for _ in wanted] == wanted
        started = time.monotonic()
        world.tick()  # tick 40
        assert time.monotonic() - started > 0.9
        for _ in range(9):
            world.tick()
        images.waiting()
        closed = world.tick()  # tick 50: the client connects again by itself
        deadline = time.monotonic() + 5.0
        after = 0
        while after <= closed and time.monotonic() < deadline:
            world.tick()
            try:
                after = images.next(0.05).frame
            except queue.Empty:
                continue
        assert after > closed


def test_a_server_that_dies_is_a_time_out_for_its_client(tmp_path: Path) -> None:
    with serving(tmp_path, "--track", 0, "--fault", "die@6") as server:
        world = server.client(1.0).get_world()
        synchronous(world)
        for _ in range(3):
            world.tick()
        with pytest.raises(RuntimeError):
            world.tick()
        assert server.process.wait(5) == DIED


def test_a_cut_connection_leaves_the_server_to_the_next_client(tmp_path: Path) -> None:
    with serving(tmp_path, "--track", 0, "--fault", "cut@4") as server:
        world = server.client(1.0).get_world()
        synchronous(world)
        world.tick()
        with pytest.raises(RuntimeError):
            world.tick()
        assert server.client().get_world().tick() > 0


@pytest.mark.parametrize("spec", ["explode@3", "drop:x@3", "drop:0@3", "delay:inf@3", "drop@", "@3"])
def test_a_spec_that_is_none_is_refused_with_the_kinds_there_are(spec: str) -> None:
    with pytest.raises(UserError, match="--fault"):
        Faults(spec)
