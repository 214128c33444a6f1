"""The car model agrees with mechanics, within the tolerance stated at each check."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from driving.quantities import UserError
from driving.world.physics import dynamics
from driving.world.physics.vehicle_physics import FRONT_ARM, REAR_ARM, Gear, Physics, Wheel, pack


class Plane:
    """A plane through the origin with one friction: grade along x, bank along y (rise per metre)."""

    def __init__(self, grade: float = 0.0, bank: float = 0.0, friction: float = 1.0) -> None:
        self.grade, self.bank, self.friction = grade, bank, friction

    def height(self, x: np.ndarray, y: np.ndarray, z_hint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.grade * x + self.bank * y, np.full(len(x), self.friction)


def car(physics: Physics | None = None, speed: float = 0.0, ground: Plane | None = None) -> tuple[np.ndarray, np.ndarray]:
    state = dynamics.place(0.0, 0.0, 0.0)[None]
    parameters = pack(physics or Physics())[None]
    dynamics.step_vehicles(state, parameters, np.zeros((1, dynamics.CONTROL_WIDTH)), dynamics.no_external(1), ground or Plane(), 0.005)
    state[0, dynamics.VX] = speed
    return state, parameters


def control(**values: float) -> np.ndarray:
    row = np.zeros((1, dynamics.CONTROL_WIDTH))
    for name, value in values.items():
        row[0, getattr(dynamics, f"C_{name.upper()}")] = value
    return row


def drive(
    state: np.ndarray, parameters: np.ndarray, controls: np.ndarray, seconds: float, ground: Plane | None = None, dt: float = 0.05
) -> np.ndarray:
    rows = []
    velocity = dynamics.world_velocity(state)
    for _ in range(round(seconds / dt)):
        dynamics.step_vehicles(state, parameters, controls, dynamics.no_external(len(state)), ground or Plane(), dt)
        dynamics.set_accelerations(state, velocity, dt)
        rows.append(state.copy())
    return np.array(rows)


def test_full_throttle_reaches_100_kmh_in_5_to_8_s_and_tops_out_between_180_and_260_kmh() -> None:
    rows = drive(*car(), control(throttle=1.0), 90.0)[:, 0, dynamics.VX]
    assert 5.0 < np.argmax(rows > 100 / 3.6) * 0.05 < 8.0
    assert 180 < rows[-1] * 3.6 < 260


@pytest.mark.parametrize("friction", [1.0, 0.5])
def test_full_braking_stops_within_a_tenth_of_v2_over_2_mu_g(friction: float) -> None:
    ground = Plane(friction=friction)
    rows = drive(*car(speed=25.0, ground=ground), control(brake=1.0), 12.0, ground, dt=0.01)
    assert rows[-1, 0, dynamics.VX] == 0.0
    assert rows[-1, 0, dynamics.X] == pytest.approx(25.0**2 / (2 * friction * dynamics.GRAVITY), rel=0.1)


def test_steady_slow_turn_has_the_single_track_radius_within_two_percent() -> None:
    state, parameters = car(speed=3.0)
    rows = drive(state, parameters, control(steer=0.15, throttle=0.02), 6.0)
    radius = rows[-1, 0, dynamics.VX] / rows[-1, 0, dynamics.YAW_RATE]
    wheelbase = parameters[0, FRONT_ARM] + parameters[0, REAR_ARM]
    assert radius == pytest.approx(wheelbase / math.tan(rows[-1, 0, dynamics.STEER]), rel=0.02)
    assert rows[-1, 0, dynamics.YAW_RATE] > 0, "steering right turns clockwise"


def test_a_car_runs_wide_at_the_limit_of_grip() -> None:
    state, parameters = car(speed=25.0)
    rows = drive(state, parameters, control(steer=0.4, throttle=0.3), 2.0)
    wheelbase = parameters[0, FRONT_ARM] + parameters[0, REAR_ARM]
    assert rows[-1, 0, dynamics.VX] / rows[-1, 0, dynamics.YAW_RATE] > 1.5 * wheelbase / math.tan(rows[-1, 0, dynamics.STEER])
    assert np.abs(rows[:, 0, dynamics.AY]).max() < 1.1 * dynamics.GRAVITY


@pytest.mark.parametrize("grade", [-0.2, 0.2])
def test_the_hand_brake_stops_and_holds_a_car_on_a_slope(grade: float) -> None:
    ground = Plane(grade=grade)
    rows = drive(*car(speed=3.0, ground=ground), control(hand_brake=1.0), 20.0, ground)
    assert rows[-1, 0, dynamics.X] == rows[100, 0, dynamics.X]
    assert rows[-1, 0, dynamics.VX] == 0.0


def test_a_car_is_never_so_level_that_float32_takes_its_forward_vector_for_horizontal() -> None:
    state, _ = car()
    assert abs(state[0, dynamics.PITCH]) < math.radians(0.1)
    assert np.float32(math.cos(state[0, dynamics.PITCH])) < np.float32(1.0)


def test_without_brakes_a_car_rolls_down_a_slope_at_g_sin_minus_rolling_resistance() -> None:
    ground = Plane(grade=-0.1)
    rows = drive(*car(Physics(damping_zero_throttle_clutch_engaged=0.0, drag_coefficient=0.0), ground=ground), control(), 3.0, ground)
    angle = math.atan(0.1)
    assert rows[-1, 0, dynamics.VX] / 3.0 == pytest.approx(
        dynamics.GRAVITY * math.cos(angle) * (math.sin(angle) - dynamics.ROLLING_RESISTANCE), rel=0.03
    )
    assert rows[-1, 0, dynamics.PITCH] == pytest.approx(-angle - dynamics.RAKE_RAD, rel=1e-6)


def test_a_car_at_rest_gains_no_energy_whatever_the_wheel_does() -> None:
    state, parameters = car()
    for steer in np.linspace(-1, 1, 200):
        dynamics.step_vehicles(state, parameters, control(steer=float(steer)), dynamics.no_external(1), Plane(), 0.1)
        assert np.abs(state[0, [dynamics.X, dynamics.Y, dynamics.VX, dynamics.VY, dynamics.YAW_RATE]]).max() == 0.0


def test_a_parked_car_does_not_creep_sideways_on_a_bank() -> None:
    ground = Plane(bank=0.06)
    rows = drive(*car(ground=ground), control(brake=1.0), 30.0, ground)
    assert abs(rows[-1, 0, dynamics.Y] - rows[20, 0, dynamics.Y]) < 1e-9
    assert rows[-1, 0, dynamics.ROLL] == pytest.approx(-math.atan(0.06), rel=1e-6)


def test_reverse_drives_backwards_and_steering_right_swings_the_tail_right() -> None:
    rows = drive(*car(), control(throttle=0.3, reverse=1.0, steer=0.2), 3.0)
    assert rows[-1, 0, dynamics.VX] < -1.0
    assert rows[-1, 0, dynamics.YAW_RATE] < 0


@pytest.mark.parametrize("dt", [0.005, 0.033, 0.1])
def test_the_path_hardly_depends_on_the_tick(dt: float) -> None:
    state, parameters = car(speed=10.0)
    rows = drive(state, parameters, control(steer=0.05, throttle=0.2), 3.3, dt=dt)
    fine, parameters = car(speed=10.0)
    reference = drive(fine, parameters, control(steer=0.05, throttle=0.2), 3.3, dt=0.001)
    assert np.hypot(*(rows[-1, 0, [dynamics.X, dynamics.Y]] - reference[-1, 0, [dynamics.X, dynamics.Y]])) < 0.2


def test_a_dropped_car_falls_and_settles_where_it_was_put() -> None:
    state = dynamics.place(5.0, 2.0, 0.5, yaw_rad=0.7)[None]
    rows = drive(state, pack(Physics())[None], control(brake=1.0), 2.0)
    assert rows[0, 0, dynamics.Z] < 0.5
    np.testing.assert_allclose(rows[-1, 0, [dynamics.X, dynamics.Y, dynamics.Z, dynamics.YAW]], [5.0, 2.0, 0.0, 0.7], atol=1e-9)


@pytest.mark.parametrize(("pitch", "roll"), [(30.0, 0.0), (-30.0, 20.0), (0.0, 170.0)])
def test_a_car_put_down_askew_comes_to_stand_on_its_wheels(pitch: float, roll: float) -> None:
    state = dynamics.place(0.0, 0.0, 0.05, math.radians(pitch), 0.0, math.radians(roll))[None]
    rows = drive(state, pack(Physics())[None], control(throttle=0.4), 3.0, Plane(grade=0.05))
    assert rows[-1, 0, dynamics.ON_GROUND] == 1.0
    np.testing.assert_allclose(rows[-1, 0, [dynamics.PITCH, dynamics.ROLL]], [math.atan(0.05) - dynamics.RAKE_RAD, 0.0], atol=1e-3)
    assert rows[-1, 0, dynamics.Z] == pytest.approx(0.05 * rows[-1, 0, dynamics.X], abs=1e-3)


class Kerb(Plane):
    """A step of some height across the way, 8 m ahead."""

    def __init__(self, height: float) -> None:
        super().__init__()
        self.step = height

    def height(self, x: np.ndarray, y: np.ndarray, z_hint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where(x > 8.0, self.step, 0.0), np.full(len(x), self.friction)


@pytest.mark.parametrize("dt", [0.01, 0.05, 0.1])
@pytest.mark.parametrize("height", [0.05, -0.05])
def test_a_kerb_is_felt_as_a_push_and_not_as_a_jump(height: float, dt: float) -> None:
    ground = Kerb(height)
    rows = drive(*car(speed=8.0), control(throttle=0.1), 3.0, ground, dt)[:, 0]
    assert 2.0 < np.abs(rows[:, dynamics.AZ]).max() < 15.0
    assert np.abs(np.diff(rows[:, dynamics.Z])).max() < abs(height) * 0.75
    assert rows[-1, dynamics.Z] == pytest.approx(height, abs=1e-3)


def test_a_wheel_over_a_cliff_hangs_and_does_not_pull_the_car_down_at_once() -> None:
    ground = Kerb(-10.0)
    rows = drive(*car(speed=6.0), control(throttle=0.1), 4.0, ground, 0.05)[:, 0]
    over = np.flatnonzero(rows[:, dynamics.X] > 6.5)[0]
    assert np.abs(np.diff(rows[: over + 1, dynamics.Z])).max() < 0.2
    assert rows[-1, dynamics.Z] == pytest.approx(-10.0, abs=0.01)
    assert np.abs(rows[:, dynamics.PITCH]).max() < math.radians(45.0)


def test_without_gravity_a_car_in_the_air_stays_there() -> None:
    state, external = dynamics.place(0.0, 0.0, 2.0)[None], dynamics.no_external(1)
    external[0, dynamics.E_GRAVITY] = 0.0
    for _ in range(20):
        dynamics.step_vehicles(state, pack(Physics())[None], control(), external, Plane(), 0.05)
    assert state[0, dynamics.Z] == 2.0


def test_a_hundred_cars_move_as_each_would_alone() -> None:
    random = np.random.default_rng(0)
    controls = np.zeros((100, dynamics.CONTROL_WIDTH))
    controls[:, dynamics.C_STEER], controls[:, dynamics.C_THROTTLE] = random.uniform(-0.3, 0.3, 100), random.uniform(0, 1, 100)
    together = np.repeat(car(speed=8.0)[0], 100, axis=0)
    parameters = np.repeat(pack(Physics())[None], 100, axis=0)
    drive(together, parameters, controls, 1.0)
    alone, one = car(speed=8.0)
    drive(alone, one, controls[[37]], 1.0)
    np.testing.assert_array_equal(together[37], alone[0])


def test_gears_shift_up_with_speed_and_down_again() -> None:
    gears = tuple(Gear(ratio, 0.4, 0.8) for ratio in (4.0, 2.2, 1.4, 1.0))
    physics = replace(Physics(), forward_gears=gears, final_ratio=4.0, max_rpm=6000.0, torque_curve=((0.0, 250.0), (6000.0, 250.0)))
    state, parameters = car(physics)
    assert drive(state, parameters, control(throttle=1.0), 25.0)[-1, 0, dynamics.GEAR] >= 3
    assert drive(state, parameters, control(brake=0.5), 12.0)[-1, 0, dynamics.GEAR] == 1


def test_physics_that_cannot_drive_are_refused() -> None:
    with pytest.raises(UserError, match="positive"):
        pack(replace(Physics(), mass_kg=0.0))
    with pytest.raises(UserError, match="gears"):
        pack(replace(Physics(), forward_gears=()))
    assert pack(replace(Physics(), wheels=(Wheel(position_m=(1.0, 0, 0)), Wheel(position_m=(-1.0, 0, 0)))))[FRONT_ARM] == pytest.approx(1.0)
