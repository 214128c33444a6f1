"""Motorways: two to five lanes of one direction with hard shoulders, and beside a median the lanes of the other direction."""

from __future__ import annotations

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import MarkColour, RoadPlan, Section, draw_mark
from driving.world.generated.roadside import draw_divider, draw_edge, lay_lanes, lay_median

TERRAIN = Terrain(
    length_m=2000.0,
    radius_m=(120.0, 900.0),
    turn_deg=(10.0, 70.0),
    clothoid=(0.2, 0.6),
    straight_m=(30.0, 250.0),
    apart_m=110.0,
    max_grade=0.05,
    banked_share=0.4,
    longest_clothoid_m=150.0,
)


def plan_motorway(seed: int) -> RoadPlan:
    """Return the plan of motorway `seed`."""
    return plan_road("motorway", seed, TERRAIN, _draw_sections)


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw the lanes. The reference line is the left edge of the right carriageway, so that both have their shoulders and lines."""
    count, width = int(random.integers(2, 6)), float(random.uniform(3.2, 3.9))
    inner_colour: MarkColour = "yellow" if random.random() < 0.5 else "white"
    inner = draw_mark("solid", inner_colour, random)
    divider, edge = draw_divider(random), draw_edge(random, "shoulder", (0.6, 3.6), 1.0)
    right = lay_lanes(count, width, divider, edge)
    inner_shoulder, median = float(random.uniform(0.3, 1.6)), float(random.uniform(0.8, 8.0))
    oncoming = () if random.random() < 0.25 else right  # in a quarter the other direction lies elsewhere
    return (Section(0.0, inner, lay_median(inner_shoulder, median, inner, oncoming), right),)
