"""Navigation commands from the recording to the drive: they are in the log, training reads them, and a drive that turns off gives them."""

from __future__ import annotations

from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import pytest

from driving.drivers.expert import Expert
from driving.drivers.learned import LearnedDriver
from driving.evaluation.drive_task import drive_task
from driving.evaluation.suite import SuiteConfig
from driving.evaluation.tasks import make_tasks
from driving.logs import keys
from driving.logs.doctor import examine
from driving.logs.features import LogError
from driving.logs.reader import Log
from driving.quantities import CameraSpec
from driving.rollout.record import record
from driving.rollout.record_config import RecordConfig
from driving.simulator.process import StandinProcess
from driving.simulator.session import Session, SessionConfig
from driving.training.cli import TRAINER_DEFAULTS, quieten
from driving.training.data import DrivingData
from driving.training.labels import read_commands
from driving.training.module import PolicyTraining
from perception.transform import CameraTransformConfig
from policy.command import COMMAND_NAMES, Command
from policy.network import PolicyConfig
from tests.training.logs import write_log

CAMERA = CameraSpec(width_px=64, height_px=36)
SMALL = CameraTransformConfig(16, 32)


def test_a_policy_with_commands_is_recorded_for_trained_and_told_where_its_route_turns(tmp_path: Path) -> None:
    with StandinProcess() as server, Session(SessionConfig(server.host, server.port)) as session:
        record([session], RecordConfig(families={"streets": 1}, minutes=0.6, episode_s=18.0, commands=True, camera=CAMERA), tmp_path / "log")
        log = Log(tmp_path / "log")
        assert examine(tmp_path / "log") == []
        assert set(log.signals(0, keys.COMMAND)) == set(COMMAND_NAMES)
        recorded = np.concatenate([read_commands(log, number) for number in log.numbers])
        assert {Command.FOLLOW, *recorded} > {Command.FOLLOW}, "no junction was driven"

        quieten()
        data = DrivingData(log=tmp_path / "log", window=8, batch_size=4, transform=SMALL, command=True)
        module = PolicyTraining(PolicyConfig(transform=SMALL, target="curvature", scale=0.01, command=True))
        before = module.policy.cell.input_w.detach().clone()
        options = {**TRAINER_DEFAULTS, "max_steps": 2, "max_epochs": 1, "logger": False, "enable_checkpointing": False}
        pl.Trainer(**options, accelerator="cpu").fit(module, data)
        assert (module.policy.cell.input_w.detach() != before)[-len(Command) :].any(), "training does not reach the command's inputs"
        batch = next(iter(data.train_dataloader()))
        assert set(batch.command_BT.unique().tolist()) <= set(Command)

        [task] = make_tasks(SuiteConfig(families={"streets": [3]}, route_length_m=150.0, departure_m=4.0, camera=CAMERA, commands=True))
        for driver in (Expert(), LearnedDriver(module.policy.eval())):
            trace = drive_task(session, task, driver)
            route, columns = trace.route, trace.columns
            assert route is not None
            assert [route.command_at(s) for s in columns["s_m"]] == columns["command"].tolist()
            if isinstance(driver, Expert):
                assert set(columns["command"]) > {Command.FOLLOW}
                assert trace.meta["end_reason"] == "finished"
                assert not columns["departed"].any()
        session.close()


def test_a_log_without_commands_cannot_train_a_policy_that_needs_them(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"has no observation\.command, which model\.policy\.command needs: record it with --commands true"):
        DrivingData(log=write_log(tmp_path / "log", [20]), command=True).setup()
