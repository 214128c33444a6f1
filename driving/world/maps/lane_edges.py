"""The edges of the lanes in one lane section, sampled through `carla.Map`.

`carla.Map` gives the centre and the width of each lane. Both edges lie half a width from the centre, perpendicular to the road. They are not
perpendicular to the lane, because a lane slants where widths change. The centres of all lanes at one station lie on one line, and that line
gives the perpendicular direction.
Shapes: K stations. Left and right are seen along the road's reference direction. Metres, CARLA's frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import carla
import numpy as np

from driving.world.maps.opendrive import Lane

STEP_M, LONGEST_STEP_M = 1.9, 2.0
CHORD_ERROR_M = 0.01
MOST_REFINEMENT = 8
SHORTEST_BASE_M = 0.5  # centres closer together than this do not give a reliable perpendicular


@dataclass(frozen=True, slots=True)
class Section:
    """One lane section, sampled at K stations."""

    s_m: np.ndarray  # (K,) m, stations along the road
    right: np.ndarray  # (K, 2) unit vectors to the right of the road
    kinds: dict[int, str]  # by lane id: the lower-case name of its carla.LaneType
    edges: dict[int, tuple[np.ndarray, np.ndarray]]  # by lane id: the left and the right edge, (K, 3) m

    def outer_edge(self, lane_id: int) -> np.ndarray | None:
        """Return the edge (K, 3) that a lane's road marks lie on, or None if there is none.

        That is the lane's outer edge. For the reference line (id 0) it is the inner edge of a neighbour.
        """
        if lane_id == 0:
            return self.edges[-1][0] if -1 in self.edges else self.edges[1][1] if 1 in self.edges else None
        return self.edges[lane_id][1 if lane_id < 0 else 0] if lane_id in self.edges else None


def sample_section(carla_map: carla.Map, lanes: list[Lane]) -> Section | None:
    """Sample the edges of a section's lanes at most 2 m apart, and more densely in bends. Return None if the client places none of the lanes."""
    lanes = [lane for lane in lanes if lane.lane_id != 0]
    if not lanes:
        return None
    # the client reads stations as float32: stay inside the section by more than their rounding
    margin = max(1e-4, lanes[0].end_m * 3e-7)
    start, end = lanes[0].start_m + margin, lanes[0].end_m - margin
    count = max(1, math.ceil((end - start) / STEP_M))
    section = _sample(carla_map, lanes, np.linspace(start, end, count + 1))
    factor = _refinement(section) if section is not None else 1
    if factor > 1:
        section = _sample(carla_map, lanes, np.linspace(start, end, count * factor + 1))
    return _stretch(section, lanes[0], margin) if section is not None else None


def _stretch(section: Section, lane: Lane, margin: float) -> Section:
    """Move the first and last points of a section out by the margin, so that strips of one road meet without a crack."""
    s = section.s_m.copy()
    if s[0] - lane.start_m < 2.0 * margin:
        s[0] = lane.start_m
    if lane.end_m - s[-1] < 2.0 * margin:
        s[-1] = lane.end_m
    before, after = ((old - new) / np.diff(section.s_m)[k] for k, old, new in ((0, section.s_m[0], s[0]), (-1, section.s_m[-1], s[-1])))

    def stretch(edge: np.ndarray) -> np.ndarray:
        moved = edge.copy()
        moved[0] += (edge[0] - edge[1]) * before
        moved[-1] += (edge[-2] - edge[-1]) * after
        return moved

    edges = {lane_id: (stretch(left), stretch(right)) for lane_id, (left, right) in section.edges.items()}
    return Section(s, section.right, section.kinds, edges)


def _sample(carla_map: carla.Map, lanes: list[Lane], stations: np.ndarray) -> Section | None:
    """Sample all lanes at those of the stations where the client places every lane that it knows; None for fewer than two stations."""
    rows: dict[int, np.ndarray] = {}
    kinds: dict[int, str] = {}
    for lane in lanes:
        points = [carla_map.get_waypoint_xodr(lane.road_id, lane.lane_id, float(s)) for s in stations]
        known = next((point for point in points if point is not None), None)
        if known is not None:
            kinds[lane.lane_id] = str(known.lane_type).lower()
            rows[lane.lane_id] = np.array([_row(point) if point is not None else [np.nan] * 5 for point in points])
    if not rows:
        return None
    valid = ~np.isnan(np.stack([values[:, 0] for values in rows.values()])).any(axis=0)
    if valid.sum() < 2:
        return None
    rows = {lane_id: values[valid] for lane_id, values in rows.items()}
    right = _right_of_road(rows, stations[valid])
    edges = {}
    for lane_id, values in rows.items():
        half = np.zeros((len(values), 3))
        half[:, :2] = right * (values[:, 4:5] / 2.0)
        edges[lane_id] = (values[:, :3] - half, values[:, :3] + half)
    return Section(stations[valid], right, kinds, edges)


def _row(point: carla.Waypoint) -> list[float]:
    """Return x, y, z (m), yaw (rad) and lane width (m) of a waypoint."""
    transform = point.transform
    at = transform.location
    return [at.x, at.y, at.z, math.radians(transform.rotation.yaw), point.lane_width]


def _right_of_road(rows: dict[int, np.ndarray], s: np.ndarray) -> np.ndarray:
    """Return unit vectors (K, 2) to the right of the road, from rows (K, 5) by lane id as of `_row`."""
    rightmost, leftmost = min(rows), max(rows)
    widest = max(rows, key=lambda lane_id: float(rows[lane_id][:, 4].max()))
    lane = rows[widest]
    # the heading of a lane beside the reference line slants by half its change of width
    slant = np.gradient(lane[:, 4], s) / 2.0 if abs(widest) == 1 else np.zeros(len(s))
    yaw = lane[:, 3] - slant if widest < 0 else lane[:, 3] + math.pi + slant  # left lanes face the other way
    fallback = np.stack([-np.sin(yaw), np.cos(yaw)], axis=1)
    across = rows[rightmost][:, :2] - rows[leftmost][:, :2]
    length = np.hypot(*across.T)[:, None]
    return np.where(length > SHORTEST_BASE_M, across / np.maximum(length, 1e-9), fallback)


def _refinement(section: Section) -> int:
    """Return the factor on the number of stations that keeps chords within CHORD_ERROR_M and steps within LONGEST_STEP_M."""
    cos, sin = (
        (section.right[1:] * section.right[:-1]).sum(1),
        section.right[:-1, 0] * section.right[1:, 1] - section.right[:-1, 1] * section.right[1:, 0],
    )
    bend = np.abs(np.arctan2(sin, cos))
    need = 1.0
    for left, right in section.edges.values():
        for edge in (left, right):
            step = np.hypot(*np.diff(edge[:, :2], axis=0).T)
            crest = np.abs(np.diff(edge[:, 2], 2)).max(initial=0.0) / 8.0
            error = max(float((bend * step).max()) / 8.0, float(crest))
            need = max(need, float(step.max()) / (LONGEST_STEP_M * 1.005), math.sqrt(error / CHORD_ERROR_M))
    return min(math.ceil(need), MOST_REFINEMENT)
