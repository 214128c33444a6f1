"""2+1 roads: three lanes, the middle one of which serves each direction in turn for overtaking. The centre line moves across it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import Lane, Mark, MarkColour, RoadPlan, Section, constant, draw_mark, ease
from driving.world.generated.roadside import Edge, draw_edge
from driving.world.geometry.cubics import Cubic

TERRAIN = Terrain(
    length_m=2000.0,
    radius_m=(120.0, 700.0),
    turn_deg=(10.0, 60.0),
    straight_m=(40.0, 250.0),
    apart_m=70.0,
    banked_share=0.3,
    longest_clothoid_m=120.0,
)
RUN_M, CHANGE_M = (180.0, 420.0), (80.0, 180.0)  # lengths of a stretch, and of the change to the next


def plan_two_plus_one(seed: int) -> RoadPlan:
    """Return the plan of road `seed`."""
    plan = plan_road("two_plus_one", seed, TERRAIN, _draw_sections)
    return replace(plan, offsets=_shift_centre(plan.sections))


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw stretches in turn: the right side has two lanes, the left side has two lanes. Between them the middle lane changes its owner."""
    width_m = float(random.uniform(3.2, 3.75))
    colour: MarkColour = "yellow" if random.random() < 0.5 else "white"
    centre, divider = draw_mark("solid_solid", colour, random), draw_mark("broken", "white", random)
    edge = draw_edge(random, "shoulder", (0.3, 1.5), 1.0)
    sections, s, right_has_it = [], 0.0, bool(random.random() < 0.5)
    while s < length_m:
        sections.append(_lay(s, centre, divider, edge, width_m, (1.0, 1.0) if right_has_it else (0.0, 0.0), 1.0))
        s += float(random.uniform(*RUN_M))
        change = float(random.uniform(*CHANGE_M))
        if s + change + RUN_M[0] > length_m:
            break
        sections.append(_lay(s, centre, divider, edge, width_m, (1.0, 0.0) if right_has_it else (0.0, 1.0), change))
        s, right_has_it = s + change, not right_has_it
    return tuple(sections)


def _lay(s_m: float, centre: Mark, divider: Mark, edge: Edge, width_m: float, share: tuple[float, float], length_m: float) -> Section:
    """Return a section; `share` is how much of the middle lane the right side has at the section's start, and `length_m` further on."""

    def side(before: float, after: float) -> tuple[Lane, ...]:
        middle = Lane("driving", (ease(length_m, before * width_m, after * width_m),), divider, "middle")
        return (*([middle] if before or after else []), Lane("driving", constant(width_m), edge.line, "outer"), *edge.outside)

    return Section(s_m, centre, side(1.0 - share[0], 1.0 - share[1]), side(*share))


def _shift_centre(sections: tuple[Section, ...]) -> tuple[Cubic, ...]:
    """Return the offset of the centre line (m, to the left) that keeps the outer lanes straight."""
    offsets = []
    for section in sections:
        middle = [next((lane.width[0] for lane in lanes if lane.name == "middle"), Cubic(0, 0, 0, 0, 0)) for lanes in (section.right, section.left)]
        offsets.append(Cubic(section.start_m, *((right - left) / 2.0 for right, left in zip(middle[0][1:], middle[1][1:], strict=True))))
    return tuple(offsets)
