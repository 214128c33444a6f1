"""What a picture may show of a scene: chunks by their spheres, then triangles by their place on the picture. Compiled by numba.

Of the triangles in visible chunks, three of four lie beside the picture, between the centres of its pixels (200x66), or show their backs.
They are told apart many at a time in single precision: 3000 take 10 us, a tenth of the time that a loop one by one takes.

Shapes: F triangles, C chunks, S paint segments, K visible items; `scene` makes them. Camera rows and frustums: `camera`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from driving.world.rendering.camera import C_CX, C_CY, C_FOCAL, C_FORWARD, C_RIGHT, C_UP
from driving.world.rendering.clipping import NEAR_M

MARGIN_PX, MARGIN_SHARE = 0.01, 2e-6  # single precision's error on the picture: a part of a pixel, and a share of the focal length
CLOSEST = np.float32(NEAR_M)
EDGE_ON_PX = np.float32(0.02)  # a triangle no wider than this on the picture may turn either side to the camera
ROUNDING_M = 2e-3  # how far single precision may move a paint segment
PAINT_BEHIND_M = np.float32(0.3)  # paint whose farther end is nearer than this depth is not drawn
ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
UNSEEN = np.float32(1e30)
BLOCK = 128  # how many triangles are tested at once
SHOWS = 9 * BLOCK


class Visible(NamedTuple):
    """Triangles that a picture may show, in the order of drawing."""

    items: np.ndarray  # (K,) int64, their rows among all
    places: np.ndarray  # (K, 9) float32: column, row (px), 1 / depth (1/m) of each corner; the first 1 / depth is 0 where it must be clipped


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _find_visible_chunks(chunks, frustum):  # type: ignore[no-untyped-def]
    """Return the rows (K,) of the chunks that lie in the frustum and between their two distances: by drawing step, then nearest first."""
    camera = frustum.camera
    xs, ys, zs, radii = chunks.spheres[0], chunks.spheres[1], chunks.spheres[2], chunks.spheres[3]
    steps, near_m, far_m = chunks.steps, chunks.near_m, chunks.far_m
    count = len(xs)
    keys = np.empty(count, np.float32)
    cx, cy, cz, factor = np.float32(camera[0]), np.float32(camera[1]), np.float32(camera[2]), np.float32(frustum.range_factor)
    fx, fy, fz = np.float32(camera[C_FORWARD]), np.float32(camera[C_FORWARD + 1]), np.float32(camera[C_FORWARD + 2])
    rx, ry, rz = np.float32(camera[C_RIGHT]), np.float32(camera[C_RIGHT + 1]), np.float32(camera[C_RIGHT + 2])
    ux, uy, uz = np.float32(camera[C_UP]), np.float32(camera[C_UP + 1]), np.float32(camera[C_UP + 2])
    tan_x, tan_y = np.float32(frustum.columns / 2.0 / camera[C_FOCAL]), np.float32(frustum.rows / 2.0 / camera[C_FOCAL])
    slant_x, slant_y = math.sqrt(ONE + tan_x * tan_x), math.sqrt(ONE + tan_y * tan_y)
    for n in range(count):
        x, y, z, radius = xs[n] - cx, ys[n] - cy, zs[n] - cz, radii[n]
        ahead, right, up = x * fx + y * fy + z * fz, x * rx + y * ry + z * rz, x * ux + y * uy + z * uz
        away = math.sqrt(x * x + y * y + z * z) - radius
        seen = (ahead >= -radius) & (abs(right) - tan_x * ahead <= radius * slant_x) & (abs(up) - tan_y * ahead <= radius * slant_y)
        seen &= (away <= far_m[n] * factor) & (away + radius + radius >= near_m[n])
        keys[n] = steps[n] + max(away, ZERO) if seen else UNSEEN
    chosen = np.flatnonzero(keys < UNSEEN)
    return chosen[np.argsort(keys[chosen])]


@njit(cache=True, nogil=True)
def find_visible_faces(faces, frustum):  # type: ignore[no-untyped-def]
    """Return which triangles of `scene.SceneFaces` a picture may show, as `Visible`."""
    starts, near_m = faces.chunks.starts, faces.chunks.near_m
    chosen = _find_visible_chunks(faces.chunks, frustum)
    total, _ = _count_items(chosen, starts)
    items, places = np.empty(total, np.int64), np.empty((total, 9), np.float32)
    screen, found = np.empty(10 * BLOCK, np.float32), 0
    for n in chosen:
        for first in range(starts[n], starts[n + 1], BLOCK):
            last = min(first + BLOCK, starts[n + 1])
            _mark_triangles(faces.corners, faces.one_sided, first, last, near_m[n], frustum, screen)
            found = _keep(items, places, found, first, last, screen)
    return Visible(items[:found], places[:found])


@njit(cache=True, nogil=True)
def find_visible_solids(triangles, frustum):  # type: ignore[no-untyped-def]
    """Return which triangles (F, 3, 3) of solid bodies a picture may show, as `Visible`."""
    count = len(triangles)
    items, places = np.empty(count, np.int64), np.empty((count, 9), np.float32)
    screen, found = np.empty(10 * BLOCK, np.float32), 0
    corners, one_sided = np.ascontiguousarray(triangles.reshape(count, 9).T), np.ones(count, np.float32)
    for first in range(0, count, BLOCK):
        last = min(first + BLOCK, count)
        _mark_triangles(corners, one_sided, first, last, ZERO, frustum, screen)
        found = _keep(items, places, found, first, last, screen)
    return Visible(items[:found], places[:found])


@njit(cache=True, nogil=True)
def _keep(items, places, found, first, last, screen):  # type: ignore[no-untyped-def]
    """Append the marked triangles from `first` to `last` to the `found` ones and return how many there are now."""
    for k in range(last - first):
        if screen[SHOWS + k] > ZERO:
            items[found] = first + k
            for c in range(9):
                places[found, c] = screen[c * BLOCK + k]
            found += 1
    return found


@njit(cache=True, nogil=True)
def find_visible_paint(segments, frustum):  # type: ignore[no-untyped-def]
    """Return the rows (K,) int64 of the `scene.PaintSegments` that a picture may show, in the order of drawing."""
    starts = segments.chunks.starts
    chosen = _find_visible_chunks(segments.chunks, frustum)
    total, largest = _count_items(chosen, starts)
    items, shows = np.empty(total + 1, np.int64), np.empty(largest, np.uint8)
    found = 0
    for n in chosen:
        _mark_segments(segments, starts[n], starts[n + 1], frustum.camera, shows)
        for k in range(starts[n + 1] - starts[n]):
            items[found] = starts[n] + k
            found += shows[k]
    return items[:found]


@njit(cache=True, nogil=True)
def _count_items(chosen, starts):  # type: ignore[no-untyped-def]
    """Return how many items the chosen chunks have together, and how many the largest one has."""
    total, largest = 0, 0
    for n in chosen:
        size = starts[n + 1] - starts[n]
        total, largest = total + size, max(largest, size)
    return total, largest


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _mark_triangles(corners, one_sided, first, last, near_m, frustum, screen):  # type: ignore[no-untyped-def]
    """Mark by 1 the triangles from `first` to `last` that reach the near plane or whose box on the picture holds a pixel's centre.

    Not marked are triangles that lie wholly nearer than `near_m`, and triangles with one side that are seen from behind.

    Args:
        corners: (9, F) float32 and one_sided: (F,) float32, as of `scene.SceneFaces`.
        screen: (10 * BLOCK,) float32 to fill: the columns of `Visible.places`, each in a stretch of BLOCK, then the marks.
    """
    camera, columns, rows = frustum.camera, np.float32(frustum.columns), np.float32(frustum.rows)
    x0, y0, z0 = corners[0, first:last], corners[1, first:last], corners[2, first:last]
    x1, y1, z1 = corners[3, first:last], corners[4, first:last], corners[5, first:last]
    x2, y2, z2 = corners[6, first:last], corners[7, first:last], corners[8, first:last]
    sided = one_sided[first:last]
    # the camera's place in two parts: a difference in single precision is then exact to its own size
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
    # per corner: depth d, right r and up u (times the focal length), inverse depth w, column p and row q on the picture
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
def _mark_segments(segments, first, last, camera, shows):  # type: ignore[no-untyped-def]
    """Mark by 1, else by 0, in `shows` (last - first or more,) uint8 the paint segments from `first` to `last` that are close or may be in view.

    A segment is in view where its box on the picture, widened by the paint's width, overlaps the picture.
    """
    places, widest_m = segments.places, segments.widest_m
    x0, y0, z0 = places[0, first:last], places[1, first:last], places[2, first:last]
    x1, y1, z1 = places[3, first:last], places[4, first:last], places[5, first:last]
    cx, cy, cz = np.float32(camera[0]), np.float32(camera[1]), np.float32(camera[2])
    fx, fy, fz = np.float32(camera[C_FORWARD]), np.float32(camera[C_FORWARD + 1]), np.float32(camera[C_FORWARD + 2])
    rx, ry, rz = np.float32(camera[C_RIGHT]), np.float32(camera[C_RIGHT + 1]), np.float32(camera[C_RIGHT + 2])
    ux, uy, uz = np.float32(camera[C_UP]), np.float32(camera[C_UP + 1]), np.float32(camera[C_UP + 2])
    # all on the plane one metre ahead: a pixel and a half, the picture's half sizes, the paint's half width
    pixel = np.float32(1.5 / camera[C_FOCAL])
    wide, high = np.float32(camera[C_CX] / camera[C_FOCAL]), np.float32(camera[C_CY] / camera[C_FOCAL])
    half = np.float32(widest_m + ROUNDING_M)
    close = np.float32(2.0 + 2.0 * widest_m)
    # per end: depth d, right r and up u (m), inverse depth w, right p and up q on that plane
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
        shows[n] = (farthest > PAINT_BEHIND_M) & ((nearest < close) | ~(beside | over))
