"""The ranges from which a family draws how its roads wind and rise, and the plan that they give together with a section of lanes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from driving.world.generated.alignment import bank_bends, draw_apart, draw_hills
from driving.world.generated.plan import RoadPlan, Section


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


def plan_road(family: str, seed: int, terrain: Terrain, draw_sections: Callable[[np.random.Generator, float], tuple[Section, ...]]) -> RoadPlan:
    """Return the plan of road `seed`: bends, hills and banks drawn from `terrain`, lanes from `draw_sections(random, length_m)`.

    Raises UserError when every drawn road crosses itself.
    """
    random, pieces = draw_apart(family, seed, terrain, terrain.apart_m, terrain.longest_clothoid_m)
    length_m = sum(piece.length_m for piece in pieces)
    sections = draw_sections(random, length_m)
    heights = draw_hills(random, length_m, terrain.max_grade) if random.random() < terrain.hilly_share else ()
    sharpest = 1.0 / terrain.radius_m[0]
    banked = random.random() < terrain.banked_share
    banks = bank_bends(pieces, lambda curvature: terrain.max_bank_rad * min(1.0, curvature / sharpest)) if banked else ()
    return RoadPlan(pieces, sections, heights, banks)
