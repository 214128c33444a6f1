"""Materials of surfaces, as codes for the rasteriser: code = class * 8 + variant.

Classes are drawn in rising order. Ground may overlap: lanes in a junction, a verge under a lane. Where two surfaces lie at nearly the same
depth, the one of the higher class is seen. Tags are CARLA's semantic tags.
"""

from __future__ import annotations

import numpy as np

SKY = 0
TERRAIN = 8
VERGE = 16
SIDEWALK, MEDIAN = 24, 25
SHOULDER, PARKING, GRAVEL, PAVED = 32, 33, 34, 35
DRIVING, CONCRETE_LANE, COBBLES, GRAVEL_LANE, PATCH = 40, 41, 42, 43, 44  # a lane of asphalt, of other surfaces, and what lies on a lane
FOLIAGE, WOOD, WALL, ROOF, METAL, CONCRETE, RAIL = 48, 49, 50, 51, 52, 53, 54
MARKING = 56
ACTOR = 64  # + semantic tag: a part of a vehicle or of another body, lit by the sun
GLOWING = 96  # + semantic tag: a lamp that is lit
BARRIER, FENCE, LIGHT_HEAD, PLATE, BRIDGE = ACTOR + 4, ACTOR + 5, ACTOR + 7, ACTOR + 8, ACTOR + 26

GROUND_CLASSES = 5  # classes 1 to 5 are ground
LOWEST_RANKED_CLASS = 3  # ground from this class on wins over ground of lower classes at nearly the same depth
OBJECT_CLASS = 6

# Which codes (256,) belong to closed surfaces. Their triangles are drawn only from outside. Eaves and guard rails are sheets, drawn from both sides.
ONE_SIDED = np.zeros(256, dtype=np.bool_)
ONE_SIDED[[FOLIAGE, WOOD, WALL, METAL, CONCRETE, BARRIER, FENCE, LIGHT_HEAD, PLATE]] = True

# The material of each lane type of carla.LaneType, in lower case. A type that is missing here is a shoulder.
OF_LANE = {
    "driving": DRIVING,
    "bidirectional": DRIVING,
    "entry": DRIVING,
    "exit": DRIVING,
    "onramp": DRIVING,
    "offramp": DRIVING,
    "stop": DRIVING,
    "biking": SHOULDER,
    "sidewalk": SIDEWALK,
    "median": MEDIAN,
    "parking": PARKING,
    "shoulder": SHOULDER,
    "border": GRAVEL,
    "restricted": SHOULDER,
    "special1": SHOULDER,
    "special2": SHOULDER,
    "special3": SHOULDER,
    "tram": SHOULDER,
    "rail": GRAVEL,
    "none": VERGE,
}

# The material of a driving lane by the name of its surface. A surface that is missing here is asphalt.
OF_SURFACE = {"concrete": CONCRETE_LANE, "cobbles": COBBLES, "gravel": GRAVEL_LANE}

TAGS = np.zeros(256, dtype=np.uint8)  # semantic tag of each code
for _code, _tag in {
    SKY: 11,
    TERRAIN: 10,
    VERGE: 10,
    SIDEWALK: 2,
    MEDIAN: 25,
    SHOULDER: 1,
    PARKING: 1,
    GRAVEL: 25,
    PAVED: 1,
    DRIVING: 1,
    CONCRETE_LANE: 1,
    COBBLES: 1,
    GRAVEL_LANE: 1,
    PATCH: 1,
    FOLIAGE: 9,
    WOOD: 9,
    WALL: 3,
    ROOF: 3,
    METAL: 6,
    CONCRETE: 20,
    RAIL: 28,
    MARKING: 24,
}.items():
    TAGS[_code] = _tag
for _tag in range(32):
    TAGS[ACTOR + _tag] = TAGS[GLOWING + _tag] = _tag
