"""All bodies of an episode (vehicles, walkers, props) as rows of shared arrays, stepped together.

Left to others: which actor each row belongs to (`standin.actors`).
Shapes: N bodies, S static boxes. Rows stay in the order of spawning, so that the same calls give the same arithmetic.
"""

from __future__ import annotations

import numpy as np

from driving.world.ground.contact import Ground
from driving.world.physics import dynamics, poses
from driving.world.physics.collisions import K_FIRST, K_OTHER, collide
from driving.world.physics.static_boxes import Statics
from driving.world.physics.vehicle_physics import PARAMETER_WIDTH

FIRST_CAPACITY = 16
FIRST_LIMIT_KMH = 30.0  # CARLA's speed limit until a sign changes it
FARTHEST_TOUCH_M = 25.0  # two vehicles whose origins are farther apart cannot touch


class Fleet:
    """The arrays. Their public names are views of the N rows in use; read them again after `add` and `remove`."""

    state: np.ndarray  # (N, dynamics.STATE_WIDTH)
    parameters: np.ndarray  # (N, vehicle_physics.PARAMETER_WIDTH)
    control: np.ndarray  # (N, dynamics.CONTROL_WIDTH)
    external: np.ndarray  # (N, dynamics.EXTERNAL_WIDTH); forces and torques last one tick
    velocity: np.ndarray  # (N, 3) velocities in the world after the last tick (m/s); accelerations are their differences
    half: np.ndarray  # (N, 3) half sizes of the bounding boxes (m)
    offset: np.ndarray  # (N, 3) their centres in the bodies' frames (m)
    colour: np.ndarray  # (N, 3) uint8 RGB
    tag: np.ndarray  # (N,) uint8 semantic tags
    lights: np.ndarray  # (N,) uint32 light bits
    limit_kmh: np.ndarray  # (N,) the speed limit that applies to it
    stood_s: np.ndarray  # (N,) how long it has stood at its present stop or yield sign
    let_past: np.ndarray  # (N,) number (from 1) of the sign that lets it pass; 0 for none
    gives_way: np.ndarray  # (N,) bool: a stop or yield sign holds it
    solid: np.ndarray  # (N,) bool: takes part in collisions
    held: np.ndarray  # (N,) bool: keeps a constant velocity
    held_velocity: np.ndarray  # (N, 3) that velocity in the body's frame (m/s)

    _LAYOUT: dict[str, tuple[tuple[int, ...], type]] = {  # noqa: RUF012
        "state": ((dynamics.STATE_WIDTH,), np.float64),
        "parameters": ((PARAMETER_WIDTH,), np.float64),
        "control": ((dynamics.CONTROL_WIDTH,), np.float64),
        "external": ((dynamics.EXTERNAL_WIDTH,), np.float64),
        "velocity": ((3,), np.float64),
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
        """Point the public names at the rows in use."""
        for name, array in self._store.items():
            setattr(self, name, array[: self.count])

    def add(self, **row: object) -> int:
        """Append a row, one value per array, and return its index. What is not given is zero; gravity and simulation are on."""
        if self.count == len(self._store["tag"]):
            self._store = {name: np.concatenate([array, np.zeros_like(array)]) for name, array in self._store.items()}
        index = self.count
        for name, array in self._store.items():
            array[index] = row.get(name, 0)
        self._store["external"][index] = dynamics.no_external(1)[0]
        self._store["solid"][index] = True
        self._store["limit_kmh"][index] = FIRST_LIMIT_KMH
        self.count += 1
        self._expose()
        return index

    def remove(self, index: int) -> None:
        """Remove a row; the rows behind it move up by one."""
        for array in self._store.values():
            array[index : self.count - 1] = array[index + 1 : self.count].copy()
        self.count -= 1
        self._expose()
        self._any_held = bool(self.held.any())

    def hold(self, index: int, velocity_mps: tuple[float, float, float] | None) -> None:
        """Make a body keep a velocity in its own frame, or let it go (None)."""
        self.held[index] = velocity_mps is not None
        self.held_velocity[index] = velocity_mps or 0.0
        self._any_held = bool(self.held.any())

    def step(self, ground: Ground, statics: Statics, dt_s: float) -> np.ndarray:
        """Move all bodies by `dt_s` and return the contacts, as `collisions.collide` does."""
        self._keep_velocities()
        dynamics.step_vehicles(self.state, self.parameters, self.control, self.external, ground, dt_s)
        contacts = self._collide(statics)
        self._keep_velocities()
        poses.keep_in_bounds(self.state)
        dynamics.set_accelerations(self.state, self.velocity, dt_s)
        self.external[:, : dynamics.E_TORQUE + 1] = 0.0
        return contacts

    def _collide(self, statics: Statics) -> np.ndarray:
        """Part the solid bodies that touch and return the contacts, with the indices of all bodies."""
        if self.solid.all():
            return collide(self.state, self.parameters, self.half, self.offset, statics.near(self.state))
        rows = np.flatnonzero(self.solid)
        state = self.state[rows]
        contacts = collide(state, self.parameters[rows], self.half[rows], self.offset[rows], statics.near(state))
        self.state[rows] = state
        for contact in contacts:
            for column in (K_FIRST, K_OTHER):
                other = int(contact[column])
                contact[column] = rows[other] if other < len(rows) else other - len(rows) + self.count
        return contacts

    def touches(self, row: np.ndarray, half: np.ndarray, offset: np.ndarray, statics: Statics) -> bool:
        """Return whether a body with the state `row` (STATE_WIDTH,) and a box `half` (3,), `offset` (3,) would touch another or a static box."""
        x, y = self.state[:, dynamics.X] - row[dynamics.X], self.state[:, dynamics.Y] - row[dynamics.Y]
        near = np.flatnonzero(self.solid & (np.hypot(x, y) < FARTHEST_TOUCH_M))
        state = np.concatenate([row[None], self.state[near]])
        halves, offsets = np.concatenate([half[None], self.half[near]]), np.concatenate([offset[None], self.offset[near]])
        contacts = collide(state, np.ones((len(state), PARAMETER_WIDTH)), halves, offsets, statics.near(row[None]))
        return bool((contacts[:, K_FIRST] == 0).any())

    def _keep_velocities(self) -> None:
        """Set the velocities of the bodies that are held."""
        if self._any_held:
            self.state[self.held, dynamics.VX : dynamics.VX + 2] = self.held_velocity[self.held, :2]
