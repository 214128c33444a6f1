"""Rays walked through square columns of ground, and the triangles, paint and boxes that they hit. Compiled by numba.

Shapes: F triangles, S paint segments, K columns, N rays, B boxes. A ray is an origin, a unit vector and a length (m).
Of a ray's hits on triangles (distances along it, m) one is kept for each class of ground and one for all objects. Which of them is seen where
grounds overlap is decided afterwards, by the rule of the rasteriser: see `_choose_seen`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from driving.world.geometry.rotations import rotation
from driving.world.meshes.materials import GROUND_CLASSES, LOWEST_RANKED_CLASS, MARKING
from driving.world.meshes.shapes import BODY_TRIANGLES
from driving.world.rendering.rasteriser import CLASS_BIAS
from driving.world.scenery.objects import NO_OBJECT

PAINT_REACH_M = 0.3  # paint farther above or below a point than this is on another road
BULK = float(np.abs(BODY_TRIANGLES).max()) + 1e-6  # in half sizes: bodies reach a little beyond their boxes
THIN_M = 1e-3  # flat ground does not have a height: rounding must not let a ray through it
EDGE = 1e-7  # share of a triangle by which a ray may miss it, so that rays do not pass between neighbours


class Ray(NamedTuple):
    """A ray in the world, or in the unit frame of a box."""

    x: float  # origin
    y: float
    z: float
    dx: float  # direction: distances along the ray are multiples of it
    dy: float
    dz: float


@njit(cache=True, nogil=True)
def find_heights(triangles, buckets):  # type: ignore[no-untyped-def]
    """Return the lowest and the highest point (K, 2) float32 of each column's triangles (m), +inf and -inf for a column without any."""
    starts, items = buckets.starts, buckets.items
    out = np.empty((starts.shape[0] - 1, 2), np.float32)
    for k in range(out.shape[0]):
        out[k, 0], out[k, 1] = np.inf, -np.inf
        for n in range(starts[k], starts[k + 1]):
            for c in range(3):
                out[k, 0] = min(out[k, 0], triangles[items[n], c, 2])
                out[k, 1] = max(out[k, 1], triangles[items[n], c, 2])
        out[k, 0], out[k, 1] = out[k, 0] - THIN_M, out[k, 1] + THIN_M
    return out


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _hit_triangle(triangles, f, ray):  # type: ignore[no-untyped-def]
    """Return how far a `Ray` goes until it hits triangle `f` of (F, 3, 3) from either side, inf if it misses (Moeller and Trumbore, 1997)."""
    dx, dy, dz = ray.dx, ray.dy, ray.dz
    ax, ay, az = float(triangles[f, 0, 0]), float(triangles[f, 0, 1]), float(triangles[f, 0, 2])
    ux, uy, uz = triangles[f, 1, 0] - ax, triangles[f, 1, 1] - ay, triangles[f, 1, 2] - az
    vx, vy, vz = triangles[f, 2, 0] - ax, triangles[f, 2, 1] - ay, triangles[f, 2, 2] - az
    px, py, pz = dy * vz - dz * vy, dz * vx - dx * vz, dx * vy - dy * vx
    det = ux * px + uy * py + uz * pz
    if abs(det) < 1e-14:
        return np.inf
    sx, sy, sz = ray.x - ax, ray.y - ay, ray.z - az
    u = (sx * px + sy * py + sz * pz) / det
    if u < -EDGE or u > 1.0 + EDGE:
        return np.inf
    qx, qy, qz = sy * uz - sz * uy, sz * ux - sx * uz, sx * uy - sy * ux
    v = (dx * qx + dy * qy + dz * qz) / det
    if v < -EDGE or u + v > 1.0 + EDGE:
        return np.inf
    t = (vx * qx + vy * qy + vz * qz) / det
    return t if t > 0.0 else np.inf


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _cross_slab(origin, direction, low, high):  # type: ignore[no-untyped-def]
    """Return between which distances one coordinate of a ray lies within two bounds."""
    if abs(direction) < 1e-12:
        return (-np.inf, np.inf) if low <= origin <= high else (np.inf, -np.inf)
    one, two = (low - origin) / direction, (high - origin) / direction
    return min(one, two), max(one, two)


