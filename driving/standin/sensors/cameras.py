"""What a camera of an episode sees: the renderer's picture without the camera's own car, in CARLA's encodings."""

from __future__ import annotations

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Sensor, View
from driving.standin.blueprints.library import Description
from driving.standin.sensors.visible_bodies import Sights
from driving.standin.wire import packets
from driving.world.rendering.camera import camera_row
from driving.world.rendering.renderer import Want
from driving.world.sensing import labels
from driving.world.sensing.event_camera import EventConfig, EventMemory, brightness_of, events_of
from driving.world.sensing.optical_flow import STILL, flow_of, motion
from driving.world.weather import Weather

WANTED: dict[int, Want] = {packets.RGB: "rgb", packets.DEPTH: "depth", packets.SEMANTIC: "semantic"}
PICTURES = (*WANTED, packets.INSTANCE, packets.NORMALS, packets.FLOW)


class Cameras:
    """Renders for all cameras of a tick."""

    def __init__(self, sights: Sights) -> None:
        self._sights = sights

    def picture(self, sensor: Sensor, kind: int, at: Pose, weather: Weather, time_s: float) -> np.ndarray:
        """The image of a kind of PICTURES: (Y, X, 4) BGRA uint8, of optical flow (Y, X, 2) float32."""
        boxes, renderer, lens = self._sights.without_carrier(sensor), self._sights.episode.level.renderer, sensor.lens
        if kind == packets.NORMALS:
            return labels.facing(renderer, at, lens, boxes)
        if kind == packets.INSTANCE:
            _, tags, seen = labels.instances(renderer, at, lens, boxes)
            return packets.instance_image(tags, np.array([0, *self._sights.ids(sensor)])[seen])
        if kind == packets.FLOW:
            return self._flow(sensor, at)
        if kind == packets.RGB:
            episode = self._sights.episode
            boxes = episode.level.lamps.add_lit(boxes, episode.lights.states, renderer.scene.hidden, at)
        picture = renderer.render(at, lens, weather, boxes, time_s, want=WANTED[kind])
        if kind == packets.DEPTH:
            return packets.depth_image(picture)
        if kind == packets.SEMANTIC:
            return packets.semantic_image(picture)
        return picture

    def events(self, sensor: Sensor, at: Pose, weather: Weather, scene_s: float, time_s: float, random: np.random.Generator) -> np.ndarray:
        """The events (E,) since the sensor's last picture; none at its first."""
        config, time_ns = _event_config(sensor.description), round(time_s * 1e9)
        brightness = brightness_of(self.picture(sensor, packets.RGB, at, weather, scene_s), config)
        if sensor.events is None:
            sensor.events = EventMemory(brightness, time_ns)
        return events_of(sensor.events, brightness, time_ns, config, random)

    def _flow(self, sensor: Sensor, at: Pose) -> np.ndarray:
        boxes, lens = self._sights.without_carrier(sensor), sensor.lens
        near, _, seen = labels.instances(self._sights.episode.level.renderer, at, lens, boxes)
        now = View(camera_row(at, lens), dict(zip(self._sights.ids(sensor), boxes.poses.copy(), strict=True)))
        before = now if sensor.view is None else sensor.view
        motions = np.tile(STILL, (1 + len(now.boxes), 1, 1))
        for row, (actor, pose) in enumerate(now.boxes.items(), start=1):
            if not np.array_equal(was := before.boxes.get(actor, pose), pose):
                motions[row] = motion(pose, was)
        sensor.view = now
        return flow_of(near, seen, now.camera, before.camera, motions)


def _event_config(wanted: Description) -> EventConfig:
    up, down, noise_up, noise_down = (wanted.number(f"{sigma}{sign}_threshold") for sigma in ("", "sigma_") for sign in ("positive", "negative"))
    return EventConfig(up, down, noise_up, noise_down, int(wanted.number("refractory_period_ns")), wanted.yes("use_log"), wanted.number("log_eps"))
