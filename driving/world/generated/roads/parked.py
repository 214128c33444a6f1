"""Streets with parked cars at one side or at both, and rows of trees on the pavements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import Lane, MarkColour, RoadPlan, Section, Thing
from driving.world.generated.roadside import draw_centre, draw_divider, draw_edge, lay_lanes
from driving.world.generated.things import draw_trees, park_cars

TERRAIN = Terrain(
    length_m=700.0, radius_m=(14.0, 150.0), turn_deg=(20.0, 95.0), clothoid=(0.1, 0.5), straight_m=(30.0, 160.0), apart_m=60.0, hilly_share=0.3
)
ONE_WAY_SHARE, PARKING_SHARE, TREES_SHARE = 0.3, 0.85, 0.5
TAKEN, TREES_EVERY_M = (0.2, 0.95), (7.0, 25.0)
TREE_AWAY_M = 0.9  # from the pavement's inner edge


def plan_parked(seed: int) -> RoadPlan:
    """Return the plan of street `seed`."""
    plan = plan_road("parked", seed, TERRAIN, _draw_sections)
    random = np.random.default_rng([seed, 1])
    return replace(
        plan, things=(*_line(plan.sections[0].right, -1.0, plan.length_m, random), *_line(plan.sections[0].left, 1.0, plan.length_m, random))
    )


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw the lanes; each side has a parking lane or a kerb."""
    count, width = 1 if random.random() < 0.7 else 2, float(random.uniform(2.8, 3.8))
    divider, edges = (
        draw_divider(random),
        [draw_edge(random, "parking" if random.random() < PARKING_SHARE else "kerb", (0.3, 1.0), 0.7) for _ in range(2)],
    )
    right = lay_lanes(count, width, divider, edges[0])
    colour: MarkColour = "yellow" if random.random() < 0.5 else "white"
    if random.random() < ONE_WAY_SHARE:
        return (Section(0.0, edges[1].line, edges[1].outside, right),)
    centre = draw_centre(random, colour, count)
    return (Section(0.0, centre, lay_lanes(count, width, divider, edges[1]), right),)


def _line(lanes: tuple[Lane, ...], side: float, length_m: float, random: np.random.Generator) -> list[Thing]:
    """Return the parked cars and the trees of one side; `side` is 1 at the left and -1 at the right."""
    things, t = list[Thing](), 0.0
    for lane in lanes:
        if lane.kind == "parking":
            things.extend(park_cars(random, length_m, side * (t + lane.widest_m / 2.0), float(random.uniform(*TAKEN))))
        if lane.kind == "sidewalk" and random.random() < TREES_SHARE:
            things.extend(draw_trees(random, length_m, side * (t + TREE_AWAY_M), TREES_EVERY_M))
        t += lane.widest_m
    return things
