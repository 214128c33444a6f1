"""Loads maps in every way while one traffic manager lives, as evaluation harnesses do, and prints how its cars drove. Run it in a network namespace.

python -m tests.standin.traffic.traffic_loads
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import carla

from tests.standin.servers import Server, serving, synchronous
from tests.standin.traffic.crossing import crossing_with_lights

TRAFFIC_PORT = 8000
TICKS = 40


def drive_a_car(world: carla.World) -> dict[str, float]:
    """Let the traffic manager drive a car, and return how far it came and its distance from the nearest lane's centre at the end (m)."""
    carla_map = world.get_map()
    start = carla_map.get_spawn_points()[1]
    car = world.spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), start)
    car.set_autopilot(True, TRAFFIC_PORT)
    for _ in range(TICKS):
        world.tick()
    at = car.get_location()
    lane = carla_map.get_waypoint(at).transform.location
    driven = {"driven_m": start.location.distance(at), "off_lane_m": ((lane.x - at.x) ** 2 + (lane.y - at.y) ** 2) ** 0.5}
    car.set_autopilot(False, TRAFFIC_PORT)
    car.destroy()
    world.tick()
    return driven


def drive_all(server: Server) -> list[dict[str, float]]:
    """Drive after each way to load a map."""
    client = server.client(30.0)
    synchronous(client.get_world())
    manager = client.get_trafficmanager(TRAFFIC_PORT)
    manager.set_synchronous_mode(True)
    ways: list[Callable[[], carla.World]] = [
        lambda: client.load_world("track_4", reset_settings=False),
        lambda: client.load_world("track_3", reset_settings=False),
        lambda: client.reload_world(False),
        lambda: client.generate_opendrive_world(crossing_with_lights(), reset_settings=False),
        lambda: client.load_world("track_5"),
        client.reload_world,
    ]
    driven = []
    for number, load in enumerate(ways):
        world = load()
        if not world.get_settings().synchronous_mode:
            synchronous(world)
        manager.set_hybrid_physics_mode(number % 2 == 1)
        driven.append(drive_a_car(world))
    manager.shut_down()
    return driven


def main() -> None:
    """Start a server, drive, and print the drives as JSON."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), "--track", 3) as server:
        print(json.dumps(drive_all(server)))


if __name__ == "__main__":
    main()
