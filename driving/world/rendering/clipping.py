"""World triangles to screen polygons, clipped at the near plane. Compiled by numba.

A screen polygon (4, 4) float64 has one row per corner: column x (px), row y (px), 1 / depth (1/m), and a column that the rasteriser fills.
"""

from __future__ import annotations

import math

from numba import njit

from driving.world.rendering.camera import C_CX, C_CY, C_FOCAL, C_FORWARD, C_RIGHT, C_UP

NEAR_M = 0.15  # the near plane's distance


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def covers_pixel(polygon, count, rows, columns):  # type: ignore[no-untyped-def]
    """Return whether the box around a screen polygon of `count` corners holds the centre of a pixel."""
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
def project_triangle(camera, triangles, which, seen, polygon):  # type: ignore[no-untyped-def]
    """Project triangle `which` of (F, 3, 3) into `polygon` and return how many corners it has: 3, 4, or 0 where it lies beside the picture.

    camera: a camera row. seen (3, 3) is working memory: depth, right and up (m) of each corner in the camera's frame.
    """
    focal, cx, cy = camera[C_FOCAL], camera[C_CX], camera[C_CY]
    x, y, z = triangles[which, 0, 0] - camera[0], triangles[which, 0, 1] - camera[1], triangles[which, 0, 2] - camera[2]
    depth0 = x * camera[C_FORWARD] + y * camera[C_FORWARD + 1] + z * camera[C_FORWARD + 2]
    right0 = x * camera[C_RIGHT] + y * camera[C_RIGHT + 1] + z * camera[C_RIGHT + 2]
    up0 = x * camera[C_UP] + y * camera[C_UP + 1] + z * camera[C_UP + 2]
    x, y, z = triangles[which, 1, 0] - camera[0], triangles[which, 1, 1] - camera[1], triangles[which, 1, 2] - camera[2]
    depth1 = x * camera[C_FORWARD] + y * camera[C_FORWARD + 1] + z * camera[C_FORWARD + 2]
    right1 = x * camera[C_RIGHT] + y * camera[C_RIGHT + 1] + z * camera[C_RIGHT + 2]
    up1 = x * camera[C_UP] + y * camera[C_UP + 1] + z * camera[C_UP + 2]
    x, y, z = triangles[which, 2, 0] - camera[0], triangles[which, 2, 1] - camera[1], triangles[which, 2, 2] - camera[2]
    depth2 = x * camera[C_FORWARD] + y * camera[C_FORWARD + 1] + z * camera[C_FORWARD + 2]
    right2 = x * camera[C_RIGHT] + y * camera[C_RIGHT + 1] + z * camera[C_RIGHT + 2]
    up2 = x * camera[C_UP] + y * camera[C_UP + 1] + z * camera[C_UP + 2]
    if max(depth0, depth1, depth2) < NEAR_M:
        return 0
    wide, high = cx / focal, cy / focal
    if min(right0 - wide * depth0, right1 - wide * depth1, right2 - wide * depth2) > 0.0:
        return 0
    if max(right0 + wide * depth0, right1 + wide * depth1, right2 + wide * depth2) < 0.0:
        return 0
    if min(up0 - high * depth0, up1 - high * depth1, up2 - high * depth2) > 0.0:
        return 0
    if max(up0 + high * depth0, up1 + high * depth1, up2 + high * depth2) < 0.0:
        return 0
    if min(depth0, depth1, depth2) >= NEAR_M:
        inverse0, inverse1, inverse2 = 1.0 / depth0, 1.0 / depth1, 1.0 / depth2
        polygon[0, 0], polygon[0, 1], polygon[0, 2] = cx + focal * right0 * inverse0, cy - focal * up0 * inverse0, inverse0
        polygon[1, 0], polygon[1, 1], polygon[1, 2] = cx + focal * right1 * inverse1, cy - focal * up1 * inverse1, inverse1
        polygon[2, 0], polygon[2, 1], polygon[2, 2] = cx + focal * right2 * inverse2, cy - focal * up2 * inverse2, inverse2
        return 3
    seen[0, 0], seen[0, 1], seen[0, 2] = depth0, right0, up0
    seen[1, 0], seen[1, 1], seen[1, 2] = depth1, right1, up1
    seen[2, 0], seen[2, 1], seen[2, 2] = depth2, right2, up2
    count = 0
    for k in range(3):
        n = k + 1 if k < 2 else 0
        depth, next_depth = seen[k, 0], seen[n, 0]
        if depth >= NEAR_M:
            inverse = 1.0 / depth
            polygon[count, 0], polygon[count, 1], polygon[count, 2] = cx + focal * seen[k, 1] * inverse, cy - focal * seen[k, 2] * inverse, inverse
            count += 1
        if (depth >= NEAR_M) != (next_depth >= NEAR_M):
            share = (NEAR_M - depth) / (next_depth - depth)
            inverse = 1.0 / NEAR_M
            right, up = seen[k, 1] + share * (seen[n, 1] - seen[k, 1]), seen[k, 2] + share * (seen[n, 2] - seen[k, 2])
            polygon[count, 0], polygon[count, 1], polygon[count, 2] = cx + focal * right * inverse, cy - focal * up * inverse, inverse
            count += 1
    return count
