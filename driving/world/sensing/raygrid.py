"""Triangles sorted into square columns of ground, and rays walked through these columns; compiled by numba.

All that `cast_all` calls is in this file: numba keeps compiled code until the file of the function that is called from outside changes.
Shapes: F triangles, S painted segments, K columns, N rays, B boxes. A ray is an origin, a unit vector and a length (m).
Of a ray's meetings with triangles (distances along it, m) one is kept for each class of ground and one for all objects, because what is seen
where grounds overlap is decided afterwards, as the rasteriser decides it: see `_seen`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.geometry.rotations import rotation
from driving.world.meshes.materials import GROUND_CLASSES, MARKING
from driving.world.meshes.shapes import BODY_TRIANGLES
from driving.world.rendering.rasteriser import CLASS_BIAS

PAINT_REACH_M = 0.3  # a painted line further above or below a point than this is another road's
BULK = float(np.abs(BODY_TRIANGLES).max()) + 1e-6  # the shape of cars reaches a little beyond its box: in half sizes
THIN_M = 1e-3  # flat ground has no height: rounding must not let a ray through it
EDGE = 1e-7  # share of a triangle by which a ray may miss it: neighbours leave no gap


@njit(cache=True, nogil=True)
def heights(triangles, buckets):  # type: ignore[no-untyped-def]
    """The lowest and highest point (K, 2) of each column's triangles; a column without any is upside down."""
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
def _meet(triangles, f, ox, oy, oz, dx, dy, dz):  # type: ignore[no-untyped-def]
    """How far a ray goes until it meets a triangle from either side, inf if never (Moeller and Trumbore, 1997)."""
    ax, ay, az = float(triangles[f, 0, 0]), float(triangles[f, 0, 1]), float(triangles[f, 0, 2])
    ux, uy, uz = triangles[f, 1, 0] - ax, triangles[f, 1, 1] - ay, triangles[f, 1, 2] - az
    vx, vy, vz = triangles[f, 2, 0] - ax, triangles[f, 2, 1] - ay, triangles[f, 2, 2] - az
    px, py, pz = dy * vz - dz * vy, dz * vx - dx * vz, dx * vy - dy * vx
    det = ux * px + uy * py + uz * pz
    if abs(det) < 1e-14:
        return np.inf
    sx, sy, sz = ox - ax, oy - ay, oz - az
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
def _span(o, d, low, high):  # type: ignore[no-untyped-def]
    """Between which distances one coordinate of a ray lies within two bounds."""
    if abs(d) < 1e-12:
        return (-np.inf, np.inf) if low <= o <= high else (np.inf, -np.inf)
    one, two = (low - o) / d, (high - o) / d
    return min(one, two), max(one, two)


@njit(cache=True, nogil=True, error_model="numpy")
def _walk(ray, length, solid, nearest, which):  # type: ignore[no-untyped-def]
    """Fills, by class of ground (0: objects), how far the first meeting is (inf: none within `length`) and with which triangle.

    ray (6,): origin, direction.
    """
    triangles, classes, grid, starts, items, levels = (
        solid.triangles,
        solid.classes,
        solid.grid,
        solid.buckets.starts,
        solid.buckets.items,
        solid.levels,
    )
    nearest[:], which[:] = np.inf, -1
    ox, oy, oz, dx, dy, dz = ray[0], ray[1], ray[2], ray[3], ray[4], ray[5]
    x0, y0, cell, columns, rows = grid.x0_m, grid.y0_m, grid.cell_m, grid.columns, grid.rows
    in_x, out_x = _span(ox, dx, x0, x0 + columns * cell)
    in_y, out_y = _span(oy, dy, y0, y0 + rows * cell)
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
                kind = classes[f]
                far = _meet(triangles, f, ox, oy, oz, dx, dy, dz)
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
def _seen(nearest):  # type: ignore[no-untyped-def]
    """Which class is seen: the nearest, but ground of a higher class wins where another lies hardly before it, as in pictures; -1: none."""
    best, far = -1, np.inf
    for kind in range(1, GROUND_CLASSES + 1):
        if nearest[kind] < far or (kind >= 3 and nearest[kind] < far * CLASS_BIAS):
            best, far = kind, nearest[kind]
    return 0 if nearest[0] < far else best


@njit(cache=True, nogil=True)
def _painted(x, y, z, solid):  # type: ignore[no-untyped-def]
    """Whether a point of a road lies on a painted segment: ends (S, 2, 3), half widths to the right (S, 2, 3)."""
    grid, ends, sides, starts, items = solid.grid, solid.ends, solid.sides, solid.paint_buckets.starts, solid.paint_buckets.items
    i, j = math.floor((x - grid.x0_m) / grid.cell_m), math.floor((y - grid.y0_m) / grid.cell_m)
    if not (0 <= i < grid.columns and 0 <= j < grid.rows):
        return False
    k = j * grid.columns + i
    for n in range(starts[k], starts[k + 1]):
        a, b, p, q = ends[items[n], 0], ends[items[n], 1], sides[items[n], 0], sides[items[n], 1]
        ux, uy = b[0] - a[0], b[1] - a[1]
        along = ((x - a[0]) * ux + (y - a[1]) * uy) / max(ux * ux + uy * uy, 1e-12)
        if not 0.0 <= along <= 1.0 or abs(a[2] + along * (b[2] - a[2]) - z) > PAINT_REACH_M:
            continue
        wx, wy = p[0] + along * (q[0] - p[0]), p[1] + along * (q[1] - p[1])
        across = (x - a[0] - along * ux) * wx + (y - a[1] - along * uy) * wy
        if abs(across) <= wx * wx + wy * wy:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _incidence(triangles, f, sx, sy, sz, dx, dy, dz):  # type: ignore[no-untyped-def]
    """Cosine (0 to 1) between a unit vector and the normal of a triangle whose axes are stretched by `s`."""
    a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
    ux, uy, uz = (b[0] - a[0]) * sx, (b[1] - a[1]) * sy, (b[2] - a[2]) * sz
    vx, vy, vz = (c[0] - a[0]) * sx, (c[1] - a[1]) * sy, (c[2] - a[2]) * sz
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    return abs(nx * dx + ny * dy + nz * dz) / max(math.sqrt(nx * nx + ny * ny + nz * nz), 1e-12)


