"""The families of generated roads by name. A road is named by its family and its seed, for example `motorway_17`."""

from __future__ import annotations

from collections.abc import Callable

from driving.quantities import UserError
from driving.world.generated.merging import plan_merging
from driving.world.generated.motorway import plan_motorway
from driving.world.generated.opendrive_text import write_road
from driving.world.generated.plan import RoadPlan
from driving.world.generated.rural import plan_rural
from driving.world.generated.town import plan_town
from driving.world.generated.tracks import generate_track, street_config
from driving.world.generated.two_plus_one import plan_two_plus_one

PLANS: dict[str, Callable[[int], RoadPlan]] = {
    "rural": plan_rural,
    "town": plan_town,
    "motorway": plan_motorway,
    "merging": plan_merging,
    "two_plus_one": plan_two_plus_one,
}
FAMILIES = ("track", "street", *PLANS)


def check_family(family: str) -> None:
    """Raise UserError for an unknown family."""
    if family not in FAMILIES:
        raise UserError(f"'{family}' is not a family of generated roads: give one of {', '.join(FAMILIES)}")


def generate_road(family: str, seed: int) -> str:
    """Return the OpenDRIVE text of a family's road. Raises UserError for an unknown family, and when the road crosses itself in every draw."""
    if family == "track":
        return generate_track(seed)
    if family == "street":
        return generate_track(seed, street_config())
    check_family(family)
    return write_road(f"{family}_{seed}", PLANS[family](seed))
