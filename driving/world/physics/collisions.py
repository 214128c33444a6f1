"""Contacts between upright boxes: which bodies touch, and the impulses that part them. Compiled by numba.

A body is an oriented rectangle (x forward, y right) with a height span. Static bodies (houses, poles, walls) have infinite mass.
Pairs are tested by separating axes in the plane. A contact gets one inelastic impulse with friction at the contact point, and the bodies are
moved apart. Deterministic: pairs in index order, without randomness.
Shapes: N bodies, S static boxes, P pairs, K contacts.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.physics.dynamics import VX, VY, YAW, YAW_RATE, X, Y, Z
from driving.world.physics.vehicle_physics import MASS, YAW_INERTIA

RESTITUTION = 0.1
CONTACT_FRICTION = 0.3

# Columns of a box.
(
    B_X,  # centre (m)
    B_Y,
    B_YAW,  # rad
    B_LENGTH,  # half size along its forward axis (m)
    B_WIDTH,  # half size along its right axis (m)
    B_BOTTOM,  # height of its bottom (m)
    B_TOP,  # height of its top (m)
    BOX_WIDTH,
) = range(8)
# Columns of a contact: the first body's index; the other's index, or N + the index of a static box; the impulse on the first (N s).
K_FIRST, K_OTHER, K_IMPULSE_X, K_IMPULSE_Y, CONTACT_WIDTH = range(5)


def collide(state: np.ndarray, parameters: np.ndarray, half_sizes: np.ndarray, offsets: np.ndarray, statics: np.ndarray) -> np.ndarray:
    """Part touching bodies, in place, and return their contacts (K, CONTACT_WIDTH).

    Args:
        state: (N, dynamics.STATE_WIDTH), changed in place.
        parameters: (N, vehicle_physics.PARAMETER_WIDTH).
        half_sizes: (N, 3) of each body's bounding box (m).
        offsets: (N, 3) of the box's centre from the body's origin, in its own frame (m).
        statics: (S, BOX_WIDTH) static boxes.
    """
    boxes = _make_boxes(state, half_sizes, offsets)
    pairs = _find_pairs(boxes, statics)
    if len(pairs) == 0:
        return np.zeros((0, CONTACT_WIDTH))
    return _resolve(state, parameters, boxes, statics, pairs)


@njit(cache=True, nogil=True)
def _find_pairs(boxes, statics):  # type: ignore[no-untyped-def]
    """Return the index pairs (P, 2) of boxes whose circumscribed circles touch; static boxes have the indices from N on."""
    count = boxes.shape[0]
    found = []
    for i in range(count):
        reach = math.hypot(boxes[i, B_LENGTH], boxes[i, B_WIDTH])
        for j in range(i + 1, count + statics.shape[0]):
            other = boxes[j] if j < count else statics[j - count]
            limit = reach + math.hypot(other[B_LENGTH], other[B_WIDTH])
            dx, dy = other[B_X] - boxes[i, B_X], other[B_Y] - boxes[i, B_Y]
            if dx * dx + dy * dy < limit * limit:
                found.append((i, j))
    pairs = np.zeros((len(found), 2), dtype=np.int64)
    for k in range(len(found)):
        pairs[k, 0], pairs[k, 1] = found[k]
    return pairs


@njit(cache=True, nogil=True)
def _make_boxes(state, half_sizes, offsets):  # type: ignore[no-untyped-def]
    """Return the boxes (N, BOX_WIDTH) of bodies; the arrays are those of `collide`."""
    boxes = np.zeros((state.shape[0], BOX_WIDTH))
    for i in range(state.shape[0]):
        cos, sin = math.cos(state[i, YAW]), math.sin(state[i, YAW])
        boxes[i, B_X] = state[i, X] + cos * offsets[i, 0] - sin * offsets[i, 1]
        boxes[i, B_Y] = state[i, Y] + sin * offsets[i, 0] + cos * offsets[i, 1]
        boxes[i, B_YAW] = state[i, YAW]
        boxes[i, B_LENGTH], boxes[i, B_WIDTH] = half_sizes[i, 0], half_sizes[i, 1]
        boxes[i, B_BOTTOM] = state[i, Z] + offsets[i, 2] - half_sizes[i, 2]
        boxes[i, B_TOP] = state[i, Z] + offsets[i, 2] + half_sizes[i, 2]
    return boxes


@njit(cache=True, nogil=True)
def _overlap(a, b):  # type: ignore[no-untyped-def]
    """Return how deep two boxes overlap (m, 0 where they are apart) and the unit normal from b to a, by separating axes."""
    if a[B_BOTTOM] > b[B_TOP] or b[B_BOTTOM] > a[B_TOP]:
        return 0.0, 0.0, 0.0
    dx, dy = a[B_X] - b[B_X], a[B_Y] - b[B_Y]
    best, nx, ny = 1e9, 0.0, 0.0
    for k in range(4):
        yaw = (a[B_YAW] if k < 2 else b[B_YAW]) + (k % 2) * math.pi / 2
        ux, uy = math.cos(yaw), math.sin(yaw)
        reach = 0.0
        for m in range(2):
            box = a if m == 0 else b
            turn = box[B_YAW] - yaw
            reach += abs(math.cos(turn)) * box[B_LENGTH] + abs(math.sin(turn)) * box[B_WIDTH]
        along = dx * ux + dy * uy
        depth = reach - abs(along)
        if depth <= 0.0:
            return 0.0, 0.0, 0.0
        if depth < best:
            sign = 1.0 if along >= 0.0 else -1.0
            best, nx, ny = depth, sign * ux, sign * uy
    return best, nx, ny


@njit(cache=True, nogil=True)
def _find_contact_point(a, b):  # type: ignore[no-untyped-def]
    """Return the mean (x, y) of the corners of each box that lie within the other, or the point between their centres."""
    sx, sy, count = 0.0, 0.0, 0
    for m in range(2):
        one, two = (a, b) if m == 0 else (b, a)
        cos, sin = math.cos(one[B_YAW]), math.sin(one[B_YAW])
        cos2, sin2 = math.cos(two[B_YAW]), math.sin(two[B_YAW])
        for k in range(4):
            lx = one[B_LENGTH] * (1.0 if k < 2 else -1.0)
            ly = one[B_WIDTH] * (1.0 if k % 2 == 0 else -1.0)
            x, y = one[B_X] + cos * lx - sin * ly, one[B_Y] + sin * lx + cos * ly
            fx, fy = x - two[B_X], y - two[B_Y]
            if abs(cos2 * fx + sin2 * fy) <= two[B_LENGTH] + 1e-6 and abs(-sin2 * fx + cos2 * fy) <= two[B_WIDTH] + 1e-6:
                sx, sy, count = sx + x, sy + y, count + 1
    if count == 0:
        return (a[B_X] + b[B_X]) / 2.0, (a[B_Y] + b[B_Y]) / 2.0
    return sx / count, sy / count


@njit(cache=True, nogil=True)
def _push(body, mass, inertia, rx, ry, jx, jy):  # type: ignore[no-untyped-def]
    """Apply an impulse (jx, jy) (N s) to a body's state row, at (rx, ry) from its origin in the world's axes (m)."""
    cos, sin = math.cos(body[YAW]), math.sin(body[YAW])
    body[VX] += (cos * jx + sin * jy) / mass
    body[VY] += (-sin * jx + cos * jy) / mass
    body[YAW_RATE] += (rx * jy - ry * jx) / inertia


@njit(cache=True, nogil=True)
def _find_velocity(body, rx, ry):  # type: ignore[no-untyped-def]
    """Return the velocity (x, y) in the world (m/s) of the point of a body at (rx, ry) from its origin, in the world's axes (m)."""
    cos, sin = math.cos(body[YAW]), math.sin(body[YAW])
    return cos * body[VX] - sin * body[VY] - body[YAW_RATE] * ry, sin * body[VX] + cos * body[VY] + body[YAW_RATE] * rx


