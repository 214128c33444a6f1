"""Roads of concrete, cobbles and gravel. Cobbles and gravel have little paint: a lane for all lies between kerbs or grass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import NO_MARK, Lane, MarkColour, RoadPlan, Section, Surface, Thing
from driving.world.generated.roadside import Edge, Roadside, draw_centre, draw_divider, draw_edge, lay_lanes
from driving.world.generated.things import lay_box

TERRAIN = Terrain(radius_m=(20.0, 200.0))
SURFACES: tuple[Surface, ...] = ("concrete", "cobbles", "gravel")
SIDES: tuple[Roadside, ...] = ("kerb", "grass", "gravel", "shoulder")
JOINT_EVERY_M, JOINT_M = (4.0, 8.0), 0.05  # joints of concrete


def plan_surfaces(seed: int) -> RoadPlan:
    """Return the plan of road `seed`."""
    plan = plan_road("surfaces", seed, TERRAIN, _draw_sections)
    if plan.sections[0].right[0].surface != "concrete":
        return plan
    return replace(plan, things=tuple(_draw_joints(np.random.default_rng([seed, 1]), plan)))


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw the lanes: of concrete with paint, of cobbles with or without, of gravel without."""
    surface = SURFACES[int(random.integers(3))]
    if surface == "gravel" or (surface == "cobbles" and random.random() < 0.5):
        return (_lay_one_lane(random, surface),)
    count, width = int(random.integers(1, 3)), float(random.uniform(2.8, 4.0))
    edge = draw_edge(random, SIDES[int(random.integers(4))], (0.3, 2.0), 0.7)
    lanes = _pave(lay_lanes(count, width, draw_divider(random), edge), surface)
    colour: MarkColour = "yellow" if random.random() < 0.4 else "white"
    centre = draw_centre(random, colour, count)
    return (Section(0.0, centre, lanes, lanes),)


def _lay_one_lane(random: np.random.Generator, surface: Surface) -> Section:
    """Return one lane without paint. Where it is of gravel, grass begins beside it."""
    width = float(random.uniform(2.8, 4.2))
    edge = Edge(NO_MARK, ()) if surface == "gravel" else draw_edge(random, "kerb", (0.3, 0.3), 0.0)
    return Section(0.0, NO_MARK, edge.outside, _pave(lay_lanes(1, width, NO_MARK, edge), surface))


def _pave(lanes: tuple[Lane, ...], surface: Surface) -> tuple[Lane, ...]:
    """Return lanes whose driving lanes have a surface."""
    return tuple(replace(lane, surface=surface) if lane.kind == "driving" else lane for lane in lanes)


def _draw_joints(random: np.random.Generator, plan: RoadPlan) -> Iterator[Thing]:
    """Yield the joints of a road of concrete: across it at even distances, and along its lanes."""
    half, every = sum(lane.widest_m for lane in plan.sections[0].right if lane.kind == "driving"), float(random.uniform(*JOINT_EVERY_M))
    for s in np.arange(every, plan.length_m - 1.0, every):
        yield lay_box("seam", float(s), float(s) + JOINT_M, -half, half)
