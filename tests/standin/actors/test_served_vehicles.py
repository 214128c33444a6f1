"""The served vehicles drive as mechanics predicts, within the tolerance that each test states. Runs in this process, on a plane."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from driving.standin.blueprints.vehicle_models import BY_ID, MODELS, VehicleModel
from driving.world.physics import dynamics
from driving.world.physics.vehicle_physics import FULL_BRAKE_G, GRAVITY, Physics, pack
from tests.world.physics.test_dynamics import Plane, car, control, drive

MODEL3 = BY_ID["vehicle.tesla.model3"]
TIGHT_CORNER_M, TIGHT_CORNER_MPS = 6.0, 7.8  # what CARLA's traffic manager asks of a car on Town02


def with_friction(physics: Physics, mu: float) -> Physics:
    return replace(physics, wheels=tuple(replace(wheel, tire_friction=mu) for wheel in physics.wheels))


def measure_stopping_m(physics: Physics, speed_mps: float) -> float:
    return float(drive(*car(physics, speed_mps), control(brake=1.0), 15.0, dt=0.01)[-1, 0, dynamics.X])


@pytest.mark.parametrize("model", [model for model in MODELS if model.base_type != "bicycle"], ids=lambda model: model.id)
def test_every_motor_vehicle_stops_from_20_mps_within_a_tenth_of_the_full_brakes_distance(model: VehicleModel) -> None:
    assert measure_stopping_m(model.physics, 20.0) == pytest.approx(20.0**2 / (2.0 * FULL_BRAKE_G * GRAVITY), rel=0.1)


@pytest.mark.parametrize("mu", [0.4, 0.7, 1.0])
def test_below_the_brakes_own_limit_the_tyres_friction_decides_within_a_tenth(mu: float) -> None:
    assert measure_stopping_m(with_friction(MODEL3.physics, mu), 20.0) == pytest.approx(20.0**2 / (2.0 * mu * GRAVITY), rel=0.1)


def test_a_model_3_reaches_100_kmh_in_5_to_8_s_and_tops_out_between_180_and_260_kmh() -> None:
    speeds = drive(*car(MODEL3.physics), control(throttle=1.0), 90.0)[:, 0, dynamics.VX]
    assert 5.0 < np.argmax(speeds > 100 / 3.6) * 0.05 < 8.0
    assert 180.0 < speeds[-1] * 3.6 < 260.0


def test_a_car_rounds_the_tightest_corner_that_traffic_managers_take() -> None:
    physics = MODEL3.physics
    state, parameters = car(physics, TIGHT_CORNER_MPS)
    wheelbase = physics.wheels[0].position_m[0] - physics.wheels[2].position_m[0]
    share = np.interp(TIGHT_CORNER_MPS * 3.6, *zip(*physics.steering_curve, strict=True))
    steer = math.atan(wheelbase / TIGHT_CORNER_M) / (math.radians(70.0) * share)
    rows = drive(state, parameters, control(steer=steer, throttle=0.4), 1.5)
    assert rows[-1, 0, dynamics.VX] / rows[-1, 0, dynamics.YAW_RATE] < 1.15 * TIGHT_CORNER_M


def test_the_steered_wheels_reach_full_lock_within_half_a_second() -> None:
    rows = drive(*car(MODEL3.physics), control(steer=1.0), 0.5)
    assert rows[-1, 0, dynamics.STEER] == pytest.approx(math.radians(70.0))


def test_a_slow_steady_turn_has_the_single_track_radius_within_two_percent() -> None:
    state, parameters = car(MODEL3.physics, 3.0)
    end = drive(state, parameters, control(steer=0.15, throttle=0.02), 6.0)[-1, 0]
    assert end[dynamics.VX] / end[dynamics.YAW_RATE] == pytest.approx(MODEL3.wheelbase_m / math.tan(end[dynamics.STEER]), rel=0.02)


@pytest.mark.parametrize(("mu", "speed_mps", "wider"), [(1.0, 15.0, 1.5), (1.5, 15.0, 1.3), (1.5, 30.0, 1.5), (3.5, 30.0, 0.9)])
def test_at_the_limit_of_its_tyres_a_car_ploughs_wide_and_never_spins(mu: float, speed_mps: float, wider: float) -> None:
    for steer in (0.3, 0.5, 1.0):
        state, parameters = car(with_friction(MODEL3.physics, mu), speed_mps)
        rows = drive(state, parameters, control(steer=steer, throttle=0.3), 2.0)[:, 0]
        assert rows[-1, dynamics.VX] / rows[-1, dynamics.YAW_RATE] > wider * MODEL3.wheelbase_m / math.tan(rows[-1, dynamics.STEER])
        assert np.abs(rows[:, dynamics.AY]).max() < mu * GRAVITY
        assert np.abs(np.degrees(np.arctan2(rows[:, dynamics.VY], rows[:, dynamics.VX]))).max() < 45.0


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
@pytest.mark.parametrize("grade", [-0.2, 0.2])
def test_the_hand_brake_stops_and_holds_every_blueprint_on_a_slope_of_one_in_five(model: VehicleModel, grade: float) -> None:
    ground = Plane(grade=grade)
    rows = drive(*car(model.physics, 3.0, ground), control(hand_brake=1.0), 10.0, ground)
    assert rows[-1, 0, dynamics.VX] == 0.0
    assert rows[-1, 0, dynamics.X] == rows[-20, 0, dynamics.X]


def test_at_rest_no_steering_moves_a_car() -> None:
    state, parameters = car(MODEL3.physics)
    for steer in np.linspace(-1.0, 1.0, 100):
        dynamics.step_vehicles(state, parameters, control(steer=float(steer)), dynamics.no_external(1), Plane(), 0.1)
        assert np.abs(state[0, [dynamics.X, dynamics.Y, dynamics.VX, dynamics.VY, dynamics.YAW_RATE]]).max() == 0.0


def test_wheels_changed_by_apply_physics_control_change_what_the_dynamics_read() -> None:
    other = replace(
        MODEL3.physics, wheels=tuple(replace(wheel, max_brake_torque_nm=wheel.max_brake_torque_nm / 2.0) for wheel in MODEL3.physics.wheels)
    )
    assert measure_stopping_m(other, 20.0) == pytest.approx(2.0 * measure_stopping_m(MODEL3.physics, 20.0), rel=0.1)
    assert not np.array_equal(pack(other), pack(MODEL3.physics))
