"""A map's own traffic lights and signs as things that stand there: posts beside the lanes, with a head of three lamps or a plate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from driving.world.ground.contact import Ground
from driving.world.meshes.shapes import SHAPES, place_copies
from driving.world.scenery.clearance import Clearance
from driving.world.scenery.objects import SceneryBuilder

AWAY_M = 0.7  # of a post from the driving lanes
ASIDE_M = np.arange(0.0, 14.0, 0.5)
HALF_M = 0.09
HEIGHT_M = {"TrafficLight": 4.25, "StopSign": 2.75, "YieldSign": 2.75, "SpeedSign": 2.75}
COLOURS = {"TrafficLight": (34, 36, 34), "StopSign": (190, 34, 32), "YieldSign": (226, 200, 190), "SpeedSign": (236, 236, 230)}
TAGS = {"TrafficLight": 7, "StopSign": 8, "YieldSign": 8, "SpeedSign": 8}


class Signpost(NamedTuple):
    """One post: its kind (a key of HEIGHT_M), its foot (x, y, z m), and where it looks (yaw, rad)."""

    kind: str
    foot_m: tuple[float, float, float]
    yaw_rad: float


def put_on_ground(wanted: list[Signpost], driving: Clearance, ground: Ground) -> list[Signpost]:
    """The posts put on the ground, each moved to the right of its traffic until it is beside the driving lanes; where nothing is free it stays."""
    if not wanted:
        return []
    feet, yaw = np.array([post.foot_m for post in wanted]), np.array([post.yaw_rad for post in wanted])
    aside = np.column_stack([np.sin(yaw), -np.cos(yaw)])  # it looks at its traffic: their right is its left
    free = np.zeros(len(wanted), bool)
    places = feet.copy()
    for step_m in ASIDE_M:
        tried = feet + np.column_stack([aside * step_m, np.zeros(len(feet))])
        places[~free] = tried[~free]
        free |= driving.distance(tried, 2.0) > AWAY_M
    places[~free] = feet[~free]
    z = ground.height(places[:, 0].copy(), places[:, 1].copy(), places[:, 2].copy())[0]
    return [post._replace(foot_m=(float(x), float(y), float(h))) for post, (x, y, _), h in zip(wanted, places, z, strict=True)]


def add_signposts(posts: Sequence[Signpost], builder: SceneryBuilder) -> None:
    """Adds the posts, one thing each in their order."""
    for post in posts:
        feet, yaw = np.array([post.foot_m]), np.array([post.yaw_rad])
        shape = SHAPES[post.kind]
        mesh = place_copies(shape, feet, yaw, np.ones((1, 3)), np.array([COLOURS[post.kind]], np.uint8))
        number = builder.add(post.kind, TAGS[post.kind], mesh, np.array([len(shape.triangles)]), feet, yaw)
        box = [[*post.foot_m[:2], post.yaw_rad, HALF_M, HALF_M, post.foot_m[2], post.foot_m[2] + HEIGHT_M[post.kind]]]
        builder.add_solids(number, np.array(box))
