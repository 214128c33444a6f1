"""A map to drive over in all directions: two waves as wide as they are long, and a level bend behind them."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
from scenariogeneration import xodr

HEIGHT_M, WAVE_M = 2.0, 100.0  # amplitude and length of the waves; their steepest slope is 0.126
LANE_M, LENGTH_M, PIECE_M = 25.0, 200.0, 10.0


def height(s: np.ndarray) -> np.ndarray:
    """Return the height of the waves (m) at stations (m)."""
    return HEIGHT_M * (1.0 - np.cos(2.0 * np.pi * s / WAVE_M))


def slope(s: np.ndarray) -> np.ndarray:
    """Return the slope of the waves at stations (m)."""
    return HEIGHT_M * 2.0 * np.pi / WAVE_M * np.sin(2.0 * np.pi * s / WAVE_M)


def hilly_map() -> str:
    """Return the map as OpenDRIVE text: from the origin to the east over the waves, then a bend. It has superelevation, which clients ignore."""
    plan = xodr.PlanView(0.0, 0.0, 0.0)
    plan.add_geometry(xodr.Line(LENGTH_M))
    plan.add_geometry(xodr.Arc(1.0 / 80.0, length=60.0))
    section = xodr.LaneSection(0.0, xodr.standard_lane())
    for add in (section.add_left_lane, section.add_right_lane):
        for _ in range(2):
            add(xodr.Lane(a=LANE_M))
    lanes = xodr.Lanes()
    lanes.add_lanesection(section)
    road = xodr.Road(0, plan, lanes)
    for start in np.arange(0.0, LENGTH_M, PIECE_M):
        z0, z1, g0, g1 = height(start), height(start + PIECE_M), slope(start), slope(start + PIECE_M)
        chord = (z1 - z0) / PIECE_M
        road.add_elevation(start, z0, g0, (3.0 * chord - 2.0 * g0 - g1) / PIECE_M, (g0 + g1 - 2.0 * chord) / PIECE_M**2)
    road.add_elevation(LENGTH_M, 0.0, 0.0, 0.0, 0.0)
    road.add_superelevation(0.0, 0.0, 0.001, 0.0, 0.0)
    file = xodr.OpenDrive("hills")
    file.add_road(road)
    file.adjust_roads_and_lanes()
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(file.get_element(), encoding="unicode")
