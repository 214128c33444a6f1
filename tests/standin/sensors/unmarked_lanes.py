"""Drives a car sideways over lanes without road marks, with a lane invasion sensor, which ends the stock client where the served text lacks a mark.

python -m tests.standin.sensors.unmarked_lanes PORT TEXT_FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

import carla

from tests.standin.servers import synchronous


def main() -> None:
    """Load the text, cross its lanes, and print how many crossings the sensor saw."""
    client = carla.Client("127.0.0.1", int(sys.argv[1]))
    client.set_timeout(30.0)
    world = client.generate_opendrive_world(Path(sys.argv[2]).read_text())
    synchronous(world)
    library, start = world.get_blueprint_library(), world.get_map().get_spawn_points()[2]
    car = world.spawn_actor(library.find("vehicle.tesla.model3"), start)
    sensor = world.spawn_actor(library.find("sensor.other.lane_invasion"), carla.Transform(), attach_to=car)
    crossings: list[int] = []
    sensor.listen(lambda event: crossings.append(len(event.crossed_lane_markings)))
    for tick in range(60):
        car.set_target_velocity(start.get_forward_vector() * 5.0 + start.get_right_vector() * (3.0 if tick % 40 < 20 else -6.0))
        world.tick()
    sensor.stop()
    sensor.destroy()
    car.destroy()
    print(len(crossings))


if __name__ == "__main__":
    main()
