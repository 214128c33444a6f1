"""The client's traffic manager drives on our server. It opens a port on all interfaces: only in a network namespace of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.shared_data import shared
from tests.standin.servers import ROOT

ISOLATED = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def isolated(*command: object) -> str:
    """What a command prints in a namespace that has only a loopback of its own; skips where there can be none."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("needs unshare and ip to make a network namespace")
    if subprocess.run([*ISOLATED, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let users make network namespaces")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    words = [*ISOLATED, sys.executable, *map(str, command)]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_traffic_keeps_its_lanes_and_distances_and_repeats_after_a_reload() -> None:
    towns = shared("maps/Town01.xodr")
    results: list[dict[str, Any]] = json.loads(isolated("-m", "tests.standin.traffic.traffic_drive", "--cars", 40, "--ticks", 300, "--map", towns))
    first, second = results
    assert first == second
    assert first["cars"] == 40
    assert first["metres_per_car"] > 40.0
    assert first["off_lane_m"] < 2.0
    assert first["nearest_m"] > 3.5


def test_traffic_stops_at_red_and_goes_on_at_green() -> None:
    speeds: dict[str, list[float]] = json.loads(isolated("-m", "tests.standin.traffic.traffic_stop"))
    assert speeds["Red"][-1] < 0.1
    assert max(speeds["Green"]) > 5.0
