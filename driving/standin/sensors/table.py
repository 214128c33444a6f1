"""The one table of sensors: for each blueprint its attributes, the type number of its messages, and the function that measures.

A new sensor touches these places:

1. an entry in SENSORS here
2. its function, `measure_...`, in a file of this folder
3. its type number in `wire/packets.py`, and a function that packs its messages if no other sensor has such messages
4. a group of attributes in `blueprints/sensor_attributes.py`, with the limits of their values, if it has attributes of its own

Everything else reads the table: the blueprint library, the refusal of values, the warm-up and the sending of messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from driving.standin.actors.kinds import Sensor
from driving.standin.blueprints import sensor_attributes as attributes
from driving.standin.sensors import cameras, collisions, inertial, obstacles, ranging
from driving.standin.sensors.tick import SensorTick
from driving.standin.wire import packets
from driving.standin.wire.packets import Message, Stamp

Measure = Callable[[Sensor, Stamp, SensorTick], list[Message]]


@dataclass(frozen=True, slots=True)
class SensorKind:
    """One kind of sensor."""

    attributes: attributes.Attributes
    code: int | None = None  # CARLA's number of the type, in the header of the messages; None if there are no messages
    measure: Measure | None = None  # None for a sensor that the client computes from snapshots
    is_camera: bool = False  # cameras do not measure in no-rendering mode


# In the order of the blueprint library.
SENSORS: dict[str, SensorKind] = {
    "sensor.camera.rgb": SensorKind(attributes.COLOUR_IMAGE, packets.RGB, cameras.measure_rgb, is_camera=True),
    "sensor.camera.depth": SensorKind(attributes.IMAGE, packets.DEPTH, cameras.measure_depth, is_camera=True),
    "sensor.camera.semantic_segmentation": SensorKind(attributes.IMAGE, packets.SEMANTIC, cameras.measure_semantic, is_camera=True),
    "sensor.camera.instance_segmentation": SensorKind(attributes.IMAGE, packets.INSTANCE, cameras.measure_instances, is_camera=True),
    "sensor.camera.normals": SensorKind(attributes.IMAGE, packets.NORMALS, cameras.measure_normals, is_camera=True),
    "sensor.camera.optical_flow": SensorKind(attributes.IMAGE, packets.FLOW, cameras.measure_flow, is_camera=True),
    "sensor.camera.dvs": SensorKind(attributes.EVENTS, packets.DVS, cameras.measure_events, is_camera=True),
    "sensor.lidar.ray_cast": SensorKind(attributes.LIDAR, packets.LIDAR, ranging.measure_lidar),
    "sensor.lidar.ray_cast_semantic": SensorKind(attributes.SEMANTIC_LIDAR, packets.SEMANTIC_LIDAR, ranging.measure_semantic_lidar),
    "sensor.other.radar": SensorKind(attributes.RADAR, packets.RADAR, ranging.measure_radar),
    "sensor.other.collision": SensorKind(attributes.EVERY_TICK, packets.COLLISION, collisions.measure_collisions),
    "sensor.other.lane_invasion": SensorKind(attributes.EVERY_TICK),
    "sensor.other.imu": SensorKind(attributes.IMU, packets.IMU, inertial.measure_imu),
    "sensor.other.gnss": SensorKind(attributes.GNSS, packets.GNSS, inertial.measure_gnss),
    "sensor.other.obstacle": SensorKind(attributes.OBSTACLE, packets.OBSTACLE, obstacles.measure_obstacles),
}


def measure_sensor(sensor: Sensor, tick: SensorTick) -> list[Message]:
    """Return the messages of one sensor in one tick. Most sensors make one message; sensors of events make any number, often none."""
    kind = SENSORS[sensor.type_id]
    if kind.measure is None or kind.code is None or (kind.is_camera and tick.no_rendering):
        return []
    return kind.measure(sensor, Stamp(kind.code, tick.frame, tick.elapsed_s, tick.world.others.locate(sensor)), tick)
