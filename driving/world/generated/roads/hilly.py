"""Mountain roads: steep slopes, short crests and dips, tight banked bends."""

from __future__ import annotations

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import MarkColour, RoadPlan, Section
from driving.world.generated.roadside import Roadside, draw_centre, draw_divider, draw_edge, lay_lanes

TERRAIN = Terrain(
    radius_m=(16.0, 160.0), turn_deg=(30.0, 150.0), max_grade=0.13, hilly_share=1.0, knots_m=(45.0, 110.0), banked_share=0.8, max_bank_rad=0.1
)
SIDES: tuple[Roadside, ...] = ("grass", "gravel", "shoulder")


def plan_hilly(seed: int) -> RoadPlan:
    """Return the plan of road `seed`."""
    return plan_road("hilly", seed, TERRAIN, _draw_sections)


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw the lanes; both sides are alike."""
    colour: MarkColour = "yellow" if random.random() < 0.4 else "white"
    centre = draw_centre(random, colour)
    edge = draw_edge(random, SIDES[int(random.integers(3))], (0.2, 1.2), 0.6)
    lanes = lay_lanes(1, float(random.uniform(2.8, 3.6)), draw_divider(random), edge)
    return (Section(0.0, centre, lanes, lanes),)
