"""Where the lanes of one lane section lie: their edges, sampled through the simulator's own map reader.

`carla.Map` places lane centres and gives widths; both edges lie half a width to the sides, square to the road (not to the
lane, which slants where widths change). The centres of all lanes at one station lie on one line: that line is the square.
K stations; "left" and "right" are seen along the road's reference direction; metres, CARLA's frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import carla
import numpy as np

from driving.world.maps.opendrive import Lane

STEP_M, LONGEST_STEP_M = 1.9, 2.0
CHORD_ERROR_M = 0.01
MOST_FINER = 8
SQUARE_BASE_M = 0.5  # centres closer than this do not say which way is square


@dataclass(frozen=True, slots=True)
class Section:
    """One lane section, sampled: stations (K,), unit vectors to the right (K, 2), and for each lane id its type name and edges (K, 3)."""

    s_m: np.ndarray
    right: np.ndarray
    kinds: dict[int, str]
    edges: dict[int, tuple[np.ndarray, np.ndarray]]

    def outer_edge(self, lane_id: int) -> np.ndarray | None:
        """The edge (K, 3) that a lane's road marks lie on: its outer one; the reference line (0) has a neighbour's inner one."""
        if lane_id == 0:
            return self.edges[-1][0] if -1 in self.edges else self.edges[1][1] if 1 in self.edges else None
        return self.edges[lane_id][1 if lane_id < 0 else 0] if lane_id in self.edges else None


def sample_section(carla_map: carla.Map, lanes: list[Lane]) -> Section | None:
    """The edges of a section's lanes, at most 2 m apart and closer in bends; None where the client places none of the lanes."""
    lanes = [lane for lane in lanes if lane.lane_id != 0]
    if not lanes:
        return None
    # float32 is what the client reads stations in: stay that far inside
    margin = max(1e-4, lanes[0].end_m * 3e-7)
    start, end = lanes[0].start_m + margin, lanes[0].end_m - margin
    count = max(1, math.ceil((end - start) / STEP_M))
    section = _sample(carla_map, lanes, np.linspace(start, end, count + 1))
    finer = _finer(section) if section is not None else 1
    if finer > 1:
        section = _sample(carla_map, lanes, np.linspace(start, end, count * finer + 1))
    return _stretched(section, lanes[0], margin) if section is not None else None


def _stretched(section: Section, lane: Lane, margin: float) -> Section:
    """The section with its first and last points moved out by the margin, so that strips of one road meet without a crack."""
    s = section.s_m.copy()
    if s[0] - lane.start_m < 2.0 * margin:
        s[0] = lane.start_m
    if lane.end_m - s[-1] < 2.0 * margin:
        s[-1] = lane.end_m
    before, after = ((old - new) / np.diff(section.s_m)[k] for k, old, new in ((0, section.s_m[0], s[0]), (-1, section.s_m[-1], s[-1])))

    def stretched(edge: np.ndarray) -> np.ndarray:
        moved = edge.copy()
        moved[0] += (edge[0] - edge[1]) * before
        moved[-1] += (edge[-2] - edge[-1]) * after
        return moved

    edges = {lane_id: (stretched(left), stretched(right)) for lane_id, (left, right) in section.edges.items()}
    return Section(s, section.right, section.kinds, edges)


def _sample(carla_map: carla.Map, lanes: list[Lane], stations: np.ndarray) -> Section | None:
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
    right = _square(rows, stations[valid])
    edges = {}
    for lane_id, values in rows.items():
        half = np.zeros((len(values), 3))
        half[:, :2] = right * (values[:, 4:5] / 2.0)
        edges[lane_id] = (values[:, :3] - half, values[:, :3] + half)
    return Section(stations[valid], right, kinds, edges)


def _row(point: carla.Waypoint) -> list[float]:
    transform = point.transform
    at = transform.location
    return [at.x, at.y, at.z, math.radians(transform.rotation.yaw), point.lane_width]


def _square(rows: dict[int, np.ndarray], s: np.ndarray) -> np.ndarray:
    """Unit vectors (K, 2) to the right of the road."""
    rightmost, leftmost = min(rows), max(rows)
    widest = max(rows, key=lambda lane_id: float(rows[lane_id][:, 4].max()))
    lane = rows[widest]
    # a lane's own heading slants by half its change of width
    slant = np.gradient(lane[:, 4], s) / 2.0 if abs(widest) == 1 else np.zeros(len(s))
    yaw = lane[:, 3] - slant if widest < 0 else lane[:, 3] + math.pi + slant  # left lanes face the other way
    fallback = np.stack([-np.sin(yaw), np.cos(yaw)], axis=1)
    across = rows[rightmost][:, :2] - rows[leftmost][:, :2]
    length = np.hypot(*across.T)[:, None]
    return np.where(length > SQUARE_BASE_M, across / np.maximum(length, 1e-9), fallback)


def _finer(section: Section) -> int:
    """By how much to divide the stations so that chords stay within the error and steps within 2 m."""
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
    return min(math.ceil(need), MOST_FINER)
