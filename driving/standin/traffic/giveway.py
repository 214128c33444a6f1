"""Who waits at stop and yield signs: as on CARLA's server, a vehicle in a sign's box is shown a red light that no traffic light sends.

At a stop sign it is red until the vehicle has stood for STOP_S and its way is free, at a yield sign until its way is free. The way is the lanes
of the junction ahead that cross or join the vehicle's own, and what comes to them on lanes that have no such sign. Vehicles that wait at
several signs go one after the other, the first spawned first; PATIENCE_S after it has stopped a vehicle goes whatever stands there.
Shapes: N vehicles, K points along lanes as `conflicts` has them.
"""

from __future__ import annotations

import numpy as np

from driving.standin.traffic.signals import FACING, LEVEL_M, SignPlace, StopBoxes
from driving.world.maps.right_of_way import STEP_M, meet, paths_from, right_of_way, rows_of, waypoint_at
from driving.world.maps.roads import RoadNetwork
from driving.world.physics import dynamics as d
from driving.world.physics.fleet import Fleet

STOP_S, PATIENCE_S = 2.0, 15.0
STANDS_MPS = 0.1
STOP = "traffic.stop"


class GiveWay:
    """The stop and yield signs of a map, and which vehicles they hold."""

    def __init__(self, network: RoadNetwork, places: list[SignPlace]) -> None:
        self._must_stop = np.array([place.type_id == STOP for place in places], bool)
        self._boxes = StopBoxes([(index, stop) for index, place in enumerate(places) for stop in place.stops])
        lanes = [[waypoint_at(network.map, stop.x_m, stop.y_m, stop.z_m) for stop in place.stops] for place in places]
        signed = {(lane.road_id, lane.lane_id) for several in lanes for lane in several}
        own = [
            [path for lane, stop in zip(several, place.stops, strict=True) for path in paths_from(lane, stop.half_length_m)]
            for several, place in zip(lanes, places, strict=True)
        ]
        self._ways = [right_of_way(paths, signed) for paths in own]
        points = [rows_of([point for path in paths for point in path], 1.0) for paths in own]
        self._cross = np.array([[one is not other and meet(one, other) for other in points] for one in points], bool).reshape(
            len(places), len(places)
        )

    def show(self, fleet: Fleet, dt_s: float) -> None:
        """Sets `fleet.gives_way` (N,): those that are shown red."""
        if not len(self._must_stop):
            return
        at = self._boxes.of(fleet.state)
        speed = np.hypot(fleet.state[:, d.VX], fleet.state[:, d.VY])
        fleet.let_past[fleet.let_past != at + 1] = 0
        fleet.stood_s[:] = np.where((at >= 0) & (speed < STANDS_MPS), fleet.stood_s + dt_s, np.where(at >= 0, fleet.stood_s, 0.0))
        fleet.gives_way[:] = False
        for row in np.flatnonzero((at >= 0) & (fleet.let_past == 0)):
            sign, stood_s = at[row], fleet.stood_s[row]
            going = at[fleet.let_past > 0]
            free = not self._cross[sign, going].any() and not _taken(self._ways[sign], fleet.state, speed, int(row))
            if (stood_s >= STOP_S or not self._must_stop[sign]) and (free or stood_s >= PATIENCE_S):
                fleet.let_past[row] = sign + 1
            else:
                fleet.gives_way[row] = True


def _taken(way: np.ndarray, state: np.ndarray, speed: np.ndarray, row: int) -> bool:
    """Whether another vehicle than `row` is on the way (K, 5): in the junction, or coming to it."""
    dx, dy = state[:, d.X, None] - way[:, 0], state[:, d.Y, None] - way[:, 1]
    near = (
        (dx * dx + dy * dy < STEP_M**2) & (np.abs(state[:, d.Z, None] - way[:, 2]) < LEVEL_M) & (np.cos(state[:, d.YAW, None] - way[:, 3]) > FACING)
    )
    near &= (way[:, 4] > 0.0) | (speed[:, None] > STANDS_MPS)
    near[row] = False
    return bool(near.any())
