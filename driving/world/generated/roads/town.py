"""Streets of towns: one to four lanes each way or one-way, kerbs, parking lanes, medians, double lines."""

from __future__ import annotations

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import MarkColour, RoadPlan, Section, draw_mark
from driving.world.generated.roadside import Edge, Roadside, draw_centre, draw_divider, draw_edge, lay_lanes, lay_median

TERRAIN = Terrain(
    length_m=800.0, radius_m=(14.0, 120.0), turn_deg=(20.0, 95.0), clothoid=(0.05, 0.5), straight_m=(20.0, 140.0), apart_m=60.0, hilly_share=0.3
)
SIDES: tuple[Roadside, ...] = ("kerb", "parking", "shoulder", "grass", "gravel")
ONE_WAY_SHARE, MEDIAN_SHARE = 0.33, 0.25


def plan_town(seed: int) -> RoadPlan:
    """Return the plan of town street `seed`."""
    return plan_road("town", seed, TERRAIN, _draw_sections)


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw the lanes: of both directions, or of one."""
    count, width = int(random.integers(1, 5)), float(random.uniform(2.8, 4.0))
    divider, edge = draw_divider(random), _draw_side(random)
    right = lay_lanes(count, width, divider, edge)
    colour: MarkColour = "yellow" if random.random() < 0.6 else "white"
    if random.random() < ONE_WAY_SHARE:
        left_edge = _draw_side(random, colour)
        return (Section(0.0, left_edge.line, left_edge.outside, right),)
    oncoming = lay_lanes(count if random.random() < 0.7 else int(random.integers(1, 4)), width, divider, edge)
    if count > 1 and random.random() < MEDIAN_SHARE:
        line, gutter, median = draw_mark("solid", colour, random), float(random.uniform(0.2, 0.8)), float(random.uniform(0.6, 6.0))
        return (Section(0.0, line, lay_median(gutter, median, line, oncoming), right),)
    return (Section(0.0, draw_centre(random, colour, count), oncoming, right),)


def _draw_side(random: np.random.Generator, colour: MarkColour = "white") -> Edge:
    """Draw the edge of a street."""
    return draw_edge(random, SIDES[int(random.choice(5, p=[0.45, 0.2, 0.15, 0.1, 0.1]))], (0.3, 3.5), 0.5, colour)
