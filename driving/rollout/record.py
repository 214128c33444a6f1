"""Record a driving log: the disturbed expert drives generated tracks (or maps).

Each episode has another place, weather and camera mounting. `RecordConfig` says what is varied and within which ranges; its seed decides all
of it. An episode is complete on the disk when it ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from driving.drivers.perturbed import DisturbanceConfig, PerturbedExpert
from driving.interrupts import keep
from driving.logs.episode import Episode
from driving.logs.features import driving_features
from driving.logs.writer import LogWriter
from driving.quantities import CameraSpec, Pose, UserError
from driving.rollout.listeners import EpisodeRecorder
from driving.rollout.loop import DriveConfig, drive
from driving.rollout.tick import Tick
from driving.rollout.turns import StoppedError, Turns
from driving.simulator.session import Session
from driving.world.generated.families import check_family, generate_road
from driving.world.generated.tracks import TrackConfig, generate_track, street_config
from driving.world.maps.map_text import read_opendrive
from driving.world.maps.route import Route
from driving.world.maps.routes import spread_routes
from driving.world.weather import random_weather

ROUTE_M = 2000.0
FIRST_TRACK = 100  # recorded tracks are FIRST_TRACK + 1000 * seed + 0, 1, 2, ...; suites use seeds below 100 or above 8000
SHORTEST_S = 5.0


@dataclass
class RecordConfig:
    """What to record.

    Args:
        tracks: the number of generated tracks.
        streets: the number of generated streets, which have sharp corners and pavements. A policy needs many of them to learn corners: with a
            fifth of the roads streets, policies drove 4 km of Town01 and Town02 with 2 to 10 departures; with nearly half of them, with none.
        families: the number of generated roads of each further family: rural, town, motorway, merging, two_plus_one.
        minutes: how long to drive in total (simulated minutes).
        episode_s: the length of an episode (simulated s).
        weather_s: how long one weather lasts (simulated s). A minute of one weather teaches little more than a few seconds of it.
        seed: decides tracks, places, weathers, disturbances and cameras.
        maps: OpenDRIVE files to record on as well; each takes the same share of the time as a track.
        speed_mps: the range of the target speed on straight road (m/s).
        start_lateral_m: the largest distance from the centre line at an episode's start (m).
        start_heading_rad: the largest heading error at an episode's start (rad).
        mount_m: the largest shift of the camera from its nominal place, sideways and in height (m).
        mount_rad: the largest turn of the camera from its nominal pose, in pitch and yaw (rad).
        camera: the image and the nominal mounting.
        disturbance: what is added to the expert's steer.
        track: the shape of generated tracks.
        street: the shape of generated streets.
    """

    tracks: int = 3
    streets: int = 0
    families: dict[str, int] = field(default_factory=dict)
    minutes: float = 5.0
    episode_s: float = 30.0
    weather_s: float = 4.0
    seed: int = 0
    maps: list[Path] = field(default_factory=list)
    speed_mps: tuple[float, float] = (8.0, 13.0)
    start_lateral_m: float = 1.0
    start_heading_rad: float = 0.08
    mount_m: float = 0.08
    mount_rad: float = 0.015
    camera: CameraSpec = field(default_factory=CameraSpec)
    disturbance: DisturbanceConfig = field(default_factory=DisturbanceConfig)
    track: TrackConfig = field(default_factory=TrackConfig)
    street: TrackConfig = field(default_factory=street_config)

    def __post_init__(self) -> None:
        """Check the values. Raises UserError for those with which nothing could be recorded."""
        if self.minutes <= 0 or self.episode_s < SHORTEST_S:
            raise UserError(
                f"minutes is {self.minutes} and episode_s {self.episode_s}: give more than 0 minutes, and at least {SHORTEST_S:.0f} s per episode"
            )
        for family in self.families:
            check_family(family)
        counts = (self.tracks, self.streets, *self.families.values(), len(self.maps))
        if min(counts) < 0 or sum(counts) == 0:
            raise UserError(
                f"tracks is {self.tracks}, streets is {self.streets}, families is {self.families} and there are {len(self.maps)} maps: "
                "give at least one road to record on"
            )
        if self.seed < 0:
            raise UserError(f"seed is {self.seed}: give 0 or more")


Progress = Callable[[int], None]


@dataclass(frozen=True)
class _World:
    """One road to record on."""

    number: int  # its place among all roads, which seeds what is drawn on it
    name: str
    opendrive: str  # OpenDRIVE text
    episodes: int  # how many episodes to record
    episode_s: float  # the length of each (simulated s)


def record(sessions: Sequence[Session], config: RecordConfig, out: Path, progress: Progress = lambda frames: None) -> int:
    """Record into the log `out`, which is continued if it exists, and return the number of frames. `progress(count)` reports new frames.

    Each session needs a server of its own. Of N sessions, session k records the roads k, k + N, k + 2 N and so on. What is recorded on a road
    depends on the seed alone. The number of sessions decides only the order of the episodes.

    Raises SimulatorError where a server fails and LogError where the log cannot be written; finished episodes are kept.
    """
    worlds, turns = _make_worlds(config), Turns(len(sessions))
    with LogWriter(out, driving_features(config.camera), 1.0 / sessions[0].config.dt_s) as writer, ThreadPoolExecutor(len(sessions)) as pool:

        def report(count: int) -> None:
            turns.check()
            progress(count)

        def work(worker: int) -> int:
            with turns.take_part(worker):
                session, mine = sessions[worker], worlds[worker :: len(sessions)]
                turn = partial(turns.wait_for, worker)
                return session.watch.call(lambda: sum(_record_world(session, config, world, writer, turn, report) for world in mine))

        jobs = [pool.submit(work, worker) for worker in range(len(sessions))]
        try:
            wait(jobs, return_when=FIRST_EXCEPTION)
        finally:  # also when interrupted
            turns.stop()
        errors = [error for error in (job.exception() for job in jobs) if error is not None]
        for error in sorted(errors, key=lambda one: isinstance(one, StoppedError)):
            raise error
        return sum(job.result() for job in jobs)


def _make_worlds(config: RecordConfig) -> list[_World]:
    """Return the roads to record on, with equal shares of the time."""
    first = FIRST_TRACK + 1000 * config.seed
    named = [(f"track_{seed}", generate_track(seed, config.track)) for seed in range(first, first + config.tracks)]
    named += [(f"street_{seed}", generate_track(seed, config.street)) for seed in range(first, first + config.streets)]
    named += [(f"{family}_{seed}", generate_road(family, seed)) for family, count in config.families.items() for seed in range(first, first + count)]
    named += [(Path(path).stem, read_opendrive(Path(path))) for path in config.maps]
    seconds = config.minutes * 60.0 / len(named)
    episodes = max(1, round(seconds / config.episode_s))
    return [_World(number, *one, episodes, seconds / episodes) for number, one in enumerate(named)]


def _record_world(
    session: Session, config: RecordConfig, world: _World, writer: LogWriter, turn: Callable[[], AbstractContextManager[None]], progress: Progress
) -> int:
    """Record the episodes of one road and return the number of their frames. `turn()` waits until this session may add an episode to the log."""
    session.load_opendrive(world.name, world.opendrive)
    routes = spread_routes(session.map, 4, ROUTE_M, config.seed)
    random = np.random.default_rng((config.seed, 3, world.number))
    frames = 0
    for _ in range(world.episodes):
        route = routes[int(random.integers(len(routes)))]
        with ExitStack() as held:
            episode = held.enter_context(writer.episode())
            _drive_episode(session, config, route, world.episode_s, episode, random, progress)
            frames += episode.length
            with turn():
                held.close()
                keep(f"the log {writer.root} holds {writer.episode_count} finished episodes; record with another --seed to add more")
    return frames


def _drive_episode(
    session: Session, config: RecordConfig, route: Route, seconds: float, episode: Episode, random: np.random.Generator, progress: Progress
) -> None:
    """Record one episode of `seconds` somewhere on a route. After an error the session's end removes the car."""
    speed = float(random.uniform(*config.speed_mps))
    room = route.length_m if route.closed else max(0.0, route.length_m - seconds * speed)
    start = float(random.uniform(0.0, room))
    ego = session.spawn_ego(_shift_pose(route.pose_at(start), config, random), _shift_camera(config, random))
    plan = DriveConfig(max_speed_mps=speed, departure_m=4.0, start_m=start, time_s=seconds, seed=int(random.integers(1 << 31)))
    weathers = _WeatherChanges(session, config.weather_s, random)
    drive(session, ego, route, PerturbedExpert(config.disturbance), plan, [EpisodeRecorder(episode), weathers, _FrameCounter(progress)])
    ego.destroy()


