"""Drive one task of a suite in a session, and name a driver so that another process can make it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from driving.drivers.driver import Driver
from driving.drivers.expert import Expert
from driving.drivers.exported import ExportedDriver
from driving.drivers.learned import LearnedDriver, checkpoint_folder
from driving.evaluation.disturbances.kinds import describe_disturbance
from driving.evaluation.tasks import DriveTask
from driving.quantities import UserError
from driving.rollout.loop import DriveConfig, drive
from driving.rollout.tick import Listener
from driving.rollout.trace import Trace
from driving.simulator.session import Session
from driving.world.maps.opendrive import read_map
from driving.world.maps.routes import follow_lane_from
from driving.world.weather import PRESETS
from policy.lesion import lesion_policy
from policy.network import DESCRIPTION, WEIGHTS, load_policy
from policy.runtime import SUFFIX, ExportedPolicy
from policy.whole_file import write_bytes

DriverKind = Literal["policy", "expert"]


@dataclass(frozen=True)
class DriverReference:
    """A driver by name: plain values, from which any process makes the driver itself."""

    kind: DriverKind = "policy"
    checkpoint: Path | None = None  # of a policy: a training run, its checkpoint folder, or a .onnx file
    threads: int = 1  # of the network's arithmetic
    lesion: tuple[str, ...] = ()  # what the policy drives without, see `policy.lesion`

    def __post_init__(self) -> None:
        """Raises UserError for a policy without a checkpoint, for a folder that holds none, and for a lesion of something else than a checkpoint."""
        if self.kind == "policy" and self.checkpoint is None:
            raise UserError("no --checkpoint: give a training run to drive with, or --driver expert")
        if self.lesion and (self.checkpoint is None or self.checkpoint.suffix == SUFFIX):
            raise UserError(f"the lesion {', '.join(self.lesion)} needs the policy's weights: give a training run with --checkpoint")
        self._files()

    def _files(self) -> list[Path]:
        """Return the files that make the policy."""
        if self.kind == "expert" or self.checkpoint is None:
            return []
        if self.checkpoint.suffix == SUFFIX:
            return [self.checkpoint]
        folder = checkpoint_folder(self.checkpoint)
        return [folder / WEIGHTS, folder / DESCRIPTION]

    def digest(self) -> str:
        """Return a digest of the driver's content, such as the policy's weights. Raises OSError where the policy cannot be read."""
        parts = [self.kind.encode(), *(file.read_bytes() for file in self._files()), *(word.encode() for word in self.lesion)]
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]

    def read_files(self) -> dict[str, bytes]:
        """Return the files that make the policy, by name. With them `write_files` makes the same driver on another machine."""
        return {file.name: file.read_bytes() for file in self._files()}

    def write_files(self, files: Mapping[str, bytes], folder: Path) -> DriverReference:
        """Write the files into a folder, and return the driver that they make there."""
        for name, content in files.items():
            write_bytes(folder / name, content)
        exported = [folder / name for name in files if name.endswith(SUFFIX)]
        return replace(self, checkpoint=(exported or [folder])[0] if files else None)

    def load(self) -> Driver:
        """Make the driver. Raises ConfigError for a policy that cannot be read."""
        if self.kind == "expert" or self.checkpoint is None:
            return Expert()
        if self.checkpoint.suffix == SUFFIX:
            return ExportedDriver(ExportedPolicy(self.checkpoint, self.threads))
        policy = load_policy(checkpoint_folder(self.checkpoint))
        if not self.lesion:
            return LearnedDriver(policy)
        return LearnedDriver(lesion_policy(policy, self.lesion), f"{policy.config.cell} without {', '.join(self.lesion)}")


def drive_task(session: Session, task: DriveTask, driver: Driver, listeners: Sequence[Listener] = ()) -> Trace:
    """Load the task's world, drive its route from the start, and return the trace. What is on the server before does not matter.

    Raises SimulatorError where the server fails, UserError where the route does not exist. After an error the session's end removes the car.
    """
    rules = task.rules
    disturbance = task.make_disturbance()
    opendrive = disturbance.change_opendrive(task.road.opendrive)
    route = follow_lane_from(read_map(task.road.name, opendrive), task.route.start, task.route.length_m, task.name, rules.commands)
    session.config = replace(session.config, dt_s=disturbance.change_dt_s(rules.dt_s))  # loading the world sets it on the server
    session.load_opendrive(task.road.name, opendrive)
    session.set_weather(disturbance.change_weather(PRESETS[task.weather]))
    ego = session.spawn_ego(route.pose_at(0.0), rules.camera)
    config = DriveConfig(rules.max_speed_mps, rules.departure_m, 0.0, task.route.length_m, None, task.seed)
    trace = drive(session, ego, route, driver, config, listeners, disturbance)
    ego.destroy()
    trace.meta |= {"map": task.road.name, "weather": task.weather, "camera": asdict(rules.camera)}
    trace.meta |= {"disturbance": describe_disturbance(task.disturbance, task.severity, task.disturbance_seed)}
    return trace
