"""The driven car with its camera and collision sensor, as a client sees them: controls out, motion and the image of the same frame in."""

from __future__ import annotations

import math
import queue
import time
from typing import Any, NamedTuple

import carla
import cv2
import numpy as np

from driving.bicycle import Bicycle
from driving.quantities import CameraSpec, Control, Pose, VehicleState
from driving.simulator.errors import SimulatorError
from driving.simulator.watch import LOOK_S, ServerWatch

ABOVE_ROAD_M = 0.1  # a car is spawned and teleported this far above the road, so that it does not touch it at first


class Collision(NamedTuple):
    """A collision of the driven car."""

    frame: int
    other: str  # the type of what it hit, such as "static.wall" or "vehicle.tesla.model3"


class EgoVehicle:
    """A car with one RGB camera and a collision sensor.

    `bicycle` is the model of its steering, `mount` the pose at which the camera was mounted. `collisions` has what it hit so far; an entry may
    arrive a little later than its frame's image.
    """

    def __init__(self, world: carla.World, pose: Pose, camera: CameraSpec, blueprint: str, watch: ServerWatch, timeout_s: float) -> None:
        """Spawn both at `pose`, a little above the ground. Raises the client's RuntimeError where that fails."""
        self._world, self._watch, self._timeout_s = world, watch, timeout_s
        self._images: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.collisions: list[Collision] = []
        library = world.get_blueprint_library()
        self._vehicle = world.spawn_actor(library.find(blueprint), transform_of(_raise_pose(pose)))
        self._actors: list[Any] = [self._vehicle]  # the car and its sensors, until they are destroyed, the last one first
        try:
            lens = library.find("sensor.camera.rgb")
            for name, value in (("image_size_x", camera.width_px), ("image_size_y", camera.height_px), ("fov", camera.fov_deg)):
                lens.set_attribute(name, str(value))
            self._camera = self.attach(lens, transform_of(camera.mount))
            self._camera.listen(self._images.put)
            self.attach(library.find("sensor.other.collision"), carla.Transform()).listen(self._note_collision)
        except BaseException:
            self.destroy()
            raise
        self.mount = camera.mount
        self.bicycle = bicycle_of(self._vehicle.get_physics_control())

    def attach(self, blueprint: carla.ActorBlueprint, place: carla.Transform) -> carla.Sensor:
        """Attach a sensor to the car, which is removed with it."""
        sensor = self._world.spawn_actor(blueprint, place, attach_to=self._vehicle)
        self._actors.append(sensor)
        return sensor

    def _note_collision(self, event: carla.CollisionEvent) -> None:
        """Remember a collision. The client calls this on a thread of its own."""
        self.collisions.append(Collision(event.frame, event.other_actor.type_id if event.other_actor else "static.unknown"))

    def apply(self, control: Control) -> None:
        """Send a control. It acts from the next tick on."""
        self._vehicle.apply_control(control_of(control))

    def teleport(self, pose: Pose, speed_mps: float = 0.0) -> None:
        """Put the car at another pose, rolling forward at a speed (m/s)."""
        self._vehicle.set_transform(transform_of(_raise_pose(pose)))
        forward = carla.Vector3D(math.cos(pose.yaw_rad) * speed_mps, math.sin(pose.yaw_rad) * speed_mps, 0.0)
        self._vehicle.set_target_velocity(forward)
        self._vehicle.set_target_angular_velocity(carla.Vector3D(0.0, 0.0, 0.0))

    def move_camera(self, mount: Pose) -> None:
        """Mount the camera at another pose, relative to the car. The next tick's image shows it."""
        self._camera.set_transform(transform_of(mount))

    def push(self, force_n: float, arm_m: float) -> None:
        """Push the car to the right with a force (N) during the next tick. It acts `arm_m` ahead of the centre of mass, so it turns the car too."""
        right = self._vehicle.get_transform().get_right_vector()
        self._vehicle.add_force(carla.Vector3D(right.x * force_n, right.y * force_n, right.z * force_n))
        self._vehicle.add_torque(carla.Vector3D(0.0, 0.0, force_n * arm_m))

    def scale_physics(self, mass: float = 1.0, friction: float = 1.0) -> None:
        """Multiply the car's mass and the friction of its tyres. `bicycle` stays what it was."""
        physics = self._vehicle.get_physics_control()
        physics.mass *= mass
        wheels = physics.wheels
        for wheel in wheels:
            wheel.tire_friction *= friction
        physics.wheels = wheels  # the client gives a copy of the list
        self._vehicle.apply_physics_control(physics)

    def read_state(self, frame: int) -> VehicleState:
        """Return the car's state in `frame`, which the client knows as soon as the tick has ended.

        Raises SimulatorError where the server is at another frame.
        """
        snapshot = self._world.get_snapshot()
        mine = snapshot.find(self._vehicle.id) if snapshot.frame == frame else None
        if mine is None:
            raise SimulatorError(
                f"the server's snapshot is of frame {snapshot.frame}, expected frame {frame}: stop other clients that tick this server"
            )
        return vehicle_state(frame, snapshot.timestamp.elapsed_seconds, mine)

    def wait_for_image(self, frame: int) -> np.ndarray:
        """Return the RGB image (Y, X, 3) of `frame`, which arrives after the frame's state. Earlier images are dropped.

        Raises SimulatorError where the image does not arrive.
        """
        deadline, seen = time.monotonic() + self._timeout_s, None
        while True:
            try:
                image = self._images.get(timeout=LOOK_S)
            except queue.Empty:
                self._watch.check()
                if time.monotonic() < deadline:
                    continue
                got = "nothing" if seen is None else f"frame {seen} last"
                raise SimulatorError(
                    f"the camera gave {got} within {self._timeout_s:.0f} s, expected frame {frame}: raise timeout_s, or make the server faster"
                ) from None
            seen = image.frame
            if image.frame == frame:
                bgra = np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4)
                return np.asarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB))
            if image.frame > frame:
                raise SimulatorError(f"the camera gave frame {image.frame}, expected frame {frame}: the server lost a frame, drive again")

    def destroy(self) -> None:
        """Remove sensors and car. A server that has ended, or does not answer the first call, is not an error here."""
        for sensor in self._actors[1:]:
            if sensor.is_listening():
                sensor.stop()
        while self._actors:
            try:
                self._watch.call(self._actors[-1].destroy)
            except SimulatorError:
                break
            except RuntimeError as error:  # also for an actor that another client has destroyed
                if "time-out" in str(error):
                    break
            self._actors.pop()


