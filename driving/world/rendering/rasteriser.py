"""Triangles into buffers, compiled by numba: depth test, clipping at the near plane, decals for paint and shadows.

Buffers, rows top-down, (Y, X): `near` float32 holds 1 / depth (1/m; 0 is the sky), `paint` uint32 holds material << 24 | R << 16 | G << 8 | B
(lit, not yet textured), `shade` uint8 says whether the sun is hidden. Pixel (x, y) is sampled at its centre (x + 0.5, y + 0.5).
A camera is a row: position, then its forward, right and up axes in the world, focal length (px), image centre (px).
1 / depth is linear on the screen, so that each triangle needs one plane equation.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.meshes.materials import GROUND_CLASSES, MARKING, OBJECT_CLASS
from driving.world.rendering.camera import C_CX, C_CY, C_FOCAL, C_FORWARD

NEAR_M = 0.15
LOWER_BITS = np.uint32(27)
CLASS_BIAS = np.float32(1.04)  # ground of a higher class wins while its 1 / depth is at least the other's over this
DECAL_BIAS = 1.06
SHADOW_BIAS = np.float32(1.12)
NO_KIND, GROUND_KINDS, MARKING_KIND = np.uint32(0), np.uint32(GROUND_CLASSES), np.uint32(MARKING >> 3)
SHADED = np.uint8(1)
THINNEST_PX = 0.9  # thinner paint is drawn this wide and as much paler
PLAIN, SHADOW = 0, 1


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _touches(polygon, count, rows, columns):  # type: ignore[no-untyped-def]
    """Whether the box around a polygon holds the centre of a pixel."""
    low, high, least, most = polygon[0, 1], polygon[0, 1], polygon[0, 0], polygon[0, 0]
    for k in range(1, count):
        low, high = min(low, polygon[k, 1]), max(high, polygon[k, 1])
        least, most = min(least, polygon[k, 0]), max(most, polygon[k, 0])
    if high <= 0.5 or low > rows - 0.5 or most <= 0.5 or least > columns - 0.5:
        return False
    if math.ceil(max(low, 0.0) - 0.5) >= math.ceil(min(high, float(rows)) - 0.5):
        return False
    return math.ceil(max(least, 0.0) - 0.5) < math.ceil(min(most, float(columns)) - 0.5)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _span(near, paint, shade, polygon, count, code, red, green, blue, alpha, mode):  # type: ignore[no-untyped-def]
    """Fills a convex polygon of screen points (x, y, 1 / depth) that touches the picture."""
    rows, columns = near.shape
    low, high = polygon[0, 1], polygon[0, 1]
    for k in range(1, count):
        low, high = min(low, polygon[k, 1]), max(high, polygon[k, 1])
    first = max(0, math.ceil(max(low, 0.0) - 0.5))
    last = min(rows - 1, math.ceil(min(high, float(rows)) - 0.5) - 1)
    x0, y0, w0 = polygon[0, 0], polygon[0, 1], polygon[0, 2]
    a = b = best = 0.0
    for k in range(1, count - 1):
        ux, uy, uw = polygon[k, 0] - x0, polygon[k, 1] - y0, polygon[k, 2] - w0
        vx, vy, vw = polygon[k + 1, 0] - x0, polygon[k + 1, 1] - y0, polygon[k + 1, 2] - w0
        det = ux * vy - uy * vx
        if abs(det) > best:
            best = abs(det)
            a, b = (uw * vy - uy * vw) / det, (ux * vw - uw * vx) / det
    if best < 1e-9:
        return
    kind = code >> 3
    value = np.uint32((code << 24) | (red << 16) | (green << 8) | blue)
    for k in range(count):
        n = k + 1 if k + 1 < count else 0
        rise = polygon[n, 1] - polygon[k, 1]
        polygon[k, 3] = (polygon[n, 0] - polygon[k, 0]) / rise if rise != 0.0 else 0.0
    for y in range(first, last + 1):
        middle = y + 0.5
        left, right = 1e30, -1e30
        for k in range(count):
            ya, yb = polygon[k, 1], polygon[k + 1 if k + 1 < count else 0, 1]
            if (ya <= middle) != (yb <= middle):
                x = polygon[k, 0] + (middle - ya) * polygon[k, 3]
                left, right = min(left, x), max(right, x)
        if right <= 0.0 or left >= columns:
            continue
        start = math.ceil(max(left, 0.0) - 0.5)
        stop = min(columns, math.ceil(min(right, float(columns)) - 0.5))
        w = w0 + a * (start + 0.5 - x0) + b * (middle - y0)
        if start >= stop:
            continue
        if mode == SHADOW:
            _darken(near[y, start:stop], paint[y, start:stop], shade[y, start:stop], np.float32(w), np.float32(a))
        elif kind == MARKING >> 3:
            _blend(near, paint, y, start, stop, w, a, code, red, green, blue, alpha)
        else:
            _fill(near[y, start:stop], paint[y, start:stop], np.float32(w), np.float32(a), kind, value)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _fill(near, paint, w, a, kind, value):  # type: ignore[no-untyped-def]
    """Fills the part of a row that `near` and `paint` (X,) are; w: 1 / depth at its first pixel, a: from pixel to pixel."""
    rank = np.uint32(kind)
    if 3 <= kind <= GROUND_CLASSES:
        for x in range(len(near)):
            here, old, v = near[x], paint[x], w + a * np.float32(np.int32(x))
            wins = (v > here) | ((v * CLASS_BIAS > here) & ((old >> LOWER_BITS) < rank))
            near[x] = v if wins else here
            paint[x] = value if wins else old
    else:
        for x in range(len(near)):
            here, old, v = near[x], paint[x], w + a * np.float32(np.int32(x))
            near[x] = max(v, here)
            paint[x] = value if v > here else old


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _darken(near, paint, shade, w, a):  # type: ignore[no-untyped-def]
    """Marks the ground in the part of a row as lying in shadow where it is at the shadow's depth."""
    for x in range(len(near)):
        here, kind, v = near[x], paint[x] >> LOWER_BITS, w + a * np.float32(np.int32(x))
        ground = ((kind > NO_KIND) & (kind <= GROUND_KINDS)) | (kind == MARKING_KIND)
        shade[x] = SHADED if ground & (v * SHADOW_BIAS > here) & (v < here * SHADOW_BIAS) else shade[x]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _blend(near, paint, y, start, stop, w, a, code, red, green, blue, alpha):  # type: ignore[no-untyped-def]
    for x in range(start, stop):
        if w * DECAL_BIAS > near[y, x]:
            old = paint[y, x]
            if 3 <= (old >> 27) <= GROUND_CLASSES or (old >> 27) == MARKING >> 3:
                r = ((old >> 16) & 255) * (1.0 - alpha) + red * alpha
                g = ((old >> 8) & 255) * (1.0 - alpha) + green * alpha
                b = (old & 255) * (1.0 - alpha) + blue * alpha
                kept = np.uint32(code) if alpha > 0.25 else old >> 24
                paint[y, x] = np.uint32((kept << 24) | (np.uint32(r) << 16) | (np.uint32(g) << 8) | np.uint32(b))
        w += a


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _polygon(camera, triangles, which, seen, screen):  # type: ignore[no-untyped-def]
    """Projects a world triangle, clipped at the near plane; how many corners are left: 0 (also beside the picture), 3 or 4."""
    f, cx, cy = camera[C_FOCAL], camera[C_CX], camera[C_CY]
    x, y, z = triangles[which, 0, 0] - camera[0], triangles[which, 0, 1] - camera[1], triangles[which, 0, 2] - camera[2]
    d0 = x * camera[3] + y * camera[4] + z * camera[5]
    r0 = x * camera[6] + y * camera[7] + z * camera[8]
    u0 = x * camera[9] + y * camera[10] + z * camera[11]
    x, y, z = triangles[which, 1, 0] - camera[0], triangles[which, 1, 1] - camera[1], triangles[which, 1, 2] - camera[2]
    d1 = x * camera[3] + y * camera[4] + z * camera[5]
    r1 = x * camera[6] + y * camera[7] + z * camera[8]
    u1 = x * camera[9] + y * camera[10] + z * camera[11]
    x, y, z = triangles[which, 2, 0] - camera[0], triangles[which, 2, 1] - camera[1], triangles[which, 2, 2] - camera[2]
    d2 = x * camera[3] + y * camera[4] + z * camera[5]
    r2 = x * camera[6] + y * camera[7] + z * camera[8]
    u2 = x * camera[9] + y * camera[10] + z * camera[11]
    if max(d0, d1, d2) < NEAR_M:
        return 0
    wide, high = cx / f, cy / f
    if min(r0 - wide * d0, r1 - wide * d1, r2 - wide * d2) > 0.0 or max(r0 + wide * d0, r1 + wide * d1, r2 + wide * d2) < 0.0:
        return 0
    if min(u0 - high * d0, u1 - high * d1, u2 - high * d2) > 0.0 or max(u0 + high * d0, u1 + high * d1, u2 + high * d2) < 0.0:
        return 0
    if min(d0, d1, d2) >= NEAR_M:
        w0, w1, w2 = 1.0 / d0, 1.0 / d1, 1.0 / d2
        screen[0, 0], screen[0, 1], screen[0, 2] = cx + f * r0 * w0, cy - f * u0 * w0, w0
        screen[1, 0], screen[1, 1], screen[1, 2] = cx + f * r1 * w1, cy - f * u1 * w1, w1
        screen[2, 0], screen[2, 1], screen[2, 2] = cx + f * r2 * w2, cy - f * u2 * w2, w2
        return 3
    seen[0, 0], seen[0, 1], seen[0, 2] = d0, r0, u0
    seen[1, 0], seen[1, 1], seen[1, 2] = d1, r1, u1
    seen[2, 0], seen[2, 1], seen[2, 2] = d2, r2, u2
    count = 0
    for k in range(3):
        n = k + 1 if k < 2 else 0
        da, db = seen[k, 0], seen[n, 0]
        if da >= NEAR_M:
            w = 1.0 / da
            screen[count, 0], screen[count, 1], screen[count, 2] = cx + f * seen[k, 1] * w, cy - f * seen[k, 2] * w, w
            count += 1
        if (da >= NEAR_M) != (db >= NEAR_M):
            t = (NEAR_M - da) / (db - da)
            w = 1.0 / NEAR_M
            aside, up = seen[k, 1] + t * (seen[n, 1] - seen[k, 1]), seen[k, 2] + t * (seen[n, 2] - seen[k, 2])
            screen[count, 0], screen[count, 1], screen[count, 2] = cx + f * aside * w, cy - f * up * w, w
            count += 1
    return count


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def draw_triangles(near, paint, shade, camera, light, triangles, normals, codes, colours, chosen, places):  # type: ignore[no-untyped-def]
    """Draws the chosen triangles (F, 3, 3), lit flat by their normals (F, 3) from either side.

    light: sun direction, sun colour, ambient colour. chosen (K,) and places (K, 9): as `culling` answers them.
    """
    seen, screen = np.empty((3, 3)), np.empty((4, 4))
    for index in range(chosen.shape[0]):
        n = chosen[index]
        clipped = places[index, 2] == 0.0
        count = 3
        if clipped:
            count = _polygon(camera, triangles, n, seen, screen)
            if count < 3 or not _touches(screen, count, near.shape[0], near.shape[1]):
                continue
        nx, ny, nz = normals[n, 0], normals[n, 1], normals[n, 2]
        towards = nx * (camera[0] - triangles[n, 0, 0]) + ny * (camera[1] - triangles[n, 0, 1]) + nz * (camera[2] - triangles[n, 0, 2])
        if towards < 0.0:
            nx, ny, nz = -nx, -ny, -nz
        sun = max(0.0, nx * light[0] + ny * light[1] + nz * light[2])
        sky = 0.86 + 0.14 * nz
        r = int(min(255.0, colours[n, 0] * (light[3] * sun + light[6] * sky)))
        g = int(min(255.0, colours[n, 1] * (light[4] * sun + light[7] * sky)))
        b = int(min(255.0, colours[n, 2] * (light[5] * sun + light[8] * sky)))
        if clipped:
            _span(near, paint, shade, screen, count, int(codes[n]), r, g, b, 1.0, PLAIN)
        else:
            _triangle(near, paint, places[index], int(codes[n]), r, g, b)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _triangle(near, paint, at, code, red, green, blue):  # type: ignore[no-untyped-def]
    """Fills a triangle of three screen points (x, y, 1 / depth), (9,), as `_span` does a polygon, with less to do a row."""
    rows, columns = near.shape
    x0, y0, w0 = np.float64(at[0]), np.float64(at[1]), np.float64(at[2])
    x1, y1, w1 = np.float64(at[3]), np.float64(at[4]), np.float64(at[5])
    x2, y2, w2 = np.float64(at[6]), np.float64(at[7]), np.float64(at[8])
    det = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0)
    if abs(det) < 1e-9:
        return
    a = ((w1 - w0) * (y2 - y0) - (y1 - y0) * (w2 - w0)) / det
    b = ((x1 - x0) * (w2 - w0) - (w1 - w0) * (x2 - x0)) / det
    origin = w0 + a * (0.5 - x0) + b * (0.5 - y0)
    if y1 < y0:
        x0, y0, x1, y1 = x1, y1, x0, y0
    if y2 < y0:
        x0, y0, x2, y2 = x2, y2, x0, y0
    if y2 < y1:
        x1, y1, x2, y2 = x2, y2, x1, y1
    first, last = math.ceil(max(y0, 0.0) - 0.5), math.ceil(min(y2, float(rows)) - 0.5)
    long = (x2 - x0) / (y2 - y0)
    upper = (x1 - x0) / (y1 - y0) if y1 > y0 else 0.0
    lower = (x2 - x1) / (y2 - y1) if y2 > y1 else 0.0
    kind = code >> 3
    value = np.uint32((code << 24) | (red << 16) | (green << 8) | blue)
    step = np.float32(a)
    for y in range(first, last):
        middle = y + 0.5
        one = x0 + (middle - y0) * long
        two = x0 + (middle - y0) * upper if middle < y1 else x1 + (middle - y1) * lower
        start = math.ceil(max(min(one, two), 0.0) - 0.5)
        stop = math.ceil(min(max(one, two), float(columns)) - 0.5)
        if start < stop:
            _fill(near[y, start:stop], paint[y, start:stop], np.float32(origin + a * start + b * y), step, kind, value)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def draw_shadows(near, paint, shade, camera, triangles):  # type: ignore[no-untyped-def]
    """Marks ground pixels under flat shadow triangles (F, 3, 3)."""
    seen, screen = np.empty((3, 3)), np.empty((4, 4))
    for n in range(triangles.shape[0]):
        count = _polygon(camera, triangles, n, seen, screen)
        if count >= 3 and _touches(screen, count, near.shape[0], near.shape[1]):
            _span(near, paint, shade, screen, count, OBJECT_CLASS << 3, 0, 0, 0, 1.0, SHADOW)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def draw_paint(near, paint, shade, camera, light, ends, sides, colours, chosen):  # type: ignore[no-untyped-def]
    """Draws painted segments: ends (S, 2, 3), half widths to the right (S, 2, 3). What is thinner than a pixel is blended."""
    p, q = np.empty((2, 3)), np.empty((2, 3))
    out, screen = np.empty((2, 2, 3)), np.empty((4, 4))
    f = camera[C_FOCAL]
    top = light[2] if light[2] > 0.0 else 0.0
    for index in range(chosen.shape[0]):
        n = chosen[index]
        for k in range(2):
            x, y, z = ends[n, k, 0] - camera[0], ends[n, k, 1] - camera[1], ends[n, k, 2] - camera[2]
            for axis in range(3):
                c = C_FORWARD + 3 * axis
                p[k, axis] = x * camera[c] + y * camera[c + 1] + z * camera[c + 2]
                q[k, axis] = sides[n, k, 0] * camera[c] + sides[n, k, 1] * camera[c + 1] + sides[n, k, 2] * camera[c + 2]
        if p[0, 0] < 0.4 and p[1, 0] < 0.4:
            continue
        for k in range(2):
            if p[k, 0] < 0.4:
                t = (0.4 - p[k, 0]) / (p[1 - k, 0] - p[k, 0])
                for axis in range(3):
                    p[k, axis] += t * (p[1 - k, axis] - p[k, axis])
        ax, ay = f * p[0, 1] / p[0, 0], -f * p[0, 2] / p[0, 0]
        bx, by = f * p[1, 1] / p[1, 0], -f * p[1, 2] / p[1, 0]
        length = math.hypot(bx - ax, by - ay)
        if length < 1e-3:
            continue
        tx, ty = (bx - ax) / length, (by - ay) / length
        alpha = 0.0
        for k in range(2):
            w = 1.0 / p[k, 0]
            depth = max(0.2, p[k, 0] + q[k, 0])
            sx = f * (p[k, 1] + q[k, 1]) / depth - f * p[k, 1] * w
            sy = -f * (p[k, 2] + q[k, 2]) / depth + f * p[k, 2] * w
            wide = 2.0 * abs(sx * ty - sy * tx)
            scale = max(1.0, THINNEST_PX / max(wide, 1e-3))
            alpha += 0.5 / scale
            if scale > 40.0:
                # seen edge on: a line of the thinnest width along itself
                sx, sy, scale = -ty * THINNEST_PX / 2.0, tx * THINNEST_PX / 2.0, 1.0
            cx, cy = camera[C_CX] + f * p[k, 1] * w, camera[C_CY] - f * p[k, 2] * w
            out[k, 0, 0], out[k, 0, 1], out[k, 0, 2] = cx - sx * scale, cy - sy * scale, w
            out[k, 1, 0], out[k, 1, 1], out[k, 1, 2] = cx + sx * scale, cy + sy * scale, w
        if alpha < 0.04:
            continue
        screen[0, :3], screen[1, :3], screen[2, :3], screen[3, :3] = out[0, 0], out[1, 0], out[1, 1], out[0, 1]
        if not _touches(screen, 4, near.shape[0], near.shape[1]):
            continue
        r = int(min(255.0, colours[n, 0] * (light[3] * top + light[6])))
        g = int(min(255.0, colours[n, 1] * (light[4] * top + light[7])))
        b = int(min(255.0, colours[n, 2] * (light[5] * top + light[8])))
        _span(near, paint, shade, screen, 4, MARKING, r, g, b, min(alpha, 1.0), PLAIN)
