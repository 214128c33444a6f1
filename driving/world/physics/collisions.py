"""Contacts between upright boxes: which cars touch, and the impulses that part them. Arrays of N bodies, numba.

A body is an oriented rectangle (x forward, y right) with a height span; static bodies (houses, poles, walls) have infinite mass.
Pairs are tried by separating axes in the plane; a contact is met by one inelastic impulse with friction at the contact
point, and the bodies are moved apart. Deterministic: pairs in index order, no randomness.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.physics import dynamics as d
from driving.world.physics import vehicle_physics as p

RESTITUTION = 0.1
CONTACT_FRICTION = 0.3

# Columns of a box: centre (m), yaw (rad), half sizes along its forward and right axes (m), bottom and top (m).
B_X, B_Y, B_YAW, B_LENGTH, B_WIDTH, B_BOTTOM, B_TOP, BOX_WIDTH = range(8)


def collide(state: np.ndarray, parameters: np.ndarray, half_sizes: np.ndarray, offsets: np.ndarray, statics: np.ndarray) -> np.ndarray:
    """Parts touching bodies and answers the contacts, (K, 4): first car, other, impulse on the first in the plane (N s).

    state (N, dynamics.STATE_WIDTH) changes in place; half_sizes (N, 3) and offsets (N, 3) are each car's bounding box in its
    own frame (m); statics (S, BOX_WIDTH). `other` is a car's index, or N + the index of a static box.
    """
    boxes = _boxes_of(state, half_sizes, offsets)
    pairs = _pairs(boxes, statics)
    if len(pairs) == 0:
        return np.zeros((0, 4))
    return _resolve(state, parameters, boxes, statics, pairs)


@njit(cache=True, nogil=True)
def _pairs(boxes, statics):  # type: ignore[no-untyped-def]
    """Index pairs (K, 2) whose circumscribed circles touch."""
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
def _boxes_of(state, half, offset):  # type: ignore[no-untyped-def]
    boxes = np.zeros((state.shape[0], BOX_WIDTH))
    for i in range(state.shape[0]):
        cos, sin = math.cos(state[i, d.YAW]), math.sin(state[i, d.YAW])
        boxes[i, B_X] = state[i, d.X] + cos * offset[i, 0] - sin * offset[i, 1]
        boxes[i, B_Y] = state[i, d.Y] + sin * offset[i, 0] + cos * offset[i, 1]
        boxes[i, B_YAW] = state[i, d.YAW]
        boxes[i, B_LENGTH], boxes[i, B_WIDTH] = half[i, 0], half[i, 1]
        boxes[i, B_BOTTOM] = state[i, d.Z] + offset[i, 2] - half[i, 2]
        boxes[i, B_TOP] = state[i, d.Z] + offset[i, 2] + half[i, 2]
    return boxes


@njit(cache=True, nogil=True)
def _overlap(a, b):  # type: ignore[no-untyped-def]
    """Depth (m, 0 where apart) and unit normal from b to a, by separating axes."""
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
def _contact_point(a, b):  # type: ignore[no-untyped-def]
    """The mean of the corners of each box that lie within the other, or the point between the centres."""
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
def _push(v, mass, inertia, rx, ry, jx, jy):  # type: ignore[no-untyped-def]
    cos, sin = math.cos(v[d.YAW]), math.sin(v[d.YAW])
    v[d.VX] += (cos * jx + sin * jy) / mass
    v[d.VY] += (-sin * jx + cos * jy) / mass
    v[d.YAW_RATE] += (rx * jy - ry * jx) / inertia


@njit(cache=True, nogil=True)
def _point_velocity(v, rx, ry):  # type: ignore[no-untyped-def]
    cos, sin = math.cos(v[d.YAW]), math.sin(v[d.YAW])
    return cos * v[d.VX] - sin * v[d.VY] - v[d.YAW_RATE] * ry, sin * v[d.VX] + cos * v[d.VY] + v[d.YAW_RATE] * rx


@njit(cache=True, nogil=True)
def _resolve(state, parameters, boxes, statics, pairs):  # type: ignore[no-untyped-def]
    count = state.shape[0]
    contacts = np.zeros((pairs.shape[0], 4))
    used = 0
    for k in range(pairs.shape[0]):
        i, j = pairs[k, 0], pairs[k, 1]
        fixed = j >= count
        a = boxes[i]
        b = statics[j - count] if fixed else boxes[j]
        depth, nx, ny = _overlap(a, b)
        if depth <= 0.0:
            continue
        px, py = _contact_point(a, b)
        rx, ry = px - state[i, d.X], py - state[i, d.Y]
        mass_a, inertia_a = parameters[i, p.MASS], parameters[i, p.YAW_INERTIA]
        ux, uy = _point_velocity(state[i], rx, ry)
        inverse = 1.0 / mass_a
        cross = rx * ny - ry * nx
        give = inverse + cross * cross / inertia_a
        qx, qy = 0.0, 0.0
        if not fixed:
            qx, qy = px - state[j, d.X], py - state[j, d.Y]
            wx, wy = _point_velocity(state[j], qx, qy)
            ux, uy = ux - wx, uy - wy
            cross = qx * ny - qy * nx
            give += 1.0 / parameters[j, p.MASS] + cross * cross / parameters[j, p.YAW_INERTIA]
            share = (1.0 / parameters[j, p.MASS]) / (inverse + 1.0 / parameters[j, p.MASS])
        else:
            share = 0.0
        approach = ux * nx + uy * ny
        jn = max(-(1.0 + RESTITUTION) * approach / give, 0.0)
        slide = -ux * ny + uy * nx
        jt = min(max(-slide * mass_a * 0.5, -CONTACT_FRICTION * jn), CONTACT_FRICTION * jn)
        jx, jy = jn * nx - jt * ny, jn * ny + jt * nx
        _push(state[i], mass_a, inertia_a, rx, ry, jx, jy)
        state[i, d.X] += nx * depth * (1.0 - share)
        state[i, d.Y] += ny * depth * (1.0 - share)
        boxes[i, B_X] += nx * depth * (1.0 - share)
        boxes[i, B_Y] += ny * depth * (1.0 - share)
        if not fixed:
            _push(state[j], parameters[j, p.MASS], parameters[j, p.YAW_INERTIA], qx, qy, -jx, -jy)
            state[j, d.X] -= nx * depth * share
            state[j, d.Y] -= ny * depth * share
            boxes[j, B_X] -= nx * depth * share
            boxes[j, B_Y] -= ny * depth * share
        contacts[used, 0], contacts[used, 1], contacts[used, 2], contacts[used, 3] = i, j, jx, jy
        used += 1
    return contacts[:used]