@njit(cache=True, nogil=True)
def _resolve(state, parameters, boxes, statics, pairs):  # type: ignore[no-untyped-def]
    """Part the pairs (P, 2) that touch, in place, and return their contacts (K, CONTACT_WIDTH).

    With r and q from the bodies' origins to the contact point, n the normal, u the relative velocity there, and the restitution e, the impulse
    along n is -(1 + e) u n / (1 / m_a + (r x n)^2 / I_a + 1 / m_b + (q x n)^2 / I_b).
    """
    count = state.shape[0]
    contacts = np.zeros((pairs.shape[0], CONTACT_WIDTH))
    used = 0
    for k in range(pairs.shape[0]):
        i, j = pairs[k, 0], pairs[k, 1]
        fixed = j >= count
        a = boxes[i]
        b = statics[j - count] if fixed else boxes[j]
        depth, nx, ny = _overlap(a, b)
        if depth <= 0.0:
            continue
        px, py = _find_contact_point(a, b)
        rx, ry = px - state[i, X], py - state[i, Y]
        mass_a, inertia_a = parameters[i, MASS], parameters[i, YAW_INERTIA]
        ux, uy = _find_velocity(state[i], rx, ry)
        inverse = 1.0 / mass_a
        cross = rx * ny - ry * nx
        give = inverse + cross * cross / inertia_a
        qx, qy = 0.0, 0.0
        if not fixed:
            qx, qy = px - state[j, X], py - state[j, Y]
            wx, wy = _find_velocity(state[j], qx, qy)
            ux, uy = ux - wx, uy - wy
            cross = qx * ny - qy * nx
            give += 1.0 / parameters[j, MASS] + cross * cross / parameters[j, YAW_INERTIA]
            share = (1.0 / parameters[j, MASS]) / (inverse + 1.0 / parameters[j, MASS])
        else:
            share = 0.0
        approach = ux * nx + uy * ny
        jn = max(-(1.0 + RESTITUTION) * approach / give, 0.0)
        slide = -ux * ny + uy * nx
        jt = min(max(-slide * mass_a * 0.5, -CONTACT_FRICTION * jn), CONTACT_FRICTION * jn)
        jx, jy = jn * nx - jt * ny, jn * ny + jt * nx
        _push(state[i], mass_a, inertia_a, rx, ry, jx, jy)
        state[i, X] += nx * depth * (1.0 - share)
        state[i, Y] += ny * depth * (1.0 - share)
        boxes[i, B_X] += nx * depth * (1.0 - share)
        boxes[i, B_Y] += ny * depth * (1.0 - share)
        if not fixed:
            _push(state[j], parameters[j, MASS], parameters[j, YAW_INERTIA], qx, qy, -jx, -jy)
            state[j, X] -= nx * depth * share
            state[j, Y] -= ny * depth * share
            boxes[j, B_X] -= nx * depth * share
            boxes[j, B_Y] -= ny * depth * share
        contacts[used, K_FIRST], contacts[used, K_OTHER], contacts[used, K_IMPULSE_X], contacts[used, K_IMPULSE_Y] = i, j, jx, jy
        used += 1
    return contacts[:used]
