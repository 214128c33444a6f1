"""A map's own traffic lights and signs as scenery objects: posts beside the lanes, with a head of three lamps or with a plate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from driving.world.ground.contact import Ground
from driving.world.meshes.shapes import SHAPES, place_copies
from driving.world.scenery.clearance import Clearance
from driving.world.scenery.objects import SceneryBuilder

AWAY_M = 0.7  # least distance of a post from the driving lanes
ASIDE_M = np.arange(0.0, 14.0, 0.5)  # distances to the side that are tried
HALF_M = 0.09  # half the width of a post
HEIGHT_M = {"TrafficLight": 4.25, "StopSign": 2.75, "YieldSign": 2.75, "SpeedSign": 2.75}
COLOURS = {"TrafficLight": (34, 36, 34), "StopSign": (190, 34, 32), "YieldSign": (226, 200, 190), "SpeedSign": (236, 236, 230)}
TAGS = {"TrafficLight": 7, "StopSign": 8, "YieldSign": 8, "SpeedSign": 8}  # CARLA's semantic tags


class Signpost(NamedTuple):
    """One post."""

    kind: str  # key of HEIGHT_M
    foot_m: tuple[float, float, float]  # x, y, z
    yaw_rad: float  # where its front looks


def put_on_ground(wanted: list[Signpost], driving: Clearance, ground: Ground) -> list[Signpost]:
    """Return the posts on the ground and beside the driving lanes.

    Each is moved to the right, as its traffic sees it, until it is free of the lanes. A post without a free place stays where it was.
    """
    if not wanted:
        return []
    feet, yaw = np.array([post.foot_m for post in wanted]), np.array([post.yaw_rad for post in wanted])
    aside = np.column_stack([np.sin(yaw), -np.cos(yaw)])  # a post looks at its traffic: the traffic's right is its left
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
    """Add one object per post, in their order."""
    for post in posts:
        feet, yaw = np.array([post.foot_m]), np.array([post.yaw_rad])
        shape = SHAPES[post.kind]
        mesh = place_copies(shape, feet, yaw, np.ones((1, 3)), np.array([COLOURS[post.kind]], np.uint8))
        number = builder.add(post.kind, TAGS[post.kind], mesh, np.array([len(shape.triangles)]), feet, yaw)
        box = [[*post.foot_m[:2], post.yaw_rad, HALF_M, HALF_M, post.foot_m[2], post.foot_m[2] + HEIGHT_M[post.kind]]]
        builder.add_solids(number, np.array(box))
