"""A policy that watches a log: it sees the log's frames at their true times and does not steer. Its prediction stands beside the log's label.

The state is carried through the episode, and dt comes from the timestamps. The path comes from dead reckoning, when the log has speed and
yaw rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from driving.bicycle import Bicycle
from driving.logs.keys import ACTION, LANE, STATE
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.training.labels import read_commands, read_labels
from driving.viewer.playback import Neurons, Playback, SteerNames
from policy.network import DrivingPolicy

CHUNK = 64
LOGGED = ("speed_mps", "lateral_m", "heading_error_rad")


class Responses(NamedTuple):
    """A policy's responses to a sequence of frames."""

    predicted: np.ndarray  # (T,) in the policy's target
    states: np.ndarray  # (T, H)
    tau_s: np.ndarray | None  # (T, H) system time constants, or None for a cell without any
    features: np.ndarray  # (T, I) what the front-end gave


def watch_log(log: Log, episode: int, policy: DrivingPolicy, bicycle: Bicycle, name: str) -> Playback:
    """Run the policy over the episode of this number and return the playback; `bicycle` is the car for which the policy was trained.

    Raises UserError when the log lacks the episode, a camera, or a second frame.
    """
    if not log.image_keys:
        raise UserError(f"log '{name}' has no camera: a policy needs images to watch")
    times = np.asarray(log.timestamps(episode), dtype=float)
    if len(times) < 2:
        raise UserError(f"episode {episode} of log '{name}' has {len(times)} frames: a view needs at least 2")
    key = log.image_keys[0]
    dt = np.diff(times, prepend=times[0] - float(np.median(np.diff(times))))

    def open_frames() -> Iterator[np.ndarray]:
        return iter(log.frames(episode, key, 0, len(times)))

    commands = read_commands(log, episode)
    responses = run_policy(policy, open_frames(), dt, commands)
    columns = {"time_s": times - times[0], "dt_s": dt, "steer": responses.predicted, **read_columns(log, episode, dt)}
    if commands is not None:
        columns["command"] = commands
    if ACTION in log.features:
        columns["label_steer"] = read_labels(log, episode, policy.config.target, bicycle)
    return Playback(
        title=f"policy watches {name}, episode {episode}",
        facts=f"open loop: it does not steer  ·  {1.0 / float(np.median(dt)):.3g} Hz",
        columns=columns,
        neurons=Neurons.from_parts(policy.cell.neuron_names, policy.cell.neuron_roles, policy.cell.edges()),
        state_TH=responses.states,
        tau_s_TH=responses.tau_s,
        features_TI=responses.features,
        open_frames=open_frames,
        steer_names=SteerNames(f"predicted {policy.config.target}", "logged"),
    )


@torch.no_grad()
def run_policy(policy: DrivingPolicy, frames: Iterator[np.ndarray], dt_s: np.ndarray, commands: np.ndarray | None = None) -> Responses:
    """Run the policy over frames (Y, X, 3) with their time steps (T,), and their commands (T,) where they are known.

    Raises UserError when there are fewer frames than time steps."""
    policy.eval()
    state: torch.Tensor | None = None
    predictions, states, taus, features = [], [], [], []
    for start in range(0, len(dt_s), CHUNK):
        steps = torch.from_numpy(dt_s[start : start + CHUNK].astype(np.float32))
        images = [policy.transform.to_model(frame) for _, frame in zip(steps, frames, strict=False)]
        if len(images) != len(steps):
            raise UserError(f"the log's camera has {start + len(images)} frames, its table {len(dt_s)}: run scripts/doctor.py on it")
        command_1T = None if commands is None else torch.from_numpy(commands[None, start : start + CHUNK])
        trace = policy.trace(torch.from_numpy(np.stack(images))[None], steps[None], state, command_BT=command_1T)
        state = trace.cell.state_BS
        predictions.append(trace.prediction_BT[0])
        states.append(trace.cell.neuron_BTH[0])
        features.append(trace.features_BTI[0])
        if trace.cell.tau_s_BTH is not None:
            taus.append(trace.cell.tau_s_BTH[0])
    return Responses(_join(predictions), _join(states), _join(taus) if taus else None, _join(features))


def _join(chunks: list[torch.Tensor]) -> np.ndarray:
    return torch.cat(chunks).float().numpy()


def read_columns(log: Log, episode: int, dt_s: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the log knows of an episode's motion and lane, under the names of a drive's columns (T,)."""
    state, lane = log.signals(episode, STATE), log.signals(episode, LANE)
    known = {name: values.astype(float) for name, values in {**state, **lane}.items() if name in LOGGED}
    if {"speed_mps", "yaw_rate_radps"} <= set(state):
        known |= dead_reckon(state["speed_mps"].astype(float), state["yaw_rate_radps"].astype(float), dt_s)
    return known


def dead_reckon(speed_mps: np.ndarray, yaw_rate_radps: np.ndarray, dt_s: np.ndarray) -> dict[str, np.ndarray]:
    """Return the path x_m, y_m, yaw_rad (T,) from speed and yaw rate alone. It starts at the origin along x."""
    yaw = np.cumsum(yaw_rate_radps * dt_s)
    return {"x_m": np.cumsum(speed_mps * np.cos(yaw) * dt_s), "y_m": np.cumsum(speed_mps * np.sin(yaw) * dt_s), "yaw_rad": yaw}
