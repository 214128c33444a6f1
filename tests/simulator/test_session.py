"""The client's side: settings are restored, frames match, failures are explained, servers end."""

from __future__ import annotations

import contextlib

import carla
import numpy as np
import pytest

from driving.bicycle import Bicycle
from driving.quantities import CameraSpec, Control, UserError
from driving.simulator.errors import SimulatorError
from driving.simulator.process import StandinProcess, server_at
from driving.simulator.session import Session, SessionConfig
from driving.world.generated.tracks import TrackConfig, generate_track
from driving.world.maps.routes import spread_routes

CAMERA = CameraSpec(width_px=64, height_px=36)


def make_track() -> str:
    return generate_track(3, TrackConfig(length_m=300.0))


def test_a_session_restores_the_settings_that_it_found_and_leaves_no_car() -> None:
    with StandinProcess() as server:
        client = carla.Client(server.host, server.port)
        client.set_timeout(20.0)
        before = client.get_world().get_settings()
        with Session(SessionConfig(server.host, server.port)) as session:
            assert client.get_world().get_settings().synchronous_mode
            session.spawn_ego(spread_routes(session.map, 1, 100.0, 0)[0].pose_at(5.0), CAMERA)
            session.tick()
        after = client.get_world().get_settings()
        assert (after.synchronous_mode, after.fixed_delta_seconds) == (before.synchronous_mode, before.fixed_delta_seconds)
        client.get_world().wait_for_tick(10.0)
        assert not list(client.get_world().get_actors().filter("vehicle.*"))


def test_settings_are_restored_after_an_error_too() -> None:
    with StandinProcess() as server:
        with contextlib.suppress(ZeroDivisionError), Session(SessionConfig(server.host, server.port)):
            raise ZeroDivisionError
        client = carla.Client(server.host, server.port)
        client.set_timeout(20.0)
        assert not client.get_world().get_settings().synchronous_mode


def test_the_image_is_of_the_same_frame_as_the_state_and_the_car_obeys() -> None:
    with server_at(None, None) as (host, port), Session(SessionConfig(host, port)) as session:
        session.load_opendrive("track", make_track())
        ego = session.spawn_ego(spread_routes(session.map, 1, 100.0, 0)[0].pose_at(5.0), CAMERA)
        ego.apply(Control(throttle=0.7))
        for _ in range(15):
            frame = session.tick()
            state, image = ego.read_state(frame), ego.wait_for_image(frame)
            assert state.frame == frame
            assert image.shape == (36, 64, 3)
        assert state.speed_mps > 1.0


def test_a_lost_frame_is_refused_with_both_frame_numbers() -> None:
    with StandinProcess("--fault", "drop:1@6") as server, Session(SessionConfig(server.host, server.port, timeout_s=2.0)) as session:
        ego = session.spawn_ego(spread_routes(session.map, 1, 100.0, 0)[0].pose_at(5.0), CAMERA)

        def look_about() -> None:
            for _ in range(12):
                ego.wait_for_image(session.tick())

        with pytest.raises(SimulatorError, match="camera gave"):
            look_about()


def test_a_server_that_cannot_be_reached_is_refused_with_its_address() -> None:
    with pytest.raises(SimulatorError, match=r"127\.0\.0\.1:1"):
        Session(SessionConfig("127.0.0.1", 1, timeout_s=0.5))


def test_a_stand_in_that_cannot_start_says_why() -> None:
    with pytest.raises(SimulatorError, match=r"exit status 2.*none\.xodr"):
        StandinProcess("--map", "none.xodr")


def test_a_broken_map_is_refused_and_the_session_goes_on() -> None:
    with StandinProcess() as server, Session(SessionConfig(server.host, server.port, timeout_s=20.0)) as session:
        with pytest.raises((SimulatorError, UserError)):
            session.load_opendrive("broken", "<OpenDRIVE><road></OpenDRIVE>")
        session.load_opendrive("track", make_track())
        assert session.tick() > 0


def test_the_bicycle_of_the_served_car_is_the_default_one_that_labels_are_made_with() -> None:
    with StandinProcess() as server, Session(SessionConfig(server.host, server.port)) as session:
        ego = session.spawn_ego(spread_routes(session.map, 1, 100.0, 0)[0].pose_at(5.0), CAMERA)
        assert ego.bicycle.wheelbase_m == pytest.approx(Bicycle().wheelbase_m)
        assert ego.bicycle.max_steer_deg == pytest.approx(Bicycle().max_steer_deg)
        np.testing.assert_allclose(ego.bicycle.steering_curve, Bicycle().steering_curve, rtol=1e-6)
