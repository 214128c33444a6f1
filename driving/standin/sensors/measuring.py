"""What sensors measure and when: cameras, lidars, radars, collisions, IMU, GNSS, obstacles; and the faults that befall their messages.

A sensor that nobody listens to measures nothing. Bodies are made in `packets`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from driving.standin.actors.kinds import Sensor
from driving.standin.episode.state import Episode
from driving.standin.faults import Faults
from driving.standin.sensors.cameras import PICTURES, Cameras
from driving.standin.sensors.inertial import gnss_body, imu_body
from driving.standin.sensors.obstacles import nearest
from driving.standin.sensors.ranging import Ranging
from driving.standin.sensors.visible_bodies import Sights
from driving.standin.wire import packets
from driving.standin.wire.event_loop import Part
from driving.standin.wire.streams import Streams

if TYPE_CHECKING:
    from driving.standin.simulation import Simulation

TIME_TOLERANCE_S = 1e-6
KINDS = {
    "sensor.camera.rgb": packets.RGB,
    "sensor.camera.depth": packets.DEPTH,
    "sensor.camera.semantic_segmentation": packets.SEMANTIC,
    "sensor.camera.instance_segmentation": packets.INSTANCE,
    "sensor.camera.normals": packets.NORMALS,
    "sensor.camera.optical_flow": packets.FLOW,
    "sensor.camera.dvs": packets.DVS,
    "sensor.lidar.ray_cast": packets.LIDAR,
    "sensor.lidar.ray_cast_semantic": packets.SEMANTIC_LIDAR,
    "sensor.other.radar": packets.RADAR,
    "sensor.other.collision": packets.COLLISION,
    "sensor.other.imu": packets.IMU,
    "sensor.other.gnss": packets.GNSS,
    "sensor.other.obstacle": packets.OBSTACLE,
}
STATIC_THING = [0, 0, [0, "static.prop.mesh", []], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 0], b"\x00", b""]
Message = list[Part]


class Collider:
    """The contacts of one tick, by vehicle, until the sensors have told of them."""

    def __init__(self, episode: Episode) -> None:
        self._episode = episode
        self.hits: dict[int, list[tuple[Any, list[float]]]] = {}

    def note(self, contacts: np.ndarray) -> None:
        """Keeps who touched whom, and the impulse (N s) on each."""
        self.hits = {}
        bodies = self._episode.bodies
        for first, second, jx, jy in contacts.tolist():
            one = bodies[int(first)]
            two = bodies[int(second)] if second < len(bodies) else None
            self.hits.setdefault(one.id, []).append((STATIC_THING if two is None else two.record(), [jx, jy, 0.0]))
            if two is not None:
                self.hits.setdefault(two.id, []).append((one.record(), [-jx, -jy, 0.0]))


class Measurer:
    """Makes and sends the sensors' messages of a tick."""

    def __init__(self, streams: Streams, faults: Faults) -> None:
        self._streams, self._faults = streams, faults
        self._sights = Sights()
        self._cameras, self._ranging = Cameras(self._sights), Ranging(self._sights)
        self._late: list[tuple[int, int, Message]] = []
        self._last: dict[int, Message] = {}
        self._random: dict[int, np.random.Generator] = {}

    def forget(self) -> None:
        """Forgets all sensors; a new episode has begun."""
        self._late.clear()
        self._last.clear()
        self._random.clear()

    def measure(self, simulation: Simulation) -> None:
        """One tick's messages, in the order of spawning."""
        tick = simulation.synchronous_ticks if simulation.settings.synchronous else 0
        if self._faults.kinds:
            self._begin(simulation.episode, tick)
        self._sights.begin(simulation.episode)
        for sensor in simulation.episode.sensors:
            if not self._streams.subscribers(sensor.stream_id):
                continue
            if not self._due(sensor, simulation):
                continue
            for message in self._messages(sensor, simulation):
                self._deliver(sensor, message, tick, not simulation.settings.synchronous)

    @staticmethod
    def _due(sensor: Sensor, simulation: Simulation) -> bool:
        now = simulation.elapsed_s
        if sensor.period_s <= 0.0:
            return True
        if now < sensor.due_s - TIME_TOLERANCE_S:
            return False
        late = sensor.due_s >= 0.0 and now - sensor.due_s < sensor.period_s
        sensor.due_s = (sensor.due_s if late else now) + sensor.period_s
        return True

    def _messages(self, sensor: Sensor, simulation: Simulation) -> list[Message]:
        episode, kind = simulation.episode, KINDS.get(sensor.type_id)
        if kind is None:
            return []
        at = episode.others.locate(sensor)
        head = (kind, simulation.frame, simulation.elapsed_s, at)
        if simulation.settings.no_rendering and sensor.type_id.startswith("sensor.camera"):
            return []
        if kind in PICTURES:
            picture = self._cameras.picture(sensor, kind, at, simulation.weather, simulation.scene_s)
            return [packets.image(*head, sensor.lens.fov_deg, picture)]
        if kind == packets.COLLISION:
            vehicle = sensor.carrier
            hits = simulation.colliders.hits.get(vehicle.id, ()) if vehicle is not None else ()
            return [packets.event(*head, [vehicle.record(), other, impulse]) for other, impulse in hits if vehicle is not None]
        if kind == packets.OBSTACLE:
            found = nearest(sensor, at, episode)
            if found is None:
                return []
            other, distance_m = found
            carrier = sensor.parent.record() if sensor.parent is not None else sensor.record()
            return [packets.event(*head, [carrier, STATIC_THING if other is None else other.record(), distance_m])]
        random = self._random.get(sensor.id)
        if random is None:
            random = self._random[sensor.id] = np.random.default_rng(int(sensor.description.number("noise_seed")) & 0xFFFFFFFF)
        if kind == packets.DVS:
            fired = self._cameras.events(sensor, at, simulation.weather, simulation.scene_s, simulation.elapsed_s, random)
            return [packets.events(simulation.frame, simulation.elapsed_s, at, *sensor.lens, fired)] if len(fired) else []
        if kind in (packets.LIDAR, packets.SEMANTIC_LIDAR):
            return [packets.cloud(*head, *self._ranging.lidar(sensor, kind, at, simulation.delta_s, random))]
        if kind == packets.RADAR:
            return [packets.detections(*head, self._ranging.radar(sensor, at, simulation.delta_s, random))]
        body = imu_body(sensor, at, episode, random) if kind == packets.IMU else gnss_body(sensor, at, episode, random)
        return [packets.event(*head, body)]

    # Faults

    def _begin(self, episode: Episode, tick: int) -> None:
        for _, stream_id, message in [late for late in self._late if late[0] <= tick]:
            self._streams.publish(stream_id, message, discard_when_full=False)
        self._late = [late for late in self._late if late[0] > tick]
        if self._faults.is_active("close", tick):
            for sensor in episode.sensors:
                for connection in list(self._streams.subscribers(sensor.stream_id)):
                    connection.close()

    def _deliver(self, sensor: Sensor, message: Message, tick: int, discard_when_full: bool) -> None:
        if self._faults.kinds:
            if self._faults.is_active("drop", tick):
                return
            delay = self._faults.find_amount("delay", tick)
            if delay is not None:
                self._late.append((tick + math.ceil(delay), sensor.stream_id, message))
                return
            if self._faults.is_active("repeat", tick):
                message = self._last.get(sensor.id, message)
            self._last[sensor.id] = message
        self._streams.publish(sensor.stream_id, message, discard_when_full)
