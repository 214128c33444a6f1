"""The CARLA leaderboard's driving score (version 2.x), as far as a lane follower can earn or lose it.

    driving score = R * P,    R = 100 * completion,    P = 0.5^pedestrians * 0.6^vehicles * 0.65^static * (1 - share outside the lane)

Traffic lights, stop signs, yielding and scenarios are left out: the drives have none. Over several drives the score is the mean of the drives'.
Sources: the leaderboard's statistics_manager (penalties) and scenario_runner's OutsideRouteLanesTest (lane).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from driving.evaluation.measures.collisions import Collision, CollisionKind
from driving.evaluation.measures.stretches import Columns

PENALTIES: dict[CollisionKind, float] = {"pedestrian": 0.5, "vehicle": 0.6, "static": 0.65}
BEYOND_EDGE_M = 0.5  # the car's middle may be this far outside its lane's edge
WRONG_WAY_RAD = math.pi / 2.0


def outside_lane_share(columns: Columns) -> float:
    """Return the share (0 to 1) of the driven distance that lies outside the lane: beyond its edge by more than 0.5 m, or the wrong way."""
    beyond = np.abs(columns["lateral_m"]) > columns["lane_width_m"] / 2.0 + BEYOND_EDGE_M
    wrong_way = np.abs(columns["heading_error_rad"]) > WRONG_WAY_RAD
    metres = np.abs(columns["speed_mps"] * columns["dt_s"])
    total = float(metres.sum())
    return float(metres[beyond | wrong_way].sum()) / total if total > 0 else 0.0


def infraction_penalty(collisions: Sequence[Collision], outside_share: float) -> float:
    """Return the leaderboard's P (0 to 1): 1, multiplied once per collision by its kind's factor, and by the share inside the lane."""
    return math.prod(PENALTIES[collision.kind] for collision in collisions) * (1.0 - outside_share)


def driving_score(completed: float, penalty: float) -> float:
    """Return the leaderboard's driving score (0 to 100) of one drive from its completion (0 to 1) and its penalty (0 to 1)."""
    return 100.0 * completed * penalty
