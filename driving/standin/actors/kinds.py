"""The kinds of actors in an episode, and how a client sees each.

Bodies (vehicles, walkers, props) have a row in the fleet; all other actors have a row in the pose table of `others`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from driving.quantities import Pose
from driving.standin.blueprints.description import Description
from driving.standin.blueprints.vehicle_models import VehicleModel
from driving.standin.wire.messages import AckermannControl, Box, Vector, bounding_box
from driving.world.geometry.rotations import pose_of, rotation_of
from driving.world.physics import dynamics
from driving.world.physics.fleet import Fleet
from driving.world.physics.vehicle_physics import Physics, pack
from driving.world.rendering.camera import Lens
from driving.world.sensing.event_camera import EventMemory

NO_TOKEN = b""


@dataclass(eq=False)
class Actor:
    """Anything with an id."""

    id: int
    type_id: str  # such as "vehicle.audi.tt"
    message: list[Any]  # its ActorDescription, as the client sent it
    row: int  # its row in the fleet (bodies) or in `Others`
    parent: Actor | None = None
    box: Box = field(default_factory=Box)
    tags: bytes = b""  # semantic tags, one byte each
    token: bytes = NO_TOKEN  # a sensor's stream token

    def record(self) -> list[Any]:
        """Return the actor as CARLA's Actor [id, parent, description, bounding box, tags, stream token]."""
        parent = 0 if self.parent is None else self.parent.id
        return [self.id, parent, self.message, bounding_box(self.box, self.id), self.tags, self.token]


@dataclass(eq=False)
class Body(Actor):
    """An actor with a row in the fleet: cameras see it and cars can touch it. Props are plain bodies."""


@dataclass(eq=False)
class Walker(Body):
    """A pedestrian. It walks straight on in the direction and at the speed that its client sets, and avoids nothing."""

    direction: Vector = (1.0, 0.0, 0.0)  # in the world frame, of any length
    speed_mps: float = 0.0
    jump: bool = False


@dataclass(eq=False)
class Vehicle(Body):
    """A vehicle: its physics, and what its client has set besides the rows of the fleet."""

    model: VehicleModel = field(kw_only=True)
    physics: Physics = field(kw_only=True)
    ackermann: AckermannControl | None = None  # None while pedals and steering are set directly
    # CARLA's defaults of speed_kp, speed_ki, speed_kd, accel_kp, accel_ki, accel_kd
    ackermann_settings: list[float] = field(default_factory=lambda: [0.15, 0.0, 0.25, 0.01, 0.0, 0.01])
    sticky: bool = True  # whether a control stays until the next one; otherwise it lasts one tick
    trigger_friction: float | None = None  # of the friction trigger that it is in

    def apply_physics(self, physics: Physics, fleet: Fleet) -> None:
        """Replace the physics. Raises UserError for physics that cannot drive."""
        fleet.parameters[self.row] = pack(physics)
        self.physics, self.trigger_friction = physics, None

    @property
    def current_physics(self) -> Physics:
        """The current physics, with the friction of the trigger that the vehicle is in."""
        if self.trigger_friction is None:
            return self.physics
        return replace(self.physics, wheels=tuple(replace(wheel, tire_friction=self.trigger_friction) for wheel in self.physics.wheels))


@dataclass
class View:
    """A camera's last picture: where the camera and the bodies in front of it were."""

    camera: np.ndarray  # the camera as a row of the rasteriser, see `camera_row`
    boxes: dict[int, np.ndarray]  # poses (6,) of the bodies' boxes by actor id


@dataclass(eq=False)
class Sensor(Actor):
    """A sensor: its attributes, its stream, and what it keeps between two measurements."""

    description: Description = field(kw_only=True)
    stream_id: int = field(kw_only=True)
    period_s: float = 0.0  # between two measurements; 0 measures at every tick
    due_s: float = -1.0  # simulation time of the next measurement; negative before the first one
    beam_rad: float = 0.0  # how far a lidar's beam has turned
    view: View | None = None  # an optical flow camera's last picture
    events: EventMemory | None = None  # an event camera's last picture

    @cached_property
    def lens(self) -> Lens:
        """A camera's lens."""
        number = self.description.number
        return Lens(int(number("image_size_x")), int(number("image_size_y")), number("fov"))

    @cached_property
    def random(self) -> np.random.Generator:
        """The generator of the sensor's noise, from its attribute `noise_seed`."""
        return np.random.default_rng(int(self.description.number("noise_seed")) & 0xFFFFFFFF)

    @property
    def carrier(self) -> Body | None:
        """The body that carries the sensor, directly or through other actors; None for a sensor that stands in the world."""
        at = self.parent
        while at is not None and not isinstance(at, Body):
            at = at.parent
        return at


@dataclass(eq=False)
class Trigger(Actor):
    """A box inside which all tyres have the friction `friction`."""

    friction: float = field(default=1.0, kw_only=True)


def locate_body(body: Body, fleet: Fleet) -> Pose:
    """Return a body's pose in the world."""
    return pose_of(fleet.state[body.row, dynamics.X : dynamics.ROLL + 1])


def locate_wheels(vehicle: Vehicle, fleet: Fleet) -> list[Vector]:
    """Return the positions (x, y, z m) of a vehicle's wheels in the world."""
    at = locate_body(vehicle, fleet)
    turn = rotation_of(at)
    places = [turn @ np.array(wheel.position_m) + (at.x_m, at.y_m, at.z_m) for wheel in vehicle.physics.wheels]
    return [(float(x), float(y), float(z)) for x, y, z in places]
