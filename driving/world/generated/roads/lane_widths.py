"""Roads with lanes that are far narrower, or far wider, than usual ones."""

from __future__ import annotations

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import MarkColour, RoadPlan, Section
from driving.world.generated.roadside import Roadside, draw_centre, draw_divider, draw_edge, lay_lanes

NARROW_M, WIDE_M = (2.3, 2.75), (4.4, 5.5)
TERRAIN = Terrain(radius_m=(20.0, 200.0))
SIDES: tuple[Roadside, ...] = ("grass", "gravel", "shoulder", "kerb", "parking")


def plan_narrow(seed: int) -> RoadPlan:
    """Return the plan of road `seed` with narrow lanes."""
    return plan_road("narrow", seed, TERRAIN, lambda random, length_m: _draw_sections(random, NARROW_M))


def plan_wide(seed: int) -> RoadPlan:
    """Return the plan of road `seed` with wide lanes."""
    return plan_road("wide", seed, TERRAIN, lambda random, length_m: _draw_sections(random, WIDE_M))


def _draw_sections(random: np.random.Generator, width_m: tuple[float, float]) -> tuple[Section, ...]:
    """Draw the lanes: one or two each way, or one for all, whose edges both end the asphalt or have a line."""
    count, width = int(random.integers(1, 3)), float(random.uniform(*width_m))
    edge = draw_edge(random, SIDES[int(random.integers(5))], (0.3, 2.5), 0.7)
    right = lay_lanes(count, width, draw_divider(random), edge)
    colour: MarkColour = "yellow" if random.random() < 0.4 else "white"
    if random.random() < 0.25:
        left = draw_edge(random, SIDES[int(random.integers(4))], (0.3, 1.5), 0.7, colour)
        return (Section(0.0, left.line, left.outside, right),)
    centre = draw_centre(random, colour, count)
    return (Section(0.0, centre, right, right),)
