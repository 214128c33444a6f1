"""Training, the open-loop measure, the viewer and the report take a set with gaps in its episode numbers, with videos or pictures in the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from driving.bicycle import Bicycle
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.reports.training import describe_log
from driving.training.data import DrivingData
from driving.training.openloop import POLICY, measure_open_loop
from driving.viewer.openloop import watch_log
from perception.transform import CameraTransform
from policy.network import DrivingPolicy, PolicyConfig
from tests.logs.lerobot_sets import CAMERA, SetOptions, steer, write_set
from tests.training.runs import TRANSFORM


@pytest.mark.parametrize("version", ["v2.1", "v3.0"])
@pytest.mark.parametrize("in_table", [False, True])
def test_every_use_of_a_log_goes_by_number(tmp_path: Path, version: str, in_table: bool) -> None:
    lengths = {0: 24, 1: 25, 3: 26, 5: 27}
    root = write_set(tmp_path / "set", SetOptions(version, lengths, in_table))
    log = Log(root)
    data = DrivingData(log=root, window=4, stride=2, batch_size=4, transform=TRANSFORM)
    data.setup()
    for number, episode in zip(lengths, data.episodes, strict=True):
        np.testing.assert_allclose(episode.target, [steer(number, t) for t in range(lengths[number])], atol=1e-6)
        expected = [CameraTransform(TRANSFORM).to_model(image) for image in log.frames(number, CAMERA)]
        np.testing.assert_array_equal(episode.images, np.stack(expected))
    assert {span.episode for span in [*data.training_spans, *data.validation_spans]} == {0, 1, 2, 3}
    assert len(list(data.train_dataloader())) > 5

    torch.manual_seed(0)
    policy = DrivingPolicy(PolicyConfig(transform=TRANSFORM)).eval()
    errors = {one.name: one for one in measure_open_loop(policy, log, Bicycle(), last=0.2)}
    assert errors[POLICY].frames == 5 * 4
    columns = watch_log(log, 5, policy, Bicycle(), "set").columns
    np.testing.assert_allclose(columns["label_steer"], [steer(5, t) for t in range(27)], atol=1e-6)
    with pytest.raises(UserError, match="has no episode 2: choose one of 0, 1, 3, 5"):
        watch_log(log, 2, policy, Bicycle(), "set")
    table, _ = describe_log(root)
    assert ["frames", "102"] in [list(row) for row in table.rows]
