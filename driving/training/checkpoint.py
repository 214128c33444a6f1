"""What a run saves: the best policy so far, and the state from which training can be resumed.

RUN/checkpoint/{policy.safetensors, policy.json} is the policy to drive with. Where the run has closed-loop validation, it is the policy that
drove best on its worst families of roads, because offline loss predicts driving poorly. Otherwise it is the policy with the least validation
loss. Without validation, or with `--keep last`, it is the last policy. RUN/last.ckpt is Lightning's own state at the end of the last finished
epoch. Both files appear complete or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Checkpoint

from driving.interrupts import keep
from driving.training.data import DrivingData
from driving.training.module import PolicyTraining
from policy.network import DrivingPolicy, save_policy
from policy.whole_file import replace_whole

FOLDER, LAST = "checkpoint", "last.ckpt"
WORST = "worst_families_interventions_per_km"
SCORE = (WORST, "mean_abs_lateral_m")  # of closed-loop validation: the first decides, the second between equals
Keep = Literal["best", "last"]
Judge = Callable[[DrivingPolicy, int], Mapping[str, float]]


class RunCheckpoint(Checkpoint):
    """The callback that saves at the end of each epoch.

    Args:
        run: the run's folder.
        judge: drives a policy and returns its figures, with those of SCORE among them. None: the loss decides.
        every_n_epochs: epochs between two judgements; the last epoch is always judged.
        keep: "best" keeps the policy with the best score. "last" keeps the last one, so that the validation data stay a fair test.
        options: the options that a resumed run must share; saved with the state.
    """

    def __init__(
        self,
        run: Path,
        judge: Judge | None = None,
        every_n_epochs: int = 1,
        keep: Keep = "best",
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.run, self.judge, self.every_n_epochs, self.keep = Path(run), judge, every_n_epochs, keep
        self.options = dict(options or {})
        self.best: tuple[float, ...] = ()
        self.best_epoch = -1

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Judge the policy, save it if it is the best so far, and save the state to resume from."""
        assert isinstance(pl_module, PolicyTraining)
        score = self._score(trainer, pl_module)
        if score and (not self.best or score < self.best or self.keep == "last"):
            self.best, self.best_epoch = score, trainer.current_epoch
            save_policy(pl_module.policy, self.run / FOLDER, self._facts(trainer))
        with replace_whole(self.run / LAST) as partial:
            trainer.save_checkpoint(partial)
        keep(f"{self.run} holds the run up to epoch {trainer.current_epoch}; give --existing resume to go on")

    def _score(self, trainer: pl.Trainer, module: PolicyTraining) -> tuple[float, ...]:
        """Return the epoch's score, where a smaller one is better; () where this epoch is not judged."""
        epoch = trainer.current_epoch
        if self.judge is None:
            loss = trainer.callback_metrics.get("val_loss")
            return (-float(epoch),) if loss is None else (float(loss),)
        if (epoch + 1) % self.every_n_epochs and epoch + 1 != trainer.max_epochs:
            return ()
        # The copy drives as the saved policy will: in float32 on the processor, whatever the training's precision and device.
        figures = dict(self.judge(deepcopy(module.policy).float().cpu().eval(), epoch))
        for logger in trainer.loggers:
            named = {f"closed_loop_{name}": value for name, value in figures.items()}
            logger.log_metrics({**named, "epoch": epoch}, step=trainer.global_step)
        return tuple(value if math.isfinite(value) else math.inf for value in map(figures.__getitem__, SCORE))

    def _facts(self, trainer: pl.Trainer) -> dict[str, Any]:
        """Return the facts to save beside the policy: epoch, step, score, logs, and the car that ties curvature to steer."""
        measures = SCORE if self.judge else ("val_loss",) if len(self.best) and self.best[0] >= 0 else ()
        facts: dict[str, Any] = {"epoch": trainer.current_epoch, "step": trainer.global_step, "score": dict(zip(measures, self.best, strict=False))}
        data = getattr(trainer, "datamodule", None)
        if isinstance(data, DrivingData):
            facts["bicycle"] = asdict(data.config.bicycle)
            facts["logs"] = [str(log) for log in data.config.logs]
        return facts

    def summary(self) -> str:
        """Return in words which policy is the best so far."""
        if not self.best:
            return "none yet"
        if self.keep == "last":
            return f"of epoch {self.best_epoch}, the last"
        if self.judge:
            words = f"{self.best[0]:.2f} interventions per km on its worst families, mean lateral error {self.best[1]:.3f} m"
            return f"of epoch {self.best_epoch} ({words})"
        return f"of epoch {self.best_epoch}" + (f" (validation loss {self.best[0]:.5f})" if self.best[0] >= 0 else "")

    def state_dict(self) -> dict[str, Any]:
        """Return the best score so far and the run's options, as plain values."""
        return {"best": list(self.best), "best_epoch": self.best_epoch, "options": self.options}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best score from a saved state."""
        self.best, self.best_epoch = tuple(state_dict["best"]), int(state_dict["best_epoch"])
