"""Roads whose lanes change: a lane begins at the right, runs along for a while, and ends again; and lanes that grow wider and narrower."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import Lane, MarkColour, RoadPlan, Section, draw_mark, ease
from driving.world.generated.roadside import Roadside, draw_divider, draw_edge, lay_lanes

TERRAIN = Terrain(length_m=1500.0, radius_m=(60.0, 500.0), turn_deg=(10.0, 70.0), straight_m=(40.0, 200.0), apart_m=70.0)
SIDES: tuple[Roadside, ...] = ("shoulder", "kerb", "grass")
GAP_M, CHANGE_M, RUN_M = (60.0, 200.0), (40.0, 120.0), (80.0, 250.0)  # lengths without the lane, of its growth, and of its full width


def plan_merging(seed: int) -> RoadPlan:
    """Return the plan of road `seed`."""
    return plan_road("merging", seed, TERRAIN, _draw_sections)


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw sections in turn: without the further lane, growing, full, and shrinking. Only the right side has it."""
    count, width = int(random.integers(1, 4)), float(random.uniform(3.0, 3.8))
    divider, edge = draw_divider(random), draw_edge(random, SIDES[int(random.integers(3))], (0.5, 2.5), 1.0)
    colour: MarkColour = "yellow" if random.random() < 0.5 else "white"
    centre = draw_mark("solid" if count == 1 and random.random() < 0.5 else "solid_solid", colour, random)
    lanes = lay_lanes(count, width, divider, edge)
    outermost = replace(lanes[count - 1], mark=divider)  # where there is a further lane outside of it
    sections, s = [], 0.0
    while s < length_m:
        gap, change, run = (float(random.uniform(*span)) for span in (GAP_M, CHANGE_M, RUN_M))
        sections.append(Section(s, centre, lanes, lanes))
        lengths = (change, run, change)
        starts = s + gap + np.concatenate([[0.0], np.cumsum(lengths)])
        if starts[-1] + GAP_M[0] > length_m:
            break
        for start, size, before, after in zip(starts[:-1], lengths, (0.0, width, width), (width, width, 0.0), strict=True):
            further = Lane("driving", (ease(size, before, after),), edge.line, "further")
            sections.append(Section(float(start), centre, lanes, (*lanes[: count - 1], outermost, further, *edge.outside)))
        s = float(starts[-1])
    return tuple(sections)
