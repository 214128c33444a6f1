"""How well a policy predicts a log's labels without driving, beside predictions that do not use the camera.

The policy sees the frames in order and keeps its state. It starts some frames before the judged part, so that its state has settled.
Three baselines are judged on the same frames:

- the mean label of the frames before the judged part,
- the last label before the judged part, for all frames,
- the label of the previous frame. A policy on images does not know it; it shows how slowly labels change.

Open-loop error predicts driving poorly, but logs of real cars do not allow a better test. Shapes: T frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from driving.bicycle import Bicycle
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.training.cache import decode_images
from driving.training.data import holdout_start
from driving.training.labels import read_commands, read_labels, read_time_steps
from policy.network import DrivingPolicy

CHUNK = 64
WARM_UP_FRAMES = 64
POLICY, MEAN, HELD, PERSISTENCE = "policy", "mean of the first part", "last label of the first part, held", "label of the frame before (privileged)"


@dataclass(frozen=True)
class OpenLoopError:
    """The errors of one predictor over all judged frames, in the target's unit; `share_explained` is 1 - MSE / variance of the labels."""

    name: str
    mean_abs: float
    rms: float
    share_explained: float
    frames: int


@torch.no_grad()
def predict_episode(policy: DrivingPolicy, log: Log, episode: int, camera: str, start: int = 0, stop: int | None = None) -> np.ndarray:
    """Return the policy's predictions (T,) for frames `start` to `stop` (exclusive) of an episode; it begins at the initial state."""
    policy.eval()
    dt_s = read_time_steps(log, episode)[start:stop]
    frames = decode_images(log, episode, camera, policy.config.transform, start, stop)
    commands, state, parts = read_commands(log, episode), None, []
    for first in range(0, len(dt_s), CHUNK):
        dt_1T = torch.from_numpy(dt_s[None, first : first + CHUNK].astype(np.float32))
        images = np.stack([next(frames) for _ in range(dt_1T.shape[1])])
        rows = slice(start + first, start + first + len(images))
        command_1T = None if commands is None else torch.from_numpy(commands[None, rows])
        prediction_1T, state = policy(torch.from_numpy(images)[None], dt_1T, state, command_1T)
        parts.append(prediction_1T[0].float().numpy())
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def measure_open_loop(policy: DrivingPolicy, log: Log, bicycle: Bicycle, last: float = 0.2) -> list[OpenLoopError]:
    """Return the errors of the policy and of the baselines on the last share of every episode; `bicycle` is the car of the policy's training.

    Raises UserError where there is nothing to judge.
    """
    if not 0 < last < 1:
        raise UserError(f"the held-back share is {last}, expected between 0 and 1: give --last 0.2")
    if not log.image_keys:
        raise UserError(f"log {log.root} has no camera: a policy needs images")
    parts: dict[str, list[np.ndarray]] = {"label": [], POLICY: [], MEAN: [], HELD: [], PERSISTENCE: []}
    labels = {number: read_labels(log, number, policy.config.target, bicycle) for number in log.numbers}
    cuts = {number: holdout_start(len(label), last) for number, label in labels.items()}
    before = [label[: cuts[number]] for number, label in labels.items()]
    mean = float(np.nanmean(np.concatenate(before))) if before else 0.0
    for number, label in labels.items():
        cut = cuts[number]
        if not 0 < cut < len(label):
            continue
        warm = max(0, cut - WARM_UP_FRAMES)
        parts["label"].append(label[cut:])
        parts[POLICY].append(predict_episode(policy, log, number, log.image_keys[0], warm)[cut - warm :])
        parts[MEAN].append(np.full(len(label) - cut, mean))
        parts[HELD].append(np.full(len(label) - cut, label[cut - 1]))
        parts[PERSISTENCE].append(label[cut - 1 : -1])
    if not parts["label"]:
        raise UserError(f"log {log.root} has no episode whose last {last:.0%} holds a frame: record longer")
    truth = np.concatenate(parts.pop("label"))
    return [_error(name, np.concatenate(values), truth) for name, values in parts.items()]


def _error(name: str, predicted: np.ndarray, truth: np.ndarray) -> OpenLoopError:
    """Return a predictor's errors over the frames that have both a label and a prediction."""
    known = np.isfinite(truth) & np.isfinite(predicted)
    difference = predicted[known] - truth[known]
    square, variance = float(np.mean(difference**2)), float(np.var(truth[known]))
    explained = 1.0 - square / variance if variance > 0 else float("nan")
    return OpenLoopError(name, float(np.mean(np.abs(difference))), square**0.5, explained, int(known.sum()))


def format_errors(errors: Sequence[OpenLoopError], target: str, log: Path) -> str:
    """Return the errors as lines of text."""
    unit = "1/m" if target == "curvature" else "share of full steer"
    lines = [f"open-loop error of {target} ({unit}) on {errors[0].frames:,} held-back frames of {log.name}"]
    lines.append(f"{'predictor':<42}{'mean |error|':>14}{'rms':>10}{'explained':>12}")
    lines += [f"{one.name:<42}{one.mean_abs:>14.4f}{one.rms:>10.4f}{one.share_explained:>12.1%}" for one in errors]
    return "\n".join(lines)
