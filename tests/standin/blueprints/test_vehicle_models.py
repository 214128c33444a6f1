"""Vehicles that differ in size and power, driven."""

from __future__ import annotations

import numpy as np
import pytest

from driving.standin.blueprints.vehicle_models import BY_ID
from driving.world.physics import dynamics
from driving.world.physics.vehicle_physics import pack
from tests.world.physics.test_dynamics import Plane


@pytest.mark.parametrize("name", ["vehicle.bh.crossbike", "vehicle.vespa.zx125", "vehicle.nissan.micra", "vehicle.carlamotors.firetruck"])
def test_light_and_heavy_vehicles_alike_coast_for_30_m_from_10_mps(name: str) -> None:
    state, parameters = dynamics.place(0.0, 0.0, 0.0)[None], pack(BY_ID[name].physics)[None]
    control, external = np.zeros((1, dynamics.CONTROL_WIDTH)), dynamics.no_external(1)
    dynamics.step_vehicles(state, parameters, control, external, Plane(), 0.05)
    state[0, dynamics.VX] = 10.0
    for _ in range(100):
        dynamics.step_vehicles(state, parameters, control, external, Plane(), 0.05)
    assert 30.0 < state[0, dynamics.X] < 50.0
