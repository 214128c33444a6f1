"""What must hold over time: flat memory, survivors of dead clients, a clean end, and a command line that says what is wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import carla
import pytest

from tests.standin.conftest import Messages
from tests.standin.servers import ROOT, Server, serving, synchronous
from tests.standin.traffic.crossing import crossing_with_lights

CAR_AND_CAMERA = """
import os, sys, time, carla
client = carla.Client("127.0.0.1", int(sys.argv[1]))
client.set_timeout(10.0)
world = client.get_world()
settings = world.get_settings()
settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
world.apply_settings(settings)
library, at = world.get_blueprint_library(), world.get_map().get_spawn_points()[0]
car = world.spawn_actor(library.find("vehicle.audi.tt"), at)
camera = world.spawn_actor(library.find("sensor.camera.rgb"), carla.Transform(), attach_to=car)
camera.listen(lambda image: None)
for _ in range(5):
    world.tick()
print("driving", flush=True)
while True:
    world.tick()
"""


def drive_episode(client: carla.Client) -> None:
    """Spawn, drive, look, destroy, reload."""
    world = client.reload_world()
    synchronous(world)
    library, at = world.get_blueprint_library(), world.get_map().get_spawn_points()[1]
    car = world.spawn_actor(library.find("vehicle.tesla.model3"), at)
    blueprint = library.find("sensor.camera.rgb")
    blueprint.set_attribute("image_size_x", "200")
    blueprint.set_attribute("image_size_y", "66")
    camera = world.spawn_actor(blueprint, carla.Transform(carla.Location(z=1.6)), attach_to=car)
    images = Messages(camera)
    for _ in range(20):
        car.apply_control(carla.VehicleControl(throttle=0.5))
        assert images.of(world.tick())
    camera.destroy()
    car.destroy()


def test_memory_stays_flat_over_episodes(server: Server) -> None:
    client = server.client()
    for _ in range(10):
        drive_episode(client)
    before_mb = server.rss_mb
    for _ in range(20):
        drive_episode(client)
    assert server.rss_mb - before_mb < 4.0


def test_a_killed_client_leaves_nothing_behind_and_nobody_hangs(server: Server) -> None:
    victim = subprocess.Popen([sys.executable, "-c", CAR_AND_CAMERA, str(server.port)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    with victim.stdout:
        assert victim.stdout.readline() == "driving\n"
    victim.kill()
    victim.wait()
    client = server.client()
    world = client.get_world()
    assert world.get_settings().synchronous_mode
    assert world.tick() > 0
    assert len(world.get_actors().filter("vehicle.*")) == 1
    fresh = client.reload_world()
    fresh.wait_for_tick(5.0)
    assert not list(fresh.get_actors().filter("vehicle.*"))


def test_a_camera_outlives_the_car_it_hung_on(server: Server) -> None:
    world = server.client().reload_world()
    synchronous(world)
    library = world.get_blueprint_library()
    car = world.spawn_actor(library.find("vehicle.audi.tt"), world.get_map().get_spawn_points()[0])
    images = Messages(world.spawn_actor(library.find("sensor.camera.rgb"), carla.Transform(carla.Location(z=2)), attach_to=car))
    images.of(world.tick())
    assert car.destroy()
    frame = world.tick()
    assert images.of(frame)
    assert images.sensor.destroy()
    assert world.tick() > frame


def test_generated_worlds_replace_each_other(server: Server) -> None:
    client = server.client()
    for _ in range(2):
        world = client.generate_opendrive_world(crossing_with_lights())
        assert world.get_map().name == "Carla/Maps/OpenDriveMap"
        assert len(world.get_map().get_all_landmarks()) == 8
    with pytest.raises(RuntimeError, match=r"cannot be used|is not XML"):
        client.generate_opendrive_world("<not OpenDRIVE>")
    assert client.load_world("track_3").get_map().name == "Carla/Maps/track_3"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_within_a_second(tmp_path: Path, number: int) -> None:
    with serving(tmp_path, "--track", 0) as server:
        synchronous(server.client().get_world())
        started = time.monotonic()
        server.process.send_signal(number)
        assert server.process.wait(5) == 128 + number
        assert time.monotonic() - started < 1.0


def test_the_server_listens_on_this_machine_only(server: Server) -> None:
    listening = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=False).stdout
    if not listening:
        pytest.skip("needs ss to list listening sockets")
    ours = [line.split()[3] for line in listening.splitlines() if f"pid={server.process.pid}," in line]
    assert len(ours) == 2
    assert all(address.startswith("127.0.0.1:") for address in ours)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--map", "missing.xodr"], "missing.xodr is not a file"),
        (["--maps", "tests/standin"], "holds no .xodr file"),
        (["--port", "70000"], "--port 70000"),
        (["--fault", "explode"], "KIND"),
        (["--host", "203.0.113.7"], "cannot listen on 203.0.113.7"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_two(arguments: list[str], expected: str) -> None:
    done = subprocess.run([sys.executable, "scripts/standin.py", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert expected in done.stderr
