"""Lets four autopilot cars drive to the crossing, and prints their speeds at red and at green lights as JSON. Run it inside a network namespace."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import carla

from tests.standin.servers import serving, synchronous
from tests.standin.traffic.crossing import ARM_M, HALF_M, WIDTH_M, crossing_with_lights
from tests.standin.traffic.traffic_drive import TRAFFIC_PORT

TICKS = 400


def main() -> None:
    """Drive once."""
    seen: dict[str, list[float]] = {"Red": [], "Green": []}
    far, side = HALF_M + ARM_M - 10.0, WIDTH_M / 2.0
    places = [(far, -side, 180.0), (-side, -far, 90.0), (-far, side, 0.0), (side, far, -90.0)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crossing.xodr"
        path.write_text(crossing_with_lights())
        with serving(Path(folder), "--map", path) as server:
            client = server.client()
            world = client.get_world()
            synchronous(world)
            manager = client.get_trafficmanager(TRAFFIC_PORT)
            manager.set_synchronous_mode(True)
            manager.set_random_device_seed(3)
            blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
            cars = [world.spawn_actor(blueprint, carla.Transform(carla.Location(x, y, 0.3), carla.Rotation(yaw=yaw))) for x, y, yaw in places]
            for car in cars:
                car.set_autopilot(True, TRAFFIC_PORT)
            for _ in range(TICKS):
                world.tick()
                for car in cars:
                    if car.is_alive and car.is_at_traffic_light() and str(car.get_traffic_light_state()) in seen:
                        seen[str(car.get_traffic_light_state())].append(car.get_velocity().length())
            manager.set_synchronous_mode(False)
            manager.shut_down()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
