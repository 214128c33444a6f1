"""The names of the signals in a driving log.

Vectors have names for their elements, and readers look up signals by name, never by position. All signs are right positive
(see `driving.quantities`).
"""

from __future__ import annotations

IMAGE = "observation.images.front"
"""What the camera saw: uint8 RGB (Y, X, 3), kept as video."""

TIME = "observation.time_s"
"""The true time (s, float64) since the episode's first frame; `timestamp`, the format's own, is frame_index / fps."""

STATE = "observation.state"
"""The car's motion."""
STATE_NAMES = ("speed_mps", "yaw_rate_radps")

LANE = "observation.lane"
"""The car's place relative to its lane. Privileged: only the simulator knows it."""
LANE_NAMES = ("lateral_m", "heading_error_rad", "curvature_per_m")

ACTION = "action"
"""The label: the control that the expert (or the human) wanted in this frame."""
ACTION_NAMES = ("steer", "throttle", "brake")

DISTURBANCE = "disturbance"
"""What was added to the label's steer before the car got it."""
DISTURBANCE_NAMES = ("steer",)

COMMAND = "observation.command"
"""The navigation command: 1 for the one that holds, 0 for the others. Only logs that were recorded with commands have it."""

BOOKKEEPING = ("timestamp", "frame_index", "episode_index", "index", "task_index")
"""The columns that the format itself defines; every log has them."""
