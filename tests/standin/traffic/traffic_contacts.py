"""Drives dense autopilot traffic on a map, and prints the pairs of cars that touched as JSON. Run it inside a network namespace.

python -m tests.standin.traffic.traffic_contacts --cars 80 --ticks 600 [server arguments]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import carla
import numpy as np

from tests.standin.servers import serving, synchronous
from tests.standin.traffic.traffic_drive import TRAFFIC_PORT


def find_touching(world: carla.World, cars: list[carla.Vehicle], half: tuple[float, float]) -> set[tuple[int, int]]:
    """Return the pairs of cars whose outlines, with half sizes `half` (m), overlap: their projections overlap on all axes of both cars."""
    snapshot = world.get_snapshot()
    poses = [snapshot.find(car.id).get_transform() for car in cars]
    places = np.array([(pose.location.x, pose.location.y, pose.location.z) for pose in poses])
    yaw = np.radians([pose.rotation.yaw for pose in poses])
    axes = np.stack([np.stack([np.cos(yaw), np.sin(yaw)], 1), np.stack([-np.sin(yaw), np.cos(yaw)], 1)], 1)
    away = places[:, None] - places[None]
    near = np.triu(np.hypot(away[..., 0], away[..., 1]) < 2.0 * sum(half), 1) & (np.abs(away[..., 2]) < 2.0)
    found = set()
    for one, other in np.argwhere(near).tolist():
        candidates = np.concatenate([axes[one], axes[other]])
        reach = sum(np.abs(candidates @ axes[car].T) @ np.array(half) for car in (one, other))
        if (np.abs(candidates @ away[one, other, :2]) <= reach).all():
            found.add((one, other))
    return found


def main() -> None:
    """Drive once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cars", type=int, default=80)
    parser.add_argument("--ticks", type=int, default=600)
    arguments, rest = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), *rest) as server:
        client = server.client(60.0)
        world = client.get_world()
        synchronous(world)
        manager = client.get_trafficmanager(TRAFFIC_PORT)
        manager.set_synchronous_mode(True)
        manager.set_random_device_seed(7)
        command, spawns = carla.command, world.get_map().get_spawn_points()
        blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
        chosen = spawns[:: max(1, len(spawns) // arguments.cars)][: arguments.cars]
        answers = client.apply_batch_sync([command.SpawnActor(blueprint, at) for at in chosen], True)
        cars = [world.get_actor(answer.actor_id) for answer in answers if not answer.error]
        for car in cars:
            car.set_autopilot(True, TRAFFIC_PORT)
        extent = cars[0].bounding_box.extent
        pairs: set[tuple[int, int]] = set()
        for _ in range(arguments.ticks):
            world.tick()
            pairs |= find_touching(world, cars, (extent.x, extent.y))
        manager.set_synchronous_mode(False)
        manager.shut_down()
    print(json.dumps({"cars": len(cars), "touched": sorted(pairs)}))


if __name__ == "__main__":
    main()
