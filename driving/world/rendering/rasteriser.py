"""Triangles into buffers: depth test, flat light, filling of screen polygons. Compiled by numba.

Pixel (x, y) is sampled at its centre (x + 0.5, y + 0.5). 1 / depth is linear on the screen, so each triangle needs one plane equation.
Shapes: Y rows (top-down) and X columns of a picture, F triangles, K visible ones. Camera rows: `camera`; light rows: `light`; screen polygons:
`clipping`. Left to others: which triangles are visible (`culling`), paint and shadows on the ground (`decals`), texture and weather (`shading`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from driving.world.meshes.materials import GROUND_CLASSES, LOWEST_RANKED_CLASS
from driving.world.rendering.clipping import covers_pixel, project_triangle
from driving.world.rendering.light import AMBIENT_R, SUN_R, SUN_X

MATERIAL_BITS, CLASS_BITS = np.uint32(24), np.uint32(27)  # a pixel's surface, shifted right by these, is its material and its material's class
CLASS_BIAS = np.float32(1.04)  # ground of a higher class wins while its 1 / depth is at least the other's divided by this
EDGE_ON_PX2 = 1e-9  # a triangle with a smaller determinant is seen edge on and fills nothing
SKY_SHARE, SKY_SLOPE = 0.86, 0.14  # ambient light on a surface: the first, plus the second times the vertical part of its normal


class Buffers(NamedTuple):
    """What is drawn before shading, one value per pixel."""

    inverse_depth: np.ndarray  # (Y, X) float32 1/m; 0 is the sky
    surface: np.ndarray  # (Y, X) uint32 material << 24 | R << 16 | G << 8 | B, lit but without texture
    shadow: np.ndarray  # (Y, X) uint8, 1 where the ground lies in the sun's shadow

    @staticmethod
    def of_size(rows: int, columns: int) -> Buffers:
        """Return buffers with undefined values."""
        return Buffers(np.empty((rows, columns), np.float32), np.empty((rows, columns), np.uint32), np.empty((rows, columns), np.uint8))

    def clear(self) -> None:
        """Fill them with sky."""
        for buffer in self:
            buffer.fill(0)


class Faces(NamedTuple):
    """Flat triangles to draw."""

    triangles: np.ndarray  # (F, 3, 3) float32 corners in the world (m)
    normals: np.ndarray  # (F, 3) float32 unit vectors, to either side
    codes: np.ndarray  # (F,) uint8 materials
    colours: np.ndarray  # (F, 3) uint8 RGB, unlit


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def pack_surface(code, red, green, blue):  # type: ignore[no-untyped-def]
    """Return a pixel of the surface buffer, uint32: a material code and RGB (0 to 255), all integers."""
    return np.uint32((code << 24) | (red << 16) | (green << 8) | blue)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def draw_triangles(buffers, camera, light, faces, visible):  # type: ignore[no-untyped-def]
    """Draw the `visible` (`culling.Visible`) of `faces`, lit flat from either side."""
    rows, columns = buffers.inverse_depth.shape
    triangles, normals, codes, colours = faces.triangles, faces.normals, faces.codes, faces.colours
    items, places = visible.items, visible.places
    seen, polygon = np.empty((3, 3)), np.empty((4, 4))
    for index in range(items.shape[0]):
        n = items[index]
        clipped = places[index, 2] == 0.0
        count = 3
        if clipped:
            count = project_triangle(camera, triangles, n, seen, polygon)
            if count < 3 or not covers_pixel(polygon, count, rows, columns):
                continue
        nx, ny, nz = normals[n, 0], normals[n, 1], normals[n, 2]
        towards = nx * (camera[0] - triangles[n, 0, 0]) + ny * (camera[1] - triangles[n, 0, 1]) + nz * (camera[2] - triangles[n, 0, 2])
        if towards < 0.0:
            nx, ny, nz = -nx, -ny, -nz
        sun = max(0.0, nx * light[SUN_X] + ny * light[SUN_X + 1] + nz * light[SUN_X + 2])
        sky = SKY_SHARE + SKY_SLOPE * nz
        red = int(min(255.0, colours[n, 0] * (light[SUN_R] * sun + light[AMBIENT_R] * sky)))
        green = int(min(255.0, colours[n, 1] * (light[SUN_R + 1] * sun + light[AMBIENT_R + 1] * sky)))
        blue = int(min(255.0, colours[n, 2] * (light[SUN_R + 2] * sun + light[AMBIENT_R + 2] * sky)))
        surface = pack_surface(int(codes[n]), red, green, blue)
        if clipped:
            _fill_polygon(buffers, polygon, count, surface)
        else:
            _fill_triangle(buffers, places[index], surface)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def plane_of(polygon, count):  # type: ignore[no-untyped-def]
    """Return the slopes of 1 / depth along x and y (1/m per px) of a screen polygon, and the determinant that they come from (px^2).

    Also fill the polygon's last column with the slope dx / dy of the edge from each corner to the next.
    """
    x0, y0, w0 = polygon[0, 0], polygon[0, 1], polygon[0, 2]
    slope_x = slope_y = best = 0.0
    for k in range(1, count - 1):
        ux, uy, uw = polygon[k, 0] - x0, polygon[k, 1] - y0, polygon[k, 2] - w0
        vx, vy, vw = polygon[k + 1, 0] - x0, polygon[k + 1, 1] - y0, polygon[k + 1, 2] - w0
        det = ux * vy - uy * vx
        if abs(det) > best:
            best = abs(det)
            slope_x, slope_y = (uw * vy - uy * vw) / det, (ux * vw - uw * vx) / det
    for k in range(count):
        n = k + 1 if k + 1 < count else 0
        rise = polygon[n, 1] - polygon[k, 1]
        polygon[k, 3] = (polygon[n, 0] - polygon[k, 0]) / rise if rise != 0.0 else 0.0
    return slope_x, slope_y, best


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def rows_of(polygon, count, rows):  # type: ignore[no-untyped-def]
    """Return the first row whose pixels' centres a screen polygon reaches, and the row after the last one."""
    low, high = polygon[0, 1], polygon[0, 1]
    for k in range(1, count):
        low, high = min(low, polygon[k, 1]), max(high, polygon[k, 1])
    return max(0, math.ceil(max(low, 0.0) - 0.5)), min(rows, math.ceil(min(high, float(rows)) - 0.5))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def columns_of(polygon, count, y, columns):  # type: ignore[no-untyped-def]
    """Return the first column whose pixel's centre lies inside a convex screen polygon in row `y`, and the column after the last one."""
    middle = y + 0.5
    left, right = 1e30, -1e30
    for k in range(count):
        ya, yb = polygon[k, 1], polygon[k + 1 if k + 1 < count else 0, 1]
        if (ya <= middle) != (yb <= middle):
            x = polygon[k, 0] + (middle - ya) * polygon[k, 3]
            left, right = min(left, x), max(right, x)
    if right <= 0.0 or left >= columns:
        return 0, 0
    return math.ceil(max(left, 0.0) - 0.5), min(columns, math.ceil(min(right, float(columns)) - 0.5))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _fill_polygon(buffers, polygon, count, surface):  # type: ignore[no-untyped-def]
    """Fill a convex screen polygon that touches the picture."""
    depths, surfaces = buffers.inverse_depth, buffers.surface
    rows, columns = depths.shape
    slope_x, slope_y, det = plane_of(polygon, count)
    if det < EDGE_ON_PX2:
        return
    x0, y0, w0 = polygon[0, 0], polygon[0, 1], polygon[0, 2]
    first, last = rows_of(polygon, count, rows)
    for y in range(first, last):
        start, stop = columns_of(polygon, count, y, columns)
        if start < stop:
            inverse_depth = w0 + slope_x * (start + 0.5 - x0) + slope_y * (y + 0.5 - y0)
            _fill(depths[y, start:stop], surfaces[y, start:stop], np.float32(inverse_depth), np.float32(slope_x), surface)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _fill(depths, surfaces, first, step, surface):  # type: ignore[no-untyped-def]
    """Fill the part of a row that `depths` (1 / depth) and `surfaces` (X,) are. first: 1 / depth at its first pixel; step: from pixel to pixel."""
    rank = surface >> CLASS_BITS
    if LOWEST_RANKED_CLASS <= rank <= GROUND_CLASSES:
        for x in range(len(depths)):
            here, old, own = depths[x], surfaces[x], first + step * np.float32(np.int32(x))
            wins = (own > here) | ((own * CLASS_BIAS > here) & ((old >> CLASS_BITS) < rank))
            depths[x] = own if wins else here
            surfaces[x] = surface if wins else old
    else:
        for x in range(len(depths)):
            here, old, own = depths[x], surfaces[x], first + step * np.float32(np.int32(x))
            depths[x] = max(own, here)
            surfaces[x] = surface if own > here else old


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _fill_triangle(buffers, place, surface):  # type: ignore[no-untyped-def]
    """Fill a triangle of three screen points as `_fill_polygon` does, with less work per row.

    place (9,) float32: column x, row y (px) and 1 / depth (1/m) of each point.
    """
    depths, surfaces = buffers.inverse_depth, buffers.surface
    rows, columns = depths.shape
    x0, y0, w0 = np.float64(place[0]), np.float64(place[1]), np.float64(place[2])
    x1, y1, w1 = np.float64(place[3]), np.float64(place[4]), np.float64(place[5])
    x2, y2, w2 = np.float64(place[6]), np.float64(place[7]), np.float64(place[8])
    det = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0)
    if abs(det) < EDGE_ON_PX2:
        return
    slope_x = ((w1 - w0) * (y2 - y0) - (y1 - y0) * (w2 - w0)) / det
    slope_y = ((x1 - x0) * (w2 - w0) - (w1 - w0) * (x2 - x0)) / det
    origin = w0 + slope_x * (0.5 - x0) + slope_y * (0.5 - y0)
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
    step = np.float32(slope_x)
    for y in range(first, last):
        middle = y + 0.5
        one = x0 + (middle - y0) * long
        two = x0 + (middle - y0) * upper if middle < y1 else x1 + (middle - y1) * lower
        start = math.ceil(max(min(one, two), 0.0) - 0.5)
        stop = math.ceil(min(max(one, two), float(columns)) - 0.5)
        if start < stop:
            inverse_depth = np.float32(origin + slope_x * start + slope_y * y)
            _fill(depths[y, start:stop], surfaces[y, start:stop], inverse_depth, step, surface)
