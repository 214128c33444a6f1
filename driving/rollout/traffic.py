"""Other cars in a recording: ahead in the own lane, beside, and oncoming. They move along their lanes' centre lines as on rails.

The car ahead keeps its distance from the recorded one, so that the recorded car's pedals are the same with and without traffic. The others
drive at speeds of their own; where their lane ends, they begin it again once the recorded car is away from its start.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from driving.quantities import Pose, UserError
from driving.rollout.tick import Tick
from driving.simulator.other_cars import OtherCars
from driving.simulator.session import Session
from driving.world.maps.neighbours import find_neighbours
from driving.world.maps.route import Route

BEHIND_M, AHEAD_M = 40.0, 120.0  # where the lanes beside the recorded car begin to be used
AWAY_M = 60.0  # a car begins its lane again only this far away from the recorded one
APART_M = (25.0, 60.0)  # between two cars of a lane
NARROWEST_M = 2.8  # in narrower lanes a disturbed car could touch its neighbour
GAP_WAVE_S = 17.0  # period of the gap's slow change
GAP_SETTLES_S = 1.5  # how quickly the car ahead corrects the gap


@dataclass
class TrafficConfig:
    """Which other cars are there.

    Args:
        share: the share of episodes with traffic.
        ahead_share: the share of these with a car ahead in the own lane.
        gap_m: the range of its distance (m), between the two cars' middles.
        most: the largest number of cars.
        speed_mps: the range of the other cars' speeds (m/s).
        drift_m: how far the recorded car is put and pushed aside beside traffic (m): less than elsewhere, so that it does not hit a neighbour.
    """

    share: float = 0.0
    ahead_share: float = 0.6
    gap_m: tuple[float, float] = (9.0, 45.0)
    most: int = 8
    speed_mps: tuple[float, float] = (5.0, 13.0)
    drift_m: float = 0.7

    def __post_init__(self) -> None:
        """Check the values. Raises UserError for those that make no traffic."""
        if not 0.0 <= self.share <= 1.0 or not 0.0 <= self.ahead_share <= 1.0 or self.most < 1:
            raise UserError(
                f"traffic.share is {self.share}, ahead_share {self.ahead_share} and most {self.most}: give shares from 0 to 1, and at least one car"
            )


@dataclass
class _Car:
    """One car on rails."""

    lane: Route
    s_m: float
    speed_mps: float

    def advance(self, dt_s: float, own: Pose) -> None:
        """Drive on. At the lane's end, wait there until its start is free of the recorded car."""
        self.s_m = min(self.s_m + self.speed_mps * dt_s, self.lane.length_m)
        start = self.lane.pose_at(0.0)
        if self.s_m == self.lane.length_m and math.hypot(start.x_m - own.x_m, start.y_m - own.y_m) > AWAY_M:
            self.s_m = 0.0


class _Leader:
    """The car ahead, on the recorded car's own route."""

    def __init__(self, route: Route, config: TrafficConfig, random: np.random.Generator) -> None:
        self._route, (low, high) = route, config.gap_m
        self._middle_m, self._swing_m = (low + high) / 2.0, (high - low) / 2.0
        self._phase, self._s_m = float(random.uniform(0.0, 2.0 * math.pi)), -math.inf
        self._time_s = 0.0

    def advance(self, s_m: float, speed_mps: float, dt_s: float) -> Pose:
        """Return the pose for a recorded car at `s_m` of the route. The car never goes back."""
        self._time_s += dt_s
        gap = self._middle_m + self._swing_m * math.sin(self._phase + 2.0 * math.pi * self._time_s / GAP_WAVE_S)
        wish = s_m + gap
        if math.isinf(self._s_m):
            self._s_m = wish
        self._s_m = max(self._s_m, self._s_m + (speed_mps + (wish - self._s_m) / GAP_SETTLES_S) * dt_s)
        return self._route.pose_at(self._s_m)


class Traffic:
    """A listener that moves the other cars of one episode. A context manager: at its end they are removed."""

    def __init__(self, session: Session, route: Route, stretch_m: tuple[float, float], config: TrafficConfig, random: np.random.Generator) -> None:
        """Place the cars around the start of the stretch (m) of its route that the recorded car may drive on.

        A car ahead needs room beyond the stretch's end, and cars beside need wide lanes.
        """
        start, end = stretch_m
        around = find_neighbours(session.map, route, start, BEHIND_M, AHEAD_M)
        lanes = [lane for lane in (*around.beside, *around.oncoming) if min(lane.lane_width_m.min(), route.lane_width_m.min()) > NARROWEST_M]
        self._cars = list(_draw_cars(lanes, config, random))
        follows = random.random() < config.ahead_share and (route.closed or end + config.gap_m[1] < route.length_m)
        self._leader = _Leader(route, config, random) if follows else None
        poses = [car.lane.pose_at(car.s_m) for car in self._cars]
        if self._leader is not None:
            poses.append(self._leader.advance(start, 0.0, 0.0))
        self._others: OtherCars = session.spawn_others(poses, random)

    def on_tick(self, tick: Tick) -> None:
        """Move all cars to where they are at the next tick."""
        observation = tick.observation
        for car in self._cars:
            car.advance(observation.dt_s, observation.vehicle.pose)
        poses = [car.lane.pose_at(car.s_m) for car in self._cars]
        if self._leader is not None:
            poses.append(self._leader.advance(observation.lane.s_m, observation.vehicle.speed_mps, observation.dt_s))
        self._others.move(poses)

    def __enter__(self) -> Traffic:
        return self

    def __exit__(self, *error: object) -> None:
        self._others.destroy()


def _draw_cars(lanes: list[Route], config: TrafficConfig, random: np.random.Generator) -> Iterator[_Car]:
    """Draw the cars on the lanes beside, each lane with a speed of its own."""
    left = int(random.integers(1, config.most + 1))
    for lane in lanes:
        speed, s = float(random.uniform(*config.speed_mps)), float(random.uniform(0.0, APART_M[1]))
        while s < lane.length_m and left > 0:
            yield _Car(lane, s, speed)
            left -= 1
            s += float(random.uniform(*APART_M))
