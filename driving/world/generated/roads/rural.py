"""Country roads: one or two lanes each way, narrow or wide, with verges of grass or gravel, shoulders, and villages' pavements."""

from __future__ import annotations

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import MarkColour, MarkKind, RoadPlan, Section, draw_mark
from driving.world.generated.roadside import Roadside, draw_divider, draw_edge, lay_lanes

TERRAIN = Terrain(banked_share=0.3)
SIDES: tuple[Roadside, ...] = ("grass", "gravel", "shoulder", "kerb")
CENTRES: tuple[MarkKind, ...] = ("broken", "solid", "solid_solid", "broken_solid", "solid_broken")


def plan_rural(seed: int) -> RoadPlan:
    """Return the plan of country road `seed`."""
    return plan_road("rural", seed, TERRAIN, _draw_sections)


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw the lanes; both sides are alike."""
    count = 1 if random.random() < 0.8 else 2
    # mostly usual widths, and some lanes far narrower or wider
    width = float(
        random.uniform(2.5, 3.0) if (drawn := random.random()) < 0.15 else random.uniform(4.0, 5.0) if drawn > 0.85 else random.uniform(3.0, 4.0)
    )
    colour: MarkColour = "yellow" if random.random() < 0.4 else "white"
    kind = CENTRES[int(random.choice(5, p=[0.45, 0.2, 0.25, 0.05, 0.05]))]
    centre = draw_mark(kind, colour, random)
    side = SIDES[int(random.choice(4, p=[0.35, 0.2, 0.3, 0.15]))]
    edge, divider = draw_edge(random, side, (0.2, 3.0), 0.7), draw_divider(random)
    lanes = lay_lanes(count, width, divider, edge)
    return (Section(0.0, centre, lanes, lanes),)
