"""Roads whose lanes grow wider and narrower, and whose further lanes begin and end at the left, beside the middle, as turning lanes do."""

from __future__ import annotations

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import Lane, Mark, MarkColour, RoadPlan, Section, draw_mark, ease
from driving.world.generated.roadside import Edge, Roadside, draw_divider, draw_edge

TERRAIN = Terrain(length_m=1300.0, radius_m=(40.0, 400.0), turn_deg=(10.0, 80.0), straight_m=(40.0, 150.0), apart_m=70.0)
SIDES: tuple[Roadside, ...] = ("shoulder", "kerb", "grass", "gravel")
WIDTH_M, INNER_M = (2.7, 5.0), (2.8, 3.5)
RUN_M, CHANGE_M = (40.0, 140.0), (25.0, 90.0)  # lengths of a stretch, and of the change to the next
INNER_SHARE = 0.4


def plan_widening(seed: int) -> RoadPlan:
    """Return the plan of road `seed`."""
    return plan_road("widening", seed, TERRAIN, _draw_sections)


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw stretches in turn with a change between them: of the lanes' width, and of whether there is an inner lane. Both sides are alike."""
    count, inner_m = int(random.integers(1, 3)), float(random.uniform(*INNER_M))
    divider, edge = draw_divider(random), draw_edge(random, SIDES[int(random.integers(4))], (0.4, 2.0), 1.0)
    colour: MarkColour = "yellow" if random.random() < 0.5 else "white"
    centre = draw_mark("solid_solid", colour, random)
    sections, s, width, inner = [], 0.0, float(random.uniform(*WIDTH_M)), 0.0
    while s < length_m:
        sections.append(Section(s, centre, *[_lay(count, (width, width), (inner, inner), 1.0, divider, edge)] * 2))
        s += float(random.uniform(*RUN_M))
        change = float(random.uniform(*CHANGE_M))
        if s + change + RUN_M[0] > length_m:
            break
        next_width, next_inner = float(random.uniform(*WIDTH_M)), inner_m if inner == 0.0 and random.random() < INNER_SHARE else 0.0
        sections.append(Section(s, centre, *[_lay(count, (width, next_width), (inner, next_inner), change, divider, edge)] * 2))
        s, width, inner = s + change, next_width, next_inner
    return tuple(sections)


def _lay(count: int, width_m: tuple[float, float], inner_m: tuple[float, float], length_m: float, divider: Mark, edge: Edge) -> tuple[Lane, ...]:
    """Return a side's lanes, whose widths change over a length."""
    inner = [Lane("driving", (ease(length_m, *inner_m),), divider, "inner")] if any(inner_m) else []
    lanes = [Lane("driving", (ease(length_m, *width_m),), edge.line if number == count - 1 else divider, f"lane {number}") for number in range(count)]
    return (*inner, *lanes, *edge.outside)
