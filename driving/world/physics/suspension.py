"""The springs between a car's body and its wheels, which stand on the ground. Compiled by numba.

The body's height over the plane of its wheels, its pitch and its roll are three damped oscillators. With z the body's height and g that of the
wheels' plane, z'' = w^2 (g - z) + 2 d w (g' - z'): on a smooth road the body follows the plane, and behind it by no more than g'' / w^2 (6 mm at
1.5 m/s^2). A step in the ground becomes a push that lasts a quarter of a second.
The springs only push. At rest they carry the weight, so the wheels stay on the ground until the body is g / w^2 (4 cm) above its place at rest.
Then the car is in the air, where it falls freely.
"""

from __future__ import annotations

import math

from numba import njit

FREQUENCY_RADPS = 2.0 * math.pi * 2.5  # w
DAMPING = 0.8  # d, as a share of the critical damping
STIFFNESS, DRAG = FREQUENCY_RADPS**2, 2.0 * DAMPING * FREQUENCY_RADPS
TRAVEL_M = 0.08  # how far a spring gives way before it is on its stop
STILL = 1e-9  # m and m/s, rad and rad/s: a body this close to rest is at rest


@njit(cache=True, nogil=True)
def bounce(body, start, end, weight, steps, dt_s):  # type: ignore[no-untyped-def]
    """Move a body up and down for `steps` sub-steps of `dt_s`, and return its height (m), its speed upwards (m/s), and whether its wheels touch.

    body: its height and speed before; start, end: height and speed of the wheels' plane before and after.
    weight: gravity less what else lifts the body, per mass (m/s^2).
    """
    (height, speed), (low, low_rate), (high, high_rate) = body, start, end
    touches = False
    for k in range(steps):
        share = (k + 1.0) / steps
        plane, rate = low + (high - low) * share, low_rate + (high_rate - low_rate) * share
        spring = max(weight, 0.0) + STIFFNESS * (plane - height)
        touches = spring > 0.0
        push = max(spring + DRAG * (rate - speed), 0.0) if touches else 0.0
        before = speed
        speed += dt_s * (push - weight)
        height += dt_s * (before + speed) / 2.0
        if height < plane - TRAVEL_M:
            height, speed, touches = plane - TRAVEL_M, max(speed, rate), True
    if touches and abs(height - high) < STILL and abs(speed - high_rate) < STILL:
        height, speed = high, high_rate
    return height, speed, touches


@njit(cache=True, nogil=True)
def tilt(angle, rate, low, high, steps, dt_s):  # type: ignore[no-untyped-def]
    """Turn a body on its springs for `steps` sub-steps of `dt_s`, and return its angle (rad) and rate (rad/s).

    low, high: the angle of the wheels' plane before and after (rad).
    """
    plane_rate = (high - low) / (steps * dt_s)
    for k in range(steps):
        plane = low + (high - low) * (k + 1.0) / steps
        before = rate
        rate += dt_s * (STIFFNESS * (plane - angle) + DRAG * (plane_rate - rate))
        angle += dt_s * (before + rate) / 2.0
    if abs(angle - high) < STILL and abs(rate) < STILL:
        angle, rate = high, 0.0
    return angle, rate
