"""How wooded and how built-up a map's land is. Both change slowly from place to place, so that two places look different."""

from __future__ import annotations

from typing import Literal

import numpy as np

from driving.world.maps.roads import RoadNetwork

Region = Literal["any", "wood", "village"]

REGION_M = 140.0  # distance between the nodes of the grid
MARGIN_M = 200.0  # how far the grid reaches beyond the roads


class Regions:
    """A share in [0, 1] per place for "wood" and for "village", drawn at the nodes of a wide grid. "any" is 1 everywhere."""

    def __init__(self, network: RoadNetwork, random: np.random.Generator) -> None:
        x0, y0, x1, y1 = network.bounds_xyxy_m
        self._origin = np.array([x0 - MARGIN_M, y0 - MARGIN_M])
        shape = tuple(int(n) for n in np.ceil((np.array([x1, y1]) + MARGIN_M - self._origin) / REGION_M).astype(int) + 2)
        self._values = {name: random.random(shape) for name in ("wood", "village")}

    def at(self, region: Region, xy: np.ndarray) -> np.ndarray:
        """Return the shares (N,) of one region at places (N, 2) in m."""
        if region == "any":
            return np.ones(len(xy))
        nodes, place = self._values[region], (xy - self._origin) / REGION_M
        cell = np.clip(place.astype(int), 0, np.array(nodes.shape) - 2)
        u, v = np.clip(place - cell, 0, 1).T
        i, j = cell.T
        value = (nodes[i, j] * (1 - u) + nodes[i + 1, j] * u) * (1 - v) + (nodes[i, j + 1] * (1 - u) + nodes[i + 1, j + 1] * u) * v
        return np.clip((value - 0.45) * 4.0, 0.0, 1.0)
