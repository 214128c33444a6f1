"""All vehicles of an episode as rows of shared arrays, stepped together. Who they are is left to `actors`.

Shapes: N vehicles, S static boxes. Rows stay in the order of spawning, so that the same calls give the same arithmetic.
"""

from __future__ import annotations

import numpy as np

from driving.world.ground.contact import Ground
from driving.world.physics import dynamics as d
from driving.world.physics import poses
from driving.world.physics import vehicle_physics as p
from driving.world.physics.collisions import collide
from driving.world.physics.static_boxes import Statics

FIRST_CAPACITY = 16
FIRST_LIMIT_KMH = 30.0  # CARLA's, until a sign says another
FARTHEST_TOUCH_M = 25.0  # two vehicles whose origins are further apart cannot touch


class Fleet:
    """The arrays. Their public names are views of the N rows in use; take them anew after `add` and `remove`."""

    state: np.ndarray  # (N, dynamics.STATE_WIDTH)
    parameters: np.ndarray  # (N, vehicles.WIDTH)
    control: np.ndarray  # (N, dynamics.CONTROL_WIDTH)
    external: np.ndarray  # (N, dynamics.EXTERNAL_WIDTH); forces and torques last one tick
    half: np.ndarray  # (N, 3) half sizes of the bounding boxes (m)
    offset: np.ndarray  # (N, 3) their centres in the vehicles' frames (m)
    colour: np.ndarray  # (N, 3) uint8 RGB
    tag: np.ndarray  # (N,) uint8 semantic tags
    lights: np.ndarray  # (N,) uint32 light bits
    limit_kmh: np.ndarray  # (N,) the speed limit that it is under
    stood_s: np.ndarray  # (N,) how long it has stood at the stop or yield sign that it is at
    let_past: np.ndarray  # (N,) which sign lets it past, its number from 1; 0 for none
    gives_way: np.ndarray  # (N,) bool: a stop or yield sign holds it
    solid: np.ndarray  # (N,) bool: takes part in collisions
    held: np.ndarray  # (N,) bool: keeps a constant velocity
    held_velocity: np.ndarray  # (N, 3) that velocity in the vehicle's frame (m/s)

    _LAYOUT: dict[str, tuple[tuple[int, ...], type]] = {  # noqa: RUF012
        "state": ((d.STATE_WIDTH,), np.float64),
        "parameters": ((p.WIDTH,), np.float64),
        "control": ((d.CONTROL_WIDTH,), np.float64),
        "external": ((d.EXTERNAL_WIDTH,), np.float64),
        "half": ((3,), np.float64),
        "offset": ((3,), np.float64),
        "colour": ((3,), np.uint8),
        "tag": ((), np.uint8),
        "lights": ((), np.uint32),
        "limit_kmh": ((), np.float64),
        "stood_s": ((), np.float64),
        "let_past": ((), np.int64),
        "gives_way": ((), np.bool_),
        "solid": ((), np.bool_),
        "held": ((), np.bool_),
        "held_velocity": ((3,), np.float64),
    }

    def __init__(self) -> None:
        self.count = 0
        self._any_held = False
        self._store: dict[str, np.ndarray] = {name: np.zeros((FIRST_CAPACITY, *shape), kind) for name, (shape, kind) in self._LAYOUT.items()}
        self._expose()

    def _expose(self) -> None:
        for name, array in self._store.items():
            setattr(self, name, array[: self.count])

    def add(self, **row: object) -> int:
        """Appends a row, one value an array; what is not given is zero, gravity and simulation are on. Answers its index."""
        if self.count == len(self._store["tag"]):
            self._store = {name: np.concatenate([array, np.zeros_like(array)]) for name, array in self._store.items()}
        index = self.count
        for name, array in self._store.items():
            array[index] = row.get(name, 0)
        self._store["external"][index] = d.no_external(1)[0]
        self._store["solid"][index] = True
        self._store["limit_kmh"][index] = FIRST_LIMIT_KMH
        self.count += 1
        self._expose()
        return index

    def remove(self, index: int) -> None:
        """Takes a row out; the rows behind it move up by one."""
        for array in self._store.values():
            array[index : self.count - 1] = array[index + 1 : self.count].copy()
        self.count -= 1
        self._expose()
        self._any_held = bool(self.held.any())

    def hold(self, index: int, velocity_mps: tuple[float, float, float] | None) -> None:
        """Makes a vehicle keep a velocity in its own frame, or lets it go (None)."""
        self.held[index] = velocity_mps is not None
        self.held_velocity[index] = velocity_mps or 0.0
        self._any_held = bool(self.held.any())

    def step(self, ground: Ground, statics: Statics, dt_s: float) -> np.ndarray:
        """Moves all by `dt_s` and answers the contacts, as `collisions.collide` does."""
        self._keep_velocities()
        d.step_vehicles(self.state, self.parameters, self.control, self.external, ground, dt_s)
        contacts = self._collide(statics)
        self._keep_velocities()
        poses.keep_in_bounds(self.state)
        self.external[:, : d.E_TORQUE + 1] = 0.0
        return contacts

    def _collide(self, statics: Statics) -> np.ndarray:
        if self.solid.all():
            return collide(self.state, self.parameters, self.half, self.offset, statics.near(self.state))
        rows = np.flatnonzero(self.solid)
        state = self.state[rows]
        contacts = collide(state, self.parameters[rows], self.half[rows], self.offset[rows], statics.near(state))
        self.state[rows] = state
        for contact in contacts:
            for column in (0, 1):
                other = int(contact[column])
                contact[column] = rows[other] if other < len(rows) else other - len(rows) + self.count
        return contacts

    def touches(self, row: np.ndarray, half: np.ndarray, offset: np.ndarray, statics: Statics) -> bool:
        """Whether a vehicle put at state `row` would touch another or something static."""
        x, y = self.state[:, d.X] - row[d.X], self.state[:, d.Y] - row[d.Y]
        near = np.flatnonzero(self.solid & (np.hypot(x, y) < FARTHEST_TOUCH_M))
        state = np.concatenate([row[None], self.state[near]])
        halves, offsets = np.concatenate([half[None], self.half[near]]), np.concatenate([offset[None], self.offset[near]])
        contacts = collide(state, np.ones((len(state), p.WIDTH)), halves, offsets, statics.near(row[None]))
        return bool((contacts[:, 0] == 0).any())

    def _keep_velocities(self) -> None:
        if self._any_held:
            self.state[self.held, d.VX : d.VX + 2] = self.held_velocity[self.held, :2]
