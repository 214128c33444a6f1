"""Roads with tunnels and underpasses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import MarkColour, RoadPlan, Section, Tunnel, draw_mark
from driving.world.generated.roadside import Roadside, draw_divider, draw_edge, lay_lanes

TERRAIN = Terrain(length_m=1400.0, radius_m=(60.0, 500.0), turn_deg=(10.0, 80.0), straight_m=(40.0, 200.0), apart_m=80.0)
SIDES: tuple[Roadside, ...] = ("shoulder", "kerb")
OPEN_M, UNDERPASS_M, TUNNEL_M = (60.0, 220.0), (9.0, 25.0), (60.0, 260.0)  # lengths between tunnels, and of them
UNDERPASS_SHARE, ONE_WAY_SHARE = 0.5, 0.4


def plan_tunnelled(seed: int) -> RoadPlan:
    """Return the plan of road `seed`."""
    plan = plan_road("tunnelled", seed, TERRAIN, _draw_sections)
    return replace(plan, tunnels=_draw_tunnels(np.random.default_rng([seed, 1]), plan.length_m))


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw the lanes: of both directions, or of one with a wall at both sides."""
    count, width = int(random.integers(1, 4)), float(random.uniform(3.0, 3.8))
    edge = draw_edge(random, SIDES[int(random.integers(2))], (0.3, 2.5), 1.0)
    right = lay_lanes(count, width, draw_divider(random), edge)
    colour: MarkColour = "yellow" if random.random() < 0.4 else "white"
    if random.random() < ONE_WAY_SHARE:
        left = draw_edge(random, "shoulder", (0.3, 1.5), 1.0, colour)
        return (Section(0.0, left.line, left.outside, right),)
    return (Section(0.0, draw_mark("solid_solid" if count > 1 else "solid", colour, random), right, right),)


def _draw_tunnels(random: np.random.Generator, length_m: float) -> tuple[Tunnel, ...]:
    """Draw tunnels and underpasses one after the other."""
    made, s = list[Tunnel](), float(random.uniform(*OPEN_M))
    while True:
        size = float(random.uniform(*(UNDERPASS_M if random.random() < UNDERPASS_SHARE else TUNNEL_M)))
        if s + size > length_m - OPEN_M[0]:
            return tuple(made)
        made.append(Tunnel(s, size))
        s += size + float(random.uniform(*OPEN_M))
