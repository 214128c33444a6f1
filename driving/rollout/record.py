"""Record a driving log: the disturbed expert, or another driver that labels its frames, drives generated roads, maps from files, or maps that a
server has itself.

Each episode has another place, weather and camera mounting, and perhaps traffic. `record_config` says what is varied and within which ranges;
its seed decides all of it. An episode is complete on the disk when it ends. Its task names the family of its road, so that a training can balance
the families.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from driving.drivers.driver import Driver
from driving.drivers.perturbed import DisturbanceConfig, PerturbedExpert
from driving.interrupts import keep
from driving.logs.episode import Episode
from driving.logs.features import driving_features
from driving.logs.writer import LogWriter
from driving.quantities import CameraSpec, Pose
from driving.rollout.listeners import EpisodeRecorder
from driving.rollout.loop import DriveConfig, drive
from driving.rollout.mounting import draw_camera
from driving.rollout.record_config import RecordConfig
from driving.rollout.tick import Listener, Tick
from driving.rollout.traffic import Traffic
from driving.rollout.turns import StoppedError, Turns
from driving.simulator.ego import EgoVehicle
from driving.simulator.errors import PlaceTakenError
from driving.simulator.session import Session
from driving.world.generated.families import family_of, generate_road
from driving.world.generated.tracks import generate_track
from driving.world.maps.map_text import read_opendrive
from driving.world.maps.route import Route
from driving.world.maps.routes import spread_routes
from driving.world.weather import random_weather

ROUTE_M = 2000.0
ROUTES = 4  # per road
OTHER_STARTS = 8  # that are tried where an episode cannot begin at the place that was drawn
FIRST_TRACK, SEEDS_APART = 100, 1000  # recorded roads are FIRST_TRACK + SEEDS_APART * seed + 0, 1, 2, ...; suites use below 100 or above 8000

Progress = Callable[[int], None]
NewDriver = Callable[[DisturbanceConfig], Driver]


@dataclass(frozen=True)
class _World:
    """One road to record on."""

    number: int  # its place among all roads, which seeds what is drawn on it
    name: str
    opendrive: str | None  # OpenDRIVE text; None for a map that the server has itself
    episodes: int  # how many episodes to record
    episode_s: float  # the length of each (simulated s)


@dataclass(frozen=True)
class _Recording:
    """What all episodes of a recording have in common."""

    config: RecordConfig
    writer: LogWriter
    new_driver: NewDriver
    progress: Progress


def record(
    sessions: Sequence[Session],
    config: RecordConfig,
    out: Path,
    progress: Progress = lambda frames: None,
    new_driver: NewDriver = PerturbedExpert,
) -> int:
    """Record into the log `out`, which is continued if it exists, and return the number of frames. `progress(count)` reports new frames.

    `new_driver` makes the driver of each episode, from the disturbance that the episode may have. Episodes run side by side: each needs its own.

    Each session needs a server of its own. Of N sessions, session k records the roads k, k + N, k + 2 N and so on. What is recorded on a road
    depends on the seed alone. The number of sessions decides only the order of the episodes.

    Raises SimulatorError where a server fails and LogError where the log cannot be written; finished episodes are kept.
    """
    worlds, turns = _make_worlds(config), Turns(len(sessions))
    features = driving_features(config.camera, config.commands)
    with (
        LogWriter(out, features, 1.0 / sessions[0].config.dt_s) as writer,
        ThreadPoolExecutor(len(sessions)) as pool,
    ):

        def report(count: int) -> None:
            turns.check()
            progress(count)

        recording = _Recording(config, writer, new_driver, report)

        def work(worker: int) -> int:
            with turns.take_part(worker):
                session, mine = sessions[worker], worlds[worker :: len(sessions)]
                turn = partial(turns.wait_for, worker)
                return session.watch.call(lambda: sum(_record_world(session, recording, world, turn) for world in mine))

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
    first = FIRST_TRACK + SEEDS_APART * config.seed
    named: list[tuple[str, str | None]] = [
        (f"{family}_{seed}", _generate(config, family, seed)) for family, count in config.families.items() for seed in range(first, first + count)
    ]
    named += [(path.stem, read_opendrive(path)) for path in config.map_files()]
    named += [(name, None) for name in config.server_maps]
    seconds = config.minutes * 60.0 / len(named)
    episodes = max(1, round(seconds / config.episode_s))
    return [_World(number, *one, episodes, seconds / episodes) for number, one in enumerate(named)]


def _generate(config: RecordConfig, family: str, seed: int) -> str:
    """Return the OpenDRIVE text of one generated road. Tracks and streets have the configuration's shapes."""
    shapes = {"track": config.track, "street": config.street}
    return generate_track(seed, shapes[family]) if family in shapes else generate_road(family, seed)


