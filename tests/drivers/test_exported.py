"""An exported policy drives like the policy that it was made from; the commands write it and drive it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from driving.drivers.driver import Action, DriveContext, Driver
from driving.drivers.exported import ExportedDriver
from driving.drivers.learned import LearnedDriver
from driving.evaluation.drive_task import DriverReference
from driving.quantities import Observation
from driving.rollout.loop import DriveConfig, drive
from driving.rollout.trace import Trace
from driving.simulator.session import Session
from perception.transform import CameraTransformConfig
from policy.export import export_policy
from policy.network import DrivingPolicy, PolicyConfig, save_policy
from policy.runtime import ExportedPolicy
from tests.rollout.world import CAMERA, find_route, open_session

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    yield from open_session()


def policy(target: str = "curvature") -> DrivingPolicy:
    torch.manual_seed(3)
    config = PolicyConfig(transform=CameraTransformConfig(24, 48), target=target, scale=0.02, output="sinh")
    return DrivingPolicy(config).eval()


def drive_with(session: Session, driver: Driver) -> Trace:
    route = find_route(session)
    ego = session.spawn_ego(route.pose_at(0.0), CAMERA)
    try:
        return drive(session, ego, route, driver, DriveConfig(time_s=6.0))
    finally:
        ego.destroy()


class SideBySide:
    """A driver that lets one driver drive and another watch the same observations, and keeps the actions of both."""

    name = "two"

    def __init__(self, drives: Driver, watches: Driver) -> None:
        self.drivers, self.actions = (drives, watches), list[tuple[Action, Action]]()

    def reset(self, context: DriveContext) -> None:
        for driver in self.drivers:
            driver.reset(context)

    def act(self, observation: Observation) -> Action:
        self.actions.append((self.drivers[0].act(observation), self.drivers[1].act(observation)))
        return self.actions[-1][0]

    def neurons(self) -> dict[str, Any] | None:
        return self.drivers[0].neurons()

    def time_constants(self) -> np.ndarray | None:
        return self.drivers[0].time_constants()


@pytest.mark.parametrize("target", ["steer", "curvature"])
def test_an_exported_policy_drives_the_same_drive(session: Session, target: str, tmp_path: Path) -> None:
    net = policy(target)
    export_policy(net, tmp_path / "policy.onnx")
    both = SideBySide(LearnedDriver(net), ExportedDriver(ExportedPolicy(tmp_path / "policy.onnx")))
    one = drive_with(session, both)
    assert len(both.actions) > 50
    assert float(np.ptp(one.columns["steer"])) > 1e-4
    for learned, exported in both.actions:
        assert exported.control.steer == pytest.approx(learned.control.steer, abs=1e-6)
        np.testing.assert_allclose(exported.neuron_state, learned.neuron_state, atol=1e-5)  # type: ignore[arg-type]
    two = drive_with(session, ExportedDriver(ExportedPolicy(tmp_path / "policy.onnx")))
    assert one.meta["neurons"] == two.meta["neurons"]
    # The neurons are left out: where two drives differ by micrometres, a pixel at an edge may change its colour.
    for name in set(two.columns) - {"frame", "time_s", "act_s", "tick_s", "neuron_state"}:
        np.testing.assert_allclose(two.columns[name], one.columns[name], atol=1e-3, err_msg=name)


def run_script(name: str, *words: object) -> subprocess.CompletedProcess[str]:
    line: list[Any] = [sys.executable, f"scripts/{name}.py", *map(str, words)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_exports_a_run_and_prints_one_line(tmp_path: Path) -> None:
    save_policy(policy(), tmp_path / "run" / "checkpoint", {"epoch": 7})
    done = run_script("export", "--checkpoint", tmp_path / "run", "--out", tmp_path / "policy.onnx")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{tmp_path / 'policy.onnx'}: 'ltc' that predicts curvature")
    assert ExportedPolicy(tmp_path / "policy.onnx").description["extra"] == {"epoch": 7}
    reference = DriverReference("policy", tmp_path / "policy.onnx")
    assert reference.load().name == "ltc, exported"
    assert len(reference.digest()) == 16


def test_a_file_that_is_not_an_exported_policy_ends_the_command_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "policy.onnx").write_text("# no model")
    done = run_script("evaluate", "--checkpoint", tmp_path / "policy.onnx", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"error: {tmp_path / 'policy.onnx'} cannot be read as an ONNX model")
    assert "give a file that scripts/export.py wrote" in done.stderr
