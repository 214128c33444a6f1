"""Where the things of a map are that are placed by a road, a station along it and a distance beside it. Metres, CARLA's frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from driving.world.geometry.polylines import unit
from driving.world.maps.road_objects import MapObject
from driving.world.maps.roads import Strip


class RoadLines:
    """The lines between the left and right lanes of some roads, and where things are that a map places along them."""

    def __init__(self, strips: Iterable[Strip], wanted: set[int]) -> None:
        """Collect the lines of the roads with the `wanted` ids from the lanes beside them."""
        parts: dict[int, list[np.ndarray]] = {}
        for strip in strips:
            if strip.road_id in wanted and strip.lane_id in (-1, 1):
                across = (strip.right_xyz_m - strip.left_xyz_m)[:, :2]
                size = np.hypot(*across.T)
                line = strip.left_xyz_m if strip.lane_id < 0 else strip.right_xyz_m
                rows = np.column_stack([strip.s_m, line, unit(across)])[size > 0.05]  # station, x, y, z, and the vector to the right
                parts.setdefault(strip.road_id, []).append(rows)
        self._rows = {road: rows[np.argsort(rows[:, 0], kind="stable")] for road, many in parts.items() if len(rows := np.concatenate(many))}

    def at(self, road_id: int, s_m: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the place (3,) at a station and the unit vector to the right (2,), None for a road without lanes beside its line."""
        rows = self._rows.get(road_id)
        if rows is None:
            return None
        x, y, z, right_x, right_y = (float(np.interp(s_m, rows[:, 0], rows[:, k])) for k in range(1, 6))
        return np.array([x, y, z]), np.array([right_x, right_y]) / max(float(np.hypot(right_x, right_y)), 1e-9)

    def outline(self, item: MapObject) -> np.ndarray:
        """Return the corners (P, 2) of an object in the plane; of those along the road, the ones on it. None are left without a road."""
        if item.along_road:
            ends = [(self.at(item.road_id, s), t) for s, t in item.outline]
            return np.array([place[0][:2] - place[1] * t for place, t in ends if place is not None]).reshape(-1, 2)
        place = self.at(item.road_id, item.s_m)
        if place is None:
            return np.zeros((0, 2))
        at, right = place
        forward, middle = np.array([right[1], -right[0]]), at[:2] - right * item.t_m
        cos, sin = np.cos(item.heading_rad), np.sin(item.heading_rad)
        u, v = np.array(item.outline, float).reshape(-1, 2).T
        return middle + np.outer(u * cos - v * sin, forward) - np.outer(u * sin + v * cos, right)
