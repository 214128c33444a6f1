"""Find the failures in a trace, and the cause of each: a pure function of the trace and its route.

A departure begins at its *onset*, when the car was last within ONSET_M of the centre line. Its cause is the first of these that applies to the
road from BEHIND_M before the onset to the departure, and for 2 and 3 to AHEAD_M beyond it, because the driver sees them coming:

1. The car was put back less than AFTER_PUT_BACK_S ago: too short for the road to explain it, even if the car had gone straight on in a bend.
2. A junction.
3. The number of lanes in the car's direction changes, or the lane's width by more than WIDTH_CHANGE_M.
4. A bend whose radius is at most STRAIGHT_RADIUS_M. To its outside the car ran wide, to its inside it cut the bend.
5. Else it drifted out on a straight.

Signs: right is positive (see `driving/quantities.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from driving.evaluation.failures.failure import Cause, DepartureCause, Failure, Side
from driving.evaluation.measures.collisions import CollisionKind, list_collisions
from driving.evaluation.measures.stretches import split_at_put_backs
from driving.rollout.trace import Trace
from driving.world.maps.route import Route

ONSET_M = 0.5
LONGEST_ONSET_S = 6.0  # a car that is off the middle for longer than this before it departs began to depart this long before
AFTER_PUT_BACK_S, SOON_S = 1.0, 3.0  # up to the second, the put-back is not the cause but worth a mention
BEHIND_M, AHEAD_M = 5.0, 10.0
WIDTH_CHANGE_M = 0.3
STRAIGHT_RADIUS_M = 300.0
BEND_M = 10.0  # a bend's curvature is the mean over this length
HIT: dict[CollisionKind, Cause] = {
    "pedestrian": "collided with a pedestrian",
    "vehicle": "collided with a vehicle",
    "static": "collided with a static object",
}


@dataclass(frozen=True)
class Surroundings:
    """The road on which a failure happened."""

    has_junction: bool
    lane_counts: tuple[int, int]  # at its start and where it differs from that first; equal if it never does
    lane_widths_m: tuple[float, float]  # least and greatest
    curvature_per_m: float  # of its sharpest bend, right positive


class Explanation(NamedTuple):
    """Why a failure happened."""

    cause: Cause
    words: str
    since_put_back_s: float | None
    curvature_per_m: float  # of the sharpest bend nearby, right positive


def find_failures(trace: Trace) -> list[Failure]:
    """Return the departures, the collisions and the end of a stuck car, in order.

    Raises ValueError for a trace without a route.
    """
    if trace.route is None:
        raise ValueError("the trace has no route")
    columns, last = trace.columns, len(trace.columns["dt_s"]) - 1
    stretches = [ticks for ticks in split_at_put_backs(columns) if columns["departed"][ticks.stop - 1]]
    found = [_explain_departure(trace, trace.route, ticks) for ticks in stretches]
    for hit in list_collisions(trace.meta["collisions"], float(trace.meta["dt_s"])):
        found.append(_explain_event(trace, trace.route, hit.tick, HIT[hit.kind], f"ran into {hit.other}"))
    if trace.meta["end_reason"] == "stuck":
        found.append(_explain_event(trace, trace.route, last, "stuck", "came to a halt and did not go on"))
    return sorted(found, key=lambda failure: failure.tick)


def _explain_departure(trace: Trace, route: Route, ticks: slice) -> Failure:
    """Return the departure at the end of a stretch of ticks."""
    columns, tick = trace.columns, ticks.stop - 1
    onset = find_onset(columns["lateral_m"][ticks], columns["dt_s"][ticks]) + ticks.start
    road = survey(route, float(columns["s_m"][onset]), float(columns["s_m"][tick]))
    since_s = float(columns["dt_s"][ticks].sum()) if ticks.start > 0 else float("inf")
    cause, words = classify_departure(road, _find_side(trace, tick), since_s)
    words += f", in one of {road.lane_counts[0]} lanes" if road.lane_counts[0] > 1 else ""
    words += f", {since_s:.1f} s after it was put back" if since_s < SOON_S else ""
    return _describe(trace, route, tick, onset, Explanation(cause, words, since_s if since_s < SOON_S else None, road.curvature_per_m))


def _explain_event(trace: Trace, route: Route, tick: int, cause: Cause, words: str) -> Failure:
    """Return a failure that happened at once, without an onset."""
    s_m = float(trace.columns["s_m"][tick])
    return _describe(trace, route, tick, tick, Explanation(cause, words, None, survey(route, s_m, s_m).curvature_per_m))


def _find_side(trace: Trace, tick: int) -> Side:
    """Return on which side of the centre line the car was."""
    return "right" if trace.columns["lateral_m"][tick] > 0 else "left"


def find_onset(lateral_m: np.ndarray, dt_s: np.ndarray) -> int:
    """Return the last tick of a stretch (T,) at which the car was within ONSET_M of the centre line, at most LONGEST_ONSET_S before its end."""
    inside = np.flatnonzero(np.abs(lateral_m) <= ONSET_M)
    earliest = int(np.searchsorted(np.cumsum(dt_s), float(dt_s.sum()) - LONGEST_ONSET_S))
    return max(int(inside[-1]) if len(inside) else 0, min(earliest, len(lateral_m) - 1))


def classify_departure(road: Surroundings, side: Side, since_put_back_s: float) -> tuple[DepartureCause, str]:
    """Return the cause of a departure to one side, and the same in words with its figures."""
    bend = _name_bend(road.curvature_per_m)
    if since_put_back_s < AFTER_PUT_BACK_S:
        return "after a put-back", f"left its lane to the {side} {bend}"
    if road.has_junction:
        return "at a junction", f"left its lane to the {side} at a junction, {bend}"
    before, after = road.lane_counts
    if before != after:
        return "at a change of lane count", f"left its lane to the {side} where the number of lanes changes from {before} to {after}, {bend}"
    narrow, wide = road.lane_widths_m
    if wide - narrow > WIDTH_CHANGE_M:
        return "at a change of lane width", f"left its lane to the {side} where its width changes between {narrow:.1f} and {wide:.1f} m, {bend}"
    if abs(road.curvature_per_m) < 1.0 / STRAIGHT_RADIUS_M:
        return "drifted out on a straight", f"drifted out to the {side} on a straight"
    if (road.curvature_per_m > 0) == (side == "right"):
        return "cut a bend", f"cut {bend.removeprefix('in ')}"
    return "ran wide in a bend", f"ran wide {bend}"


def _name_bend(curvature_per_m: float) -> str:
    """Return a curvature as words."""
    if abs(curvature_per_m) < 1.0 / STRAIGHT_RADIUS_M:
        return "on a straight"
    return f"in a bend to the {'right' if curvature_per_m > 0 else 'left'} of {1.0 / abs(curvature_per_m):.0f} m radius"


def survey(route: Route, onset_m: float, end_m: float) -> Surroundings:
    """Return what a route's road is like where a failure began and happened, given as two distances along it."""
    seen, driven = (_sample(route, onset_m - BEHIND_M, end) for end in (end_m + AHEAD_M, end_m + 1.0))
    points, window = _find_points(route, seen), min(round(BEND_M), len(driven))
    counts, widths = route.lane_count[points], route.lane_width_m[points]
    bends = np.convolve(route.curvature_at(driven), np.full(window, 1.0 / window), "valid")
    other = counts[counts != counts[0]]
    return Surroundings(
        has_junction=bool(route.in_junction[points].any()),
        lane_counts=(int(counts[0]), int(other[0]) if len(other) else int(counts[0])),
        lane_widths_m=(float(widths.min()), float(widths.max())),
        curvature_per_m=float(bends[np.argmax(np.abs(bends))]),
    )


