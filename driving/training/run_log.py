"""The loggers of a run: always metrics.csv in its folder, and Weights & Biases on request."""

from __future__ import annotations

import csv
import netrc
import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.loggers import Logger, WandbLogger

from policy.whole_file import replace_whole

METRICS = "metrics.csv"
WANDB_HOST = "api.wandb.ai"
LEADING = ("epoch", "step")


class CsvLog(Logger):
    """The logger that writes RUN/metrics.csv, one row per set of figures. The file is complete after every row; a resumed run continues it."""

    def __init__(self, folder: Path, resume: bool = False) -> None:
        super().__init__()
        self._folder = Path(folder)
        self._path = self._folder / METRICS
        self._rows: list[dict[str, str]] = []
        self._resuming = resume
        if resume and self._path.is_file():
            with self._path.open(newline="", encoding="utf-8") as file:
                self._rows = [{key: value for key, value in row.items() if value} for row in csv.DictReader(file)]

    @property
    def name(self) -> str:
        """The run folder's name."""
        return self._folder.name

    @property
    def version(self) -> str:
        """No version: runs have different folders."""
        return ""

    @property
    def log_dir(self) -> str:
        """The run's folder."""
        return str(self._folder)

    @property
    def save_dir(self) -> str:
        """The run's folder, into which Lightning puts config.yaml."""
        return str(self._folder)

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the run's config.yaml has them."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add a row. The first epoch that a resumed run logs replaces the rows of that epoch and of later ones."""
        row = {"step": "" if step is None else str(step), **{name: repr(float(value)) for name, value in metrics.items()}}
        if "epoch" in row:
            row["epoch"] = str(int(metrics["epoch"]))
            if self._resuming:
                self._rows = [old for old in self._rows if int(old.get("epoch", -1)) < int(row["epoch"])]
                self._resuming = False
        self._rows.append(row)
        self._write()

    def _write(self) -> None:
        """Write all rows to a new file and rename it, so that the file is always complete."""
        names = sorted({name for row in self._rows for name in row}, key=lambda name: (name not in LEADING, name))
        with replace_whole(self._path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self._rows)


def make_wandb_log(folder: Path) -> WandbLogger:
    """Return the logger of a Weights & Biases run in `folder`. It is online where the user is logged in; `wandb sync` sends an offline run later."""
    import wandb  # imported here, because the import takes a second

    folder.mkdir(parents=True, exist_ok=True)
    mode: Literal["online", "offline"] = "online" if is_logged_in() else "offline"
    settings = wandb.Settings(silent=True, console="off")
    run = wandb.init(project="liquidlane", name=folder.name, dir=str(folder), mode=mode, settings=settings)
    return WandbLogger(experiment=run)


def is_logged_in() -> bool:
    """Return whether the user has a key for Weights & Biases, in WANDB_API_KEY or from `wandb login`. It does not use the network."""
    if os.environ.get("WANDB_API_KEY"):
        return os.environ.get("WANDB_MODE", "online") == "online"
    try:
        return netrc.netrc().authenticators(WANDB_HOST) is not None
    except (OSError, netrc.NetrcParseError):
        return False
