"""Country roads between rows of trees, whose shadows fall across the lanes and whose leaves lie on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import MarkColour, RoadPlan, Section
from driving.world.generated.roadside import Roadside, draw_centre, draw_divider, draw_edge, lay_lanes
from driving.world.generated.things import draw_leaves, draw_trees

TERRAIN = Terrain(radius_m=(40.0, 400.0), turn_deg=(10.0, 80.0), straight_m=(30.0, 150.0))
SIDES: tuple[Roadside, ...] = ("grass", "gravel", "shoulder")
TREE_AWAY_M, EVERY_M = (1.0, 3.0), (5.0, 14.0)
LEAVES_PER_KM = (0.0, 500.0)


def plan_avenue(seed: int) -> RoadPlan:
    """Return the plan of road `seed`."""
    plan, random = plan_road("avenue", seed, TERRAIN, _draw_sections), np.random.default_rng([seed, 1])
    lanes = plan.sections[0].right
    driven, edge = lanes[0].widest_m, sum(lane.widest_m for lane in lanes)
    away = edge + float(random.uniform(*TREE_AWAY_M))
    leaves = draw_leaves(random, plan.length_m, (-driven, driven), float(random.uniform(*LEAVES_PER_KM)))
    trees = [tree for t in (-away, away) for tree in draw_trees(random, plan.length_m, t, EVERY_M)]
    return replace(plan, things=(*leaves, *trees))


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw the lanes; both sides are alike."""
    colour: MarkColour = "yellow" if random.random() < 0.4 else "white"
    centre = draw_centre(random, colour)
    edge = draw_edge(random, SIDES[int(random.integers(3))], (0.2, 1.5), 0.7)
    lanes = lay_lanes(1, float(random.uniform(2.8, 3.8)), draw_divider(random), edge)
    return (Section(0.0, centre, lanes, lanes),)
