"""The land of one map as scenery is planned on it: how high it is, what it is like, and what must stay free."""

from __future__ import annotations

from dataclasses import dataclass

from driving.world.ground.contact import Ground
from driving.world.scenery.clearance import Clearance, Grid
from driving.world.scenery.regions import Regions


@dataclass(frozen=True)
class Site:
    """What every planner of scenery asks about one map."""

    ground: Ground  # heights
    regions: Regions  # how wooded and how built-up each place is
    lanes: Clearance  # distances to all lanes, pavements included
    driving_lanes: Clearance  # distances to the lanes for vehicles only
    barriers: Grid | None = None  # what the barriers cover; None before they are built, and where there are none
