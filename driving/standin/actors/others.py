"""The table of poses of all actors that are not bodies: sensors, triggers, lights, signs, the spectator.

An attached actor moves with its parent. Its pose relative to the parent is kept, and its pose in the world follows from it at each tick.
The places after the last ticks are kept too, because accelerations are their second differences.
"""

from __future__ import annotations

import numpy as np

from driving.quantities import Pose
from driving.standin.actors.kinds import Actor, Body
from driving.world.geometry.rotations import POSE_WIDTH, pose_of, row_of
from driving.world.physics import poses
from driving.world.physics.fleet import Fleet


class Others:
    """M actors that have no row in the fleet. Their rows stay in the order of spawning."""

    world: np.ndarray  # (M, POSE_WIDTH) poses in the world
    relative: np.ndarray  # (M, POSE_WIDTH) poses relative to the parent; for actors that are not attached the pose at which they were spawned
    kinds: np.ndarray  # (M,) poses.UNATTACHED, RIGID or ARM
    trail: np.ndarray  # (3, M, 3) the places after the last tick, the one before and the one before that (m); NaN before an actor's first tick
    parents: np.ndarray  # (M,) the parent's row: in the fleet for bodies, in this table plus the fleet's count for others; 0 where there is none

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.world = np.zeros((0, POSE_WIDTH))
        self.relative = np.zeros((0, POSE_WIDTH))
        self.kinds = np.zeros(0, np.int64)
        self.trail = np.zeros((3, 0, 3))
        self.parents = np.zeros(0, np.int64)
        self._steps_s = (1.0, 1.0)  # how long the last tick was, and the one before
        self._any_attached = False

    def add(self, actor: Actor, at: Pose, kind: int = poses.UNATTACHED) -> None:
        """Append an actor and set its row. `at` is relative to its parent if it has one."""
        actor.row = len(self.actors)
        self.actors.append(actor)
        self.world = np.concatenate([self.world, row_of(at)[None]])
        self.relative = np.concatenate([self.relative, row_of(at)[None]])
        self.trail = np.concatenate([self.trail, np.full((3, 1, 3), np.nan)], axis=1)
        self.kinds = np.append(self.kinds, kind if actor.parent is not None else poses.UNATTACHED)

    def remove(self, actor: Actor) -> None:
        """Remove an actor; the rows behind it move up by one."""
        row = actor.row
        del self.actors[row]
        self.world, self.relative = np.delete(self.world, row, axis=0), np.delete(self.relative, row, axis=0)
        self.trail, self.kinds = np.delete(self.trail, row, axis=1), np.delete(self.kinds, row)
        for other in self.actors[row:]:
            other.row -= 1

    def link(self, fleet: Fleet) -> None:
        """Look up all parents' rows again after rows have moved. An actor whose parent was removed stays where it is."""
        self.parents = np.zeros(len(self.actors), np.int64)
        for row, actor in enumerate(self.actors):
            if actor.parent is None:
                self.kinds[row] = poses.UNATTACHED
            else:
                self.parents[row] = actor.parent.row + (0 if isinstance(actor.parent, Body) else fleet.count)
        self._any_attached = bool((self.kinds != poses.UNATTACHED).any())
        self.follow(fleet)

    def follow(self, fleet: Fleet) -> None:
        """Move all attached actors to where their parents are now."""
        if self._any_attached:
            poses.attach(fleet.state, self.relative, self.parents, self.kinds, self.world)

    def remember(self, dt_s: float) -> None:
        """Note where all actors are at the end of a tick of `dt_s`."""
        self.trail[1:] = self.trail[:-1]
        self.trail[0] = self.world[:, :3]
        self._steps_s = (dt_s, self._steps_s[0])

    def measure_acceleration(self, actor: Actor) -> np.ndarray:
        """Return an actor's acceleration (3,) in the world (m/s^2), as the second difference of its places; 0 in its first two ticks."""
        here, before, earlier = self.trail[:, actor.row]
        last_s, first_s = self._steps_s
        return np.nan_to_num(2.0 * ((here - before) / last_s - (before - earlier) / first_s) / (last_s + first_s))

    def locate(self, actor: Actor) -> Pose:
        """Return an actor's pose in the world."""
        return pose_of(self.world[actor.row])

    def move(self, actor: Actor, at: Pose, fleet: Fleet) -> None:
        """Put an actor at a pose: relative to its parent if it has one, as on CARLA's server."""
        if self.kinds[actor.row] == poses.UNATTACHED:
            self.world[actor.row] = row_of(at)
        else:
            self.relative[actor.row] = row_of(at)
            self.follow(fleet)
