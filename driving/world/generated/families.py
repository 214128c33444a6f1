"""The families of generated roads by name. A road is named by its family and its seed, for example `motorway_17`."""

from __future__ import annotations

from collections.abc import Callable

from driving.quantities import UserError
from driving.world.generated.networks.roundabout import write_roundabout
from driving.world.generated.networks.streets import write_streets
from driving.world.generated.opendrive_text import write_road
from driving.world.generated.plan import RoadPlan
from driving.world.generated.roads.avenue import plan_avenue
from driving.world.generated.roads.hilly import plan_hilly
from driving.world.generated.roads.lane_widths import plan_narrow, plan_wide
from driving.world.generated.roads.merging import plan_merging
from driving.world.generated.roads.motorway import plan_motorway
from driving.world.generated.roads.parked import plan_parked
from driving.world.generated.roads.roadworks import plan_roadworks
from driving.world.generated.roads.rural import plan_rural
from driving.world.generated.roads.surfaces import plan_surfaces
from driving.world.generated.roads.town import plan_town
from driving.world.generated.roads.tunnelled import plan_tunnelled
from driving.world.generated.roads.two_plus_one import plan_two_plus_one
from driving.world.generated.roads.widening import plan_widening
from driving.world.generated.roads.worn import plan_worn
from driving.world.generated.tracks import generate_track, street_config

# Families whose roads are one road each.
PLANS: dict[str, Callable[[int], RoadPlan]] = {
    "rural": plan_rural,
    "town": plan_town,
    "motorway": plan_motorway,
    "merging": plan_merging,
    "two_plus_one": plan_two_plus_one,
    "narrow": plan_narrow,
    "wide": plan_wide,
    "widening": plan_widening,
    "hilly": plan_hilly,
    "tunnelled": plan_tunnelled,
    "worn": plan_worn,
    "roadworks": plan_roadworks,
    "surfaces": plan_surfaces,
    "parked": plan_parked,
    "avenue": plan_avenue,
}
# Families of several roads with junctions.
NETWORKS: dict[str, Callable[[int], str]] = {"streets": write_streets, "roundabout": write_roundabout}
FAMILIES = ("track", "street", *PLANS, *NETWORKS)


def check_family(family: str) -> None:
    """Raise UserError for an unknown family."""
    if family not in FAMILIES:
        raise UserError(f"'{family}' is not a family of generated roads: give one of {', '.join(FAMILIES)}")


def family_of(road: str) -> str:
    """Return the family of a generated road from its name: "motorway" for motorway_17. Any other map is a family of its own."""
    family, _, seed = road.rpartition("_")
    return family if family in FAMILIES and seed.isdecimal() else road


def generate_road(family: str, seed: int) -> str:
    """Return the OpenDRIVE text of a family's road. Raises UserError for an unknown family, and when the road crosses itself in every draw."""
    if family == "track":
        return generate_track(seed)
    if family == "street":
        return generate_track(seed, street_config())
    check_family(family)
    if family in NETWORKS:
        return NETWORKS[family](seed)
    return write_road(f"{family}_{seed}", PLANS[family](seed))
