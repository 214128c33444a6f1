"""A policy that watches: every frame is seen once, in order, however long the log is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from driving.quantities import UserError
from driving.viewer.openloop import CHUNK, watch
from policy.network import DrivingPolicy, PolicyConfig


def pictures(count: int) -> list[np.ndarray]:
    """Images of noise."""
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (90, 160, 3), dtype=np.uint8) for _ in range(count)]


def test_watching_in_chunks_is_watching_at_once() -> None:
    torch.manual_seed(0)
    policy, count = DrivingPolicy(PolicyConfig()).eval(), 2 * CHUNK + 5
    images, dt = pictures(count), np.full(count, 0.05)
    predicted, states, taus = watch(policy, iter(images), dt)
    whole = torch.from_numpy(np.stack([policy.transform.to_model(image) for image in images]))[None]
    with torch.no_grad():
        expected = policy.trace(whole, torch.full((1, count), 0.05))
    np.testing.assert_allclose(predicted, expected.prediction_BT[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(states, expected.cell.neuron_BTH[0].numpy(), atol=1e-4)
    assert taus is not None
    assert taus.shape == states.shape == (count, 19)


def test_a_movie_that_is_shorter_than_its_table_is_told() -> None:
    with pytest.raises(UserError, match="70 frames, its table 80"):
        watch(DrivingPolicy(PolicyConfig()).eval(), iter(pictures(70)), np.full(80, 0.1))
