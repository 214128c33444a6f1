"""Roundabouts: a ring of one or two lanes around an island, and the roads that come to it. Traffic keeps to the right, so the ring turns left.

Routes go round the ring, and along the roads up to it and from it. They do not enter or leave the ring: see `driving.world.maps.forks`.
Where a road meets the ring, the ring's inner line and the lines between its lanes go on, as in many real roundabouts. Without them, the picture did
not tell which of two lanes is the car's: a policy left the outer one at the same place in each of five laps.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from driving.world.generated.networks.layout import Arm, Network, Place, Way
from driving.world.generated.plan import Lane, MarkColour, Piece, Section, constant, draw_mark
from driving.world.generated.roadside import Roadside, draw_divider, draw_edge, lay_lanes

RADIUS_M = (13.0, 32.0)  # of the ring's inner edge
LEG_M, BEND_PER_M = (150.0, 260.0), 1.0 / 150.0  # length of the roads that come to the ring, and their sharpest curvature
FLARE_M = (7.0, 12.0)  # from the ring's outer lane to the end of a leg
HALF_ANGLE_RAD = 0.42  # half of the part of the ring that a junction with a leg takes
SIDES: tuple[Roadside, ...] = ("kerb", "kerb", "grass", "shoulder")


def write_roundabout(seed: int) -> str:
    """Return the OpenDRIVE text of roundabout `seed`."""
    random = np.random.default_rng([seed, 23])
    radius, legs = float(random.uniform(*RADIUS_M)), int(random.integers(3, 5))
    angles = [2.0 * math.pi * (leg + float(random.uniform(-0.08, 0.08))) / legs for leg in range(legs)]
    count, width = 1 if random.random() < 0.7 else 2, float(random.uniform(3.2, 4.2))
    colour: MarkColour = "yellow" if random.random() < 0.4 else "white"
    edge = draw_edge(random, SIDES[int(random.integers(len(SIDES)))], (0.4, 1.2), 0.7)
    lanes = lay_lanes(count, width, draw_divider(random), edge)
    driven = tuple(lane for lane in lanes if lane.kind == "driving")
    island = (Lane("shoulder", constant(float(random.uniform(0.15, 0.5)))), Lane("sidewalk" if random.random() < 0.5 else "median", constant(2.0)))
    inner = draw_mark("solid", colour, random)
    network = Network(f"roundabout_{seed}")
    ring = _add_ring(network, radius, angles, Section(0.0, inner, island, lanes))
    centre = draw_mark("solid_solid" if count == 2 else "solid", colour, random)
    for number, angle in enumerate(angles):
        away = radius + count * width + float(random.uniform(*FLARE_M))
        place = Place(away * math.cos(angle), away * math.sin(angle), angle)
        leg, _ = network.add_road(place, _draw_leg(random), Section(0.0, centre, lanes, lanes))
        before, after = ring[number]
        network.add_junction([Way(before, after, driven, island, inner, divided=True), Way(leg, after, lanes), Way(before, leg, lanes)])
    return network.write()


def _add_ring(network: Network, radius_m: float, angles: list[float], section: Section) -> list[tuple[Arm, Arm]]:
    """Add the ring's roads. Return for each leg the arms of the ring before it and behind it."""
    starts, ends = [], []
    for angle, following in itertools.pairwise([*angles, angles[0] + 2.0 * math.pi]):
        first, last = angle + HALF_ANGLE_RAD, following - HALF_ANGLE_RAD
        start = Place(radius_m * math.cos(first), radius_m * math.sin(first), first + math.pi / 2.0)
        one, other = network.add_road(start, (Piece(1.0 / radius_m, 1.0 / radius_m, radius_m * (last - first)),), section)
        starts.append(one)
        ends.append(other)
    return [(ends[number - 1], starts[number]) for number in range(len(angles))]


def _draw_leg(random: np.random.Generator) -> tuple[Piece, ...]:
    """Draw a leg from the ring outwards: a straight, a gentle bend, a straight."""
    length, bend = float(random.uniform(*LEG_M)), float(random.uniform(-BEND_PER_M, BEND_PER_M))
    return Piece(0.0, 0.0, 20.0), Piece(bend, bend, length / 3.0), Piece(0.0, 0.0, length * 2.0 / 3.0 - 20.0)
