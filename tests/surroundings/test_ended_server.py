"""A server that ends, or that is not there: noticed at once, long before the time-out of a call."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from driving.evaluation.drive_task import DriverReference
from driving.evaluation.runner import RunConfig, evaluate
from driving.evaluation.suite import SuiteConfig
from driving.evaluation.summary import SUMMARY
from driving.evaluation.workers.servers import PATIENCE_S, Address
from driving.quantities import CameraSpec
from driving.simulator.errors import NoServerError, SimulatorError
from driving.simulator.process import StandinProcess
from driving.simulator.session import Session, SessionConfig
from driving.world.maps.routes import spread_routes
from tests.standin.servers import serving

AT_ONCE_S, TIMEOUT_S = 10.0, 30.0
CAMERA = CameraSpec(width_px=64, height_px=36)


@pytest.mark.parametrize("after_s", [0.0, 1.0])
def test_a_server_that_is_killed_before_or_within_a_tick_is_named_with_its_last_words(after_s: float) -> None:
    with StandinProcess("--fault", "hang:inf@20") as server, Session(SessionConfig(server.host, server.port, TIMEOUT_S)) as session:
        ego = session.spawn_ego(spread_routes(session.map, 1, 100.0, 0)[0].pose_at(5.0), CAMERA)
        began = time.monotonic()
        threading.Timer(after_s, server.kill).start()

        def drive() -> None:
            while True:
                ego.wait_for_image(session.tick())

        with pytest.raises(SimulatorError, match=r"exit status -9.*episode 1"):
            drive()
        ego.destroy()
        session.close()
        assert time.monotonic() - began < AT_ONCE_S


def test_a_foreign_server_that_ends_in_mid_drive_ends_the_evaluation(tmp_path: Path) -> None:
    suite = SuiteConfig(families={"track": [1]}, route_length_m=300.0, camera=CAMERA)
    with serving(tmp_path, "--fault", "die@30") as server:
        began = time.monotonic()
        with pytest.raises(NoServerError, match="refused"):
            evaluate(DriverReference("expert"), suite, tmp_path / "out", RunConfig(servers=[Address(server.host, server.port)], timeout_s=TIMEOUT_S))
        assert time.monotonic() - began < PATIENCE_S + AT_ONCE_S + 10.0  # the drive before takes its time
    assert json.loads((tmp_path / "out" / SUMMARY).read_text())["routes"] == []


def test_a_port_that_refuses_is_not_tried_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    began = time.monotonic()
    run = RunConfig(servers=[Address("127.0.0.1", port)])
    with pytest.raises(NoServerError, match=rf"127\.0\.0\.1:{port} \(connection refused\): start it"):
        evaluate(DriverReference("expert"), SuiteConfig(families={"track": [1]}, route_length_m=100.0), tmp_path, run)
    assert time.monotonic() - began < AT_ONCE_S
