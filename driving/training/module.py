"""The Lightning module: the driving policy's loss, optimiser, and schedule.

The loss is the squared error weighted by exp(alpha |label|) (Lechner et al. 2020): curves, which are rare, count more than straight road.
Errors and labels are in units of the motor output (`DrivingPolicy.motor`). In raw units (curvatures near 0.02/m) the gradients would be small
beside Adam's epsilon, and the policy would learn only the mean. A second loss may ask the front-end's features where the lane goes (`road_ahead`).
Shapes: B windows, T time, A targets of `road_ahead`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn.functional import huber_loss

from driving.drivers.learned import checkpoint_folder
from driving.quantities import UserError
from driving.training.data import DrivingData
from driving.training.dataset import Batch
from driving.training.road_ahead import TARGETS
from driving.training.speed import bfloat16_is_fast
from perception.frontends import FEATURES
from policy.cells.ltc import Ltc
from policy.network import DrivingPolicy, PolicyConfig, load_policy

Schedule = Literal["constant", "cosine"]


@dataclass(frozen=True)
class LossConfig:
    """What counts as an error.

    Args:
        alpha: the weight of a frame is exp(alpha |label|), with the label in units of the motor output.
        burn_in: how many frames at the start of a window do not count, while the state settles.
        huber: errors beyond this count linearly instead of squared, in units of the motor output; null to square all. Without it,
            the few hard corrections after a disturbance outweigh all careful driving.
        heaviest: labels beyond this get the same weight as this one, in units of the motor output.
        road_ahead: the weight of a second loss: how well a linear layer on the front-end's features tells where the lane goes (`road_ahead`).
    """

    alpha: float = 1.0
    burn_in: int = 0
    huber: float | None = None
    heaviest: float = 5.0
    road_ahead: float = 0.0


@dataclass(frozen=True)
class OptimiserConfig:
    """The options of Adam, with two learning rates.

    Args:
        cell: learning rate of the recurrent cell.
        convolutions: learning rate of the front-end; by default it is lower.
        schedule: "cosine" lets both fall to zero over the run, "constant" keeps them.
        warm_up_steps: steps over which both rise from near zero.
    """

    cell: float = 0.01
    convolutions: float = 0.002
    schedule: Schedule = "cosine"
    warm_up_steps: int = 20

    def __post_init__(self) -> None:
        """Check the values. Raises UserError for an unknown schedule."""
        if self.schedule not in get_args(Schedule):
            raise UserError(f"there is no schedule '{self.schedule}': give model.optimiser.schedule {' or '.join(get_args(Schedule))}")


def compute_loss(prediction_BT: Tensor, target_BT: Tensor, weight_BT: Tensor, config: LossConfig) -> Tensor:
    """Return the mean squared (or Huber) error over the frames after the burn-in, weighted by weight_BT exp(alpha |target|)."""
    prediction, target, weight = (one[:, config.burn_in :] for one in (prediction_BT, target_BT, weight_BT))
    weight = weight * torch.exp(config.alpha * target.abs().clamp_max(config.heaviest))
    error = (prediction - target).square() if config.huber is None else 2.0 * huber_loss(prediction, target, reduction="none", delta=config.huber)
    return (weight * error).sum() / weight.sum().clamp_min(1e-6)


def compute_road_loss(prediction_BTA: Tensor, target_BTA: Tensor) -> Tensor:
    """Return the mean squared error of where the lane goes, over all targets that are known; 0 where none is."""
    known = torch.isfinite(target_BTA)
    return ((prediction_BTA - target_BTA.nan_to_num()).square() * known).sum() / known.sum().clamp_min(1)


def _widen(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))


@torch.no_grad()
def scale_time_constants(cell: Ltc, step_s: float) -> None:
    """Scale a new cell's capacitances, and so its time constants, by the log's time step (s).

    The paper's initial ranges are for steps of 1. At 10 Hz they would make each neuron ten times as slow. Three layers of such neurons lag
    behind the road by seconds, and training would have to correct this first.
    """
    cell.get_parameter("cm").copy_(cell.to_stored("cm", cell.value("cm") * step_s))


class PolicyTraining(pl.LightningModule):
    """A `DrivingPolicy` in training.

    Args:
        policy: the parts of the policy.
        loss: what counts as an error.
        optimiser: the learning rates and their schedule.
        convolutions_in_bfloat16: computes the front-end in bfloat16; null to do so where the processor or GPU is fast at it.
        start: folder of a policy of the same architecture whose weights the training starts from; null for random weights.
    """

    def __init__(
        self,
        policy: PolicyConfig = PolicyConfig(),  # noqa: B008 (never changed)
        loss: LossConfig = LossConfig(),
        optimiser: OptimiserConfig = OptimiserConfig(),
        convolutions_in_bfloat16: bool | None = None,
        start: Path | None = None,
    ) -> None:
        super().__init__()
        self.policy = DrivingPolicy(policy) if start is None else load_policy(checkpoint_folder(start), policy).train()
        self.road_ahead = torch.nn.Linear(FEATURES, TARGETS) if loss.road_ahead else None
        self._starts_new = start is None
        self.loss, self.optimiser = loss, optimiser
        self._bfloat16 = convolutions_in_bfloat16

    def setup(self, stage: str) -> None:
        """Scale the time constants of a new liquid cell to the log's frame rate."""
        data = getattr(self.trainer, "datamodule", None)
        if self._starts_new and stage == "fit" and isinstance(data, DrivingData) and isinstance(self.policy.cell, Ltc):
            scale_time_constants(self.policy.cell, data.step_s)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Return predictions (B, T), where the lane goes (B, T, A) if the loss asks for it. Each window begins at the initial state.

        Another precision of the trainer than its default stays as it is.
        """
        if torch.is_autocast_enabled(self.device.type) or self.dtype != torch.float32:
            return self._predict(batch)
        use = bfloat16_is_fast(self.device) if self._bfloat16 is None else self._bfloat16
        with torch.autocast(self.device.type, torch.bfloat16, enabled=use):
            return self._predict(batch)

    def _predict(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        inputs_BTI = self.policy.inputs(batch.images_BTYXC, batch.command_BT)
        motor_BTM, _ = self.policy.cell(inputs_BTI, batch.dt_BT)
        return self.policy.prediction(motor_BTM), None if self.road_ahead is None else self.road_ahead(inputs_BTI[..., :FEATURES])

    def _losses(self, prediction_BT: Tensor, ahead_BTA: Tensor | None, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Return the loss of the steering, and that of where the lane goes."""
        # In float32 or better: sums over a batch are wrong by percents in bfloat16.
        prediction, target, weight = (_widen(one) for one in (prediction_BT, batch.target_BT, batch.weight_BT))
        steering = compute_loss(self.policy.motor(prediction), self.policy.motor(target), weight, self.loss)
        return steering, None if ahead_BTA is None else compute_road_loss(_widen(ahead_BTA), batch.ahead_BTA)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of one batch."""
        prediction, ahead = self(batch)
        loss, road = self._losses(prediction, ahead, batch)
        self.log("train_loss", loss, on_step=False, on_epoch=True, prog_bar=True, batch_size=len(batch.dt_BT))
        return loss if road is None else loss + self.loss.road_ahead * road

    def validation_step(self, batch: Batch, index: int) -> None:
        """Log the losses of one batch, and its mean absolute error in the target's unit."""
        prediction, ahead = self(batch)
        loss, road = self._losses(prediction, ahead, batch)
        error = ((prediction - batch.target_BT).abs() * batch.weight_BT).sum() / batch.weight_BT.sum().clamp_min(1.0)
        self.log_dict({"val_loss": loss, "val_error": error}, prog_bar=True, batch_size=len(batch.dt_BT))
        if road is not None:
            self.log("val_road_ahead", road, batch_size=len(batch.dt_BT))

    def on_train_epoch_end(self) -> None:
        """Check the loss. Raises UserError where it is not finite."""
        loss = float(self.trainer.callback_metrics["train_loss"])
        if not math.isfinite(loss):
            raise UserError(f"the loss became {loss} in epoch {self.current_epoch}: lower model.optimiser.cell and model.optimiser.convolutions")

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return Adam, and a schedule that changes its rates every step."""
        groups = [
            {"params": list(self.policy.frontend.parameters()), "lr": self.optimiser.convolutions},
            {"params": list(self.policy.cell.parameters()), "lr": self.optimiser.cell},
        ]
        if self.road_ahead is not None:
            groups.append({"params": list(self.road_ahead.parameters()), "lr": self.optimiser.cell})
        adam = torch.optim.Adam(groups)
        steps = max(1, int(self.trainer.estimated_stepping_batches))

        # This formula replaces torch's LinearLR chained with CosineAnnealingLR. Those multiply from step to step, so their rates differ in the
        # last bits (relative error 1e-15), and earlier runs could not be repeated exactly.
        def share(step: int) -> float:
            rising = min(1.0, (step + 1) / (self.optimiser.warm_up_steps + 1))
            return rising * (0.5 * (1.0 + math.cos(math.pi * min(1.0, step / steps))) if self.optimiser.schedule == "cosine" else 1.0)

        return {"optimizer": adam, "lr_scheduler": {"scheduler": torch.optim.lr_scheduler.LambdaLR(adam, share), "interval": "step"}}
