"""Pictures of a suite's roads with CARLA's semantic tags, from the middle of the lane: the same ones for every policy.

Shapes: N pictures, Y rows, X columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from driving.evaluation.suite import SuiteConfig
from driving.evaluation.tasks import DriveTask, make_tasks
from driving.evaluation.workers.servers import Address
from driving.simulator.label_camera import LabelCamera
from driving.simulator.process import server_at
from driving.simulator.session import Session, SessionConfig
from driving.world.maps.opendrive import read_map
from driving.world.maps.routes import follow_lane_from
from driving.world.weather import PRESETS
from policy.whole_file import replace_whole

SETTLE_TICKS = 3  # a car that is put on the road rocks for a moment
STILL_MPS = 0.0


@dataclass(frozen=True)
class RoadPictures:
    """What the camera and the semantic camera see at some places of one route."""

    route: str
    images: np.ndarray  # (N, Y, X, 3) uint8 RGB
    tags: np.ndarray  # (N, Y, X) uint8


def take_road_pictures(suite: SuiteConfig, count: int, folder: Path, server: Address | None, say: Callable[[str], None]) -> list[RoadPictures]:
    """Take about `count` pictures, spread evenly over the suite's drives. Those of a route that are in `folder` are not taken again.

    `server` is the address of a CARLA server; None starts a stand-in of our own. Raises SimulatorError where the server fails.
    """
    tasks = list(make_tasks(suite))
    each = max(1, round(count / len(tasks)))
    missing = [task for task in tasks if not _path_of(folder, task, each).is_file()]
    if missing:
        named_host, named_port = (None, None) if server is None else (server.host, server.port)
        with server_at(named_host, named_port, ("--seed", str(suite.seed))) as (host, port):
            with Session(SessionConfig(host, port, dt_s=suite.dt_s)) as session:
                for task in missing:
                    _save(_path_of(folder, task, each), *zip(*_look(session, task, each), strict=True))
                    say(f"{task.name}: {each} pictures with semantic tags")
    return [_load(_path_of(folder, task, each), task.name) for task in tasks]


def _path_of(folder: Path, task: DriveTask, each: int) -> Path:
    return folder / f"{task.name}_{each}_{task.digest()}.npz"


def _save(path: Path, images: tuple[np.ndarray, ...], tags: tuple[np.ndarray, ...]) -> None:
    with replace_whole(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, images=np.stack(images), tags=np.stack(tags))


def _load(path: Path, name: str) -> RoadPictures:
    with np.load(path) as file:
        return RoadPictures(name, file["images"], file["tags"])


def _look(session: Session, task: DriveTask, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the image and its tags at `count` places of a task's route."""
    rules = task.rules
    route = follow_lane_from(read_map(task.road.name, task.road.opendrive), task.route.start, task.route.length_m, task.name)
    session.config = replace(session.config, dt_s=rules.dt_s)
    session.load_opendrive(task.road.name, task.road.opendrive)
    session.set_weather(PRESETS[task.weather])
    ego = session.spawn_ego(route.pose_at(0.0), rules.camera)
    with LabelCamera(session, ego, rules.camera) as labels:
        length_m = min(task.route.length_m, route.length_m)
        for s_m in np.linspace(0.0, length_m, count, endpoint=False):
            ego.teleport(route.pose_at(float(s_m)), STILL_MPS)
            for _ in range(SETTLE_TICKS):
                frame = session.tick()
            yield ego.wait_for_image(frame), labels.wait(frame)
    ego.destroy()
