"""What lives in an episode: vehicles (rows of the fleet) and all others (rows of one pose table), and how a client sees each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from driving.quantities import Pose
from driving.standin.blueprints.library import Description
from driving.standin.blueprints.vehicle_models import VehicleModel
from driving.standin.wire.messages import Box, Vector, bounding_box
from driving.world.physics import dynamics as d
from driving.world.physics import poses
from driving.world.physics.fleet import Fleet
from driving.world.physics.vehicle_physics import Physics, pack
from driving.world.sensing.event_camera import EventMemory

NO_TOKEN = b""


@dataclass(eq=False)
class Actor:
    """Anything with an id. `message` is its ActorDescription; `row` its place in the fleet or in the table of others."""

    id: int
    type_id: str
    message: list[Any]
    row: int
    parent: Actor | None = None
    box: Box = field(default_factory=Box)
    tags: bytes = b""
    token: bytes = NO_TOKEN

    def record(self) -> list[Any]:
        """As Actor [id, parent, description, bounding box, tags, stream token]."""
        parent = 0 if self.parent is None else self.parent.id
        return [self.id, parent, self.message, bounding_box(self.box, self.id), self.tags, self.token]


@dataclass(eq=False)
class Body(Actor):
    """Anything with a row in the fleet: it is seen by cameras and touched by cars. A prop is no more than this."""


@dataclass(eq=False)
class Walker(Body):
    """A pedestrian: it goes where and as fast as it is told (direction in the world, m/s), and over or around nothing."""

    direction: Vector = (1.0, 0.0, 0.0)
    speed_mps: float = 0.0
    jump: bool = False


@dataclass(eq=False)
class Vehicle(Body):
    """A vehicle: its physics, and what it was told that is more than a row of numbers."""

    model: VehicleModel = field(kw_only=True)
    physics: Physics = field(kw_only=True)
    ackermann: tuple[float, float, float, float, float] | None = None
    ackermann_settings: list[float] = field(default_factory=lambda: [0.15, 0.0, 0.25, 0.01, 0.0, 0.01])
    sticky: bool = True
    trigger_friction: float | None = None

    def apply_physics(self, physics: Physics, fleet: Fleet) -> None:
        """Changes how it drives. Raises ValueError for physics that cannot drive."""
        fleet.parameters[self.row] = pack(physics)
        self.physics, self.trigger_friction = physics, None

    @property
    def current_physics(self) -> Physics:
        """How it drives at this moment: with the friction of the trigger that it is in."""
        if self.trigger_friction is None:
            return self.physics
        return replace(self.physics, wheels=tuple(replace(wheel, tire_friction=self.trigger_friction) for wheel in self.physics.wheels))


@dataclass
class View:
    """Where a camera (a row of the rasteriser) and the boxes that it saw (poses, by actor id) were at its last picture."""

    camera: np.ndarray
    boxes: dict[int, np.ndarray]


@dataclass(eq=False)
class Sensor(Actor):
    """A sensor: what it was asked to be, its stream, when it measures next (elapsed seconds), how far a lidar's beam has turned, its last picture."""

    description: Description = field(kw_only=True)
    stream_id: int = field(kw_only=True)
    period_s: float = 0.0
    due_s: float = -1.0
    beam_rad: float = 0.0
    view: View | None = None
    events: EventMemory | None = None

    @cached_property
    def lens(self) -> tuple[int, int, float]:
        """A camera's width and height (px) and field of view (degrees)."""
        return int(self.description.number("image_size_x")), int(self.description.number("image_size_y")), self.description.number("fov")

    @property
    def carrier(self) -> Body | None:
        """The body that carries it, straight or by another actor."""
        at = self.parent
        while at is not None and not isinstance(at, Body):
            at = at.parent
        return at


@dataclass(eq=False)
class Trigger(Actor):
    """A box in which tyres have another friction."""

    friction: float = field(default=1.0, kw_only=True)


class Others:
    """All actors that are no vehicles, as a table of poses: `world` (M, 6), and `relative` (M, 6) to what they hang on."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.world = np.zeros((0, 6))
        self.relative = np.zeros((0, 6))
        self.kinds = np.zeros(0, np.int64)
        self.parents = np.zeros(0, np.int64)
        self._any_attached = False

    def add(self, actor: Actor, at: Pose, kind: int = poses.UNATTACHED) -> None:
        """Appends an actor; `at` is relative to its parent if it has one."""
        actor.row = len(self.actors)
        self.actors.append(actor)
        self.world = np.concatenate([self.world, poses.row_of(at)[None]])
        self.relative = np.concatenate([self.relative, poses.row_of(at)[None]])
        self.kinds = np.append(self.kinds, kind if actor.parent is not None else poses.UNATTACHED)

    def remove(self, actor: Actor) -> None:
        """Takes an actor out."""
        row = actor.row
        del self.actors[row]
        self.world, self.relative = np.delete(self.world, row, axis=0), np.delete(self.relative, row, axis=0)
        self.kinds = np.delete(self.kinds, row)
        for other in self.actors[row:]:
            other.row -= 1

    def link(self, fleet: Fleet) -> None:
        """Finds all parents' rows again after rows have moved; what hung on a removed actor stays where it is."""
        self.parents = np.zeros(len(self.actors), np.int64)
        for row, actor in enumerate(self.actors):
            if actor.parent is None:
                self.kinds[row] = poses.UNATTACHED
            else:
                self.parents[row] = actor.parent.row + (0 if isinstance(actor.parent, Body) else fleet.count)
        self._any_attached = bool((self.kinds != poses.UNATTACHED).any())
        self.follow(fleet)

    def follow(self, fleet: Fleet) -> None:
        """Moves all that is attached to where its parent is now."""
        if self._any_attached:
            poses.attach(fleet.state, self.relative, self.parents, self.kinds, self.world)

    def locate(self, actor: Actor) -> Pose:
        """Where an actor is in the world."""
        return poses.pose_of(self.world[actor.row])

    def move(self, actor: Actor, at: Pose, fleet: Fleet) -> None:
        """Puts an actor somewhere: relative to its parent if it has one, as the real server does."""
        if self.kinds[actor.row] == poses.UNATTACHED:
            self.world[actor.row] = poses.row_of(at)
        else:
            self.relative[actor.row] = poses.row_of(at)
            self.follow(fleet)


def locate_body(body: Body, fleet: Fleet) -> Pose:
    """Where a body is."""
    return poses.pose_of(fleet.state[body.row, d.X : d.ROLL + 1])


def locate_wheels(vehicle: Vehicle, fleet: Fleet) -> list[Vector]:
    """Where a vehicle's wheels are in the world (m)."""
    at = locate_body(vehicle, fleet)
    turn = poses.rotation(at.pitch_rad, at.yaw_rad, at.roll_rad)
    places = [turn @ np.array(wheel.position_m) + (at.x_m, at.y_m, at.z_m) for wheel in vehicle.physics.wheels]
    return [(float(x), float(y), float(z)) for x, y, z in places]