def _record_world(session: Session, recording: _Recording, world: _World, turn: Callable[[], AbstractContextManager[None]]) -> int:
    """Record the episodes of one road and return the number of their frames. `turn()` waits until this session may add an episode to the log."""
    if world.opendrive is None:
        session.load_map(world.name)
    else:
        session.load_opendrive(world.name, world.opendrive)
    writer, config = recording.writer, recording.config
    routes = spread_routes(session.map, ROUTES, ROUTE_M, config.seed, config.commands)
    random = np.random.default_rng((config.seed, 3, world.number))
    frames = 0
    for _ in range(world.episodes):
        route = routes[int(random.integers(len(routes)))]
        with ExitStack() as held:
            episode = held.enter_context(writer.episode(f"keep the lane: {family_of(world.name)}"))
            _drive_episode(session, recording, route, world.episode_s, episode, random)
            frames += episode.length
            with turn():
                held.close()
                keep(f"the log {writer.root} holds {writer.episode_count} finished episodes; record with another --seed to add more")
    return frames


def _drive_episode(session: Session, recording: _Recording, route: Route, seconds: float, episode: Episode, random: np.random.Generator) -> None:
    """Record one episode of `seconds` somewhere on a route. After an error the session's end removes the car."""
    config = recording.config
    own = random.spawn(1)[0]  # the draws of the traffic do not change those of the rest
    has_traffic = bool(own.random() < config.traffic.share)
    if has_traffic:
        near = config.traffic.drift_m
        disturbance = replace(config.disturbance, drift_m=min(config.disturbance.drift_m, near))
        config = replace(config, disturbance=disturbance, start_lateral_m=min(config.start_lateral_m, near))
    speed = float(random.uniform(*config.speed_mps))
    room = route.length_m if route.closed else max(0.0, route.length_m - seconds * speed)
    start = float(random.uniform(0.0, room))
    pose = _shift_pose(route.pose_at(start), config, random)
    camera = draw_camera(config.camera, config.mounting, random)
    ego, start = _spawn_car(session, camera, chain([(pose, start)], _other_starts(route, start, room, random)))
    plan = DriveConfig(max_speed_mps=speed, departure_m=config.departure_m, start_m=start, time_s=seconds, seed=int(random.integers(1 << 31)))
    with ExitStack() as held:
        recorder = EpisodeRecorder(episode, config.camera.width_px, config.camera.height_px, config.commands)
        listeners: list[Listener] = [recorder, _WeatherChanges(session, config, random), _FrameCounter(recording.progress)]
        if has_traffic:
            listeners.append(held.enter_context(Traffic(session, route, (start, start + seconds * speed), config.traffic, own)))
        drive(session, ego, route, recording.new_driver(config.disturbance), plan, listeners)
    ego.destroy()


def _spawn_car(session: Session, camera: CameraSpec, places: Iterable[tuple[Pose, float]]) -> tuple[EgoVehicle, float]:
    """Spawn the car at the first free one of `places`, each a pose and where it lies on the route (m). Return the car and where it is.

    Beside a wall or a parked car, a pose that is shifted and turned may not be free. Raises PlaceTakenError where none is.
    """
    taken: PlaceTakenError | None = None
    for pose, start in places:
        try:
            return session.spawn_ego(pose, camera), start
        except PlaceTakenError as error:
            taken = error
    assert taken is not None
    raise taken


def _other_starts(route: Route, start_m: float, room_m: float, random: np.random.Generator) -> Iterator[tuple[Pose, float]]:
    """Yield starts on the centre line: the one at `start_m`, and then some that are drawn anywhere. Nothing is drawn before it is asked for."""
    yield route.pose_at(start_m), start_m
    own = random.spawn(1)[0]
    for _ in range(OTHER_STARTS):
        start = float(own.uniform(0.0, room_m))
        yield route.pose_at(start), start


class _WeatherChanges:
    """A listener that draws another weather every `weather_s` (simulated s)."""

    def __init__(self, session: Session, config: RecordConfig, random: np.random.Generator) -> None:
        self._session, self._config, self._random = session, config, random
        self._draw()

    def on_tick(self, tick: Tick) -> None:
        self._left_s -= tick.observation.dt_s
        if self._left_s <= 0.0:
            self._draw()

    def _draw(self) -> None:
        self._left_s = self._config.weather_s
        self._session.set_weather(random_weather(self._random, self._config.low_sun_share))


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
