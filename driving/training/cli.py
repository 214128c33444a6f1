"""The training command: Lightning's command line for our data, module and callbacks, configured by YAML and overrides.

The values are in `configs/train/`. The command adds the run's folder (`--out`), what to do when this folder already holds a run (`--existing`),
closed-loop validation, and Weights & Biases. It turns every mistake of the user into one line.
"""

from __future__ import annotations

import logging
import shutil
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import cv2
import torch
from jsonargparse import ArgumentError
from jsonargparse._deprecated import JsonargparseDeprecationWarning
from jsonargparse.typing import PositiveInt
from lightning.pytorch import Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from driving.folder_lock import lock_folder
from driving.interrupts import keep
from driving.parser import Help, explain
from driving.quantities import UserError
from driving.training.checkpoint import FOLDER, LAST, Keep, RunCheckpoint
from driving.training.closed_loop import ClosedLoopConfig, make_judge
from driving.training.data import DrivingData
from driving.training.module import PolicyTraining
from driving.training.resuming import check_resumable, decisive_options
from driving.training.run_log import METRICS, CsvLog, end_wandb_log, make_wandb_log
from driving.training.speed import keep_freed_memory

Existing = Literal["refuse", "resume", "replace"]
TRAINER_DEFAULTS: dict[str, Any] = {"max_epochs": 20, "enable_model_summary": False, "gradient_clip_val": 1.0, "num_sanity_val_steps": 0}
# Float16 weights are left out: Adam's smallest term, 1e-8, is 0 in float16, and weights become NaN.
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed", "bf16-true", "64-true")
SHORT_PRECISIONS = (None, "32", "bf16", "16", "64", 32, 16, 64)  # Lightning's older words for the same
# Warnings of Lightning that do not apply here: reading in the training process is fastest on few cores, small logs make short epochs, and
# validation is optional. The warning about LeafSpec concerns Lightning's own code.
ADVICE = (
    ".*does not have many workers.*",
    ".*number of training batches.*is smaller than the logging interval.*",
    ".*isinstance.treespec, LeafSpec.*",
    ".*Total length of `.*` across ranks is zero.*",
    ".*PyTorch Lightning will not run validation.*",
)