@njit(cache=True, nogil=True, error_model="numpy")
def _walk(ray, length, solid, nearest, which):  # type: ignore[no-untyped-def]
    """Find a ray's first hit on each class of ground (class 0: objects) of `rays.Solid`.

    Fill nearest (GROUND_CLASSES + 1,) with its distance (m, inf: none within `length`) and which (GROUND_CLASSES + 1,) with its triangle.
    """
    grid, starts, items, levels = solid.grid, solid.buckets.starts, solid.buckets.items, solid.levels
    nearest[:], which[:] = np.inf, -1
    ox, oy, oz, dx, dy, dz = ray.x, ray.y, ray.z, ray.dx, ray.dy, ray.dz
    x0, y0, cell, columns, rows = grid.x0_m, grid.y0_m, grid.cell_m, grid.columns, grid.rows
    in_x, out_x = _cross_slab(ox, dx, x0, x0 + columns * cell)
    in_y, out_y = _cross_slab(oy, dy, y0, y0 + rows * cell)
    t, end = max(0.0, in_x, in_y), min(length, out_x, out_y)
    if t > end:
        return
    i = min(max(int((ox + t * dx - x0) / cell), 0), columns - 1)
    j = min(max(int((oy + t * dy - y0) / cell), 0), rows - 1)
    step_x, step_y = 1 if dx > 0.0 else -1, 1 if dy > 0.0 else -1
    # where the ray leaves this column, and how far apart such places are
    next_x = (x0 + (i + (step_x > 0)) * cell - ox) / dx if abs(dx) >= 1e-12 else np.inf
    next_y = (y0 + (j + (step_y > 0)) * cell - oy) / dy if abs(dy) >= 1e-12 else np.inf
    apart_x = cell / abs(dx) if abs(dx) >= 1e-12 else np.inf
    apart_y = cell / abs(dy) if abs(dy) >= 1e-12 else np.inf
    reach = length
    while 0 <= i < columns and 0 <= j < rows and t < min(end, reach):
        leave, k = min(next_x, next_y, end), j * columns + i
        low, high = min(oz + t * dz, oz + leave * dz), max(oz + t * dz, oz + leave * dz)
        if low <= levels[k, 1] and high >= levels[k, 0]:
            for n in range(starts[k], starts[k + 1]):
                f = items[n]
                kind = solid.classes[f]
                far = _hit_triangle(solid.triangles, f, ray)
                if far < nearest[kind] and far <= length:
                    nearest[kind], which[kind] = far, f
                    reach = min(reach, far if kind == 0 else far * CLASS_BIAS)
        t = leave
        if next_x < next_y:
            i += step_x
            next_x += apart_x
        else:
            j += step_y
            next_y += apart_y


@njit(cache=True, nogil=True)
def _choose_seen(nearest):  # type: ignore[no-untyped-def]
    """Return the class that is seen, -1 for none, given the distance to the first hit on each class.

    The nearest hit wins, but ground of a higher class wins over ground that lies hardly before it, as in pictures.
    """
    best, far = -1, np.inf
    for kind in range(1, GROUND_CLASSES + 1):
        if nearest[kind] < far or (kind >= LOWEST_RANKED_CLASS and nearest[kind] < far * CLASS_BIAS):
            best, far = kind, nearest[kind]
    return 0 if nearest[0] < far else best


@njit(cache=True, nogil=True)
def _is_painted(x, y, z, solid):  # type: ignore[no-untyped-def]
    """Return whether a point of a road (m) lies on a paint segment of `rays.Solid`."""
    grid, ends, sides, starts, items = solid.grid, solid.ends, solid.sides, solid.paint_buckets.starts, solid.paint_buckets.items
    i, j = math.floor((x - grid.x0_m) / grid.cell_m), math.floor((y - grid.y0_m) / grid.cell_m)
    if not (0 <= i < grid.columns and 0 <= j < grid.rows):
        return False
    k = j * grid.columns + i
    for n in range(starts[k], starts[k + 1]):
        start, stop, start_side, stop_side = ends[items[n], 0], ends[items[n], 1], sides[items[n], 0], sides[items[n], 1]
        ux, uy = stop[0] - start[0], stop[1] - start[1]
        along = ((x - start[0]) * ux + (y - start[1]) * uy) / max(ux * ux + uy * uy, 1e-12)
        if not 0.0 <= along <= 1.0 or abs(start[2] + along * (stop[2] - start[2]) - z) > PAINT_REACH_M:
            continue
        side_x, side_y = start_side[0] + along * (stop_side[0] - start_side[0]), start_side[1] + along * (stop_side[1] - start_side[1])
        across = (x - start[0] - along * ux) * side_x + (y - start[1] - along * uy) * side_y
        if abs(across) <= side_x * side_x + side_y * side_y:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _find_incidence(triangles, f, scale, direction):  # type: ignore[no-untyped-def]
    """Return the cosine (0 to 1) between a unit vector and the normal of triangle `f` of (F, 3, 3), whose axes are stretched by `scale`.

    scale and direction are tuples of 3 numbers.
    """
    a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
    ux, uy, uz = (b[0] - a[0]) * scale[0], (b[1] - a[1]) * scale[1], (b[2] - a[2]) * scale[2]
    vx, vy, vz = (c[0] - a[0]) * scale[0], (c[1] - a[1]) * scale[1], (c[2] - a[2]) * scale[2]
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    along = nx * direction[0] + ny * direction[1] + nz * direction[2]
    return abs(along) / max(math.sqrt(nx * nx + ny * ny + nz * nz), 1e-12)