def _raise_pose(pose: Pose) -> Pose:
    """Return the pose ABOVE_ROAD_M higher."""
    return Pose(pose.x_m, pose.y_m, pose.z_m + ABOVE_ROAD_M, pose.pitch_rad, pose.yaw_rad, pose.roll_rad)


def control_of(control: Control) -> carla.VehicleControl:
    """Return a control as the client's."""
    return carla.VehicleControl(
        throttle=control.throttle, steer=control.steer, brake=control.brake, hand_brake=control.hand_brake, reverse=control.reverse
    )


def transform_of(pose: Pose) -> carla.Transform:
    """Return a pose as the client's transform, which is in degrees."""
    turn = (math.degrees(pose.pitch_rad), math.degrees(pose.yaw_rad), math.degrees(pose.roll_rad))
    return carla.Transform(carla.Location(pose.x_m, pose.y_m, pose.z_m), carla.Rotation(*turn))


def bicycle_of(physics: carla.VehiclePhysicsControl) -> Bicycle:
    """Return the bicycle model of a car from the physics that the server reports; a car without a steering curve allows its whole angle."""
    wheels = [(wheel.position.x, wheel.position.y) for wheel in physics.wheels]
    front, rear = (wheels[0], wheels[2]) if len(wheels) == 4 else (wheels[0], wheels[-1])
    wheelbase_cm = math.hypot(front[0] - rear[0], front[1] - rear[1])
    curve = tuple((point.x, point.y) for point in physics.steering_curve) or ((0.0, 1.0),)
    return Bicycle(wheelbase_cm / 100.0, max(wheel.max_steer_angle for wheel in physics.wheels), curve)


def vehicle_state(frame: int, time_s: float, actor: carla.ActorSnapshot) -> VehicleState:
    """Return an actor's motion from a snapshot. The speed is signed: negative when the car rolls backwards."""
    at, velocity = actor.get_transform(), actor.get_velocity()
    turn = at.rotation
    pose = Pose(at.location.x, at.location.y, at.location.z, math.radians(turn.pitch), math.radians(turn.yaw), math.radians(turn.roll))
    speed = velocity.x * math.cos(pose.yaw_rad) + velocity.y * math.sin(pose.yaw_rad)
    return VehicleState(frame, time_s, pose, speed, math.radians(actor.get_angular_velocity().z))
