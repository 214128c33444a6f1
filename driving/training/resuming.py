"""Whether an earlier run can be continued: is its last.ckpt whole, and was it trained with the options that are given now?

The answer comes before anything in the run's folder changes. Options that do not change what is learned may differ: more epochs, another device,
more workers.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from driving.quantities import UserError
from driving.training.checkpoint import LAST, RunCheckpoint
from driving.training.module import PolicyTraining

DECISIVE = ("model.", "data.", "closed_loop.", "seed_everything", "trainer.precision")
COPIES = ("data.transform", "data.target", "data.command", "data.seed")
FREE = ("model.convolutions_in_bfloat16", "closed_loop.workers", "data.cache", "data.workers", *COPIES)
PARTS = {"callbacks", "epoch", "global_step", "loops", "lr_schedulers", "optimizer_states", "pytorch-lightning_version", "state_dict"}
MOST_NAMED = 3


def decisive_options(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options, of all by their dotted names, that a resumed run must share, as plain values."""
    return {name: _plain(name, value) for name, value in sorted(flat.items()) if name.startswith(DECISIVE) and not name.startswith(FREE)}


def _plain(name: str, value: Any) -> Any:
    """Return a value that a checkpoint can hold, with the folder of a log in full."""
    if name == "data.log":
        return [str(Path(one).resolve()) for one in (value if isinstance(value, list) else [value])]
    if name == "trainer.precision":
        return str(value or "32-true")
    if isinstance(value, list | tuple):
        return [_plain("", one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _plain("", one) for key, one in value.items()}
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def check_resumable(run: Path, module: PolicyTraining, options: Mapping[str, Any], epochs: int | None) -> None:
    """Check that a run's last.ckpt can be continued with this module, these decisive options, and up to `epochs`.

    Raises UserError where it is broken or foreign, and where an option or a weight differs.
    """
    path = run / LAST
    saved = _load(path)
    state = saved["callbacks"].get(RunCheckpoint.__qualname__, {})
    before = state.get("options", {})
    names = [name for name in {**before, **options} if before and before.get(name) != options.get(name)]
    if names:
        told = "; ".join(f"{name} was {before.get(name)!r} and is now {options.get(name)!r}" for name in names[:MOST_NAMED])
        more = f"; {len(names) - MOST_NAMED} more differ" if len(names) > MOST_NAMED else ""
        raise UserError(f"{path} cannot be resumed with other options: {told}{more}. Give the options of {run / 'config.yaml'}, or another --out")
    here, there = ({name: tuple(value.shape) for name, value in one.items()} for one in (module.state_dict(), saved["state_dict"]))
    for name in sorted({**here, **there}):
        if here.get(name) != there.get(name):
            raise UserError(
                f"{path} holds another policy: {name} has the shape {there.get(name)} there and {here.get(name)} here; "
                f"give the options of {run / 'config.yaml'}, or another --out"
            )
    done = int(saved["epoch"]) + 1
    if epochs is not None and 0 <= epochs < done:
        raise UserError(f"{path} holds {done} epochs and trainer.max_epochs is {epochs}: give {done} or more")


def _load(path: Path) -> Mapping[str, Any]:
    """Return what a checkpoint holds. Raises UserError where it is cut or was not written by a training run."""
    remedy = "give --existing replace to train from the start, or another --out"
    if not zipfile.is_zipfile(path):  # the end of the file is missing, or it never was one
        raise UserError(f"{path} is cut, or not a checkpoint: {remedy}")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types for broken files
        raise UserError(f"{path} is damaged, or not a checkpoint ({type(error).__name__}): {remedy}") from error
    missing = PARTS - set(saved) if isinstance(saved, Mapping) else PARTS
    if missing or not all(isinstance(saved[name], Mapping) for name in ("callbacks", "state_dict")):
        raise UserError(f"{path} is not the checkpoint of a training run (without {', '.join(sorted(missing)) or 'weights'}): {remedy}")
    if not all(isinstance(value, torch.Tensor) for value in saved["state_dict"].values()):
        raise UserError(f"{path} is not the checkpoint of a training run (its weights are not tensors): {remedy}")
    return saved
