"""What of a scene a camera may see: chunks by their spheres, then triangles by where they fall on the picture. Compiled by numba.

Of the triangles in the chunks in view three of four fall beside the picture, between the centres of its pixels (200x66), or show their backs.
They are told apart many at a time in single precision: 3000 take 10 us, a tenth of what going through them one by one took.

Shapes: F triangles, C chunks, S painted segments; `scene` makes them. A camera is a row of `rasteriser`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.rendering.camera import C_CX, C_CY, C_FOCAL, C_FORWARD, C_RIGHT, C_UP
from driving.world.rendering.rasteriser import NEAR_M

MARGIN_PX, MARGIN_SHARE = 0.01, 2e-6  # single precision's error on the picture: a part, and a share of the focal length
CLOSEST = np.float32(NEAR_M)
EDGE_ON_PX = np.float32(0.02)  # what is no wider on the picture may be of either side
ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
UNSEEN = np.float32(1e30)
BLOCK = 128  # triangles at once
SHOWS = 9 * BLOCK


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _chunks_seen(chunks, camera, columns, rows, above):  # type: ignore[no-untyped-def]
    """The chunks in a camera's view and between their two distances (the farther times `above`), step by step, the nearest first."""
    xs, ys, zs, radii = chunks.spheres[0], chunks.spheres[1], chunks.spheres[2], chunks.spheres[3]
    steps, near_m, far_m = chunks.steps, chunks.near_m, chunks.far_m
    count = len(xs)
    keys = np.empty(count, np.float32)
    cx, cy, cz, above = np.float32(camera[0]), np.float32(camera[1]), np.float32(camera[2]), np.float32(above)
    fx, fy, fz = np.float32(camera[C_FORWARD]), np.float32(camera[C_FORWARD + 1]), np.float32(camera[C_FORWARD + 2])
    rx, ry, rz = np.float32(camera[C_RIGHT]), np.float32(camera[C_RIGHT + 1]), np.float32(camera[C_RIGHT + 2])
    ux, uy, uz = np.float32(camera[C_UP]), np.float32(camera[C_UP + 1]), np.float32(camera[C_UP + 2])
    tan_x, tan_y = np.float32(columns / 2.0 / camera[C_FOCAL]), np.float32(rows / 2.0 / camera[C_FOCAL])
    slant_x, slant_y = math.sqrt(ONE + tan_x * tan_x), math.sqrt(ONE + tan_y * tan_y)
    for n in range(count):
        x, y, z, radius = xs[n] - cx, ys[n] - cy, zs[n] - cz, radii[n]
        ahead, right, up = x * fx + y * fy + z * fz, x * rx + y * ry + z * rz, x * ux + y * uy + z * uz
        away = math.sqrt(x * x + y * y + z * z) - radius
        seen = (ahead >= -radius) & (abs(right) - tan_x * ahead <= radius * slant_x) & (abs(up) - tan_y * ahead <= radius * slant_y)
        seen &= (away <= far_m[n] * above) & (away + radius + radius >= near_m[n])
        keys[n] = steps[n] + max(away, ZERO) if seen else UNSEEN
    chosen = np.flatnonzero(keys < UNSEEN)
    return chosen[np.argsort(keys[chosen])]


@njit(cache=True, nogil=True)
def faces_seen(faces, camera, columns, rows, above):  # type: ignore[no-untyped-def]
    """The triangles (K,) of `scene.Faces` that may show in a picture, in the order of drawing, and where they lie on it, (K, 9) as of `_mark`."""
    starts, near_m = faces.chunks.starts, faces.chunks.near_m
    chosen = _chunks_seen(faces.chunks, camera, columns, rows, above)
    total, _ = _sizes(chosen, starts)
    items, places = np.empty(total, np.int64), np.empty((total, 9), np.float32)
    screen, found = np.empty(10 * BLOCK, np.float32), 0
    for n in chosen:
        for first in range(starts[n], starts[n + 1], BLOCK):
            last = min(first + BLOCK, starts[n + 1])
            _mark(faces.corners, faces.one_sided, first, last, near_m[n], camera, np.float32(columns), np.float32(rows), screen)
            found = _keep(items, places, found, first, last, screen)
    return items[:found], places[:found]


@njit(cache=True, nogil=True)
def solids_seen(triangles, camera, columns, rows):  # type: ignore[no-untyped-def]
    """As `faces_seen`, of triangles (F, 3, 3) seen from outside only."""
    count = len(triangles)
    items, places = np.empty(count, np.int64), np.empty((count, 9), np.float32)
    screen, found = np.empty(10 * BLOCK, np.float32), 0
    corners, one_sided = np.ascontiguousarray(triangles.reshape(count, 9).T), np.ones(count, np.float32)
    for first in range(0, count, BLOCK):
        last = min(first + BLOCK, count)
        _mark(corners, one_sided, first, last, ZERO, camera, np.float32(columns), np.float32(rows), screen)
        found = _keep(items, places, found, first, last, screen)
    return items[:found], places[:found]


