"""A policy watching a log: it sees the log's frames at their true times and steers nothing; its prediction stands beside the log's own.

The state is carried through the episode, dt comes from the timestamps. A log without positions gets its path by dead reckoning where it has
speed and yaw rate, and none otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from driving.bicycle import Bicycle
from driving.logs.keys import ACTION, LANE, STATE
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.training.labels import target_labels
from driving.viewer.playback import Neurons, Playback
from policy.network import DrivingPolicy

CHUNK = 64
LOGGED = ("speed_mps", "lateral_m", "heading_error_rad")


def playback_of_log(log: Log, episode: int, policy: DrivingPolicy, bicycle: Bicycle, name: str) -> Playback:
    """Run the policy over an episode; `bicycle` is the car that it was trained for.

    Raises UserError where the log lacks the episode, a camera or two frames.
    """
    if not 0 <= episode < len(log.episodes):
        raise UserError(f"log '{name}' has no episode {episode}: choose one from 0 to {len(log.episodes) - 1}")
    if not log.image_keys:
        raise UserError(f"log '{name}' has no camera: a policy needs images to watch")
    times = np.asarray(log.timestamps(episode), dtype=float)
    if len(times) < 2:
        raise UserError(f"episode {episode} of log '{name}' has {len(times)} frames: a view needs at least 2")
    key = log.image_keys[0]
    dt = np.diff(times, prepend=times[0] - float(np.median(np.diff(times))))

    def open_frames() -> Iterator[np.ndarray]:
        return iter(log.frames(episode, key, 0, len(times)))

    predicted, states, taus = watch(policy, open_frames(), dt)
    columns = {"time_s": times - times[0], "dt_s": dt, "steer": predicted, **log_columns(log, episode, dt)}
    if ACTION in log.features:
        columns["label_steer"] = target_labels(log, episode, policy.config.target, bicycle)
    return Playback(
        title=f"policy watches {name}, episode {episode}",
        facts=f"open loop: it does not steer  ·  {1.0 / float(np.median(dt)):.3g} Hz",
        columns=columns,
        neurons=Neurons.from_parts(policy.cell.neuron_names, policy.cell.neuron_roles, policy.cell.edges()),
        state_TH=states,
        tau_s_TH=taus,
        open_frames=open_frames,
        steer_names=(f"predicted {policy.config.target}", "logged"),
    )


@torch.no_grad()
def watch(policy: DrivingPolicy, frames: Iterator[np.ndarray], dt_s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Predictions (T,), states (T, H) and system time constants (T, H) or None, over frames (Y, X, 3) with their time steps."""
    policy.eval()
    state: torch.Tensor | None = None
    parts = []
    for start in range(0, len(dt_s), CHUNK):
        steps = torch.from_numpy(dt_s[start : start + CHUNK].astype(np.float32))
        images = [policy.transform.to_model(frame) for _, frame in zip(steps, frames, strict=False)]
        if len(images) != len(steps):
            raise UserError(f"the log's camera has {start + len(images)} frames, its table {len(dt_s)}: run scripts/doctor.py on it")
        trace = policy.trace(torch.from_numpy(np.stack(images))[None], steps[None], state)
        state = trace.cell.state_BS
        tau_s_BTH = trace.cell.tau_s_BTH
        parts.append((trace.prediction_BT[0], trace.cell.neuron_BTH[0], None if tau_s_BTH is None else tau_s_BTH[0]))
    taus = [tau for *_, tau in parts if tau is not None]
    predicted = torch.cat([prediction for prediction, *_ in parts]).float().numpy()
    states = torch.cat([neurons for _, neurons, _ in parts]).float().numpy()
    return predicted, states, torch.cat(taus).float().numpy() if taus else None


def log_columns(log: Log, episode: int, dt_s: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the log knows of an episode's motion and lane, under the names of a drive's columns (T,)."""
    state, lane = log.signals(episode, STATE), log.signals(episode, LANE)
    known = {name: values.astype(float) for name, values in {**state, **lane}.items() if name in LOGGED}
    if {"speed_mps", "yaw_rate_radps"} <= set(state):
        known |= dead_reckoned(state["speed_mps"].astype(float), state["yaw_rate_radps"].astype(float), dt_s)
    return known


def dead_reckoned(speed_mps: np.ndarray, yaw_rate_radps: np.ndarray, dt_s: np.ndarray) -> dict[str, np.ndarray]:
    """The path (x_m, y_m, yaw_rad) from speed and yaw rate alone, from the origin along x."""
    yaw = np.cumsum(yaw_rate_radps * dt_s)
    return {"x_m": np.cumsum(speed_mps * np.cos(yaw) * dt_s), "y_m": np.cumsum(speed_mps * np.sin(yaw) * dt_s), "yaw_rad": yaw}