class TrainCommand(LightningCLI):
    """The command `train.py fit`, which trains a policy into a run's folder."""

    def __init__(self, about: str, args: list[str] | None = None) -> None:
        """Parse the command line (`args`, by default the process's) and train. `about` heads the help. Raises UserError for a user's mistake."""
        quieten()
        words = {"description": about, "formatter_class": Help, "exit_on_error": False}
        with ExitStack() as self._held:  # the lock of the run's folder
            super().__init__(
                PolicyTraining,
                DrivingData,
                trainer_defaults=TRAINER_DEFAULTS,
                seed_everything_default=0,
                save_config_kwargs={"overwrite": True},
                parser_kwargs={**words, "fit": dict(words)},
                auto_configure_optimizers=False,
                load_from_checkpoint_support=False,
                args=args,
            )

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """Return Lightning's subcommands that exist here: only `fit`, as evaluation is another command."""
        return {"fit": {"model", "train_dataloaders", "val_dataloaders", "datamodule", "ckpt_path", "weights_only"}}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the run's own options. The data module takes the values that it shares with the model from the model's options."""
        parser.add_argument("--out", type=Path, required=True, help="the run's folder: checkpoint/, last.ckpt, metrics.csv, config.yaml")
        parser.add_argument(
            "--existing", type=Existing, default="refuse", help="when the folder holds a run already: refuse, resume it, or replace it"
        )
        parser.add_argument("--keep", type=Keep, default="best", help="which epoch's policy is kept: the best by closed loop or loss, or the last")
        parser.add_argument("--threads", type=PositiveInt | None, default=None, help="threads of the arithmetic; null for all cores")
        parser.add_argument("--wandb", type=bool, default=False, help="log to Weights & Biases too, offline unless you are logged in")
        parser.add_class_arguments(ClosedLoopConfig, "closed_loop")
        parser.link_arguments("model.policy.transform", "data.transform")
        parser.link_arguments("model.policy.target", "data.target")
        parser.link_arguments("model.policy.command", "data.command")
        parser.link_arguments("seed_everything", "data.seed")

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Return the trainer with this run's loggers and checkpoints. Raises UserError where Lightning refuses its options."""
        chosen = self.config_init[self.subcommand]
        if chosen.threads is not None:
            torch.set_num_threads(chosen.threads)
        self.run: Path = chosen.out
        if getattr(rank_zero_only, "rank", 0) == 0:  # the processes of the other devices share its folder
            self._held.enter_context(lock_folder(self.run))
        if chosen.trainer.precision not in PRECISIONS + SHORT_PRECISIONS:
            raise UserError(f"trainer.precision {chosen.trainer.precision} is not supported: give one of {', '.join(PRECISIONS)}")
        options = decisive_options(self.config[self.subcommand].as_flat().__dict__)
        self.resumes = check_existing(self.run, chosen.existing)
        if self.resumes:
            check_resumable(self.run, self.model, options, chosen.trainer.max_epochs)
        before = f"{self.run} holds the epochs from before; give --existing resume to go on"
        keep(before if self.resumes else f"no epoch was finished; give --existing replace to train in {self.run} from the start")
        logs: list[Logger] = [CsvLog(self.run, self.resumes)]
        if chosen.wandb:
            logs.append(log := make_wandb_log(self.run))
            self._held.callback(end_wandb_log, log)
        judge = make_judge(chosen.closed_loop, self.run)
        self.checkpoint = RunCheckpoint(self.run, judge, max(1, chosen.closed_loop.every_n_epochs), chosen.keep, options)
        try:
            return super().instantiate_trainer(logger=logs, callbacks=[*(chosen.trainer.callbacks or []), self.checkpoint], **kwargs)
        except (MisconfigurationException, ValueError) as error:  # how Lightning refuses a value of --trainer
            raise UserError(f"the trainer cannot be made: {error}") from error

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse as Lightning does. Raises UserError for an unknown option and for a value of a wrong type."""
        try:
            super().parse_arguments(parser, args)
        except ArgumentError as error:
            raise explain(error, self._subcommand_parsers["fit"].get_defaults(skip_validation=True).keys()) from error

    def fit(self, model: PolicyTraining, datamodule: DrivingData, **_: Any) -> None:
        """Train. Print one line about the training data before, and one line about the best policy after."""
        cv2.setNumThreads(1)
        keep_freed_memory()
        datamodule.setup()  # before an earlier run is removed, because the data may be refused
        if not self.resumes:
            remove_run(self.run)
        print(f"{'resuming' if self.resumes else 'training'}: {datamodule.summary()}", flush=True)
        self.trainer.fit(model, datamodule=datamodule, ckpt_path=self.run / LAST if self.resumes else None, weights_only=True)
        print(f"trained: best policy {self.checkpoint.summary()}, in {self.run / FOLDER}", flush=True)


def quieten() -> None:
    """Silence the messages of libraries that do not help the user."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for words in ADVICE:
        warnings.filterwarnings("ignore", words)
    warnings.filterwarnings("ignore", category=JsonargparseDeprecationWarning)  # Lightning itself makes such calls


def check_existing(run: Path, existing: Existing) -> bool:
    """Return whether an earlier run is resumed in the run's folder.

    Raises UserError where the folder holds a run and `existing` is "refuse", and where it holds a policy but not the state to resume.
    """
    parts = _list_parts(run)
    if parts and existing == "refuse":
        raise UserError(f"{run} holds a run already: give --existing resume to continue it, --existing replace, or another --out")
    if existing == "resume" and run / FOLDER in parts and run / LAST not in parts:
        raise UserError(f"{run} holds a policy, but no {LAST} to resume: give --existing replace to train from the start, or another --out")
    return existing == "resume" and (run / LAST).is_file()


def remove_run(run: Path) -> None:
    """Remove an earlier run from its folder."""
    for part in _list_parts(run):
        shutil.rmtree(part) if part.is_dir() else part.unlink()


def _list_parts(run: Path) -> list[Path]:
    """Return the files and folders of an earlier run."""
    return [run / name for name in (FOLDER, LAST, METRICS, "closed_loop") if (run / name).exists()]
