"""A failure of a drive: where and when it happened, and why, as one of a few causes. `find.py` finds them in a trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from driving.quantities import UserError

DepartureCause = Literal[
    "drifted out on a straight",
    "ran wide in a bend",
    "cut a bend",
    "at a junction",
    "at a change of lane count",
    "at a change of lane width",
    "after a put-back",
]
Cause = Literal[DepartureCause, "stuck", "collided with a pedestrian", "collided with a vehicle", "collided with a static object"]
Side = Literal["left", "right"]


@dataclass(frozen=True)
class Failure:
    """One departure, collision or end of a stuck car."""

    tick: int  # of the drive, when it happened
    onset_tick: int  # when the car was last well inside its lane
    time_s: float  # since the drive's start
    cause: Cause
    words: str  # the cause with its side, radius and the like
    side: Side  # of the centre line on which the car was
    radius_m: float | None  # of the sharpest bend nearby, None on a straight
    since_put_back_s: float | None  # None where the car was not put back in the seconds before
    s_m: float  # distance along the route
    x_m: float
    y_m: float
    road: int  # the map's ids of road and lane, and the distance along the road
    lane: int
    road_s_m: float
    lateral_m: float  # right positive
    speed_mps: float

    def as_dict(self) -> dict[str, Any]:
        """Return the failure as plain values for JSON."""
        return asdict(self)

    @staticmethod
    def from_row(row: Mapping[str, Any]) -> Failure:
        """Return the failure that `as_dict` gave. Raises UserError where a value is missing."""
        try:
            return Failure(**{field.name: row[field.name] for field in fields(Failure)})
        except KeyError as error:
            raise UserError(f"a failure in summary.json lacks {error}: another version wrote it, evaluate again") from error