@njit(cache=True, nogil=True, error_model="numpy")
def cast_all(pose, directions, reach, solid, moving, tags_of, hits):  # type: ignore[no-untyped-def]
    """Casts all rays of `RayCaster.cast` from a pose (6,) and fills `hits`."""
    turn, ray = rotation(pose[3], pose[4], pose[5]), np.empty(6)
    nearest, which = np.empty(GROUND_CLASSES + 1), np.empty(GROUND_CLASSES + 1, np.int64)
    turns = np.empty((moving.poses.shape[0], 3, 3))
    for b in range(turns.shape[0]):
        turns[b] = rotation(moving.poses[b, 3], moving.poses[b, 4], moving.poses[b, 5])
    ray[:3] = pose[:3]
    for n in range(directions.shape[0]):
        for k in range(3):
            ray[3 + k] = turn[k, 0] * directions[n, 0] + turn[k, 1] * directions[n, 1] + turn[k, 2] * directions[n, 2]
        _walk(ray, reach[n], solid, nearest, which)
        kind = _seen(nearest)
        if kind >= 0:
            f, far = which[kind], nearest[kind]
            hits.distances_m[n], hits.tags[n], hits.objects[n] = far, tags_of[solid.codes[f]], solid.owners[f]
            hits.cosines[n] = _incidence(solid.triangles, f, 1.0, 1.0, 1.0, ray[3], ray[4], ray[5])
            x, y, z = ray[0] + far * ray[3], ray[1] + far * ray[4], ray[2] + far * ray[5]
            if kind >= 3 and _painted(x, y, z, solid):
                hits.tags[n] = tags_of[MARKING]
        far, cosine, b = _boxes(ray, moving, turns, min(hits.distances_m[n], reach[n]))
        if b >= 0:
            hits.distances_m[n], hits.cosines[n], hits.tags[n], hits.rows[n], hits.objects[n] = far, cosine, moving.tags[b], moving.rows[b], -1


@njit(cache=True, nogil=True, error_model="numpy")
def _boxes(ray, moving, turns, reach):  # type: ignore[no-untyped-def]
    """How far a ray goes until it meets a car-shaped box (inf: none within reach), the cosine of incidence there, and which box."""
    poses, half, best, cosine, found = moving.poses, moving.half_sizes, reach, 0.0, -1
    for b in range(poses.shape[0]):
        ox, oy, oz = ray[0] - poses[b, 0], ray[1] - poses[b, 1], ray[2] - poses[b, 2]
        ahead = -(ox * ray[3] + oy * ray[4] + oz * ray[5])
        away2 = ox * ox + oy * oy + oz * oz
        beside2 = away2 - ahead * ahead
        if beside2 > moving.radii2[b] or (away2 > moving.radii2[b] and (ahead < 0.0 or ahead - math.sqrt(moving.radii2[b] - beside2) > best)):
            continue
        # in the box's axes, in which it is the unit cube and distances along the ray stay what they are
        dx = (turns[b, 0, 0] * ray[3] + turns[b, 1, 0] * ray[4] + turns[b, 2, 0] * ray[5]) / half[b, 0]
        dy = (turns[b, 0, 1] * ray[3] + turns[b, 1, 1] * ray[4] + turns[b, 2, 1] * ray[5]) / half[b, 1]
        dz = (turns[b, 0, 2] * ray[3] + turns[b, 1, 2] * ray[4] + turns[b, 2, 2] * ray[5]) / half[b, 2]
        px = (turns[b, 0, 0] * ox + turns[b, 1, 0] * oy + turns[b, 2, 0] * oz) / half[b, 0]
        py = (turns[b, 0, 1] * ox + turns[b, 1, 1] * oy + turns[b, 2, 1] * oz) / half[b, 1]
        pz = (turns[b, 0, 2] * ox + turns[b, 1, 2] * oy + turns[b, 2, 2] * oz) / half[b, 2]
        in_x, out_x = _span(px, dx, -BULK, BULK)
        in_y, out_y = _span(py, dy, -BULK, BULK)
        in_z, out_z = _span(pz, dz, -BULK, BULK)
        if max(in_x, in_y, in_z, 0.0) > min(out_x, out_y, out_z, best):
            continue
        for f in range(moving.ranges[b, 0], moving.ranges[b, 1]):
            far = _meet(moving.shape, f, px, py, pz, dx, dy, dz)
            if far < best:
                best, found = far, b
                cosine = _incidence(moving.shape, f, half[b, 0], half[b, 1], half[b, 2], dx * half[b, 0], dy * half[b, 1], dz * half[b, 2])
    return (best if found >= 0 else np.inf), cosine, found
