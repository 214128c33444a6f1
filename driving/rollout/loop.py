"""The one loop of all driving: observe, act, apply, tick. Recording, evaluation and viewing listen to it and read its trace.

Departures: further than `departure_m` from the centre line the car has left its lane; the trace marks the tick, and the car is put back on
the centre line two seconds of driving further on, as a safety driver would bring it back.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from driving.drivers.driver import Action, DriveContext, Driver
from driving.drivers.expert import Expert
from driving.quantities import Observation
from driving.rollout.trace import Trace, TraceRecorder
from driving.simulator.ego import EgoVehicle
from driving.simulator.session import Session
from driving.world.maps.routes import LaneTracker, Route

PUT_BACK_S = 2.0
SLOWEST_MPS = 3.0
STUCK_MPS, STUCK_S = 0.3, 8.0
END_MARGIN_M = 2.0


@dataclass
class DriveConfig:
    """One drive.

    Args:
        max_speed_mps: the speed that the speed control aims at on straight road (m/s).
        departure_m: beyond this distance from the centre line the car has departed (m).
        start_m: where along the route the car stands at the start (m).
        length_m: how far to drive (m); None for the rest of the route.
        time_s: when to stop (simulated s); None for no limit but being stuck.
        seed: decides what the driver draws.
    """

    max_speed_mps: float = 11.0
    departure_m: float = 2.0
    start_m: float = 0.0
    length_m: float | None = None
    time_s: float | None = None
    seed: int = 0


class Listener(Protocol):
    """Something that is told of every tick of a drive."""

    def tick(self, observation: Observation, action: Action, departed: bool, act_s: float, tick_s: float) -> None:
        """One tick: what was seen, what was answered, whether the car had departed, wall times of driver and simulator (s)."""
        ...


def drive(session: Session, ego: EgoVehicle, route: Route, driver: Driver, config: DriveConfig, listeners: Sequence[Listener] = ()) -> Trace:
    """Drives a car that stands at its start along a route; the trace's meta holds driver, route and how it ended."""
    recorder = TraceRecorder()
    everyone: list[Listener] = [recorder, *listeners]
    context, expert = DriveContext(route, ego.bicycle, session.config.dt_s, config.max_speed_mps, config.seed), Expert()
    driver.reset(context)
    expert.reset(context)
    rest = route.length_m if route.closed else route.length_m - END_MARGIN_M - config.start_m
    length = min(config.length_m or rest, float("inf") if route.closed else rest)
    tracker, start_s, slow_s, last_s, tick_s = LaneTracker(route, config.start_m), None, 0.0, 0.0, 0.0
    reason = ""
    frame = session.tick()
    while not reason:
        vehicle, image = ego.observe(frame)
        dt = session.config.dt_s if start_s is None else vehicle.time_s - last_s
        start_s = vehicle.time_s if start_s is None else start_s
        last_s = vehicle.time_s
        lane = tracker.locate(vehicle.pose)
        observation = Observation(vehicle, dt, image, lane)
        began = time.perf_counter()
        action = driver.act(observation)
        act_s = time.perf_counter() - began
        if action.label is None:  # what the expert would have done here, for the trace
            action = replace(action, label=expert.act(observation).label)
        departed = abs(lane.lateral_m) > config.departure_m
        for listener in everyone:
            listener.tick(observation, action, departed, act_s, tick_s)
        slow_s = slow_s + dt if abs(vehicle.speed_mps) < STUCK_MPS else 0.0
        reason = _end(lane.s_m - config.start_m, length, vehicle.time_s - start_s, slow_s, config)
        ego.apply(action.control)
        if departed and not reason:
            _put_back(ego, route, tracker, lane.s_m, max(SLOWEST_MPS, vehicle.speed_mps))
        began = time.perf_counter()
        frame = session.tick()
        tick_s = time.perf_counter() - began
    meta = {"driver": driver.name, "route": route.name, "route_length_m": length, "dt_s": session.config.dt_s, "end_reason": reason}
    meta |= {"departure_m": config.departure_m, "max_speed_mps": config.max_speed_mps, "seed": config.seed, "neurons": driver.neurons()}
    return Trace(recorder.columns(), meta, route)


def _end(driven_m: float, length_m: float, elapsed_s: float, slow_s: float, config: DriveConfig) -> str:
    """Why the drive ends now, or "" while it goes on."""
    if driven_m >= length_m:
        return "finished"
    if config.time_s is not None and elapsed_s >= config.time_s:
        return "time is up"
    return "stuck" if slow_s > STUCK_S else ""


def _put_back(ego: EgoVehicle, route: Route, tracker: LaneTracker, s_m: float, speed_mps: float) -> None:
    further = s_m + PUT_BACK_S * speed_mps
    ego.teleport(route.pose_at(further), speed_mps)
    tracker.reset(further)
