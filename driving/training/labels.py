"""What a policy has to predict in each frame of a log: the label's steer, or the curvature of the path that this steer gives.

The label is the log's action: what the expert (or the human) wanted, without the disturbance that recording added.
`driving/bicycle.py` has the model that ties steer and curvature (1/m); both are positive to the right.
Shapes: T frames.
"""

from __future__ import annotations

import numpy as np

from driving.bicycle import Bicycle
from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.reader import Log
from policy.command import COMMAND_NAMES

ROUNDING = 1e-4  # of steer, by which a label may pass full lock


def read_steer_labels(log: Log, episode: int) -> np.ndarray:
    """Return the label's steer (T,) of an episode, NaN where a frame has none.

    Raises LogError where the log has no such signal, or has it in another unit.
    """
    feature = log.features.get(keys.ACTION)
    if feature is None:
        raise LogError(f"log {log.root} has no '{keys.ACTION}' to learn from: import or record it with labels")
    names = list(feature.names or (keys.ACTION_NAMES if feature.shape == (len(keys.ACTION_NAMES),) else map(str, range(feature.shape[0]))))
    if "steer" not in names:
        raise LogError(f"'{keys.ACTION}' of log {log.root} has the signals {', '.join(names)}, expected one named steer: import the log again")
    steer = np.asarray(log.columns(episode)[keys.ACTION], dtype=np.float64).reshape(-1, len(names))[:, names.index("steer")]
    outside = np.abs(steer) > 1.0 + ROUNDING
    if outside.any():
        worst = steer[outside][np.abs(steer[outside]).argmax()]
        raise LogError(
            f"steer of episode {episode} of log {log.root} reaches {worst:g} ({outside.sum()} frames outside), "
            "expected -1 to 1: import the log with scripts/import_logs.py, whose steer_full states the unit"
        )
    return steer


def read_labels(log: Log, episode: int, target: str, bicycle: Bicycle) -> np.ndarray:
    """Return the labels (T,) of an episode for a policy's target: the steer, or the curvature (1/m) that it gives for this car and speed.

    Without speeds in the log, the speed counts as 0. Raises LogError where the log has no steer.
    """
    steer = read_steer_labels(log, episode)
    if target == "steer":
        return steer
    return bicycle.curvature_per_m(steer, log.signals(episode, keys.STATE).get("speed_mps", 0.0))


def read_commands(log: Log, episode: int) -> np.ndarray | None:
    """Return the navigation commands (T,) of an episode as numbers of `Command`, None where the log has none."""
    signals = log.signals(episode, keys.COMMAND)
    return np.argmax([signals[name] for name in COMMAND_NAMES], axis=0) if set(COMMAND_NAMES) <= set(signals) else None


def read_time_steps(log: Log, episode: int) -> np.ndarray:
    """Return the time (T,) in s since the frame before, from the log's true times; the first frame gets the median.

    Raises LogError where the time does not increase: such a log has a broken clock.
    """
    times = log.timestamps(episode)
    steps = np.diff(times)
    wrong = np.flatnonzero(~(steps > 0))
    if len(wrong):
        at = int(wrong[0])
        raise LogError(
            f"episode {episode} of log {log.root}: time goes from {times[at]:.3f} s to {times[at + 1]:.3f} s at frame {at + 1}, "
            "expected it to rise: import the log again with its frame rate given"
        )
    return np.concatenate([[np.median(steps) if len(steps) else 1.0 / log.fps], steps])
