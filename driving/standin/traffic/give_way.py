"""Who waits at stop and yield signs. As on CARLA's server, a waiting vehicle in a sign's box sees a red light, although no traffic light is there.

At a stop sign the light is red until the vehicle has stood for STOP_S and its way is free; at a yield sign until its way is free. The way is taken
while another vehicle is on a lane of the junction ahead that crosses or joins the vehicle's own lane, or comes towards such a lane on a road
without a stop or yield sign. Vehicles that wait at several signs go one after the other, the first spawned first. PATIENCE_S after it has stopped
a vehicle may go in any case.

Shapes: N vehicles, K points along lanes as in `right_of_way`.
"""

from __future__ import annotations

import numpy as np

from driving.standin.traffic.signals import SignPlace
from driving.standin.traffic.stop_boxes import FACING, LEVEL_M, StopBoxes
from driving.world.maps.right_of_way import STEP_M, find_priority_points, find_waypoint, is_in_conflict, sample_points, trace_paths
from driving.world.maps.roads import RoadNetwork
from driving.world.physics import dynamics
from driving.world.physics.fleet import Fleet

STOP_S, PATIENCE_S = 2.0, 15.0
STANDS_MPS = 0.1  # below this speed a vehicle counts as standing
STOP = "traffic.stop"


class GiveWay:
    """The stop and yield signs of a map. Which vehicles they hold is kept in the fleet, so that one GiveWay serves all episodes on a map."""

    def __init__(self, network: RoadNetwork, places: list[SignPlace]) -> None:
        """Find the lanes that have right of way over each sign's lanes; raises what the map reader raises, see `signals`."""
        self._must_stop = np.array([place.type_id == STOP for place in places], bool)
        self._boxes = StopBoxes([place.stops for place in places])
        lanes = [[find_waypoint(network.map, stop.x_m, stop.y_m, stop.z_m) for stop in place.stops] for place in places]
        with_sign = {(lane.road_id, lane.lane_id) for sign_lanes in lanes for lane in sign_lanes}
        own_paths = [
            [path for lane, stop in zip(sign_lanes, place.stops, strict=True) for path in trace_paths(lane, stop.half_length_m)]
            for sign_lanes, place in zip(lanes, places, strict=True)
        ]
        self._ways = [find_priority_points(paths, with_sign) for paths in own_paths]
        points = [sample_points([point for path in paths for point in path], 1.0) for paths in own_paths]
        crossing = [[one is not other and is_in_conflict(one, other) for other in points] for one in points]
        self._cross = np.array(crossing, bool).reshape(len(places), len(places))  # whether the paths of two signs cross or join

    def hold_vehicles(self, fleet: Fleet, dt_s: float) -> None:
        """Set `fleet.gives_way` (N,): whether each vehicle has to wait. Also keeps `stood_s` and `let_past`, `dt_s` seconds after the last call."""
        if not len(self._must_stop):
            return
        sign_at = self._boxes.find_owners(fleet.state)
        speed_mps = np.hypot(fleet.state[:, dynamics.VX], fleet.state[:, dynamics.VY])
        at_sign = sign_at >= 0
        fleet.let_past[fleet.let_past != sign_at + 1] = 0
        fleet.stood_s[:] = np.where(at_sign & (speed_mps < STANDS_MPS), fleet.stood_s + dt_s, np.where(at_sign, fleet.stood_s, 0.0))
        fleet.gives_way[:] = False
        for row in np.flatnonzero(at_sign & (fleet.let_past == 0)):
            sign, stood_s = sign_at[row], fleet.stood_s[row]
            going = sign_at[fleet.let_past > 0]
            free = not self._cross[sign, going].any() and not _is_taken(self._ways[sign], fleet.state, speed_mps, int(row))
            if (stood_s >= STOP_S or not self._must_stop[sign]) and (free or stood_s >= PATIENCE_S):
                fleet.let_past[row] = sign + 1
            else:
                fleet.gives_way[row] = True


def _is_taken(way: np.ndarray, state: np.ndarray, speed_mps: np.ndarray, row: int) -> bool:
    """Return whether a vehicle other than `row` is on the way (K, 5): inside the junction, or moving towards it."""
    x, y, z, yaw, inside = way.T
    dx, dy = state[:, dynamics.X, None] - x, state[:, dynamics.Y, None] - y
    same_level = np.abs(state[:, dynamics.Z, None] - z) < LEVEL_M
    near = (dx * dx + dy * dy < STEP_M**2) & same_level & (np.cos(state[:, dynamics.YAW, None] - yaw) > FACING)
    near &= (inside > 0.0) | (speed_mps[:, None] > STANDS_MPS)
    near[row] = False
    return bool(near.any())
