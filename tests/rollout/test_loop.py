"""The loop on the real client and the stand-in: the expert keeps its lane, a departed car is put back, drives repeat, traces are read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driving.drivers.driver import Action, DriveContext
from driving.drivers.expert import Expert
from driving.drivers.perturbed import PerturbedExpert
from driving.drivers.speed import SpeedControl
from driving.quantities import Control, Observation, UserError
from driving.rollout.listeners import CAMERA_MOVIE, CameraMovie
from driving.rollout.loop import DriveConfig, drive
from driving.rollout.trace import Trace
from driving.simulator.session import Session
from driving.video import read_range
from tests.rollout.world import CAMERA, find_route


class Straight:
    """A driver that always steers a little to the right."""

    name = "straight"

    def reset(self, context: DriveContext) -> None:
        self._speed = SpeedControl(context.route, context.max_speed_mps)

    def act(self, observation: Observation) -> Action:
        throttle, brake = self._speed.pedals(observation.lane.s_m, observation.vehicle.speed_mps, 0.0, observation.dt_s)
        return Action(Control(0.03, throttle, brake))

    def neurons(self) -> dict[str, Any] | None:
        return None

    def time_constants(self) -> None:
        return None


class Parked(Straight):
    """A driver that brakes."""

    name = "parked"

    def act(self, observation: Observation) -> Action:
        return Action(Control(0.0, 0.0, 1.0))


def drive_with(session: Session, driver: Any, config: DriveConfig | None = None, **listeners: Any) -> Trace:
    route = find_route(session)
    ego = session.spawn_ego(route.pose_at((config or DriveConfig()).start_m), CAMERA)
    try:
        return drive(session, ego, route, driver, config or DriveConfig(), list(listeners.values()))
    finally:
        ego.destroy()


def test_the_expert_stays_within_30_cm_of_the_centre(session: Session) -> None:
    trace = drive_with(session, Expert())
    assert trace.meta["end_reason"] == "finished"
    assert np.abs(trace.columns["lateral_m"]).max() < 0.3
    assert trace.columns["speed_mps"].max() > 8.0
    np.testing.assert_allclose(trace.columns["dt_s"], 0.1, atol=1e-6)
    assert (np.diff(trace.columns["frame"]) == 1).all()
    np.testing.assert_array_equal(trace.columns["label_steer"], trace.columns["steer"])


def test_two_drives_with_one_seed_are_equal_to_the_last_bit(session: Session) -> None:
    config = DriveConfig(length_m=150.0, seed=4)
    one, two = drive_with(session, PerturbedExpert(), config), drive_with(session, PerturbedExpert(), config)
    for name in one.columns:
        if name not in ("frame", "time_s", "dt_s", "act_s", "tick_s"):
            np.testing.assert_array_equal(one.columns[name], two.columns[name], err_msg=name)


def test_disturbances_push_the_car_off_the_centre_and_labels_steer_it_back(session: Session) -> None:
    columns = drive_with(session, PerturbedExpert(), DriveConfig(seed=1, departure_m=4.0)).columns
    assert np.abs(columns["lateral_m"]).max() > 0.4
    np.testing.assert_allclose(columns["steer"], columns["label_steer"] + columns["disturbance"], atol=1e-6)
    # where the car is off the centre and moves further away, the label steers back, beyond what the road's own curve asks for
    off = (np.abs(columns["lateral_m"]) > 0.4) & (columns["lateral_m"] * columns["heading_error_rad"] > 0)
    beyond_the_curve = columns["label_steer"] - 2.0 * columns["curvature_per_m"]
    assert off.any()
    assert (np.sign(beyond_the_curve[off]) == -np.sign(columns["lateral_m"][off])).mean() > 0.9
    assert not columns["departed"].any()


def test_a_departure_is_marked_and_the_car_put_back_two_seconds_further_on(session: Session) -> None:
    columns = drive_with(session, Straight(), DriveConfig(departure_m=2.0)).columns
    departures = np.flatnonzero(columns["departed"])
    assert len(departures) > 0
    for tick in departures:
        if columns["s_m"][tick] < 250.0:  # near the route's end two seconds do not fit any more
            assert abs(columns["lateral_m"][tick]) > 2.0
            assert abs(columns["lateral_m"][tick + 1]) < 0.5
            jump = columns["s_m"][tick + 1] - columns["s_m"][tick]
            assert jump == pytest.approx(2.0 * max(3.0, columns["speed_mps"][tick]), abs=2.0)
    # the label is what the expert would have done: steer back towards the centre
    first = departures[0]
    assert (columns["label_steer"][first] - columns["steer"][first]) * columns["lateral_m"][first] < 0


def test_a_drive_ends_when_the_car_is_stuck(session: Session) -> None:
    trace = drive_with(session, Parked(), DriveConfig())
    assert trace.meta["end_reason"] == "stuck"
    assert trace.columns["dt_s"].sum() < 12.0


def test_a_car_that_an_obstacle_stops_has_collided_and_the_trace_names_the_obstacle(session: Session) -> None:
    route = find_route(session)
    ego, obstacle = session.spawn_ego(route.pose_at(0.0), CAMERA), session.spawn_ego(route.pose_at(60.0), CAMERA, "vehicle.carlamotors.firetruck")
    try:
        obstacle.apply(Control(brake=1.0, hand_brake=True))
        trace = drive(session, ego, route, Expert(), DriveConfig())
    finally:
        ego.destroy()
        obstacle.destroy()
    assert trace.meta["end_reason"] == "collided"
    assert trace.meta["collided_with"] == ["vehicle.carlamotors.firetruck"]
    first = trace.meta["collisions"][0]
    assert first["with"] == "vehicle.carlamotors.firetruck"
    assert trace.columns["s_m"][first["tick"]] == pytest.approx(trace.columns["s_m"].max(), abs=1.0)
    assert trace.columns["speed_mps"][first["tick"] - 1] > 2.0
    assert trace.columns["s_m"].max() < 60.0


def test_a_drive_stops_when_its_time_is_up_and_may_start_anywhere(session: Session) -> None:
    trace = drive_with(session, Expert(), DriveConfig(start_m=50.0, time_s=4.0))
    assert trace.meta["end_reason"] == "time is up"
    assert trace.columns["s_m"][0] == pytest.approx(50.0, abs=1.0)
    assert len(trace.columns["s_m"]) == pytest.approx(41, abs=1)


def test_a_trace_and_its_movie_are_read_back_as_they_were(session: Session, tmp_path: Path) -> None:
    with CameraMovie(tmp_path / CAMERA_MOVIE, 0.1) as movie:
        trace = drive_with(session, Expert(), DriveConfig(time_s=3.0), movie=movie)
    trace.save(tmp_path)
    again = Trace.load(tmp_path)
    assert again.meta["driver"] == "expert"
    assert again.route is not None
    np.testing.assert_array_equal(again.route.curvature_per_m, trace.route.curvature_per_m)  # type: ignore[union-attr]
    for name, values in trace.columns.items():
        np.testing.assert_array_equal(again.columns[name], values)
    frames = list(read_range(tmp_path / CAMERA_MOVIE, 0.0, len(trace.columns["s_m"]), 10.0))
    assert frames[0].shape == (CAMERA.height_px, CAMERA.width_px, 3)
    assert len(frames) == len(trace.columns["s_m"])


@pytest.mark.parametrize("broken", ["missing", "truncated"])
def test_a_trace_that_cannot_be_read_says_what_to_do(session: Session, tmp_path: Path, broken: str) -> None:
    if broken == "truncated":
        Trace({"s_m": np.arange(100.0)}, {"driver": "x"}).save(tmp_path)
        data = (tmp_path / "trace.npz").read_bytes()
        (tmp_path / "trace.npz").write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="evaluat"):
        Trace.load(tmp_path)


def test_the_target_speed_falls_before_a_curve(session: Session) -> None:
    route = find_route(session)
    sharp = replace(route, curvature_per_m=np.where(route.s_m > 100.0, 0.1, 0.0))
    control = SpeedControl(sharp, 15.0)
    assert control.target_mps(10.0) > 14.0
    assert control.target_mps(101.0) == pytest.approx(5.0, abs=0.1)
    assert 5.0 < control.target_mps(90.0) < 9.0
