"""A stand-in server and a session for the tests of the loop, at 10 Hz with a small camera."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from driving.quantities import CameraSpec
from driving.simulator.process import StandinProcess
from driving.simulator.session import Session, SessionConfig
from driving.world.generated.tracks import TrackConfig, generate_track
from driving.world.maps.route import Route
from driving.world.maps.routes import spread_routes

CAMERA = CameraSpec(width_px=96, height_px=54)
TRACK = TrackConfig(length_m=500.0)


def open_session() -> Iterator[Session]:
    """Give a session with track 3 on a server of its own."""
    with StandinProcess() as server, Session(SessionConfig(server.host, server.port, timeout_s=20.0)) as session:
        session.load_opendrive("track_3", generate_track(3, TRACK))
        yield session


def find_route(session: Session, length_m: float = 300.0) -> Route:
    """Return a route on the session's map."""
    return spread_routes(session.map, 1, length_m, 0)[0]


session_fixture = pytest.fixture(scope="module")(open_session)
