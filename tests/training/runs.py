"""Short real training runs for the tests, which keep the loss of every step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from driving.training.checkpoint import LAST, Judge, RunCheckpoint
from driving.training.cli import TRAINER_DEFAULTS, quieten
from driving.training.data import DrivingData
from driving.training.module import LossConfig, OptimiserConfig, PolicyTraining
from driving.training.run_log import CsvLog
from perception.augmentation import AugmentationConfig
from perception.transform import CameraTransformConfig
from policy.network import PolicyConfig

TRANSFORM = CameraTransformConfig(24, 48, crop_top=0.25)


class StepLosses(pl.Callback):
    """The callback that keeps the loss of each training step."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.losses.append(float(outputs["loss"]))


def data(log: Path, **options: Any) -> DrivingData:
    """Return a data module of small windows."""
    small: dict[str, Any] = {"window": 8, "stride": 4, "batch_size": 8, "transform": TRANSFORM, "augmentation": AugmentationConfig()}
    return DrivingData(log=log, **{**small, **options})


def train(
    log: Path,
    run: Path,
    epochs: int,
    resume: bool = False,
    judge: Judge | None = None,
    every_n_epochs: int = 1,
    seed: int = 0,
    stop_after: int | None = None,
    loss: LossConfig = LossConfig(),  # noqa: B008 (frozen)
    optimiser: OptimiserConfig = OptimiserConfig(cell=0.02, convolutions=0.004, warm_up_steps=5),  # noqa: B008 (frozen)
    **options: Any,
) -> tuple[list[float], PolicyTraining, RunCheckpoint]:
    """Train on a log, up to epoch `stop_after` of `epochs`. Return the losses of all steps, the module and the checkpoint callback."""
    quieten()
    pl.seed_everything(seed, verbose=False)
    module = PolicyTraining(PolicyConfig(transform=TRANSFORM), loss, optimiser)
    losses, checkpoint = StepLosses(), RunCheckpoint(run, judge, every_n_epochs)
    stop = [StopAfter(stop_after)] if stop_after is not None else []
    trainer = pl.Trainer(
        **{**TRAINER_DEFAULTS, "max_epochs": epochs},
        accelerator="cpu",
        logger=CsvLog(run, resume),
        callbacks=[losses, *stop, checkpoint],
        enable_progress_bar=False,
    )
    trainer.fit(module, datamodule=data(log, seed=seed, **options), ckpt_path=run / LAST if resume else None, weights_only=True)
    return losses.losses, module, checkpoint


class StopAfter(pl.Callback):
    """The callback that ends a run early, as an interruption between two epochs does."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        trainer.should_stop = trainer.current_epoch + 1 >= self.epochs
