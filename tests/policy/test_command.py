"""A policy with the option `command` hears the navigation command, as its driver and its exported file do; every other policy is as it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from perception.transform import CameraTransformConfig
from policy.command import Command
from policy.export import export_policy
from policy.network import DESCRIPTION, DrivingPolicy, PolicyConfig, architecture, load_policy, save_policy
from policy.runtime import ExportedPolicy
from policy.stepper import PolicyStepper

SMALL = CameraTransformConfig(16, 32)
IMAGES = torch.randint(0, 256, (1, 3, 16, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
DT = torch.full((1, 3), 0.1)


def make_policy(command: bool) -> DrivingPolicy:
    torch.manual_seed(0)
    return DrivingPolicy(PolicyConfig(transform=SMALL, command=command)).eval()


@torch.no_grad()
def test_each_command_steers_in_its_own_way_and_without_one_the_lane_is_followed() -> None:
    policy = make_policy(command=True)
    predictions = [policy(IMAGES, DT, None, torch.full((1, 3), command))[0] for command in Command]
    assert len({tuple(one.flatten().tolist()) for one in predictions}) == len(Command)
    assert torch.equal(policy(IMAGES, DT)[0], predictions[Command.FOLLOW])
    assert torch.equal(policy.trace(IMAGES, DT, command_BT=torch.full((1, 3), Command.LEFT)).prediction_BT, predictions[Command.LEFT])
    assert policy.inputs(IMAGES, torch.tensor([[0, 1, 3]]))[0, :, -4:].tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]


@torch.no_grad()
def test_a_policy_without_the_option_ignores_commands_and_an_older_checkpoint_loads(tmp_path: Path) -> None:
    policy = make_policy(command=False)
    assert torch.equal(policy(IMAGES, DT)[0], policy(IMAGES, DT, None, torch.full((1, 3), Command.LEFT))[0])
    assert torch.equal(policy.inputs(IMAGES), policy.features(IMAGES))
    save_policy(policy, tmp_path)
    description = json.loads((tmp_path / DESCRIPTION).read_text())
    assert description["config"].pop("command") is False
    (tmp_path / DESCRIPTION).write_text(json.dumps(description))
    assert torch.equal(load_policy(tmp_path)(IMAGES, DT)[0], policy(IMAGES, DT)[0])
    assert architecture(make_policy(command=True).config) == architecture(policy.config) + ", with commands"


@torch.no_grad()
def test_driver_and_exported_file_hear_the_commands_that_the_network_hears(tmp_path: Path) -> None:
    policy = make_policy(command=True)
    commands = [Command.FOLLOW, Command.RIGHT, Command.STRAIGHT]
    camera_images = IMAGES[0].numpy()
    seen = torch.from_numpy(np.stack([policy.transform.to_model(image) for image in camera_images]))[None]
    whole = policy(seen, DT, None, torch.tensor([commands]))[0][0].numpy()
    stepper = PolicyStepper(policy)
    export_policy(policy, tmp_path / "policy.onnx")
    exported = ExportedPolicy(tmp_path / "policy.onnx")
    state, steps, runs = exported.initial_state(), [], []
    for image, command in zip(camera_images, commands, strict=True):
        steps.append(stepper.step(image, 0.1, command).prediction)
        run = exported.step(image, 0.1, state, command)
        state = run.state_1S
        runs.append(run.prediction)
    np.testing.assert_allclose(steps, whole, atol=1e-5)
    np.testing.assert_allclose(runs, whole, atol=1e-5)