@njit(cache=True, nogil=True)
def _keep(items, places, found, first, last, screen):  # type: ignore[no-untyped-def]
    """Appends what is marked; how many there are now."""
    for k in range(last - first):
        if screen[SHOWS + k] > ZERO:
            items[found] = first + k
            for c in range(9):
                places[found, c] = screen[c * BLOCK + k]
            found += 1
    return found


@njit(cache=True, nogil=True)
def strokes_seen(strokes, camera, columns, rows, above):  # type: ignore[no-untyped-def]
    """The painted segments of `scene.Strokes` that may show in a picture."""
    starts = strokes.chunks.starts
    chosen = _chunks_seen(strokes.chunks, camera, columns, rows, above)
    total, largest = _sizes(chosen, starts)
    items, shows = np.empty(total + 1, np.int64), np.empty(largest, np.uint8)
    found = 0
    for n in chosen:
        _mark_strokes(strokes.places, strokes.widest_m, starts[n], starts[n + 1], camera, np.float32(columns), np.float32(rows), shows)
        for k in range(starts[n + 1] - starts[n]):
            items[found] = starts[n] + k
            found += shows[k]
    return items[:found]


@njit(cache=True, nogil=True)
def _sizes(chosen, starts):  # type: ignore[no-untyped-def]
    """How many items the chosen chunks have, and the largest of them."""
    total, largest = 0, 0
    for n in chosen:
        size = starts[n + 1] - starts[n]
        total, largest = total + size, max(largest, size)
    return total, largest


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _mark(corners, one_sided, first, last, near_m, camera, columns, rows, screen):  # type: ignore[no-untyped-def]
    """Marks by 1 the triangles from `first` to `last` that reach the near plane or whose box on the picture holds a pixel's centre.

    Not marked are those that lie wholly nearer than `near_m`, and those with one side that are seen from behind. screen (10 BLOCK,): column, row
    and 1 / depth of their corners, each in a stretch of its own, then the marks; 1 / depth of the first is 0 where the triangle must be clipped.
    """
    x0, y0, z0 = corners[0, first:last], corners[1, first:last], corners[2, first:last]
    x1, y1, z1 = corners[3, first:last], corners[4, first:last], corners[5, first:last]
    x2, y2, z2 = corners[6, first:last], corners[7, first:last], corners[8, first:last]
    sided = one_sided[first:last]
    # the camera's place in two parts: a difference of single precision is then exact to its own size
    cx, cy, cz = np.float32(camera[0]), np.float32(camera[1]), np.float32(camera[2])
    lx, ly, lz = np.float32(camera[0] - np.float64(cx)), np.float32(camera[1] - np.float64(cy)), np.float32(camera[2] - np.float64(cz))
    fx, fy, fz = np.float32(camera[C_FORWARD]), np.float32(camera[C_FORWARD + 1]), np.float32(camera[C_FORWARD + 2])
    focal = camera[C_FOCAL]
    rx, ry, rz = np.float32(focal * camera[C_RIGHT]), np.float32(focal * camera[C_RIGHT + 1]), np.float32(focal * camera[C_RIGHT + 2])
    ux, uy, uz = np.float32(focal * camera[C_UP]), np.float32(focal * camera[C_UP + 1]), np.float32(focal * camera[C_UP + 2])
    margin = np.float32(MARGIN_PX + MARGIN_SHARE * focal)
    mid_x, mid_y = np.float32(camera[C_CX]), np.float32(camera[C_CY])
    wide, high = columns + HALF, rows + HALF
    near2 = near_m * near_m
    for n in range(last - first):
        x, y, z = (x0[n] - cx) - lx, (y0[n] - cy) - ly, (z0[n] - cz) - lz
        away2 = x * x + y * y + z * z
        d0, r0, u0 = x * fx + y * fy + z * fz, x * rx + y * ry + z * rz, x * ux + y * uy + z * uz
        x, y, z = (x1[n] - cx) - lx, (y1[n] - cy) - ly, (z1[n] - cz) - lz
        away2 = max(away2, x * x + y * y + z * z)
        d1, r1, u1 = x * fx + y * fy + z * fz, x * rx + y * ry + z * rz, x * ux + y * uy + z * uz
        x, y, z = (x2[n] - cx) - lx, (y2[n] - cy) - ly, (z2[n] - cz) - lz
        away2 = max(away2, x * x + y * y + z * z)
        d2, r2, u2 = x * fx + y * fy + z * fz, x * rx + y * ry + z * rz, x * ux + y * uy + z * uz
        crosses = min(d0, min(d1, d2)) < CLOSEST
        w0, w1, w2 = ONE / max(d0, CLOSEST), ONE / max(d1, CLOSEST), ONE / max(d2, CLOSEST)
        p0, p1, p2 = mid_x + r0 * w0, mid_x + r1 * w1, mid_x + r2 * w2
        q0, q1, q2 = mid_y - u0 * w0, mid_y - u1 * w1, mid_y - u2 * w2
        left = min(max(min(p0, min(p1, p2)) + (HALF - margin), HALF), wide)
        right = min(max(max(p0, max(p1, p2)) + (HALF + margin), HALF), wide)
        top = min(max(min(q0, min(q1, q2)) + (HALF - margin), HALF), high)
        bottom = min(max(max(q0, max(q1, q2)) + (HALF + margin), HALF), high)
        touches = (np.int32(right) > np.int32(left)) & (np.int32(bottom) > np.int32(top))
        behind = sided[n] * ((p1 - p0) * (q2 - q0) - (p2 - p0) * (q1 - q0)) < -EDGE_ON_PX * (right - left + bottom - top)
        shows = (max(d0, max(d1, d2)) >= CLOSEST) & (away2 >= near2) & (crosses | (touches & ~behind))
        screen[SHOWS + n] = ONE if shows else ZERO
        screen[n], screen[BLOCK + n], screen[2 * BLOCK + n] = p0, q0, ZERO if crosses else w0
        screen[3 * BLOCK + n], screen[4 * BLOCK + n], screen[5 * BLOCK + n] = p1, q1, w1
        screen[6 * BLOCK + n], screen[7 * BLOCK + n], screen[8 * BLOCK + n] = p2, q2, w2


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _mark_strokes(places, widest_m, first, last, camera, columns, rows, shows):  # type: ignore[no-untyped-def]
    """Marks by 1 the segments from `first` to `last` that come close or whose box on the picture, widened by the paint's width, is in view."""
    x0, y0, z0 = places[0, first:last], places[1, first:last], places[2, first:last]
    x1, y1, z1 = places[3, first:last], places[4, first:last], places[5, first:last]
    cx, cy, cz = np.float32(camera[0]), np.float32(camera[1]), np.float32(camera[2])
    fx, fy, fz = np.float32(camera[C_FORWARD]), np.float32(camera[C_FORWARD + 1]), np.float32(camera[C_FORWARD + 2])
    rx, ry, rz = np.float32(camera[C_RIGHT]), np.float32(camera[C_RIGHT + 1]), np.float32(camera[C_RIGHT + 2])
    ux, uy, uz = np.float32(camera[C_UP]), np.float32(camera[C_UP + 1]), np.float32(camera[C_UP + 2])
    # all on the plane one metre ahead: a picture's half sizes, a pixel and a half, and what rounding of places may come to
    pixel = np.float32(1.5 / camera[C_FOCAL])
    wide, high = np.float32(camera[C_CX] / camera[C_FOCAL]), np.float32(camera[C_CY] / camera[C_FOCAL])
    half = np.float32(widest_m + 2e-3)
    close = np.float32(2.0 + 2.0 * widest_m)
    for n in range(last - first):
        x, y, z = x0[n] - cx, y0[n] - cy, z0[n] - cz
        d0, r0, u0 = x * fx + y * fy + z * fz, x * rx + y * ry + z * rz, x * ux + y * uy + z * uz
        x, y, z = x1[n] - cx, y1[n] - cy, z1[n] - cz
        d1, r1, u1 = x * fx + y * fy + z * fz, x * rx + y * ry + z * rz, x * ux + y * uy + z * uz
        nearest, farthest = min(d0, d1), max(d0, d1)
        w0, w1 = ONE / max(d0, close), ONE / max(d1, close)
        p0, p1, q0, q1 = r0 * w0, r1 * w1, u0 * w0, u1 * w1
        aside = max(abs(p0), max(abs(p1), max(abs(q0), abs(q1))))
        margin = pixel + (ONE + aside) * half / (max(nearest, close) - half)
        beside = (min(p0, p1) > wide + margin) | (max(p0, p1) < -wide - margin)
        over = (min(q0, q1) > high + margin) | (max(q0, q1) < -high - margin)
        shows[n] = (farthest > np.float32(0.3)) & ((nearest < close) | ~(beside | over))
