"""Compiles (the first time) and loads all numerical code before clients connect, so that no client's first tick meets its time-out.

Most of the time goes into the cameras' code. A forked process compiles it, while this one compiles the rest.

A process that has compiled must not serve. Freshly compiled code calls functions in other libraries than code that numba loads from its cache,
and with fastmath their results round differently (one grey level in one of a million pixels). So `command` starts the process again.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Sequence

import numpy as np
from numba.core.dispatcher import Dispatcher

from driving.interrupts import end_with
from driving.quantities import Pose
from driving.standin.actors.kinds import Sensor
from driving.standin.blueprint_library import BY_ID
from driving.standin.blueprints.description import Description
from driving.standin.episode.levels import Level
from driving.standin.episode.state import Episode
from driving.standin.sensors.table import SENSORS, measure_sensor
from driving.standin.sensors.tick import SensorTick
from driving.standin.wire.log import log
from driving.standin.wire.streams import Streams
from driving.world.physics import dynamics
from driving.world.weather import PRESETS

LONG_S = 5.0  # a longer warm-up is logged
FREE_AIR_M = 200.0  # how high above the first car the other bodies are spawned: nothing is in their way there
MOUNT = Pose(1.0, 0.0, 1.6)
STEP_S = 0.05


def warm_up(level: Level) -> bool:
    """Run a short episode of its own on a level, and return whether any code had to be compiled.

    It has two cars that touch, a walker, and every sensor of the table by day, by night and in rain.
    """
    started_s = time.monotonic()
    episode = Episode(level, itertools.count(1), Streams())
    at = level.spawns[0] if level.spawns else Pose()
    car = episode.spawn(_describe("vehicle.tesla.model3"), at)
    other = episode.spawn(_describe("vehicle.audi.tt"), Pose(at.x_m, at.y_m, at.z_m + FREE_AIR_M))
    episode.spawn(_describe("walker.pedestrian.0001"), Pose(at.x_m, at.y_m, at.z_m + 2.0 * FREE_AIR_M))
    for name in SENSORS:
        small = {"image_size_x": "32", "image_size_y": "24"} if SENSORS[name].is_camera else {}
        episode.spawn(_describe(name, **small), MOUNT, car.id)
    episode.fleet.state[other.row, [dynamics.X, dynamics.Z]] = at.x_m + 2.0, at.z_m
    cameras = [sensor for sensor in episode.sensors if SENSORS[sensor.type_id].is_camera]
    helper = _compile_apart(episode, cameras) if _has_compiled() else None
    for _ in range(2):
        contacts = episode.step(STEP_S)
        episode.fill_records()
    _measure(episode, [sensor for sensor in episode.sensors if sensor not in cameras], contacts)
    if helper is not None:
        os.waitpid(helper, 0)
    _measure(episode, cameras, contacts)
    took_s = time.monotonic() - started_s
    if took_s > LONG_S:
        log(f"compiled the code in {took_s:.0f} s; later starts load it from a cache")
    return _has_compiled()


def _compile_apart(episode: Episode, cameras: Sequence[Sensor]) -> int | None:
    """Fork a process that compiles the cameras' code into the cache, and return its id; None where there is one core only.

    What it does not compile, because it fails or ends, its parent will.
    """
    if len(os.sched_getaffinity(0)) < 2:
        return None
    owner = os.getpid()
    helper = os.fork()
    if helper:
        return helper
    try:
        end_with(owner)
        episode.fill_records()
        _measure(episode, cameras, np.zeros((0, 4)))
    finally:
        os._exit(0)


def _measure(episode: Episode, sensors: Sequence[Sensor], contacts: np.ndarray) -> None:
    """Let the sensors measure by day, by night and in rain. `contacts` are those of `Fleet.step`."""
    for weather in ("ClearNoon", "ClearNight", "HardRainSunset"):
        tick = SensorTick(
            world=episode.sensed,
            number=0,
            synchronous=False,
            no_rendering=False,
            frame=0,
            elapsed_s=0.0,
            delta_s=STEP_S,
            scene_s=0.0,
            weather=PRESETS[weather],
            contacts=contacts,
        )
        for sensor in sensors:
            measure_sensor(sensor, tick)


def _has_compiled() -> bool:
    return any(sum(function.stats.cache_misses.values()) for function in _list_compiled_functions())


def _list_compiled_functions() -> list[Dispatcher]:
    modules = [module for name, module in sys.modules.items() if name.startswith("driving.")]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Dispatcher)]


def _describe(name: str, **values: str) -> Description:
    """Return the description of an actor with the default attributes, except for `values`."""
    blueprint = BY_ID[name]
    return Description(blueprint, {attribute.id: attribute.value for attribute in blueprint.attributes} | values, [])
