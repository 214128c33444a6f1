"""The names of the signals in a driving log, once.

Vectors of numbers carry the names of their elements; readers look signals up by name, never by position.
All signs are right positive (`driving.quantities`).
"""

from __future__ import annotations

IMAGE = "observation.images.front"
"""What the camera saw: uint8 RGB (Y, X, 3), kept as video."""

TIME = "observation.time_s"
"""The true time (s, float64) since the episode's first frame; `timestamp`, the format's own, is frame_index / fps."""

STATE = "observation.state"
"""How the car moved."""
STATE_NAMES = ("speed_mps", "yaw_rate_radps")

LANE = "observation.lane"
"""Where the car was relative to its lane; privileged, known to the simulator only."""
LANE_NAMES = ("lateral_m", "heading_error_rad", "curvature_per_m")

ACTION = "action"
"""The label: what the expert (or the human) wanted to do in this frame."""
ACTION_NAMES = ("steer", "throttle", "brake")

DISTURBANCE = "disturbance"
"""What was added to the label's steer before it was applied to the car."""
DISTURBANCE_NAMES = ("steer",)

BOOKKEEPING = ("timestamp", "frame_index", "episode_index", "index", "task_index")
"""The columns that the format itself defines; every log has them."""
