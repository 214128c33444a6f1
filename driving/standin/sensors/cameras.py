"""What each kind of camera measures: a picture without the body that carries the camera, in CARLA's encodings.

Pictures are (Y, X, 4) uint8 BGRA, optical flow is (Y, X, 2) float32.
"""

from __future__ import annotations

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Sensor, View
from driving.standin.blueprints.description import Description
from driving.standin.sensors.tick import SensorTick
from driving.standin.wire import packets
from driving.standin.wire.packets import Message, Stamp
from driving.world.rendering.boxes import Boxes
from driving.world.rendering.camera import camera_row
from driving.world.rendering.renderer import Want
from driving.world.sensing import labels
from driving.world.sensing.event_camera import EventConfig, EventMemory, brightness_of, events_of
from driving.world.sensing.optical_flow import STILL, flow_of, motion_of


def measure_rgb(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return the picture in colour."""
    return _pack(sensor, stamp, _render_rgb(sensor, stamp.at, tick))


def measure_depth(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return the picture of depths."""
    return _pack(sensor, stamp, packets.encode_depth(_render(sensor, stamp.at, tick, tick.visible.list_boxes(sensor), "depth")))


def measure_semantic(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return the picture of semantic tags."""
    return _pack(sensor, stamp, packets.encode_tags(_render(sensor, stamp.at, tick, tick.visible.list_boxes(sensor), "semantic")))


def measure_instances(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return the picture of semantic tags and actors' ids; static objects have the id 0."""
    _, tags, seen = labels.find_instances(tick.world.renderer, stamp.at, sensor.lens, tick.visible.list_boxes(sensor))
    return _pack(sensor, stamp, packets.encode_instances(tags, np.array([0, *tick.visible.list_ids(sensor)])[seen]))


def measure_normals(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return the picture of surface normals."""
    return _pack(sensor, stamp, labels.find_normals(tick.world.renderer, stamp.at, sensor.lens, tick.visible.list_boxes(sensor)))


def measure_flow(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return the optical flow since the sensor's last picture, zero in the first picture. The sensor keeps its view for the next one."""
    boxes, lens = tick.visible.list_boxes(sensor), sensor.lens
    near, _, seen = labels.find_instances(tick.world.renderer, stamp.at, lens, boxes)
    now = View(camera_row(stamp.at, lens), dict(zip(tick.visible.list_ids(sensor), boxes.poses.copy(), strict=True)))
    before = now if sensor.view is None else sensor.view
    motions = np.tile(STILL, (1 + len(now.boxes), 1, 1))
    for row, (actor, pose) in enumerate(now.boxes.items(), start=1):
        if not np.array_equal(was := before.boxes.get(actor, pose), pose):
            motions[row] = motion_of(pose, was)
    sensor.view = now
    return _pack(sensor, stamp, flow_of(near, seen, now.camera, before.camera, motions))


def measure_events(sensor: Sensor, stamp: Stamp, tick: SensorTick) -> list[Message]:
    """Return the events since the sensor's last picture as one message; without events there is none. The sensor keeps its memory of brightness."""
    config, time_ns = _configure_events(sensor.description), round(tick.elapsed_s * 1e9)
    brightness = brightness_of(_render_rgb(sensor, stamp.at, tick), config)
    if sensor.events is None:
        sensor.events = EventMemory(brightness, time_ns)
    fired = events_of(sensor.events, brightness, time_ns, config, sensor.random)
    return [packets.pack_events(stamp, sensor.lens, fired)] if len(fired) else []


def _render_rgb(sensor: Sensor, at: Pose, tick: SensorTick) -> np.ndarray:
    """Return the picture in colour, with the lit lamps of traffic lights."""
    world = tick.world
    boxes = world.lamps.add_lit(tick.visible.list_boxes(sensor), world.lights.states, world.renderer.scene.hidden, at)
    return _render(sensor, at, tick, boxes, "rgb")


def _render(sensor: Sensor, at: Pose, tick: SensorTick, boxes: Boxes, want: Want) -> np.ndarray:
    return tick.world.renderer.render(at, sensor.lens, tick.weather, boxes, tick.scene_s, want=want)


def _pack(sensor: Sensor, stamp: Stamp, pixels: np.ndarray) -> list[Message]:
    return [packets.pack_image(stamp, sensor.lens.fov_deg, pixels)]


def _configure_events(wanted: Description) -> EventConfig:
    return EventConfig(
        positive_threshold=wanted.number("positive_threshold"),
        negative_threshold=wanted.number("negative_threshold"),
        sigma_positive_threshold=wanted.number("sigma_positive_threshold"),
        sigma_negative_threshold=wanted.number("sigma_negative_threshold"),
        refractory_period_ns=int(wanted.number("refractory_period_ns")),
        use_log=wanted.is_on("use_log"),
        log_eps=wanted.number("log_eps"),
    )
