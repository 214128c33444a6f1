"""Lets the client's traffic manager drive on a server, and prints where the cars went as JSON. Run it inside a network namespace.

python -m tests.standin.traffic.traffic_drive --cars 20 --ticks 200 [server arguments]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path

import carla

from tests.standin.servers import serving, synchronous

TRAFFIC_PORT = 8000


def drive(client: carla.Client, world: carla.World, cars: int, ticks: int) -> dict[str, object]:
    """Drive once; return a digest of all positions, the distance per car, the smallest gap and the largest distance from the lane (m)."""
    manager = client.get_trafficmanager(TRAFFIC_PORT)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(7)
    library, carla_map = world.get_blueprint_library(), world.get_map()
    command, blueprint = carla.command, library.find("vehicle.audi.tt")
    spawns = carla_map.get_spawn_points()
    chosen = spawns[:: max(1, len(spawns) // cars)][:cars]
    answers = client.apply_batch_sync([command.SpawnActor(blueprint, at) for at in chosen], True)
    vehicles = [world.get_actor(answer.actor_id) for answer in answers if not answer.error]
    for vehicle in vehicles:
        vehicle.set_autopilot(True, TRAFFIC_PORT)
    digest, travelled, off_lane = hashlib.sha256(), 0.0, 0.0
    before = {vehicle.id: vehicle.get_location() for vehicle in vehicles}
    for tick in range(ticks):
        world.tick()
        for vehicle in vehicles:
            at = vehicle.get_location()
            digest.update(f"{at.x} {at.y} {at.z}".encode())
            travelled += at.distance(before[vehicle.id])
            before[vehicle.id] = at
            if tick % 20 == 0:
                lane = carla_map.get_waypoint(at).transform.location
                off_lane = max(off_lane, ((lane.x - at.x) ** 2 + (lane.y - at.y) ** 2) ** 0.5)
    for vehicle in vehicles:
        vehicle.set_autopilot(False, TRAFFIC_PORT)
    gaps = [one.get_location().distance(other.get_location()) for one in vehicles for other in vehicles if one.id < other.id]
    client.apply_batch_sync([command.DestroyActor(vehicle) for vehicle in vehicles], True)
    manager.set_synchronous_mode(False)
    manager.shut_down()
    shares: dict[str, object] = {"cars": len(vehicles), "metres_per_car": travelled / len(vehicles), "off_lane_m": off_lane, "nearest_m": min(gaps)}
    return {"digest": digest.hexdigest(), **shares}


def main() -> None:
    """Drive twice with a reload in between."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cars", type=int, default=20)
    parser.add_argument("--ticks", type=int, default=200)
    arguments, rest = parser.parse_known_args()
    results = []
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), *rest) as server:
        client = server.client(30.0)
        for _ in range(2):
            world = client.reload_world()
            synchronous(world)
            results.append(drive(client, world, arguments.cars, arguments.ticks))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
