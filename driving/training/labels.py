"""What a policy is to predict in each frame of a log: the label's steer, or the curvature of the path that it means.

The label is the log's action: what the expert (or the human) wanted, without the disturbance that recording added.
A steer s of a car with wheelbase L and greatest wheel angle A, of which a share c(v) is allowed at speed v, stands for the curvature
tan(s A c(v)) / L of a kinematic bicycle; a driver turns a predicted curvature back with the inverse. Right positive, curvature in 1/m.
Shapes: T frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from driving.logs import keys
from driving.logs.features import Feature, LogError
from driving.logs.reader import Log
from driving.world.physics.vehicle_physics import Physics

NO_STATE = Feature("float32", (1,))


@dataclass(frozen=True)
class Bicycle:
    """The car as a kinematic bicycle, which ties steer to curvature; the default is the car that is recorded with, CARLA's Tesla Model 3.

    Args:
        wheelbase_m: distance between the axles.
        max_steer_deg: the wheels' angle at steer 1.
        steering_curve: (speed in km/h, share of that angle which the car allows there) points, CARLA's `steering_curve`.
    """

    wheelbase_m: float = 2.875
    max_steer_deg: float = 70.0
    steering_curve: tuple[tuple[float, float], ...] = Physics().steering_curve

    def curvature_per_m(self, steer: np.ndarray, speed_mps: np.ndarray | float = 0.0) -> np.ndarray:
        """The curvature of the path that a steer in [-1, 1] means at a speed."""
        speeds, shares = zip(*self.steering_curve, strict=True)
        share = np.interp(np.abs(speed_mps) * 3.6, speeds, shares)
        return np.tan(np.asarray(steer) * share * math.radians(self.max_steer_deg)) / self.wheelbase_m


def steer_labels(log: Log, episode: int) -> np.ndarray:
    """The label's steer (T,) of an episode, NaN where there is none. Raises LogError where the log has no such signal."""
    feature = log.features.get(keys.ACTION)
    if feature is None:
        raise LogError(f"log {log.root} has no '{keys.ACTION}' to learn from: import or record it with labels")
    names = list(feature.names or keys.ACTION_NAMES)
    if "steer" not in names:
        raise LogError(f"'{keys.ACTION}' of log {log.root} has the signals {', '.join(names)}, expected one named steer: import the log again")
    return np.asarray(log.columns(episode)[keys.ACTION], dtype=np.float64).reshape(-1, len(names))[:, names.index("steer")]


def target_labels(log: Log, episode: int, target: str, bicycle: Bicycle) -> np.ndarray:
    """The labels (T,) of an episode for a policy's target, "steer" or "curvature"; a log without speed counts as slow."""
    steer = steer_labels(log, episode)
    if target == "steer":
        return steer
    state, names = log.columns(episode).get(keys.STATE), list((log.features.get(keys.STATE) or NO_STATE).names or ())
    speed_mps = state.reshape(len(steer), -1)[:, names.index("speed_mps")] if state is not None and "speed_mps" in names else 0.0
    return bicycle.curvature_per_m(steer, speed_mps)


def time_steps(log: Log, episode: int) -> np.ndarray:
    """The time (T,) in s since the frame before, from the log's true times; the first frame gets the median.

    Raises LogError where times stand still or run back: such a log has a broken clock.
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
