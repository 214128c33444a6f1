"""Compiles (the first time) and loads all numerical code before clients come, so that no client's first tick runs into its time-out.

A process that compiled must not serve: numba's fresh code calls functions in other libraries than the code that it loads from its cache does,
and with fastmath these round differently (one grey level in one of a million pixels). `main` of `command` starts over with what was compiled.
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
from driving.world.physics import dynamics as d
from driving.world.weather import PRESETS

LONG_S = 5.0
FREE_AIR_M = 200.0


def warm_up(level: Level) -> bool:
    """Lives through a short episode of its own on a level: two cars that touch, a walker, cameras by day, night and in rain, a lidar, a radar.

    Answers whether any of the code had to be compiled.
    """
    started = time.monotonic()
    episode = Episode(level, itertools.count(1), Streams())
    at = level.spawns[0] if level.spawns else Pose()
    car = episode.spawn(_plain("vehicle.tesla.model3"), at)
    other = episode.spawn(_plain("vehicle.audi.tt"), Pose(at.x_m, at.y_m, at.z_m + FREE_AIR_M))
    episode.spawn(_plain("walker.pedestrian.0001"), Pose(at.x_m, at.y_m, at.z_m + 2.0 * FREE_AIR_M))
    episode.spawn(_plain("sensor.camera.rgb", image_size_x="32", image_size_y="24"), Pose(1.0, 0.0, 1.6), car.id)
    episode.spawn(_plain("sensor.camera.dvs", image_size_x="32", image_size_y="24"), Pose(1.0, 0.0, 1.6), car.id)
    for name in ("sensor.lidar.ray_cast_semantic", "sensor.other.radar"):
        episode.spawn(_plain(name), Pose(1.0, 0.0, 1.6), car.id)
    episode.fleet.state[other.row, [d.X, d.Z]] = at.x_m + 2.0, at.z_m
    for _ in range(2):
        episode.step(0.05)
        episode.fill_records()
    sights = Sights()
    cameras, ranging, (sensor, retina, lidar, radar) = Cameras(sights), Ranging(sights), episode.sensors
    sights.begin(episode)
    ahead = pose_of(episode.others.world[lidar.row])
    ranging.lidar(lidar, packets.SEMANTIC_LIDAR, ahead, 0.05, np.random.default_rng(0))
    ranging.radar(radar, ahead, 0.05, np.random.default_rng(0))
    for weather in ("ClearNoon", "ClearNight", "HardRainSunset"):
        for kind in PICTURES:
            cameras.picture(sensor, kind, ahead, PRESETS[weather], 0.0)
        cameras.events(retina, ahead, PRESETS[weather], 0.0, 0.0, np.random.default_rng(0))
    took_s = time.monotonic() - started
    if took_s > LONG_S:
        log(f"compiled its code in {took_s:.0f} s; this is done once")
    return any(sum(one.stats.cache_misses.values()) for one in _compiled_functions())


def _compiled_functions() -> list[Dispatcher]:
    modules = [module for name, module in sys.modules.items() if name.startswith("driving.")]
    return [one for module in modules for one in vars(module).values() if isinstance(one, Dispatcher)]


def _plain(name: str, **values: str) -> Description:
    blueprint = BY_ID[name]
    return Description(blueprint, {attribute.id: attribute.value for attribute in blueprint.attributes} | values, [])
