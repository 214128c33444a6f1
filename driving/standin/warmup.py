"""Compiles (the first time) and loads all numerical code before clients connect, so that no client's first tick meets its time-out.

A process that has compiled must not serve. Freshly compiled code calls functions in other libraries than code that numba loads from its cache,
and with fastmath their results round differently (one grey level in one of a million pixels). So `command` starts the process again.
"""

from __future__ import annotations

import itertools
import sys
import time

import numpy as np
from numba.core.dispatcher import Dispatcher

from driving.quantities import Pose
from driving.standin.blueprints.library import BY_ID, Description
from driving.standin.episode.levels import Level
from driving.standin.episode.state import Episode
from driving.standin.sensors.cameras import PICTURES, Cameras
from driving.standin.sensors.ranging import Ranging
from driving.standin.sensors.visible_bodies import Sights
from driving.standin.wire import packets
from driving.standin.wire.event_loop import log
from driving.standin.wire.streams import Streams
from driving.world.geometry.rotations import pose_of
from driving.world.physics import dynamics
from driving.world.weather import PRESETS

LONG_S = 5.0  # a longer warm-up is logged
FREE_AIR_M = 200.0  # so high above the first car the others are spawned, where nothing is in their way
MOUNT = Pose(1.0, 0.0, 1.6)
STEP_S = 0.05


def warm_up(level: Level) -> bool:
    """Run a short episode of its own on a level, and return whether any code had to be compiled.

    It has two cars that touch, a walker, cameras by day, by night and in rain, a lidar and a radar.
    """
    started_s = time.monotonic()
    episode = Episode(level, itertools.count(1), Streams())
    at = level.spawns[0] if level.spawns else Pose()
    car = episode.spawn(_describe("vehicle.tesla.model3"), at)
    other = episode.spawn(_describe("vehicle.audi.tt"), Pose(at.x_m, at.y_m, at.z_m + FREE_AIR_M))
    episode.spawn(_describe("walker.pedestrian.0001"), Pose(at.x_m, at.y_m, at.z_m + 2.0 * FREE_AIR_M))
    episode.spawn(_describe("sensor.camera.rgb", image_size_x="32", image_size_y="24"), MOUNT, car.id)
    episode.spawn(_describe("sensor.camera.dvs", image_size_x="32", image_size_y="24"), MOUNT, car.id)
    for name in ("sensor.lidar.ray_cast_semantic", "sensor.other.radar"):
        episode.spawn(_describe(name), MOUNT, car.id)
    episode.fleet.state[other.row, [dynamics.X, dynamics.Z]] = at.x_m + 2.0, at.z_m
    for _ in range(2):
        episode.step(STEP_S)
        episode.fill_records()
    sights = Sights()
    cameras, ranging, (sensor, retina, lidar, radar) = Cameras(sights), Ranging(sights), episode.sensors
    sights.begin(episode)
    ahead = pose_of(episode.others.world[lidar.row])
    ranging.lidar(lidar, packets.SEMANTIC_LIDAR, ahead, STEP_S, np.random.default_rng(0))
    ranging.radar(radar, ahead, STEP_S, np.random.default_rng(0))
    for weather in ("ClearNoon", "ClearNight", "HardRainSunset"):
        for kind in PICTURES:
            cameras.picture(sensor, kind, ahead, PRESETS[weather], 0.0)
        cameras.events(retina, ahead, PRESETS[weather], 0.0, 0.0, np.random.default_rng(0))
    took_s = time.monotonic() - started_s
    if took_s > LONG_S:
        log(f"compiled the code in {took_s:.0f} s; later starts load it from a cache")
    return any(sum(function.stats.cache_misses.values()) for function in _list_compiled_functions())


def _list_compiled_functions() -> list[Dispatcher]:
    modules = [module for name, module in sys.modules.items() if name.startswith("driving.")]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Dispatcher)]


def _describe(name: str, **values: str) -> Description:
    """Return the description of an actor with the default attributes, except for `values`."""
    blueprint = BY_ID[name]
    return Description(blueprint, {attribute.id: attribute.value for attribute in blueprint.attributes} | values, [])
