"""A policy that watches a log sees every frame once, in order, also in a long log."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from driving.bicycle import Bicycle
from driving.logs import keys
from driving.logs.features import driving_features
from driving.logs.reader import Log
from driving.logs.writer import LogWriter
from driving.quantities import CameraSpec, UserError
from driving.training.labels import read_labels
from driving.viewer.openloop import CHUNK, run_policy, watch_log
from policy.network import DrivingPolicy, PolicyConfig


def make_images(count: int) -> list[np.ndarray]:
    """Return images of noise."""
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (90, 160, 3), dtype=np.uint8) for _ in range(count)]


def test_watching_in_chunks_is_watching_at_once() -> None:
    torch.manual_seed(0)
    policy, count = DrivingPolicy(PolicyConfig()).eval(), 2 * CHUNK + 5
    images, dt = make_images(count), np.full(count, 0.05)
    predicted, states, taus, features = run_policy(policy, iter(images), dt)
    whole = torch.from_numpy(np.stack([policy.transform.to_model(image) for image in images]))[None]
    with torch.no_grad():
        expected = policy.trace(whole, torch.full((1, count), 0.05))
    np.testing.assert_allclose(predicted, expected.prediction_BT[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(states, expected.cell.neuron_BTH[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(features, expected.features_BTI[0].numpy(), atol=1e-5)
    assert taus is not None
    assert taus.shape == states.shape == (count, 19)


def test_a_camera_with_fewer_frames_than_its_table_is_refused() -> None:
    with pytest.raises(UserError, match="70 frames, its table 80"):
        run_policy(DrivingPolicy(PolicyConfig()).eval(), iter(make_images(70)), np.full(80, 0.1))


@pytest.mark.parametrize("target", ["steer", "curvature"])
def test_the_label_beside_the_prediction_is_the_one_that_training_uses_without_the_disturbance(tmp_path: Path, target: str) -> None:
    bicycle, camera, wanted = Bicycle(2.5, 40.0), CameraSpec(width_px=160, height_px=90), np.linspace(-0.4, 0.4, 6, dtype=np.float32)
    disturbance, speed_mps = np.float32(0.3), np.float32(8.0)
    with LogWriter(tmp_path / "log", driving_features(camera), 10.0) as writer, writer.episode() as episode:
        for frame, (steer, image) in enumerate(zip(wanted, make_images(6), strict=True)):
            driven = bicycle.curvature_per_m(float(steer + disturbance), float(speed_mps))
            values = {keys.STATE: [speed_mps, speed_mps * driven], keys.LANE: [0.1, 0.0, 0.0], keys.ACTION: [steer, 0.3, 0.0]}
            values |= {keys.DISTURBANCE: [disturbance]}
            episode.add(frame / 10, {keys.IMAGE: image, **{key: np.array(value, np.float32) for key, value in values.items()}})
    log = Log(tmp_path / "log")
    columns = watch_log(log, 0, DrivingPolicy(PolicyConfig(target=target)), bicycle, "log").columns
    expected = wanted if target == "steer" else bicycle.curvature_per_m(wanted, 8.0)
    np.testing.assert_allclose(columns["label_steer"], expected, atol=1e-6)
    np.testing.assert_array_equal(columns["label_steer"], read_labels(log, 0, target, bicycle))
    np.testing.assert_allclose(columns["speed_mps"], 8.0)
    np.testing.assert_allclose(columns["lateral_m"], 0.1, atol=1e-6)
