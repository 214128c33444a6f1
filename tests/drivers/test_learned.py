"""The driver of a learned policy: what it steers, what it remembers, where it finds its checkpoint."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import carla
import numpy as np
import pytest
import torch

from driving.bicycle import Bicycle
from driving.drivers.driver import Action, DriveContext
from driving.drivers.learned import LearnedDriver, checkpoint_folder, read_bicycle
from driving.quantities import LaneState, Observation, Pose, UserError, VehicleState
from driving.world.generated.tracks import TrackConfig, generate_track
from driving.world.maps.routes import follow_lane
from perception.transform import CameraTransformConfig
from policy.network import DrivingPolicy, PolicyConfig, save_policy

BICYCLE = Bicycle(2.875, 69.9, ((0.0, 1.0),))
SPEED_MPS = 8.0


def policy(target: str) -> DrivingPolicy:
    torch.manual_seed(3)
    return DrivingPolicy(PolicyConfig(transform=CameraTransformConfig(24, 48), target=target, scale=0.02, output="sinh"))


def context() -> DriveContext:
    carla_map = carla.Map("track", generate_track(1, TrackConfig(length_m=200.0)))
    route = follow_lane(carla_map, carla_map.get_waypoint_xodr(0, -1, 1.0), 150.0)
    return DriveContext(route, BICYCLE, 0.1, 10.0, 0)


def make_observation(frame: int) -> Observation:
    image = np.random.default_rng(frame).integers(0, 256, (48, 96, 3), dtype=np.uint8)
    return Observation(VehicleState(frame, frame * 0.1, Pose(), SPEED_MPS, 0.0), 0.1, image, LaneState(10.0 + frame, 0.0, 0.0, 0.0, 3.5))


def drive_frames(driver: LearnedDriver, frames: int) -> list[Action]:
    driver.reset(context())
    return [driver.act(make_observation(frame)) for frame in range(frames)]


@pytest.mark.parametrize("target", ["steer", "curvature"])
def test_it_steers_what_the_policy_predicts_for_the_whole_sequence(target: str) -> None:
    net = policy(target).eval()
    actions = drive_frames(LearnedDriver(net), 5)
    images = torch.from_numpy(np.stack([net.transform.to_model(make_observation(frame).image) for frame in range(5)]))[None]
    with torch.no_grad():
        trace = net.trace(images, torch.full((1, 5), 0.1))
    predicted = trace.prediction_BT[0].tolist()
    expected = [BICYCLE.steer(value, SPEED_MPS) for value in predicted] if target == "curvature" else predicted
    assert [action.control.steer for action in actions] == pytest.approx(expected, abs=1e-6)
    assert len(set(expected)) == 5
    np.testing.assert_allclose(np.stack([action.neuron_state for action in actions]), trace.cell.neuron_BTH[0], atol=1e-6)


def test_each_drive_begins_from_the_initial_state() -> None:
    driver = LearnedDriver(policy("curvature"))
    first, second = drive_frames(driver, 4), drive_frames(driver, 4)
    assert [action.control for action in first] == [action.control for action in second]


def test_its_neurons_have_names_roles_and_synapses() -> None:
    neurons = LearnedDriver(policy("steer")).neurons()
    assert neurons is not None
    assert len(neurons["names"]) == len(neurons["roles"]) == 19
    assert neurons["roles"].count("motor") == 1
    assert len(neurons["edges"]) > 100


def test_a_checkpoint_is_found_in_the_folder_or_in_the_runs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no policy"):
        checkpoint_folder(tmp_path)
    save_policy(policy("steer"), tmp_path / "checkpoint")
    assert checkpoint_folder(tmp_path) == checkpoint_folder(tmp_path / "checkpoint") == tmp_path / "checkpoint"


def test_the_car_that_a_policy_was_trained_for_is_read_from_its_checkpoint(tmp_path: Path) -> None:
    save_policy(policy("curvature"), tmp_path, {"bicycle": asdict(BICYCLE)})
    assert read_bicycle(tmp_path) == BICYCLE


def test_a_checkpoint_that_names_no_car_means_the_default_one(tmp_path: Path) -> None:
    save_policy(policy("curvature"), tmp_path)
    assert read_bicycle(tmp_path) == Bicycle()


@pytest.mark.parametrize("stored", [{"axles": 2}, {"wheelbase_m": "long"}, "a car"])
def test_a_checkpoint_whose_car_cannot_be_read_is_refused(tmp_path: Path, stored: object) -> None:
    save_policy(policy("curvature"), tmp_path, {"bicycle": stored})
    with pytest.raises(UserError, match="not a bicycle model"):
        read_bicycle(tmp_path)


def test_its_quicker_copy_of_the_policy_predicts_the_same_apart_from_rounding() -> None:
    net = policy("curvature").train()
    for _ in range(3):  # batch normalisation that has seen something
        net(torch.randint(0, 256, (2, 4, 24, 48, 3), dtype=torch.uint8), torch.full((2, 4), 0.1))
    images, dt = torch.randint(0, 256, (1, 6, 24, 48, 3), dtype=torch.uint8), torch.full((1, 6), 0.1)
    quick = net.for_inference()
    assert net.training
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in quick.modules())
    with torch.inference_mode():
        expected, found = net.eval().trace(images, dt), quick.trace(images, dt)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_its_time_constants_are_those_that_the_policy_has_tick_by_tick() -> None:
    net = policy("steer")
    driver = LearnedDriver(net)
    driver.reset(context())
    assert driver.time_constants() is None
    drive_frames(driver, 5)
    images = torch.from_numpy(np.stack([net.transform.to_model(make_observation(frame).image) for frame in range(5)]))[None]
    with torch.no_grad():
        trace = net.eval().trace(images, torch.full((1, 5), 0.1))
    np.testing.assert_allclose(driver.time_constants(), trace.cell.tau_s_BTH[0], rtol=1e-4)  # type: ignore[arg-type,index]
