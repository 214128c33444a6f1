"""Vehicles that differ in size and power, driven."""

from __future__ import annotations

import numpy as np
import pytest

from driving.standin.blueprints.vehicle_models import BY_ID
from driving.world.physics import dynamics as d
from driving.world.physics.vehicle_physics import pack
from tests.world.physics.test_dynamics import Plane


@pytest.mark.parametrize("name", ["vehicle.bh.crossbike", "vehicle.vespa.zx125", "vehicle.nissan.micra", "vehicle.carlamotors.firetruck"])
def test_light_and_heavy_vehicles_alike_coast_for_30_m_from_10_mps(name: str) -> None:
    state, parameters = d.place(0.0, 0.0, 0.0)[None], pack(BY_ID[name].physics)[None]
    control, external = np.zeros((1, d.CONTROL_WIDTH)), d.no_external(1)
    d.step_vehicles(state, parameters, control, external, Plane(), 0.05)
    state[0, d.VX] = 10.0
    for _ in range(100):
        d.step_vehicles(state, parameters, control, external, Plane(), 0.05)
    assert 30.0 < state[0, d.X] < 50.0
