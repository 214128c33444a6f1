"""Recording a driving log: the disturbed expert on generated tracks (or maps), each episode in another weather, place and camera mounting.

What is varied and within which ranges stands in `RecordConfig`; a seed decides all of it. Each episode is whole on the disk when it ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from driving.drivers.perturbed import DisturbanceConfig, PerturbedExpert
from driving.logs.episode import Episode
from driving.logs.features import driving_features
from driving.logs.writer import LogWriter
from driving.quantities import CameraSpec, Observation, Pose, UserError
from driving.rollout.listeners import EpisodeRecorder
from driving.rollout.loop import DriveConfig, drive
from driving.rollout.turns import StoppedError, Turns
from driving.simulator.session import Session
from driving.world.maps.routes import Route, spread_routes
from driving.world.maps.tracks import TrackConfig, generate_track, street
from driving.world.weather import random_weather

ROUTE_M = 2000.0
FIRST_TRACK = 100  # recorded tracks are FIRST_TRACK + 1000 * seed + 0, 1, 2, ...; suites use seeds below 100 or above 8000
SHORTEST_S = 5.0


@dataclass
class RecordConfig:
    """What to record.

    Args:
        tracks: how many generated tracks.
        streets: how many generated streets with sharp corners and pavements, beside the tracks. Corners need many: with a fifth of the roads
            streets, neighbouring trainings drove 4 km of Town01 and Town02 with 2 to 10 departures, with nearly half streets with none.
        minutes: how long to drive in all (simulated minutes).
        episode_s: how long an episode is (simulated s).
        weather_s: the weather changes that often (simulated s): a minute of one weather teaches little more than a few seconds of it.
        seed: decides tracks, places, weathers, disturbances, cameras.
        maps: OpenDRIVE files to record on as well, taking their share of the time.
        speed_mps: range of the speed aimed at on straight road (m/s).
        start_lateral_m: an episode starts up to so far off the centre line (m).
        start_heading_rad: and turned by up to so much from it (rad).
        mount_m: the camera stands up to so far from its place, sideways and in height (m).
        mount_rad: and is pitched and turned by up to so much (rad).
        camera: the image and its nominal mounting.
        disturbance: what is added to the expert's steering.
        track: what generated tracks are like.
        street: what generated streets are like.
    """

    tracks: int = 3
    streets: int = 0
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
    street: TrackConfig = field(default_factory=street)

    def __post_init__(self) -> None:
        """Raises UserError for values that nothing could be recorded with."""
        if self.minutes <= 0 or self.episode_s < SHORTEST_S:
            raise UserError(
                f"minutes is {self.minutes} and episode_s {self.episode_s}: give more than 0 minutes, and {SHORTEST_S:.0f} s or more an episode"
            )
        if min(self.tracks, self.streets) < 0 or (self.tracks + self.streets == 0 and not self.maps):
            raise UserError(
                f"tracks is {self.tracks}, streets {self.streets} and there are {len(self.maps)} maps: name at least one road to record on"
            )
        if self.seed < 0:
            raise UserError(f"seed is {self.seed}: give 0 or more")


Progress = Callable[[int], None]


@dataclass(frozen=True)
class _World:
    """One road to record on: its OpenDRIVE text, and how many episodes of how many simulated seconds."""

    number: int
    name: str
    opendrive: str
    episodes: int
    episode_s: float


def record(sessions: Sequence[Session], config: RecordConfig, out: Path, progress: Progress = lambda frames: None) -> int:
    """Records into the log `out` (continued if it is one); returns the number of frames. `progress` hears of every frame.

    Each session, of a server of its own, takes every so many-th road. What is recorded on a road depends on the seed alone; how many
    sessions there are decides the order of the episodes, nothing else does.
    """
    worlds, turns = _worlds(config), Turns(len(sessions))
    with LogWriter(out, driving_features(config.camera), 1.0 / sessions[0].config.dt_s) as writer, ThreadPoolExecutor(len(sessions)) as pool:

        def told(count: int) -> None:
            turns.check()
            progress(count)

        def work(worker: int) -> int:
            with turns.part(worker):
                mine = worlds[worker :: len(sessions)]
                return sum(_record_world(sessions[worker], config, world, writer, lambda: turns.of(worker), told) for world in mine)

        jobs = [pool.submit(work, worker) for worker in range(len(sessions))]
        try:
            wait(jobs, return_when=FIRST_EXCEPTION)
        finally:  # also when interrupted
            turns.stop()
        errors = [error for error in (job.exception() for job in jobs) if error is not None]
        for error in sorted(errors, key=lambda one: isinstance(one, StoppedError)):
            raise error
        return sum(job.result() for job in jobs)


def _worlds(config: RecordConfig) -> list[_World]:
    first = FIRST_TRACK + 1000 * config.seed
    named = [(f"track_{seed}", generate_track(seed, config.track)) for seed in range(first, first + config.tracks)]
    named += [(f"street_{seed}", generate_track(seed, config.street)) for seed in range(first, first + config.streets)]
    named += [(Path(path).stem, Path(path).read_text()) for path in config.maps]
    seconds = config.minutes * 60.0 / len(named)
    episodes = max(1, round(seconds / config.episode_s))
    return [_World(number, *one, episodes, seconds / episodes) for number, one in enumerate(named)]


def _record_world(
    session: Session, config: RecordConfig, world: _World, writer: LogWriter, turn: Callable[[], AbstractContextManager[None]], progress: Progress
) -> int:
    """The episodes on one road; the number of their frames. `turn()` waits until this session may add an episode to the log."""
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
    return frames


def _drive_episode(
    session: Session, config: RecordConfig, route: Route, seconds: float, episode: Episode, random: np.random.Generator, progress: Progress
) -> None:
    """One episode somewhere on a route."""
    speed = float(random.uniform(*config.speed_mps))
    room = route.length_m if route.closed else max(0.0, route.length_m - seconds * speed)
    start = float(random.uniform(0.0, room))
    ego = session.spawn_ego(_beside(route.pose_at(start), config, random), _mounted(config, random))
    plan = DriveConfig(max_speed_mps=speed, departure_m=4.0, start_m=start, time_s=seconds, seed=int(random.integers(1 << 31)))
    try:
        weathers = _Weathers(session, config.weather_s, random)
        drive(session, ego, route, PerturbedExpert(config.disturbance), plan, [EpisodeRecorder(episode), weathers, _Told(progress)])
    finally:
        ego.destroy()


class _Weathers:
    """Changes the weather every so many seconds."""

    def __init__(self, session: Session, every_s: float, random: np.random.Generator) -> None:
        self._session, self._every_s, self._random = session, every_s, random
        self._left_s = every_s
        session.set_weather(random_weather(random))

    def tick(self, observation: Observation, *_: object) -> None:
        self._left_s -= observation.dt_s
        if self._left_s <= 0.0:
            self._left_s = self._every_s
            self._session.set_weather(random_weather(self._random))


class _Told:
    """Reports each tick as one frame of progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def tick(self, *_: object) -> None:
        self._progress(1)


def _beside(pose: Pose, config: RecordConfig, random: np.random.Generator) -> Pose:
    """A pose a little off the centre line and turned."""
    aside, turn = float(random.uniform(-1, 1)) * config.start_lateral_m, float(random.uniform(-1, 1)) * config.start_heading_rad
    return replace(pose, x_m=pose.x_m - math.sin(pose.yaw_rad) * aside, y_m=pose.y_m + math.cos(pose.yaw_rad) * aside, yaw_rad=pose.yaw_rad + turn)


def _mounted(config: RecordConfig, random: np.random.Generator) -> CameraSpec:
    """The camera, mounted as carelessly as cameras are."""
    mount, (aside, up, pitch, yaw) = config.camera.mount, random.uniform(-1, 1, 4)
    moved = replace(
        mount,
        y_m=mount.y_m + aside * config.mount_m,
        z_m=mount.z_m + up * config.mount_m,
        pitch_rad=mount.pitch_rad + pitch * config.mount_rad,
        yaw_rad=mount.yaw_rad + yaw * config.mount_rad,
    )
    return replace(config.camera, mount=moved)
