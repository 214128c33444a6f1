"""Where the lane goes: on a straight and on a circle the targets are what geometry says; what is not known is not learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from driving.logs import keys
from driving.logs.features import vector
from driving.logs.reader import Log
from driving.logs.writer import LogWriter
from driving.training.module import compute_road_loss
from driving.training.road_ahead import AHEAD_M, BEARING_RAD, DIRECTION_RAD, TARGETS, read_road_ahead

SPEED_MPS = 10.0


def write_lane(root: Path, lane_T3: np.ndarray) -> Log:
    """Write an episode of 10 frames per second at 10 m/s with this place in the lane in each frame."""
    features = {keys.STATE: vector(keys.STATE_NAMES), keys.LANE: vector(keys.LANE_NAMES)}
    with LogWriter(root, features, 10.0) as writer, writer.episode() as episode:
        for frame, values in enumerate(lane_T3):
            episode.add(frame / 10.0, {keys.STATE: np.array([SPEED_MPS, 0.0], np.float32), keys.LANE: values.astype(np.float32)})
    return Log(root)


def expect(lateral_m: float, heading_rad: float, curvature: float) -> np.ndarray:
    """Return the targets where the lane has one curvature (1/m), by the geometry of a circle."""
    targets = [lateral_m]
    for ahead_m in AHEAD_M:
        turn = curvature * ahead_m
        forward, right = (ahead_m, 0.0) if curvature == 0.0 else (np.sin(turn) / curvature, (1.0 - np.cos(turn)) / curvature)
        bearing = np.arctan2(right - lateral_m, forward) - heading_rad
        targets += [np.arcsinh(bearing / BEARING_RAD), np.arcsinh((turn - heading_rad) / DIRECTION_RAD)]
    return np.array(targets)


@pytest.mark.parametrize("values", [(0.0, 0.0, 0.0), (0.7, 0.0, 0.0), (0.0, -0.1, 0.0), (0.0, 0.0, 0.02), (-0.5, 0.2, -0.05)])
def test_on_a_lane_of_one_curvature_the_targets_are_what_geometry_says(values: tuple[float, float, float], tmp_path: Path) -> None:
    targets = read_road_ahead(write_lane(tmp_path / "log", np.tile(values, (60, 1))), 0)
    np.testing.assert_allclose(targets[5], expect(*values), atol=0.02)
    np.testing.assert_allclose(targets[20], targets[5], atol=0.02)


def test_a_bend_ahead_turns_the_far_targets_only(tmp_path: Path) -> None:
    lane = np.zeros((60, 3))
    lane[30:, 2] = 0.05  # from 30 m on
    targets = read_road_ahead(write_lane(tmp_path / "log", lane), 0)
    np.testing.assert_allclose(targets[12, : 1 + 2 * AHEAD_M.index(20.0)], 0.0, atol=0.02)  # at 12 m: until 15 m ahead
    assert targets[12, -2] > 1.0


def test_beyond_the_episodes_end_or_a_car_that_is_put_back_nothing_is_known(tmp_path: Path) -> None:
    lane = np.zeros((60, 3))
    lane[:30, 0] = 2.1
    known = np.isfinite(read_road_ahead(write_lane(tmp_path / "log", lane), 0))
    far = [known[:, 1 + 2 * AHEAD_M.index(ahead_m)] for ahead_m in (5.0, 30.0)]
    assert [np.flatnonzero(~one).tolist() for one in far] == [[*range(25, 30), *range(55, 60)], list(range(60))]
    assert known[:, 0].all()


def test_a_log_that_does_not_know_the_lane_has_no_targets(tmp_path: Path) -> None:
    with LogWriter(tmp_path / "log", {keys.STATE: vector(keys.STATE_NAMES)}, 10.0) as writer, writer.episode() as episode:
        for frame in range(20):
            episode.add(frame / 10.0, {keys.STATE: np.array([SPEED_MPS, 0.0], np.float32)})
    targets = read_road_ahead(Log(tmp_path / "log"), 0)
    assert targets.shape == (20, TARGETS)
    assert np.isnan(targets).all()


def test_only_known_targets_count() -> None:
    target = torch.tensor([[[1.0, torch.nan], [torch.nan, torch.nan]]])
    guess = torch.full((1, 2, 2), 3.0, requires_grad=True)
    loss = compute_road_loss(guess, target)
    loss.backward()
    assert loss.item() == 4.0
    assert guess.grad is not None
    assert guess.grad.flatten().tolist() == [4.0, 0.0, 0.0, 0.0]
    assert compute_road_loss(guess, torch.full_like(target, torch.nan)).item() == 0.0
