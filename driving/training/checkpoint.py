"""What a run leaves: the best policy so far, and the state from which training goes on.

RUN/checkpoint/{policy.safetensors, policy.json} is the policy to drive with: the one that drove best closed loop where the run has
closed-loop validation, else the one with the least validation loss, else (and where that is asked for) the last. RUN/last.ckpt is
Lightning's own state at the end of the last finished epoch. Both appear whole. Offline loss predicts driving poorly: the judge
decides wherever there is one.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Checkpoint

from driving.training.data import DrivingData
from driving.training.module import PolicyTraining
from policy.network import DrivingPolicy, save_policy

FOLDER, LAST = "checkpoint", "last.ckpt"
Judge = Callable[[DrivingPolicy, int], Mapping[str, float]]


class RunCheckpoint(Checkpoint):
    """Saves at the end of an epoch.

    Args:
        run: the run's folder.
        judge: gives a policy's closed-loop figures, of which `departures` and then `mean_abs_lateral_m` decide; None to go by loss.
        every_n_epochs: how often the judge is asked; after the last epoch it always is.
        keep: "best" policy by the score, or the "last" whatever it scored: where what is kept back for validation is to stay a fair test.
    """

    def __init__(self, run: Path, judge: Judge | None = None, every_n_epochs: int = 1, keep: str = "best") -> None:
        self.run, self.judge, self.every_n_epochs, self.keep = Path(run), judge, every_n_epochs, keep
        self.best: tuple[float, ...] = ()
        self.best_epoch = -1

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Judges, keeps the policy if it is the best so far, and leaves the state to resume from."""
        assert isinstance(pl_module, PolicyTraining)
        score = self._score(trainer, pl_module)
        if score and (not self.best or score < self.best or self.keep == "last"):
            self.best, self.best_epoch = score, trainer.current_epoch
            save_policy(pl_module.policy, self.run / FOLDER, self._facts(trainer))
        unfinished = self.run / f".{LAST}"
        trainer.save_checkpoint(unfinished)
        os.replace(unfinished, self.run / LAST)

    def _score(self, trainer: pl.Trainer, module: PolicyTraining) -> tuple[float, ...]:
        """The less the better; () where this epoch is not judged."""
        epoch = trainer.current_epoch
        if self.judge is None:
            loss = trainer.callback_metrics.get("val_loss")
            return (-float(epoch),) if loss is None else (float(loss),)
        if (epoch + 1) % self.every_n_epochs and epoch + 1 != trainer.max_epochs:
            return ()
        was_training = module.policy.training
        module.policy.eval()
        figures = dict(self.judge(module.policy, epoch))
        module.policy.train(was_training)
        for logger in trainer.loggers:
            named = {f"closed_loop_{name}": value for name, value in figures.items()}
            logger.log_metrics({**named, "epoch": epoch}, step=trainer.global_step)
        lateral = figures["mean_abs_lateral_m"]
        return (figures["departures"], lateral if math.isfinite(lateral) else math.inf)

    def _facts(self, trainer: pl.Trainer) -> dict[str, Any]:
        """What is kept with the policy: when it was, what it scored, and the car that ties curvature to steer."""
        measures = ("departures", "mean_abs_lateral_m") if self.judge else ("val_loss",) if len(self.best) and self.best[0] >= 0 else ()
        facts: dict[str, Any] = {"epoch": trainer.current_epoch, "step": trainer.global_step, "score": dict(zip(measures, self.best, strict=False))}
        data = getattr(trainer, "datamodule", None)
        if isinstance(data, DrivingData):
            facts["bicycle"] = asdict(data.bicycle)
            facts["logs"] = [str(log) for log in data.logs]
        return facts

    def summary(self) -> str:
        """The best policy so far, in words."""
        if not self.best:
            return "none yet"
        if self.keep == "last":
            return f"of epoch {self.best_epoch}, the last"
        if self.judge:
            return f"of epoch {self.best_epoch} ({self.best[0]:.0f} departures, mean lateral error {self.best[1]:.3f} m)"
        return f"of epoch {self.best_epoch}" + (f" (validation loss {self.best[0]:.5f})" if self.best[0] >= 0 else "")

    def state_dict(self) -> dict[str, Any]:
        """The best score so far, as plain numbers."""
        return {"best": list(self.best), "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from a saved state."""
        self.best, self.best_epoch = tuple(state_dict["best"]), int(state_dict["best_epoch"])
