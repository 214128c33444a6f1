"""Road paint and shadows onto ground that is already drawn. Compiled by numba.

Shapes: S paint segments, F shadow triangles, K visible segments. Buffers and filling: `rasteriser`; camera rows: `camera`; light rows: `light`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.meshes.materials import GROUND_CLASSES, LOWEST_RANKED_CLASS, MARKING
from driving.world.rendering.camera import C_CX, C_CY, C_FOCAL, C_FORWARD
from driving.world.rendering.clipping import covers_pixel, project_triangle
from driving.world.rendering.light import AMBIENT_R, SUN_R, SUN_Z
from driving.world.rendering.rasteriser import CLASS_BITS, EDGE_ON_PX2, MATERIAL_BITS, columns_of, pack_surface, plane_of, rows_of

PAINT_NEAR_M = 0.4  # paint is clipped at this depth
PAINT_BIAS = 1.06  # paint shows where its 1 / depth, times this, exceeds the ground's
THINNEST_PX = 0.9  # thinner paint is drawn this wide and paler in proportion
MOST_WIDENED = 40.0  # paint that would be widened more than this is seen edge on
PALEST = 0.04  # paint that covers a smaller share of its pixels is not drawn
COVERS = 0.25  # from this share on a pixel counts as paint, for its texture and its semantic tag
SHADOW_BIAS = np.float32(1.12)  # a shadow falls on ground whose 1 / depth differs from its own by no more than this factor
SKY_CLASS, GROUND_TOP_CLASS, PAINT_CLASS = np.uint32(0), np.uint32(GROUND_CLASSES), np.uint32(MARKING >> 3)
IN_SHADOW = np.uint8(1)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def draw_shadows(buffers, camera, triangles):  # type: ignore[no-untyped-def]
    """Mark the ground's pixels under flat shadow triangles (F, 3, 3)."""
    rows, columns = buffers.inverse_depth.shape
    seen, polygon = np.empty((3, 3)), np.empty((4, 4))
    for n in range(triangles.shape[0]):
        count = project_triangle(camera, triangles, n, seen, polygon)
        if count >= 3 and covers_pixel(polygon, count, rows, columns):
            _darken_polygon(buffers, polygon, count)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _darken_polygon(buffers, polygon, count):  # type: ignore[no-untyped-def]
    """Mark the ground under a convex screen polygon."""
    depths, surfaces, shadows = buffers.inverse_depth, buffers.surface, buffers.shadow
    rows, columns = depths.shape
    slope_x, slope_y, det = plane_of(polygon, count)
    if det < EDGE_ON_PX2:
        return
    x0, y0, w0 = polygon[0, 0], polygon[0, 1], polygon[0, 2]
    first, last = rows_of(polygon, count, rows)
    for y in range(first, last):
        start, stop = columns_of(polygon, count, y, columns)
        if start < stop:
            own, part = np.float32(w0 + slope_x * (start + 0.5 - x0) + slope_y * (y + 0.5 - y0)), slice(start, stop)
            _darken(depths[y, part], surfaces[y, part], shadows[y, part], own, np.float32(slope_x))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _darken(depths, surfaces, shadows, first, step):  # type: ignore[no-untyped-def]
    """Mark ground in a part of a row (X,) that is at the shadow's depth. first: the shadow's 1 / depth at the first pixel; step: per pixel."""
    for x in range(len(depths)):
        here, kind, own = depths[x], surfaces[x] >> CLASS_BITS, first + step * np.float32(np.int32(x))
        ground = ((kind > SKY_CLASS) & (kind <= GROUND_TOP_CLASS)) | (kind == PAINT_CLASS)
        shadows[x] = IN_SHADOW if ground & (own * SHADOW_BIAS > here) & (own < here * SHADOW_BIAS) else shadows[x]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def draw_paint(buffers, camera, light, segments, chosen):  # type: ignore[no-untyped-def]
    """Draw the chosen (K,) of the paint segments of `scene.PaintSegments`. What is thinner than a pixel is blended with the ground."""
    rows, columns = buffers.inverse_depth.shape
    ends, sides, colours = segments.ends, segments.sides, segments.colours
    middle, side = np.empty((2, 3)), np.empty((2, 3))  # of both ends, in the camera's frame: depth, right, up (m); the half width likewise
    edges, polygon = np.empty((2, 2, 3)), np.empty((4, 4))  # screen points of both ends, left and right
    focal = camera[C_FOCAL]
    sun = light[SUN_Z] if light[SUN_Z] > 0.0 else 0.0
    for index in range(chosen.shape[0]):
        n = chosen[index]
        for k in range(2):
            x, y, z = ends[n, k, 0] - camera[0], ends[n, k, 1] - camera[1], ends[n, k, 2] - camera[2]
            for axis in range(3):
                c = C_FORWARD + 3 * axis
                middle[k, axis] = x * camera[c] + y * camera[c + 1] + z * camera[c + 2]
                side[k, axis] = sides[n, k, 0] * camera[c] + sides[n, k, 1] * camera[c + 1] + sides[n, k, 2] * camera[c + 2]
        if middle[0, 0] < PAINT_NEAR_M and middle[1, 0] < PAINT_NEAR_M:
            continue
        for k in range(2):
            if middle[k, 0] < PAINT_NEAR_M:
                share = (PAINT_NEAR_M - middle[k, 0]) / (middle[1 - k, 0] - middle[k, 0])
                for axis in range(3):
                    middle[k, axis] += share * (middle[1 - k, axis] - middle[k, axis])
        ax, ay = focal * middle[0, 1] / middle[0, 0], -focal * middle[0, 2] / middle[0, 0]
        bx, by = focal * middle[1, 1] / middle[1, 0], -focal * middle[1, 2] / middle[1, 0]
        length = math.hypot(bx - ax, by - ay)
        if length < 1e-3:
            continue
        along_x, along_y = (bx - ax) / length, (by - ay) / length
        alpha = 0.0
        for k in range(2):
            inverse_depth = 1.0 / middle[k, 0]
            depth = max(0.2, middle[k, 0] + side[k, 0])
            sx = focal * (middle[k, 1] + side[k, 1]) / depth - focal * middle[k, 1] * inverse_depth
            sy = -focal * (middle[k, 2] + side[k, 2]) / depth + focal * middle[k, 2] * inverse_depth
            wide = 2.0 * abs(sx * along_y - sy * along_x)
            scale = max(1.0, THINNEST_PX / max(wide, 1e-3))
            alpha += 0.5 / scale
            if scale > MOST_WIDENED:
                # a line of the thinnest width along the segment
                sx, sy, scale = -along_y * THINNEST_PX / 2.0, along_x * THINNEST_PX / 2.0, 1.0
            cx, cy = camera[C_CX] + focal * middle[k, 1] * inverse_depth, camera[C_CY] - focal * middle[k, 2] * inverse_depth
            edges[k, 0, 0], edges[k, 0, 1], edges[k, 0, 2] = cx - sx * scale, cy - sy * scale, inverse_depth
            edges[k, 1, 0], edges[k, 1, 1], edges[k, 1, 2] = cx + sx * scale, cy + sy * scale, inverse_depth
        if alpha < PALEST:
            continue
        for axis in range(3):
            polygon[0, axis], polygon[1, axis] = edges[0, 0, axis], edges[1, 0, axis]
            polygon[2, axis], polygon[3, axis] = edges[1, 1, axis], edges[0, 1, axis]
        if not covers_pixel(polygon, 4, rows, columns):
            continue
        red = int(min(255.0, colours[n, 0] * (light[SUN_R] * sun + light[AMBIENT_R])))
        green = int(min(255.0, colours[n, 1] * (light[SUN_R + 1] * sun + light[AMBIENT_R + 1])))
        blue = int(min(255.0, colours[n, 2] * (light[SUN_R + 2] * sun + light[AMBIENT_R + 2])))
        _blend_polygon(buffers, polygon, pack_surface(MARKING, red, green, blue), min(alpha, 1.0))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _blend_polygon(buffers, polygon, surface, alpha):  # type: ignore[no-untyped-def]
    """Blend paint of a share `alpha` (0 to 1) onto the ground inside a convex screen polygon of 4 corners."""
    depths, surfaces = buffers.inverse_depth, buffers.surface
    rows, columns = depths.shape
    slope_x, slope_y, det = plane_of(polygon, 4)
    if det < EDGE_ON_PX2:
        return
    x0, y0, w0 = polygon[0, 0], polygon[0, 1], polygon[0, 2]
    first, last = rows_of(polygon, 4, rows)
    for y in range(first, last):
        start, stop = columns_of(polygon, 4, y, columns)
        if start < stop:
            own, part = w0 + slope_x * (start + 0.5 - x0) + slope_y * (y + 0.5 - y0), slice(start, stop)
            _blend(depths[y, part], surfaces[y, part], own, slope_x, surface, alpha)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _blend(depths, surfaces, own, step, surface, alpha):  # type: ignore[no-untyped-def]
    """Blend paint onto the ground in a part of a row (X,). own: the paint's 1 / depth at the first pixel; step: per pixel."""
    red, green, blue = (surface >> 16) & 255, (surface >> 8) & 255, surface & 255
    for x in range(len(depths)):
        if own * PAINT_BIAS > depths[x]:
            old = surfaces[x]
            if LOWEST_RANKED_CLASS <= (old >> CLASS_BITS) <= GROUND_CLASSES or (old >> CLASS_BITS) == PAINT_CLASS:
                r = ((old >> 16) & 255) * (1.0 - alpha) + red * alpha
                g = ((old >> 8) & 255) * (1.0 - alpha) + green * alpha
                b = (old & 255) * (1.0 - alpha) + blue * alpha
                code = np.uint32(MARKING) if alpha > COVERS else old >> MATERIAL_BITS
                surfaces[x] = pack_surface(code, np.uint32(r), np.uint32(g), np.uint32(b))
        own += step
