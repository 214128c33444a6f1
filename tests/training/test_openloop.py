"""Open-loop errors: the baselines are what their names say, and the policy keeps its state up to and through the judged part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from driving.bicycle import Bicycle
from driving.logs.keys import IMAGE
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.training import openloop
from driving.training.openloop import format_errors, measure_open_loop, predict_episode
from perception.transform import CameraTransform
from policy.network import DrivingPolicy, PolicyConfig
from tests.training.logs import steers, write_log
from tests.training.runs import TRANSFORM, train


def make_untrained() -> DrivingPolicy:
    torch.manual_seed(0)
    return DrivingPolicy(PolicyConfig(transform=TRANSFORM)).eval()


def test_the_baselines_are_the_mean_the_last_label_and_the_label_before(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [50])
    label = steers(50, 0)
    errors = {one.name: one for one in measure_open_loop(make_untrained(), Log(root), Bicycle(), last=0.2)}
    truth = label[40:]
    assert errors[openloop.MEAN].mean_abs == pytest.approx(np.abs(truth - label[:40].mean()).mean(), abs=1e-5)
    assert errors[openloop.HELD].rms == pytest.approx(np.sqrt(np.mean((truth - label[39]) ** 2)), abs=1e-5)
    assert errors[openloop.PERSISTENCE].mean_abs == pytest.approx(np.abs(np.diff(label[39:])).mean(), abs=1e-5)
    assert errors[openloop.POLICY].frames == 10


def test_predictions_in_pieces_are_those_of_the_whole_drive(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [openloop.CHUNK + 20])
    log, policy = Log(root), make_untrained()
    images = np.stack([CameraTransform(TRANSFORM).to_model(frame) for frame in log.frames(0, IMAGE)])
    with torch.no_grad():
        whole = policy(torch.from_numpy(images)[None], torch.full((1, len(images)), 0.1))[0][0]
    np.testing.assert_allclose(predict_episode(policy, log, 0, IMAGE), whole.numpy(), atol=1e-5)


def test_a_trained_policy_beats_the_mean_and_the_held_label_on_what_it_has_not_seen(log: Path, tmp_path: Path) -> None:
    _, module, _ = train(log, tmp_path, 25, validation_share=0.2, split="holdout_last")
    errors = {one.name: one for one in measure_open_loop(module.policy, Log(log), Bicycle(), last=0.2)}
    assert errors[openloop.POLICY].rms < 0.5 * errors[openloop.MEAN].rms
    assert errors[openloop.POLICY].rms < errors[openloop.HELD].rms
    assert "policy" in format_errors(list(errors.values()), "steer", log)


def test_a_share_that_leaves_nothing_is_refused(log: Path) -> None:
    with pytest.raises(UserError, match="--last"):
        measure_open_loop(make_untrained(), Log(log), Bicycle(), last=1.0)
