"""What the process imports from which drives are forked. It loads compiled code too, but starts no thread, connects to no server, reads no policy."""

from __future__ import annotations

import numpy as np

from driving.evaluation.workers import drive_process
from driving.quantities import Pose
from driving.world.maps.route import LaneTracker, Route

__all__ = ["drive_process"]

_LINE = np.arange(4.0)
LaneTracker(Route("warm-up", *[_LINE] * 12, closed=False)).locate(Pose())
