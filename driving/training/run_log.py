"""The loggers of a run: always metrics.csv in its folder, and Weights & Biases on request."""

from __future__ import annotations

import base64
import csv
import json
import netrc
import os
import queue
import threading
import urllib.error
import urllib.parse
import urllib.request
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.loggers import Logger, WandbLogger

from policy.whole_file import replace_whole

METRICS = "metrics.csv"
WANDB_HOST = "api.wandb.ai"
LEADING = ("epoch", "step")
ANSWER_S, SEND_S = 5.0, 20.0  # how long a server may take to answer, and to take what a run has left at its end
MOST_WORDS = 200


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


class PatientWandbLog(WandbLogger):
    """A logger of Weights & Biases whose failure does not end the training: after the first one it says so in one line and logs no more."""

    _has_failed = False

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log figures, unless an earlier attempt has failed."""
        if self._has_failed:
            return
        try:
            super().log_metrics(metrics, step)
        except Exception as error:  # it raises many types, its own and those of its connection
            self._has_failed = True
            print(f"Weights & Biases takes no more figures ({type(error).__name__}): {METRICS} has them all", flush=True)


def make_wandb_log(folder: Path) -> WandbLogger:
    """Return the logger of a Weights & Biases run in `folder`.

    It is online where the user is logged in and the server accepts the key within seconds. Otherwise it is offline, and one line says why and how
    to send the run later.
    """
    import wandb  # imported here, because the import takes a second

    folder.mkdir(parents=True, exist_ok=True)
    online = is_logged_in()
    reason = find_obstacle(str(wandb.setup().settings.base_url)) if online else None
    if online and reason is None:
        try:
            return PatientWandbLog(experiment=_begin(folder, "online"))
        except (wandb.errors.Error, OSError) as error:
            reason = " ".join(str(error).split())[:MOST_WORDS]
    run = _begin(folder, "offline")
    if online:
        print(f"Weights & Biases is offline ({reason}): send the run later with `wandb sync {Path(run.dir).parent}`", flush=True)
    return PatientWandbLog(experiment=run)


def _begin(folder: Path, mode: Literal["online", "offline"]) -> Any:
    """Begin a run. It waits for the server at its start and its end for a limited time only."""
    import wandb

    settings = wandb.Settings(silent=True, console="off", init_timeout=ANSWER_S, finish_timeout=SEND_S, finish_timeout_raises=True)
    return wandb.init(project="liquidlane", name=folder.name, dir=str(folder), mode=mode, settings=settings)


def end_wandb_log(log: WandbLogger) -> None:
    """End a run of Weights & Biases. Where the server has gone, one line says how to send the run later."""
    run = log.experiment
    place = Path(run.dir).parent
    try:
        run.finish()
    except Exception as error:  # TimeoutError, or that its service has ended
        print(f"Weights & Biases did not take the whole run ({type(error).__name__}): send it later with `wandb sync {place}`", flush=True)


def find_obstacle(server: str) -> str | None:
    """Return why a Weights & Biases server cannot be used now, or None where it accepts the key. It takes ANSWER_S at most."""
    answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    # A thread, because the system's look-up of a name has no time limit.
    threading.Thread(target=lambda: answers.put(_ask(server)), daemon=True).start()
    try:
        return answers.get(timeout=ANSWER_S)
    except queue.Empty:
        return f"{server} did not answer within {ANSWER_S:.0f} s"


def _ask(server: str) -> str | None:
    """Ask the server who the owner of the key is. Return what went wrong, or None."""
    request = urllib.request.Request(f"{server}/graphql", json.dumps({"query": "query { viewer { id } }"}).encode())
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", "Basic " + base64.b64encode(f"api:{_find_key(server)}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as reply:
            known = ((json.load(reply) or {}).get("data") or {}).get("viewer")
    except urllib.error.HTTPError as error:
        return f"{server} refuses the key" if error.code in (401, 403) else f"{server} answers with the error {error.code}"
    except (OSError, ValueError, AttributeError) as error:  # no connection; no JSON; other JSON
        return f"{server} cannot be reached: {getattr(error, 'reason', error)}"
    return None if known else f"{server} does not know the key"


def is_logged_in() -> bool:
    """Return whether the user has a key for Weights & Biases, in WANDB_API_KEY or from `wandb login`. It does not use the network."""
    return os.environ.get("WANDB_MODE", "online") == "online" and _find_key(os.environ.get("WANDB_BASE_URL", f"https://{WANDB_HOST}")) is not None


def _find_key(server: str) -> str | None:
    """Return the user's key for a server, None where there is none."""
    if key := os.environ.get("WANDB_API_KEY"):
        return key
    try:
        known = netrc.netrc()
        entry = known.authenticators(urllib.parse.urlsplit(server).hostname or WANDB_HOST) or known.authenticators(WANDB_HOST)
    except (OSError, netrc.NetrcParseError):
        return None
    return entry[2] if entry else None