def _sample(route: Route, start_m: float, end_m: float) -> np.ndarray:
    """Return distances (N,) along a route, 1 m apart, between two of them; an open route is not left."""
    at = np.arange(start_m, end_m, 1.0)
    return at if route.closed else np.unique(np.clip(at, 0.0, route.length_m))


def _describe(trace: Trace, route: Route, tick: int, onset: int, why: Explanation) -> Failure:
    """Return the failure at a tick with its place."""
    at = {name: float(trace.columns[name][tick]) for name in ("s_m", "x_m", "y_m", "lateral_m", "speed_mps")}
    point = _find_points(route, np.array([at["s_m"]]))[0]
    return Failure(
        tick=tick,
        onset_tick=onset,
        time_s=float(trace.columns["time_s"][tick] - trace.columns["time_s"][0]),
        cause=why.cause,
        words=why.words,
        side=_find_side(trace, tick),
        since_put_back_s=why.since_put_back_s,
        radius_m=1.0 / abs(why.curvature_per_m) if abs(why.curvature_per_m) >= 1.0 / STRAIGHT_RADIUS_M else None,
        road=int(route.road[point]),
        lane=int(route.lane[point]),
        road_s_m=float(route.road_s_m[point]),
        **at,
    )


def _find_points(route: Route, s_m: np.ndarray) -> np.ndarray:
    """Return the indices (N,) of the route's points at distances (N,) m along it."""
    at = s_m % route.length_m if route.closed else s_m
    return np.clip(np.searchsorted(route.s_m, at, side="right") - 1, 0, len(route.s_m) - 1)
