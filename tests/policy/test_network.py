"""The driving policy as a whole: what it predicts, in which unit it is judged, how it is kept and found again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from perception.transform import CameraTransformConfig
from policy.network import DESCRIPTION, WEIGHTS, DrivingPolicy, PolicyConfig, load_policy, read_description, save_policy

TRANSFORM = CameraTransformConfig(height_px=24, width_px=48)


def policy(**changes: object) -> DrivingPolicy:
    torch.manual_seed(0)
    return DrivingPolicy(PolicyConfig(transform=TRANSFORM, **changes)).eval()  # type: ignore[arg-type]


def images(batch: int, time: int) -> torch.Tensor:
    return torch.randint(256, (batch, time, 24, 48, 3), generator=torch.Generator().manual_seed(1)).to(torch.uint8)


def test_a_sinh_output_is_a_linear_one_that_grows_faster_in_bends() -> None:
    linear, bent = policy(target="curvature", scale=0.02), policy(target="curvature", scale=0.02, output="sinh")
    seen, dt = images(3, 5), torch.full((3, 5), 0.1)
    with torch.no_grad():
        motor = linear(seen, dt)[0] / 0.02
        torch.testing.assert_close(bent(seen, dt)[0], 0.02 * torch.sinh(motor))
        torch.testing.assert_close(bent.trace(seen, dt).prediction_BT, bent(seen, dt)[0])


@pytest.mark.parametrize("output", ["linear", "sinh"])
def test_the_motor_of_a_prediction_is_the_output_that_made_it(output: str) -> None:
    net = policy(target="curvature", scale=0.02, output=output)
    with torch.no_grad():
        seen, dt = images(2, 4), torch.full((2, 4), 0.1)
        motor = net.cell(net.features(seen), dt, None)[0][..., 0]
        torch.testing.assert_close(net.motor(net(seen, dt)[0]), motor)
    assert net.motor(torch.tensor([[0.002]])).item() == pytest.approx(0.1, rel=2e-3)


@pytest.mark.parametrize("wrong", [{"target": "torque"}, {"output": "tanh"}])
def test_unknown_targets_and_outputs_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=f"there is no {next(iter(wrong))} '{next(iter(wrong.values()))}'"):
        PolicyConfig(**wrong)  # type: ignore[arg-type]


def test_a_drive_step_by_step_is_the_drive_as_a_whole() -> None:
    net, seen, dt = policy(output="sinh"), images(1, 6), torch.rand(1, 6, generator=torch.Generator().manual_seed(2)) * 0.2
    with torch.no_grad():
        whole, last = net(seen, dt)
        state, steps = net.initial_state(1), []
        for k in range(6):
            step, state = net(seen[:, k : k + 1], dt[:, k : k + 1], state)
            steps.append(step)
    torch.testing.assert_close(torch.cat(steps, 1), whole)
    torch.testing.assert_close(state, last)


def test_what_is_saved_comes_back_and_says_what_it_is(tmp_path: Path) -> None:
    net = policy(target="curvature", scale=0.02, output="sinh")
    save_policy(net, tmp_path, {"epoch": 3})
    again = load_policy(tmp_path, net.config)
    assert again.description() == net.description()
    with torch.no_grad():
        seen, dt = images(2, 3), torch.full((2, 3), 0.1)
        torch.testing.assert_close(again(seen, dt)[0], net(seen, dt)[0], rtol=0, atol=0)
    assert read_description(tmp_path)["extra"] == {"epoch": 3}
    assert sorted(path.name for path in tmp_path.iterdir()) == [DESCRIPTION, WEIGHTS]


def test_checkpoints_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        load_policy(tmp_path)
    net = policy()
    save_policy(net, tmp_path)
    with pytest.raises(ValueError, match=r"holds front-end 'small' at 24x48, cell 'ltc'.*expected .* cell 'gru'"):
        load_policy(tmp_path, PolicyConfig(transform=TRANSFORM, cell="gru"))
    description = json.loads((tmp_path / DESCRIPTION).read_text())
    (tmp_path / DESCRIPTION).write_text(json.dumps(description | {"config": description["config"] | {"colour": "red"}}))
    with pytest.raises(ValueError, match="colour"):
        load_policy(tmp_path)
    save_policy(net, tmp_path)
    (tmp_path / WEIGHTS).write_bytes((tmp_path / WEIGHTS).read_bytes()[:-100])
    with pytest.raises(ValueError, match="do not fit"):
        load_policy(tmp_path)
