"""How a generated road winds and rises: its reference line of straights, clothoids and arcs, its hills, and its banked bends.

A road keeps its distance to itself, so that other parts of it are not taken for its own edge. Metres, radians; curvature 1/m, left positive.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from driving.quantities import UserError
from driving.world.generated.plan import Piece, RoadPlan, Section, ease
from driving.world.geometry.cubics import Cubic

FIRST_M = 30.0  # the length of the straight at the start
DRAWS = 200
CHECK_STEP_M = 4.0


@dataclass(frozen=True)
class Terrain:
    """How the roads of a family wind and rise. Ranges are (lowest, highest).

    Args:
        length_m: total length.
        radius_m: range of the bends' radii.
        turn_deg: range of the angles by which bends turn.
        clothoid: range of the clothoids' length as a multiple of the radius.
        straight_m: range of the straights' lengths.
        apart_m: distance that a road keeps from itself.
        max_grade: steepest slope, as rise over distance.
        hilly_share: share of roads with hills.
        banked_share: share of roads whose bends lean inwards.
        max_bank_rad: the steepest bank, reached in the sharpest bends.
        longest_clothoid_m: clothoids are cut to this length.
        knots_m: range of the distances over which a slope changes into another.
    """

    length_m: float = 1200.0
    radius_m: tuple[float, float] = (25.0, 250.0)
    turn_deg: tuple[float, float] = (20.0, 110.0)
    clothoid: tuple[float, float] = (0.25, 0.8)
    straight_m: tuple[float, float] = (10.0, 80.0)
    apart_m: float = 45.0
    max_grade: float = 0.06
    hilly_share: float = 0.6
    banked_share: float = 0.0
    max_bank_rad: float = 0.06
    longest_clothoid_m: float = 60.0
    knots_m: tuple[float, float] = (90.0, 180.0)


def plan_road(family: str, seed: int, terrain: Terrain, draw_sections: Callable[[np.random.Generator, float], tuple[Section, ...]]) -> RoadPlan:
    """Return the plan of road `seed`: bends, hills and banks drawn from `terrain`, lanes from `draw_sections(random, length_m)`.

    Raises UserError when every drawn road crosses itself.
    """
    random, pieces = draw_apart(family, seed, terrain)
    length_m = sum(piece.length_m for piece in pieces)
    sections = draw_sections(random, length_m)
    heights = draw_hills(random, length_m, terrain.max_grade, terrain.knots_m) if random.random() < terrain.hilly_share else ()
    sharpest = 1.0 / terrain.radius_m[0]
    banked = random.random() < terrain.banked_share
    banks = bank_bends(pieces, lambda curvature: terrain.max_bank_rad * min(1.0, curvature / sharpest)) if banked else ()
    return RoadPlan(pieces, sections, heights, banks)


def draw_apart(family: str, seed: int, terrain: Terrain) -> tuple[np.random.Generator, tuple[Piece, ...]]:
    """Return the pieces of a road that keeps its distance from itself, and the generator from which the rest of this road is drawn.

    Raises UserError when each of DRAWS drawn roads crosses itself.
    """
    for draw in range(DRAWS):
        random = np.random.default_rng([seed, draw])
        pieces = _draw_pieces(random, terrain)
        if not _crosses_itself(pieces, terrain.apart_m):
            return random, pieces
    raise UserError(
        f"{family} {seed} crossed itself in {DRAWS} draws: lower {family}.length_m ({terrain.length_m}) or {family}.turn_deg {terrain.turn_deg}"
    )


def _draw_pieces(random: np.random.Generator, terrain: Terrain) -> tuple[Piece, ...]:
    """Draw the geometries of one road, in order."""
    pieces = [Piece(0.0, 0.0, FIRST_M)]
    total, side = FIRST_M, float(random.choice([-1.0, 1.0]))
    while total < terrain.length_m:
        radius = math.exp(random.uniform(*np.log(terrain.radius_m)))
        turn = math.radians(random.uniform(*terrain.turn_deg))
        curvature = side / radius
        clothoid = min(random.uniform(*terrain.clothoid) * radius, turn * radius * 0.8, terrain.longest_clothoid_m)
        arc = max(turn * radius - clothoid, 5.0)
        made = [Piece(0.0, curvature, clothoid), Piece(curvature, curvature, arc), Piece(curvature, 0.0, clothoid)]
        if random.random() < 0.7:
            made.append(Piece(0.0, 0.0, random.uniform(*terrain.straight_m)))
        pieces.extend(made)
        total += sum(piece.length_m for piece in made)
        side = -side if random.random() < 0.7 else side
    return tuple(pieces)


def _crosses_itself(pieces: tuple[Piece, ...], apart_m: float) -> bool:
    """Return whether places far apart along the road lie closer together than `apart_m`."""
    counts = [max(2, math.ceil(piece.length_m / CHECK_STEP_M)) for piece in pieces]
    curvature = np.concatenate([np.linspace(p.start, p.end, count, endpoint=False) for p, count in zip(pieces, counts, strict=True)])
    lengths = np.concatenate([np.full(count, p.length_m / count) for p, count in zip(pieces, counts, strict=True)])
    heading = np.cumsum(curvature * lengths)
    x, y, s = np.cumsum(np.cos(heading) * lengths), np.cumsum(np.sin(heading) * lengths), np.cumsum(lengths)
    near = np.hypot(x[:, None] - x[None], y[:, None] - y[None]) < apart_m
    return bool((near & (np.abs(s[:, None] - s[None]) > 2.5 * apart_m)).any())


def draw_hills(random: np.random.Generator, length_m: float, max_grade: float, knots_m: tuple[float, float] = Terrain.knots_m) -> tuple[Cubic, ...]:
    """Draw the height along the road as cubics between knots of drawn grade, so that height and grade are continuous."""
    steepest = max_grade * random.uniform(0.3, 1.0)
    knots = [0.0]
    while knots[-1] < length_m:
        knots.append(knots[-1] + float(random.uniform(*knots_m)))
    grades = [0.0, *(float(random.uniform(-steepest, steepest)) for _ in knots[1:])]
    pieces, height = [], 0.0
    for s, following, g0, g1 in zip(knots[:-1], knots[1:], grades[:-1], grades[1:], strict=True):
        span = following - s
        pieces.append(Cubic(s, height, g0, (g1 - g0) / (2.0 * span), 0.0))
        height += span * (g0 + g1) / 2.0
    return tuple(pieces)


def bank_bends(pieces: tuple[Piece, ...], bank_rad: Callable[[float], float]) -> tuple[Cubic, ...]:
    """Return the superelevation of a road whose bends lean inwards. `bank_rad` gives the angle (rad, above 0) of a bend's curvature.

    It grows and falls along the clothoids. Positive: the right side is lower.
    """
    banks, s = [Cubic(0.0, 0.0, 0.0, 0.0, 0.0)], 0.0
    for piece in pieces:
        before, after = (math.copysign(bank_rad(abs(value)), -value) if value else 0.0 for value in (piece.start, piece.end))
        if before != after:
            banks.append(ease(piece.length_m, before, after)._replace(s_m=s))
        else:
            banks.append(Cubic(s, before, 0.0, 0.0, 0.0))
        s += piece.length_m
    return tuple(banks)
