"""What lies beside the lanes of generated roads: hard shoulders, kerbs with pavements, parking lanes, gravel, grass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from driving.world.generated.plan import UNMARKED_SHOULDER_M, Lane, Mark, MarkColour, MarkKind, constant, draw_mark

Roadside = Literal["shoulder", "kerb", "parking", "gravel", "grass"]
CENTRES: tuple[MarkKind, ...] = ("broken", "solid", "solid_solid")
WIDE_CENTRES = (0.3, 0.2, 0.5)  # share of each on roads with several lanes each way


@dataclass(frozen=True)
class Edge:
    """The outer edge of a carriageway: the line at the border of its outermost driving lane, and the lanes outside of it."""

    line: Mark
    outside: tuple[Lane, ...]


def draw_edge(random: np.random.Generator, side: Roadside, shoulder_m: tuple[float, float], lined_share: float, colour: MarkColour = "white") -> Edge:
    """Draw the edge of a carriageway.

    Args:
        random: the generator.
        side: what the lanes end at. "shoulder": asphalt of a width within `shoulder_m`, always with a line. "parking": a parking lane and a
            pavement, always with a line. "kerb": a pavement. "gravel": a strip of gravel. "grass": the land.
        shoulder_m: range of the shoulder's width.
        lined_share: the share of edges with a line, where one is not needed in order to see the edge.
        colour: the line's colour.
    """
    needs_line = side in ("shoulder", "parking")
    has_line = needs_line or random.random() < lined_share
    line = draw_mark("broken" if has_line and random.random() < 0.12 else "solid" if has_line else "none", colour, random)
    # between a line and a kerb or the land there is a little asphalt
    gutter = float(random.uniform(0.2, 0.6)) if has_line else float(random.uniform(0.0, UNMARKED_SHOULDER_M))
    lanes = [Lane("shoulder", constant(float(random.uniform(*shoulder_m)) if side == "shoulder" else max(gutter, 0.02)))]
    if side == "parking":
        lanes = [Lane("parking", constant(float(random.uniform(2.0, 2.6)))), Lane("sidewalk", constant(float(random.uniform(1.5, 4.0))))]
    elif side == "kerb":
        lanes.append(Lane("sidewalk", constant(float(random.uniform(1.2, 5.0)))))
    elif side == "gravel" or (side == "shoulder" and random.random() < 0.5):
        lanes.append(Lane("border", constant(float(random.uniform(0.4, 2.0)))))
    return Edge(line, tuple(replace(lane, name=f"outside {number}") for number, lane in enumerate(lanes)))


def lay_lanes(count: int, width_m: float, divider: Mark, edge: Edge) -> tuple[Lane, ...]:
    """Return `count` driving lanes from the reference line outwards, with `divider` between them, and what lies outside."""
    lanes = [Lane("driving", constant(width_m), edge.line if number == count - 1 else divider, f"lane {number}") for number in range(count)]
    return (*lanes, *edge.outside)


def lay_median(gutter_m: float, width_m: float, line: Mark, oncoming: tuple[Lane, ...] = ()) -> tuple[Lane, ...]:
    """Return the lanes left of a carriageway: a little asphalt, a median, and asphalt with `line` before the oncoming lanes where there are any."""
    beyond = (Lane("shoulder", constant(gutter_m), line), *oncoming) if oncoming else ()
    return (Lane("shoulder", constant(gutter_m)), Lane("median", constant(width_m)), *beyond)


def draw_divider(random: np.random.Generator, colour: MarkColour = "white") -> Mark:
    """Draw the line between lanes of one direction."""
    return draw_mark("solid" if random.random() < 0.06 else "broken", colour, random)


def draw_centre(random: np.random.Generator, colour: MarkColour, lanes_each_way: int = 1) -> Mark:
    """Draw the line between the directions of a road. With several lanes each way it is a double solid line in half of the cases.

    Where it always was one, a policy left the inner lane of Town05's streets, whose yellow line is broken, at the same junctions in every weather.
    """
    return draw_mark(CENTRES[int(random.choice(len(CENTRES), p=WIDE_CENTRES if lanes_each_way > 1 else None))], colour, random)
