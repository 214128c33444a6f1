"""Training runs learn, repeat bit by bit, continue where they stopped, and keep the policy that drives best."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from driving.quantities import UserError
from driving.reports.training import read_metrics
from driving.training.checkpoint import FOLDER, LAST, WORST
from driving.training.dataset import Batch, Draw, WindowDataset
from driving.training.module import LossConfig, OptimiserConfig, PolicyTraining, compute_loss, scale_time_constants
from driving.training.road_ahead import TARGETS
from perception.errors import ConfigError
from policy.cells.ltc import Ltc
from policy.network import DrivingPolicy, PolicyConfig, load_policy, read_description
from tests.training.runs import TRANSFORM, data, train


@pytest.fixture(scope="module")
def unbroken(log: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[float], Path]:
    """Return the losses and the folder of a run of four epochs."""
    run = tmp_path_factory.mktemp("unbroken")
    return train(log, run, 4, batch_size=4)[0], run


def test_training_reduces_the_loss_on_a_log_that_can_be_learned(log: Path, tmp_path: Path) -> None:
    losses, _, checkpoint = train(log, tmp_path, 30, validation_share=0.2, split="holdout_last")
    assert np.mean(losses[-5:]) < 0.15 * np.mean(losses[:5])
    assert checkpoint.best[0] < 0.2 * np.mean(losses[:5])


def test_one_seed_gives_the_same_twenty_losses_bit_by_bit_and_another_gives_others(
    log: Path, tmp_path: Path, unbroken: tuple[list[float], Path]
) -> None:
    first = unbroken[0]
    assert len(first) >= 20
    assert train(log, tmp_path / "again", 4, batch_size=4)[0] == first
    assert train(log, tmp_path / "other", 4, seed=1, batch_size=4)[0] != first


def test_a_resumed_run_goes_on_as_if_it_had_never_stopped(log: Path, tmp_path: Path, unbroken: tuple[list[float], Path]) -> None:
    before, _, _ = train(log, tmp_path, 4, stop_after=2, batch_size=4)
    after, module, _ = train(log, tmp_path, 4, resume=True, batch_size=4)
    assert before + after == unbroken[0]
    kept = torch.load(unbroken[1] / LAST, weights_only=True)["state_dict"]
    for name, value in module.state_dict().items():
        assert torch.equal(value, kept[name]), name
    with (tmp_path / "metrics.csv").open() as file:
        epochs = [int(row["epoch"]) for row in csv.DictReader(file) if row["train_loss"]]
    assert epochs == [0, 1, 2, 3]


def test_metrics_read_as_the_report_reads_them(unbroken: tuple[list[float], Path]) -> None:
    losses, run = unbroken
    measures = read_metrics(run / "metrics.csv")
    assert {"train_loss", "val_loss", "val_error"} <= set(measures)
    epochs, values = measures["train_loss"]
    assert epochs.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(values, np.mean(np.reshape(losses, (4, -1)), axis=1), rtol=1e-5)


def test_the_checkpoint_is_the_epoch_with_the_least_validation_loss_and_predicts_as_the_module_did(log: Path, tmp_path: Path) -> None:
    _, module, checkpoint = train(log, tmp_path, 3)
    losses = read_metrics(tmp_path / "metrics.csv")["val_loss"][1]
    assert checkpoint.best_epoch == int(np.argmin(losses))
    extra = read_description(tmp_path / FOLDER)["extra"]
    assert extra["epoch"] == checkpoint.best_epoch
    assert extra["score"]["val_loss"] == pytest.approx(losses.min())
    assert extra["bicycle"]["wheelbase_m"] > 0
    assert checkpoint.best_epoch == 2, "the prediction below compares with the last epoch's module"
    episodes = data(log)
    episodes.setup()
    batch = WindowDataset(episodes.episodes, 8).__getitems__([Draw(0, 3, 0)])
    with torch.no_grad():
        assert torch.equal(load_policy(tmp_path / FOLDER)(*batch[:2])[0], module.policy.eval()(*batch[:2])[0])


def test_the_policy_that_drives_best_on_its_worst_families_is_kept_even_with_a_greater_loss_and_more_departures(log: Path, tmp_path: Path) -> None:
    figures = {1: (0.0, 0.30), 3: (2.0, 0.05), 4: (0.0, 0.25)}
    asked: list[int] = []

    def judge(policy: DrivingPolicy, epoch: int) -> Mapping[str, float]:
        asked.append(epoch)
        assert not policy.training
        worst, lateral_m = figures[epoch]
        return {WORST: worst, "departures": 9.0 - worst, "mean_abs_lateral_m": lateral_m, "km": 1.0, "interventions_per_km/town": worst}

    _, module, checkpoint = train(log, tmp_path, 5, judge=judge, every_n_epochs=2)
    assert asked == [1, 3, 4], "every second epoch, and the last"
    assert checkpoint.best_epoch == 4
    assert read_description(tmp_path / FOLDER)["extra"]["score"] == {WORST: 0.0, "mean_abs_lateral_m": 0.25}
    measures = read_metrics(tmp_path / "metrics.csv")
    assert measures["closed_loop_interventions_per_km/town"][1].tolist() == [0.0, 2.0, 0.0]
    assert "train_loss" in measures
    assert module.policy.training


def test_without_validation_the_last_policy_is_kept(log: Path, tmp_path: Path) -> None:
    _, _, checkpoint = train(log, tmp_path, 2, validation_share=0.0)
    assert checkpoint.best_epoch == 1
    load_policy(tmp_path / FOLDER)


def test_errors_on_curves_weigh_more_and_the_burn_in_and_unlabelled_frames_nothing() -> None:
    target = torch.tensor([[0.0, 0.0, 1.0, 0.0]])
    weight = torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    flat = compute_loss(torch.zeros(1, 4), target, weight, LossConfig(alpha=0.0))
    steep = compute_loss(torch.zeros(1, 4), target, weight, LossConfig(alpha=2.0))
    assert flat.item() == pytest.approx(1 / 3)
    assert steep.item() == pytest.approx(np.exp(2) / (np.exp(2) + 2))
    wild = torch.tensor([[9.0, 0.0, 1.0, 7.0]])
    assert compute_loss(wild, target, weight, LossConfig(burn_in=1)).item() == 0.0


def test_with_huber_a_wild_error_counts_linearly_and_a_small_one_squared() -> None:
    target, weight, config = torch.zeros(1, 1), torch.ones(1, 1), LossConfig(huber=1.0)
    small, wild = (compute_loss(torch.full((1, 1), error), target, weight, config).item() for error in (0.5, 10.0))
    assert small == pytest.approx(0.25)
    assert wild == pytest.approx(2 * 10.0 - 1.0)


def test_steer_and_curvature_in_their_own_scale_have_the_same_loss() -> None:
    measures = []
    for scale in (1.0, 0.1):
        module = PolicyTraining(PolicyConfig(transform=TRANSFORM, scale=scale))
        images, commands = torch.zeros(1, 4, 24, 48, 3, dtype=torch.uint8), torch.zeros(1, 4, dtype=torch.int64)
        ahead = torch.full((1, 4, TARGETS), torch.nan)
        batch = Batch(images, torch.full((1, 4), 0.1), torch.full((1, 4), scale), torch.ones(1, 4), commands, ahead)
        measures.append(module._losses(torch.full((1, 4), 0.5 * scale), None, batch)[0].item())
    assert measures[0] == pytest.approx(measures[1], rel=1e-5)


def test_a_run_that_asks_where_the_lane_goes_learns_it_resumes_and_keeps_the_policy_alone(log: Path, tmp_path: Path) -> None:
    loss = LossConfig(road_ahead=0.5)
    whole, _, _ = train(log, tmp_path / "whole", 12, loss=loss)
    before, _, _ = train(log, tmp_path / "parts", 12, stop_after=6, loss=loss)
    after, module, _ = train(log, tmp_path / "parts", 12, resume=True, loss=loss)
    assert before + after == whole
    errors = read_metrics(tmp_path / "whole" / "metrics.csv")["val_road_ahead"][1]
    assert errors[-1] < 0.5 * errors[0], "the log's lane is straight, so the right answer is 0 everywhere"
    assert module.road_ahead is not None
    assert set(load_policy(tmp_path / "whole" / FOLDER).state_dict()) == set(DrivingPolicy(module.policy.config).state_dict())


def test_a_run_whose_loss_is_not_finite_ends_with_the_remedy(log: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the loss became .*lower model\.optimiser"):
        train(log, tmp_path, 3, optimiser=OptimiserConfig(cell=1e30, convolutions=1e30, warm_up_steps=0))


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(UserError, match="constant or cosine"):
        OptimiserConfig(schedule="cosin")


def test_a_cell_scaled_to_the_logs_time_step_moves_per_frame_as_the_papers_does_per_step() -> None:
    cell = DrivingPolicy(PolicyConfig(transform=TRANSFORM)).cell
    assert isinstance(cell, Ltc)
    features = torch.randn(2, 6, 32)
    with torch.no_grad():
        paper = cell(features, torch.ones(2, 6))[0]
        scale_time_constants(cell, 0.05)
        torch.testing.assert_close(cell(features, torch.full((2, 6), 0.05))[0], paper, atol=1e-4, rtol=1e-4)


def test_a_run_that_starts_from_a_policy_begins_with_its_weights_and_another_architecture_is_refused(unbroken: tuple[list[float], Path]) -> None:
    _, run = unbroken
    before = load_policy(run / FOLDER)
    started = PolicyTraining(before.config, start=run)
    assert all(torch.equal(value, started.policy.state_dict()[name]) for name, value in before.state_dict().items())
    assert started.policy.training
    with pytest.raises(ConfigError, match="load another one"):
        PolicyTraining(replace(before.config, cell="gru"), start=run)