class _WeatherChanges:
    """A listener that draws another weather every `every_s` (simulated s)."""

    def __init__(self, session: Session, every_s: float, random: np.random.Generator) -> None:
        self._session, self._every_s, self._random = session, every_s, random
        self._left_s = every_s
        session.set_weather(random_weather(random))

    def on_tick(self, tick: Tick) -> None:
        self._left_s -= tick.observation.dt_s
        if self._left_s <= 0.0:
            self._left_s = self._every_s
            self._session.set_weather(random_weather(self._random))


class _FrameCounter:
    """A listener that reports each tick as one frame."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_tick(self, tick: Tick) -> None:
        self._progress(1)


def _shift_pose(pose: Pose, config: RecordConfig, random: np.random.Generator) -> Pose:
    """Draw a pose a little beside `pose` and turned from it."""
    aside, turn = float(random.uniform(-1, 1)) * config.start_lateral_m, float(random.uniform(-1, 1)) * config.start_heading_rad
    return replace(pose, x_m=pose.x_m - math.sin(pose.yaw_rad) * aside, y_m=pose.y_m + math.cos(pose.yaw_rad) * aside, yaw_rad=pose.yaw_rad + turn)


def _shift_camera(config: RecordConfig, random: np.random.Generator) -> CameraSpec:
    """Draw a mounting of the camera near its nominal one, as two cars of one model have it."""
    mount, (aside, up, pitch, yaw) = config.camera.mount, random.uniform(-1, 1, 4)
    moved = replace(
        mount,
        y_m=mount.y_m + aside * config.mount_m,
        z_m=mount.z_m + up * config.mount_m,
        pitch_rad=mount.pitch_rad + pitch * config.mount_rad,
        yaw_rad=mount.yaw_rad + yaw * config.mount_rad,
    )
    return replace(config.camera, mount=moved)
