"""The one loop of all driving: observe, act, apply, tick. Recording, evaluation and viewing listen to it and read its trace.

A car that is further than `departure_m` from the centre line has departed from its lane. The trace marks that tick, and the loop puts the car
back on the centre line, two seconds of driving further on, as a safety driver would.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from driving.drivers.driver import DriveContext, Driver
from driving.drivers.expert import Expert
from driving.quantities import Observation
from driving.rollout.disturbance import Disturbance
from driving.rollout.tick import Listener, Tick
from driving.rollout.trace import Trace, TraceRecorder
from driving.simulator.ego import Collision, EgoVehicle
from driving.simulator.session import Session
from driving.world.maps.route import LaneTracker, Route

PUT_BACK_S = 2.0
SLOWEST_MPS = 3.0  # a car that is put back rolls at least this fast
STUCK_MPS, STUCK_S = 0.3, 8.0  # a car that is slower than this for longer than this does not come on
HIT_BEFORE_S = 3.0  # a car that hit something within this time before it stood, or since, has collided; else it is stuck
END_MARGIN_M = 2.0  # a drive ends this far before the end of its route

EndReason = Literal["finished", "time is up", "stuck", "collided"]


@dataclass
class DriveConfig:
    """One drive.

    Args:
        max_speed_mps: the target speed of the speed control on straight road (m/s).
        departure_m: the distance from the centre line beyond which the car has departed (m).
        start_m: where on the route the car stands at the start (m).
        length_m: how far to drive (m); None for the rest of the route.
        time_s: when to stop (simulated s); None for no limit, so that only a stuck car stops early.
        seed: decides what the driver draws at random.
    """

    max_speed_mps: float = 11.0
    departure_m: float = 2.0
    start_m: float = 0.0
    length_m: float | None = None
    time_s: float | None = None
    seed: int = 0


def drive(
    session: Session,
    ego: EgoVehicle,
    route: Route,
    driver: Driver,
    config: DriveConfig,
    listeners: Sequence[Listener] = (),
    disturbance: Disturbance | None = None,
) -> Trace:
    """Drive a car that stands at its start along a route, and return the trace.

    Driver and listeners get the image as the disturbance has changed it. The trace has the driver's control, and the steer that acted on the car.
    The trace's meta has the driver, the route and the reason why the drive ended. Raises SimulatorError where the server fails.
    """
    recorder = TraceRecorder()
    disturbance = disturbance or Disturbance()
    step_s = session.config.dt_s * disturbance.ticks_per_step
    context, expert = DriveContext(route, ego.bicycle, step_s, config.max_speed_mps, config.seed), Expert()
    driver.reset(context)
    expert.reset(context)
    rest = route.length_m if route.closed else route.length_m - END_MARGIN_M - config.start_m
    length = min(config.length_m or rest, float("inf") if route.closed else rest)
    tracker, start_s, slow_s, last_s, tick_s = LaneTracker(route, config.start_m), None, 0.0, 0.0, 0.0
    reason: EndReason | None = None
    hits: list[Collision] = []
    disturbance.start(ego)
    frame = session.tick()
    while reason is None:
        vehicle = ego.read_state(frame)
        dt = step_s if start_s is None else vehicle.time_s - last_s
        start_s = vehicle.time_s if start_s is None else start_s
        last_s, elapsed_s = vehicle.time_s, vehicle.time_s - start_s
        lane = tracker.locate(vehicle.pose)
        label = expert.control(vehicle, lane, dt)  # what the expert would do here, for the trace; the server renders meanwhile
        image = disturbance.change_image(ego.wait_for_image(frame), elapsed_s)
        observation = Observation(vehicle, dt, image, lane, route.command_at(lane.s_m))
        began = time.perf_counter()
        action = driver.act(observation)
        act_s = time.perf_counter() - began
        departed = abs(lane.lateral_m) > config.departure_m
        applied = disturbance.change_control(action.control, elapsed_s)
        tick = Tick(observation, action if action.label else replace(action, label=label), applied, departed, act_s, tick_s)
        for listener in listeners:
            listener.on_tick(tick)
        slow_s = slow_s + dt if abs(vehicle.speed_mps) < STUCK_MPS else 0.0
        if lane.s_m - config.start_m >= length:
            reason = "finished"
        elif config.time_s is not None and elapsed_s >= config.time_s:
            reason = "time is up"
        elif slow_s > STUCK_S:
            hits = [hit for hit in ego.collisions if hit.frame > frame - (STUCK_S + HIT_BEFORE_S) / session.config.dt_s]
            reason = "collided" if hits else "stuck"
        ego.apply(applied)
        if departed and reason is None:
            _put_back(ego, route, tracker, lane.s_m, max(SLOWEST_MPS, vehicle.speed_mps))
        began = time.perf_counter()
        for _ in range(disturbance.count_ticks()):
            disturbance.before_tick(ego, elapsed_s)
            frame = session.tick()
        tick_s = time.perf_counter() - began
        recorder.on_tick(tick)  # only now, because the server renders meanwhile
    columns = recorder.columns(driver.time_constants())
    meta = {"driver": driver.name, "route": route.name, "route_length_m": length, "dt_s": step_s, "end_reason": reason}
    meta |= {"collided_with": sorted({hit.other for hit in hits})} if reason == "collided" else {}
    meta |= {
        "collisions": _list_collisions(ego, columns["frame"]),
        "departure_m": config.departure_m,
        "max_speed_mps": config.max_speed_mps,
        "seed": config.seed,
        "neurons": driver.neurons(),
    }
    return Trace(columns, meta, route)


def _list_collisions(ego: EgoVehicle, frame_T: np.ndarray) -> list[dict[str, int | str]]:
    """Return what the car touched until each of the drive's ticks: {"tick", "with"} in order, each type once per tick."""
    touched = {(int(np.searchsorted(frame_T, hit.frame)), hit.other) for hit in tuple(ego.collisions)}
    return [{"tick": tick, "with": other} for tick, other in sorted(touched) if tick < len(frame_T)]


def _put_back(ego: EgoVehicle, route: Route, tracker: LaneTracker, s_m: float, speed_mps: float) -> None:
    """Put the car on the centre line, PUT_BACK_S of driving beyond `s_m`, rolling at `speed_mps`."""
    further = s_m + PUT_BACK_S * speed_mps
    ego.teleport(route.pose_at(further), speed_mps)
    tracker.reset(further)
