"""Single steps of a policy: the C++ front-end and the steps of whole policies against the network itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from perception.transform import CameraTransformConfig
from policy.kernels import dispatch
from policy.kernels.cpu import convolutions, native
from policy.network import DrivingPolicy, PolicyConfig
from policy.stepper import PolicyStepper

SIZES = {"small": (48, 144), "paper": (78, 200), "small, odd": (33, 61)}


def make(frontend: str, size: tuple[int, int], cell: str = "ltc") -> DrivingPolicy:
    """Return a policy whose batch normalisation has seen images."""
    torch.manual_seed(3)
    policy = DrivingPolicy(PolicyConfig(CameraTransformConfig(*size), frontend, cell, scale=0.1, output="sinh"))
    policy.train()
    policy.features(torch.randint(0, 256, (4, 2, *size, 3), dtype=torch.uint8))
    return policy.eval()


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("case", SIZES)
def test_the_head_in_cpp_returns_the_networks_features(case: str, lanes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if lanes > int(native.library().ltc_lanes()):
        pytest.skip(f"this CPU has no registers of {lanes} floats")
    monkeypatch.setattr(convolutions, "widest_lanes", lambda: lanes)
    size = SIZES[case]
    policy = make(case.partition(",")[0], size).for_inference()
    assert convolutions.can_serve(policy.frontend)
    head, random = convolutions.NativeHead(policy.frontend, *size), np.random.default_rng(0)
    for image in (random.integers(0, 256, (*size, 3), dtype=np.uint8), np.full((*size, 3), 90, np.uint8)):
        with torch.no_grad():
            expected = policy.features(torch.from_numpy(image)[None, None])[0, 0].numpy()
        assert np.abs(expected).max() > 0.1 or image.std() == 0.0
        assert np.allclose(head(image), expected, atol=5e-6)


def test_a_head_refuses_what_is_not_a_model_image() -> None:
    head = convolutions.NativeHead(make("small", (48, 144)).for_inference().frontend, 48, 144)  # type: ignore[arg-type]
    for image in (np.zeros((48, 140, 3), np.uint8), np.zeros((48, 144, 3), np.float32)):
        with pytest.raises(ValueError, match=r"expected uint8 \(48, 144, 3\): pass it through to_model first"):
            head(image)


def test_only_folded_heads_on_the_cpu_are_served_by_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = make("small", (48, 144))
    assert not convolutions.can_serve(policy.frontend)
    assert not convolutions.can_serve(policy.for_inference().frontend.double())
    monkeypatch.setattr(convolutions, "_loaded", "not built")
    assert not convolutions.can_serve(policy.for_inference().frontend)


@pytest.mark.parametrize("kernel", ["auto", "reference"])
@pytest.mark.parametrize("cell", ["ltc", "gru"])
def test_steps_give_the_predictions_features_and_neurons_of_the_whole_sequence(cell: str, kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(dispatch.VARIABLE, kernel)
    policy = make("small", (48, 144), cell)
    stepper, random = PolicyStepper(policy), np.random.default_rng(1)
    images = random.integers(0, 256, (6, 90, 160, 3), dtype=np.uint8)
    seen = np.stack([policy.transform.to_model(image) for image in images])
    with torch.no_grad():
        expected = policy.trace(torch.from_numpy(seen)[None], torch.full((1, 6), 0.1))
    for _ in range(2):  # the second drive begins anew
        steps = [stepper.step(image, 0.1) for image in images]
        assert np.allclose([step.prediction for step in steps], expected.prediction_BT[0], atol=1e-6)
        assert np.allclose(np.stack([step.features_I for step in steps]), expected.features_BTI[0], atol=5e-6)
        assert np.allclose(np.stack([step.neuron_H for step in steps]), expected.cell.neuron_BTH[0], atol=5e-6)
        stepper.reset()
