"""Contacts part bodies, keep momentum and never create energy."""

from __future__ import annotations

import numpy as np
import pytest

from driving.world.physics import collisions, dynamics
from driving.world.physics.vehicle_physics import MASS, Physics, pack

HALF = np.array([[2.4, 1.0, 0.75]])
OFFSET = np.array([[0.0, 0.0, 0.75]])


def cars(*places: tuple[float, float, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return state, parameters, half sizes and offsets of cars at (x, y, yaw, forward speed)."""
    state = np.stack([dynamics.place(x, y, 0.0, yaw_rad=yaw) for x, y, yaw, _ in places])
    state[:, dynamics.VX] = [speed for *_, speed in places]
    count = len(places)
    return state, np.repeat(pack(Physics())[None], count, 0), np.repeat(HALF, count, 0), np.repeat(OFFSET, count, 0)


NO_STATICS = np.zeros((0, collisions.BOX_WIDTH))


def test_cars_apart_do_not_touch() -> None:
    assert len(collisions.collide(*cars((0, 0, 0, 5), (5.0, 0, 0, 0)), NO_STATICS)) == 0
    assert len(collisions.collide(*cars((0, 0, 0, 5), (0, 2.1, 0, 0)), NO_STATICS)) == 0


@pytest.mark.parametrize("yaw", [0.0, 0.4, 1.3])
def test_a_rear_end_crash_keeps_momentum_and_loses_energy(yaw: float) -> None:
    state, parameters, half, offset = cars((0, 0, 0, 10), (3.6, 0.5, yaw, 0))
    before = dynamics.world_velocity(state)
    contacts = collisions.collide(state, parameters, half, offset, NO_STATICS)
    after = dynamics.world_velocity(state)
    assert contacts[:, :2].tolist() == [[0, 1]]
    assert contacts[0, collisions.K_IMPULSE_X] < 0, "the first car is pushed back"
    np.testing.assert_allclose(before.sum(0), after.sum(0), atol=1e-9)
    assert (after**2).sum() < (before**2).sum()
    np.testing.assert_allclose(contacts[0, 2:4], parameters[0, MASS] * (after - before)[0, :2])


def test_after_a_contact_bodies_no_longer_overlap() -> None:
    state, parameters, half, offset = cars((0, 0, 0.3, 10), (3.0, 0.8, 1.0, 0))
    collisions.collide(state, parameters, half, offset, NO_STATICS)
    state[:, [dynamics.VX, dynamics.VY, dynamics.YAW_RATE]] = 0.0
    before = state.copy()
    collisions.collide(state, parameters, half, offset, NO_STATICS)
    np.testing.assert_allclose(state, before, atol=1e-6)


def test_a_wall_stops_a_car_and_does_not_move() -> None:
    state, parameters, half, offset = cars((0, 0, 0, 10))
    wall = np.array([[3.0, 0.0, 0.0, 0.8, 5.0, -1.0, 3.0]])
    contacts = collisions.collide(state, parameters, half, offset, wall)
    assert contacts[0, collisions.K_OTHER] == 1
    assert state[0, dynamics.VX] <= 0.0
    assert state[0, dynamics.X] == pytest.approx(3.0 - 0.8 - 2.4)


def test_a_car_passes_under_a_bridge() -> None:
    bridge = np.array([[0.0, 0.0, 0.0, 5.0, 5.0, 4.0, 5.0]])
    assert len(collisions.collide(*cars((0, 0, 0, 10)), bridge)) == 0
