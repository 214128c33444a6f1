"""Old roads: lines that are worn to short pieces, doubled, or missing for a few metres; tar seams, patches, leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import LONGEST_GAP_M, NO_MARK, Lane, Mark, MarkColour, MarkKind, RoadPlan, Section, draw_mark
from driving.world.generated.roadside import Roadside, draw_centre, draw_edge, lay_lanes
from driving.world.generated.things import draw_leaves, draw_patches, draw_seams

TERRAIN = Terrain()
SIDES: tuple[Roadside, ...] = ("grass", "gravel", "shoulder", "kerb")
EDGES: tuple[MarkKind, ...] = ("solid", "broken", "solid_solid")
RUN_M, GAP_M = (15.0, 60.0), (4.0, LONGEST_GAP_M)  # lengths between two changes of the paint's state, and of missing paint
MISSING_SHARE, WORN_SHARE = 0.25, 0.6  # of the stretches
SEAMS_PER_KM, PATCHES_PER_KM, LEAVES_PER_KM = (0.0, 90.0), (0.0, 40.0), (0.0, 400.0)


def plan_worn(seed: int) -> RoadPlan:
    """Return the plan of road `seed`."""
    plan = plan_road("worn", seed, TERRAIN, _draw_sections)
    random = np.random.default_rng([seed, 1])
    half = sum(lane.widest_m for lane in plan.sections[0].right if lane.kind == "driving")
    kinds = ((draw_seams, SEAMS_PER_KM), (draw_patches, PATCHES_PER_KM), (draw_leaves, LEAVES_PER_KM))
    things = [thing for draw, per_km in kinds for thing in draw(random, plan.length_m, (-half, half), float(random.uniform(*per_km)))]
    return replace(plan, things=tuple(things))


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw stretches in turn on which the paint is fresh, worn or, for a few metres, missing on one side of each lane or on both."""
    count, width = int(random.integers(1, 3)), float(random.uniform(2.8, 4.0))
    colour: MarkColour = "yellow" if random.random() < 0.4 else "white"
    edge = replace(
        draw_edge(random, SIDES[int(random.integers(4))], (0.2, 1.5), 1.0), line=draw_mark(EDGES[int(random.integers(3))], "white", random)
    )
    centre = draw_centre(random, colour, count)
    lanes = lay_lanes(count, width, draw_mark("broken", "white", random), edge)
    sections, s = [], 0.0
    while s < length_m:
        sections.append(Section(s, _wear(centre, random), *[tuple(replace(lane, mark=_wear(lane.mark, random)) for lane in lanes) for _ in range(2)]))
        s += float(random.uniform(*RUN_M))
        if random.random() < MISSING_SHARE and s + GAP_M[1] + RUN_M[0] < length_m:
            sections.append(Section(s, _lose(centre, random), *[tuple(_lose_line(lane, random) for lane in lanes) for _ in range(2)]))
            s += float(random.uniform(*GAP_M))
    return tuple(sections)


def _wear(mark: Mark, random: np.random.Generator) -> Mark:
    """Return a line as it is, or thinner, and a whole one in short pieces."""
    if not mark.is_seen or random.random() > WORN_SHARE:
        return mark
    width = mark.width_m * float(random.uniform(0.55, 1.0))
    if mark.kind in ("broken", "broken_solid", "solid_broken"):
        return replace(mark, width_m=width)
    return Mark("broken", mark.colour, width, float(random.uniform(0.5, 3.0)), float(random.uniform(0.15, 1.2)))


def _lose(mark: Mark, random: np.random.Generator) -> Mark:
    """Return a line or none."""
    return NO_MARK if random.random() < 0.6 else mark


def _lose_line(lane: Lane, random: np.random.Generator) -> Lane:
    """Return a lane with its line or without."""
    return replace(lane, mark=_lose(lane.mark, random))