@njit(cache=True, nogil=True, error_model="numpy")
def cast_rays(pose, directions, reach_m, solid, moving, tags_of, hits):  # type: ignore[no-untyped-def]
    """Cast rays from a pose (6,) and fill `rays.Hits`.

    Args:
        directions: (N, 3) unit vectors in the pose's frame.
        reach_m: (N,) lengths.
        solid: `rays.Solid`; moving: `rays.Moving`.
        tags_of: (256,) uint8, the semantic tag of each material.
    """
    nearest, which = np.empty(GROUND_CLASSES + 1), np.empty(GROUND_CLASSES + 1, np.int64)
    turns = np.empty((moving.poses.shape[0], 3, 3))
    for b in range(turns.shape[0]):
        turn = rotation(moving.poses[b, 3], moving.poses[b, 4], moving.poses[b, 5])
        for row in range(3):
            for column in range(3):
                turns[b, row, column] = turn[row, column]
    turn = rotation(pose[3], pose[4], pose[5])
    for n in range(directions.shape[0]):
        ahead, right, up = directions[n, 0], directions[n, 1], directions[n, 2]
        dx = turn[0, 0] * ahead + turn[0, 1] * right + turn[0, 2] * up
        dy = turn[1, 0] * ahead + turn[1, 1] * right + turn[1, 2] * up
        dz = turn[2, 0] * ahead + turn[2, 1] * right + turn[2, 2] * up
        ray = Ray(pose[0], pose[1], pose[2], dx, dy, dz)
        _walk(ray, reach_m[n], solid, nearest, which)
        kind = _choose_seen(nearest)
        if kind >= 0:
            f, far = which[kind], nearest[kind]
            hits.distances_m[n], hits.tags[n], hits.objects[n] = far, tags_of[solid.codes[f]], solid.owners[f]
            hits.cosines[n] = _find_incidence(solid.triangles, f, (1.0, 1.0, 1.0), (dx, dy, dz))
            if kind >= LOWEST_RANKED_CLASS and _is_painted(ray.x + far * dx, ray.y + far * dy, ray.z + far * dz, solid):
                hits.tags[n] = tags_of[MARKING]
        far, cosine, b = _hit_boxes(ray, moving, turns, min(hits.distances_m[n], reach_m[n]))
        if b >= 0:
            hits.distances_m[n], hits.cosines[n], hits.tags[n] = far, cosine, moving.tags[b]
            hits.rows[n], hits.objects[n] = moving.rows[b], NO_OBJECT


@njit(cache=True, nogil=True, error_model="numpy")
def _hit_boxes(ray, moving, turns, reach_m):  # type: ignore[no-untyped-def]
    """Return how far a `Ray` goes until it hits the body in a box of `rays.Moving`, the cosine of incidence there, and the box.

    Without a hit within `reach_m` the distance is inf and the box -1. turns (B, 3, 3): the boxes' rotation matrices.
    """
    poses, half, best, cosine, found = moving.poses, moving.half_sizes, reach_m, 0.0, -1
    for b in range(poses.shape[0]):
        ox, oy, oz = ray.x - poses[b, 0], ray.y - poses[b, 1], ray.z - poses[b, 2]
        ahead = -(ox * ray.dx + oy * ray.dy + oz * ray.dz)
        away2 = ox * ox + oy * oy + oz * oz
        beside2 = away2 - ahead * ahead
        if beside2 > moving.radii2[b] or (away2 > moving.radii2[b] and (ahead < 0.0 or ahead - math.sqrt(moving.radii2[b] - beside2) > best)):
            continue
        # in the box's frame, scaled so that the box is the cube from -1 to 1; distances along the ray stay the same
        dx = (turns[b, 0, 0] * ray.dx + turns[b, 1, 0] * ray.dy + turns[b, 2, 0] * ray.dz) / half[b, 0]
        dy = (turns[b, 0, 1] * ray.dx + turns[b, 1, 1] * ray.dy + turns[b, 2, 1] * ray.dz) / half[b, 1]
        dz = (turns[b, 0, 2] * ray.dx + turns[b, 1, 2] * ray.dy + turns[b, 2, 2] * ray.dz) / half[b, 2]
        px = (turns[b, 0, 0] * ox + turns[b, 1, 0] * oy + turns[b, 2, 0] * oz) / half[b, 0]
        py = (turns[b, 0, 1] * ox + turns[b, 1, 1] * oy + turns[b, 2, 1] * oz) / half[b, 1]
        pz = (turns[b, 0, 2] * ox + turns[b, 1, 2] * oy + turns[b, 2, 2] * oz) / half[b, 2]
        in_x, out_x = _cross_slab(px, dx, -BULK, BULK)
        in_y, out_y = _cross_slab(py, dy, -BULK, BULK)
        in_z, out_z = _cross_slab(pz, dz, -BULK, BULK)
        if max(in_x, in_y, in_z, 0.0) > min(out_x, out_y, out_z, best):
            continue
        local = Ray(px, py, pz, dx, dy, dz)
        for f in range(moving.ranges[b, 0], moving.ranges[b, 1]):
            far = _hit_triangle(moving.shape, f, local)
            if far < best:
                best, found = far, b
                scale = half[b, 0], half[b, 1], half[b, 2]
                cosine = _find_incidence(moving.shape, f, scale, (dx * half[b, 0], dy * half[b, 1], dz * half[b, 2]))
    return (best if found >= 0 else np.inf), cosine, found
