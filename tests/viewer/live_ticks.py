"""Ticks of a running drive, made from a playback."""

from __future__ import annotations

from collections.abc import Iterator

from driving.drivers.driver import Action
from driving.quantities import Control, LaneState, Observation, Pose, VehicleState
from driving.rollout.tick import Tick
from driving.viewer.playback import Playback


def make_ticks(playback: Playback) -> Iterator[Tick]:
    """Yield the ticks of a playback whose features are known, as the loop gives them to its listeners."""
    assert playback.features_TI is not None
    names = ("time_s", "dt_s", "steer", "label_steer", "speed_mps", "x_m", "y_m", "yaw_rad", "lateral_m", "heading_error_rad", "curvature_per_m")
    for t, image in enumerate(playback.open_frames()):
        c = {name: float(playback.columns[name][t]) for name in names}
        vehicle = VehicleState(t, c["time_s"], Pose(c["x_m"], c["y_m"], yaw_rad=c["yaw_rad"]), c["speed_mps"], 0.0)
        lane = LaneState(float(t), c["lateral_m"], c["heading_error_rad"], c["curvature_per_m"], 3.5)
        action = Action(Control(c["steer"]), Control(c["label_steer"]), neuron_state=playback.state_TH[t], features=playback.features_TI[t])
        yield Tick(Observation(vehicle, c["dt_s"], image, lane), action, action.control, False, 0.0, 0.0)
