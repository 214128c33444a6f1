"""What lies on generated roads and stands beside them: tar seams, patches, leaves, rows of trees, parked cars, lines that no longer count.

Stations and lateral distances are those of OpenDRIVE: metres along the reference line, and to its left. `between_m` is (rightmost, leftmost).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from driving.world.generated.plan import Thing, ThingKind

SEAM_M = (0.04, 0.12)  # width of a tar seam
LONGEST_PIECE_M = 8.0  # corners of an outline are no further apart, so that it follows a bend
CAR_M = ((3.6, 1.65, 1.4), (5.2, 2.0, 2.0))  # smallest and largest length, width and height of a parked car
TREE_M = ((4.0, 5.0), (9.0, 13.0))  # smallest and largest width and height

Lateral = Callable[[np.ndarray], np.ndarray]


def lay_strip(kind: ThingKind, start_m: float, end_m: float, right: Lateral, left: Lateral) -> Thing:
    """Return something that lies along the road from station to station, between two lateral distances that may change on the way."""
    s = np.linspace(start_m, end_m, max(2, int(np.ceil((end_m - start_m) / LONGEST_PIECE_M)) + 1))
    ahead, back = np.column_stack([s, right(s)]), np.column_stack([s, left(s)])[::-1]
    outline = tuple((float(a), float(b)) for a, b in np.concatenate([ahead, back]))
    return Thing(kind, start_m, float(right(s[:1])[0]), outline=outline)


def lay_box(kind: ThingKind, start_m: float, end_m: float, right_m: float, left_m: float) -> Thing:
    """Return something that lies on a rectangle of the road."""
    return lay_strip(kind, start_m, end_m, lambda s: np.full(len(s), right_m), lambda s: np.full(len(s), left_m))


def draw_seams(random: np.random.Generator, length_m: float, between_m: tuple[float, float], per_km: float) -> Iterator[Thing]:
    """Draw tar seams: along the road, across it, and slanting."""
    low, high = between_m
    for _ in range(random.poisson(per_km * length_m / 1000.0)):
        start, size, width = (float(random.uniform(*span)) for span in ((2.0, length_m - 62.0), (6.0, 60.0), SEAM_M))
        at, slope = float(random.uniform(low, high - width)), float(random.normal(0.0, 0.02))
        if random.random() < 0.4:
            yield lay_box("seam", start, start + width, low, high)
        else:
            right = partial(_slant, start, at, slope, (low, high - width))
            yield lay_strip("seam", start, start + size, right, lambda s, right=right, width=width: right(s) + width)  # type: ignore[misc]


def _slant(start_m: float, at_m: float, slope: float, between_m: tuple[float, float], s_m: np.ndarray) -> np.ndarray:
    """Return the lateral distances (N,) of a slanting line at stations (N,). It begins at `at_m` and stays between two distances."""
    return np.clip(at_m + slope * (s_m - start_m), *between_m)


def draw_patches(random: np.random.Generator, length_m: float, between_m: tuple[float, float], per_km: float) -> Iterator[Thing]:
    """Draw rectangles of younger asphalt, some of them long."""
    low, high = between_m
    for _ in range(random.poisson(per_km * length_m / 1000.0)):
        size = float(random.uniform(1.0, 6.0) if random.random() < 0.7 else random.uniform(10.0, 40.0))
        start, width = float(random.uniform(2.0, length_m - 45.0)), float(random.uniform(0.6, min(3.0, high - low)))
        right = float(random.uniform(low, high - width))
        yield lay_box("patch", start, start + size, right, right + width)


def draw_leaves(random: np.random.Generator, length_m: float, between_m: tuple[float, float], per_km: float) -> Iterator[Thing]:
    """Draw heaps of leaves. Most of them lie near the two sides."""
    low, high = between_m
    for _ in range(random.poisson(per_km * length_m / 1000.0)):
        start, size, width = (float(random.uniform(*span)) for span in ((2.0, length_m - 8.0), (0.3, 5.0), (0.15, 0.9)))
        share = float(random.beta(0.35, 0.35))
        right = low + share * (high - low - width)
        yield Thing("leaves", start, right, outline=tuple((start + u * size, right + v * width) for u, v in _blob(random)))


def _blob(random: np.random.Generator) -> list[tuple[float, float]]:
    """Return the corners of a rounded shape in [0, 1] x [0, 1]."""
    angles = np.arange(10) * 2.0 * np.pi / 10
    radii = 0.5 * random.uniform(0.7, 1.0, 10)
    return [(float(0.5 - r * np.cos(a)), float(0.5 - r * np.sin(a))) for r, a in zip(radii, angles, strict=True)]


def draw_trees(random: np.random.Generator, length_m: float, t_m: float, every_m: tuple[float, float]) -> Iterator[Thing]:
    """Draw a row of trees at a lateral distance."""
    s, (thin, low), (thick, high) = float(random.uniform(0.0, every_m[1])), *TREE_M
    while s < length_m:
        width = float(random.uniform(thin, thick))
        yield Thing("tree", s, t_m + float(random.uniform(-0.4, 0.4)), size_m=(width, width, float(random.uniform(low, high))))
        s += float(random.uniform(*every_m))


def park_cars(random: np.random.Generator, length_m: float, t_m: float, share: float) -> Iterator[Thing]:
    """Draw parked cars in a row at a lateral distance. `share` of the places are taken. Those on the left look the other way."""
    s, (smallest, largest) = 8.0, CAR_M
    while s < length_m - 8.0:
        size = tuple(float(random.uniform(low, high)) for low, high in zip(smallest, largest, strict=True))
        if random.random() < share:
            turned = np.pi if (t_m > 0) != (random.random() < 0.1) else 0.0
            yield Thing("car", s, t_m, float(turned + random.normal(0.0, 0.03)), (size[0], size[1], size[2]))
        s += size[0] + float(random.uniform(0.6, 2.5))
