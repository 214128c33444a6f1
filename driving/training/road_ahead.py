"""Where the lane goes, as further targets for the front-end's features: what each frame shows, apart from how the car should steer.

The steer is one number per frame, and reaches the convolutions only through the recurrent cell. Features that also have to tell where the lane's
centre lies 5 to 30 m ahead learn the road's geometry from every frame. A linear layer on the features predicts these targets during training
(`LossConfig.road_ahead` is the weight of its error); the saved policy does not have it.

All is computed from the log's own place in the lane, speed, and curvature along the way that the car then drove. Shapes: T frames, A targets.
"""

from __future__ import annotations

import numpy as np

from driving.logs import keys
from driving.logs.reader import Log

AHEAD_M = (5.0, 10.0, 15.0, 20.0, 30.0)
TARGETS = 1 + 2 * len(AHEAD_M)
BEARING_RAD, DIRECTION_RAD = 0.05, 0.1  # below these, targets are nearly linear; beyond, errors count relative to the bend
STEP_M = 0.25  # of the integration along the lane
JUMP_M = 0.8  # a car whose place in the lane changes by more between two frames was put back, or changed its lane
SHORTEST_M = 2.0  # an episode in which the car drives less far says nothing


def read_road_ahead(log: Log, episode: int) -> np.ndarray:
    """Return the targets (T, A) of an episode, NaN where they are not known, such as beyond the end of the episode.

    The first is the distance from the centre line (m). For each distance of AHEAD_M follow the bearing of the lane's centre there,
    asinh(bearing / BEARING_RAD), and the lane's direction there relative to the car's, asinh(direction / DIRECTION_RAD). Right is positive.
    """
    lane, motion = log.signals(episode, keys.LANE), log.signals(episode, keys.STATE)
    times_s = log.timestamps(episode)
    targets = np.full((len(times_s), TARGETS), np.nan)
    if not set(keys.LANE_NAMES) <= set(lane) or "speed_mps" not in motion:
        return targets
    speed_mps = np.nan_to_num(np.asarray(motion["speed_mps"], np.float64)).clip(0.0)
    lateral_m, heading_rad, curvature_per_m = (np.asarray(lane[name], np.float64) for name in keys.LANE_NAMES)
    place_m = np.concatenate([[0.0], np.cumsum(0.5 * (speed_mps[1:] + speed_mps[:-1]) * np.diff(times_s))])
    if place_m[-1] < SHORTEST_M:
        return targets
    path = _Path(place_m, curvature_per_m)
    jumps = np.flatnonzero(np.abs(np.diff(lateral_m)) > JUMP_M)
    ends_m = np.append(place_m[jumps], place_m[-1])[np.searchsorted(jumps, np.arange(len(place_m)))]
    targets[:, 0] = lateral_m
    for number, ahead_m in enumerate(AHEAD_M):
        forward_m, right_m, turn_rad = path.look(place_m, place_m + ahead_m)
        right_m = right_m - lateral_m
        along_m, across_m = _turn(forward_m, right_m, heading_rad)
        found = np.arcsinh(np.stack([np.arctan2(across_m, along_m) / BEARING_RAD, (turn_rad - heading_rad) / DIRECTION_RAD], -1))
        targets[:, 1 + 2 * number : 3 + 2 * number] = np.where((place_m + ahead_m <= ends_m + STEP_M)[:, None], found, np.nan)
    return targets


class _Path:
    """The lane's centre line as the car met it, in a frame of its own."""

    def __init__(self, place_T: np.ndarray, curvature_T: np.ndarray) -> None:
        moves = np.concatenate([[True], np.diff(place_T) > 0.0])
        self._place_m = np.arange(0.0, place_T[-1] + STEP_M, STEP_M)
        curvature = np.interp(self._place_m + 0.5 * STEP_M, place_T[moves], np.nan_to_num(curvature_T[moves]))
        self._direction = np.concatenate([[0.0], np.cumsum(curvature[:-1] * STEP_M)])
        middle = self._direction + 0.5 * curvature * STEP_M
        self._x_m, self._y_m = (np.concatenate([[0.0], np.cumsum(part(middle)[:-1] * STEP_M)]) for part in (np.cos, np.sin))

    def look(self, from_T: np.ndarray, to_T: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return how far forward and to the right of one place another lies (m), and by how much the lane turns until there (rad)."""
        here, there = ([np.interp(place, self._place_m, values) for values in (self._x_m, self._y_m, self._direction)] for place in (from_T, to_T))
        forward, right = _turn(there[0] - here[0], there[1] - here[1], here[2])
        return forward, right, there[2] - here[2]


def _turn(x: np.ndarray, y: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors as somebody sees them who has turned to the right by `angle` (rad)."""
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
