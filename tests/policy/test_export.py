"""Exported policies: one file that does in onnxruntime, step by step, what the policy does in torch, and says what it is."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from perception.transform import CameraTransformConfig
from policy import export
from policy.export import export_policy
from policy.network import DrivingPolicy
from policy.runtime import INPUTS, METADATA, OUTPUTS, ExportedPolicy
from tests.policy.cells import CASES, build_policy

STEPS = 12


def seen(policy: DrivingPolicy) -> tuple[np.ndarray, np.ndarray]:
    """Images (T, Y, X, 3) of the model's size, smooth as a camera's are, and irregular time steps (T) in s."""
    random = np.random.default_rng(5)
    coarse = torch.from_numpy(random.uniform(0, 255, (STEPS, 3, 4, 6)))
    size = (policy.config.transform.height_px, policy.config.transform.width_px)
    smooth = torch.nn.functional.interpolate(coarse, size, mode="bilinear").permute(0, 2, 3, 1)
    return smooth.numpy().astype(np.uint8), random.uniform(0.01, 0.3, STEPS).astype(np.float32)


def opened(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("case", CASES)
def test_an_exported_policy_does_step_by_step_what_the_policy_does(case: str, tmp_path: Path) -> None:
    policy = build_policy(case, target="curvature", scale=0.02, output="sinh")
    export_policy(policy, tmp_path / "policy.onnx")
    images, dt_s = seen(policy)
    with torch.no_grad():
        whole = policy.trace(torch.from_numpy(images)[None], torch.from_numpy(dt_s)[None])
    session, state = opened(tmp_path / "policy.onnx"), policy.initial_state(1).numpy()
    for k in range(STEPS):
        inputs = dict(zip(INPUTS, (images[k : k + 1], dt_s[k : k + 1], state), strict=True))
        prediction, state, neurons = session.run(list(OUTPUTS), inputs)
        np.testing.assert_allclose(prediction, whole.prediction_BT[:, k], atol=1e-5, rtol=1e-5)
        np.testing.assert_allclose(neurons, whole.cell.neuron_BTH[:, k], atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(state, whole.cell.state_BS, atol=1e-5, rtol=1e-5)


def test_whitening_is_exact_for_plain_roads_too(tmp_path: Path) -> None:
    policy = build_policy("feed_forward", transform=CameraTransformConfig())
    export_policy(policy, tmp_path / "policy.onnx")
    exported = ExportedPolicy(tmp_path / "policy.onnx")
    for bright in range(60, 250, 10):  # of thousands of equal squares added one by one, all are rounded alike
        camera = np.full((74, 144, 3), 50, np.uint8)
        camera[60:, 40:] = bright
        with torch.no_grad():
            image = torch.from_numpy(policy.transform.to_model(camera))[None, None]
            expected = policy.trace(image, torch.tensor([[0.1]])).cell.neuron_BTH[0, 0]
        np.testing.assert_allclose(exported.step(camera, 0.1, exported.initial_state()).neuron_H, expected, atol=3e-6)


@pytest.mark.parametrize("case", ["ltc", "feed_forward", "transformer"])
def test_names_types_and_shapes_are_the_same_for_every_cell(case: str, tmp_path: Path) -> None:
    policy = build_policy(case)
    export_policy(policy, tmp_path / "policy.onnx")
    session, states, neurons = opened(tmp_path / "policy.onnx"), policy.cell.state_size, policy.cell.neurons
    inputs = [(one.name, one.type, one.shape) for one in session.get_inputs()]
    assert inputs == [
        ("image", "tensor(uint8)", [1, 24, 48, 3]),
        ("dt_s", "tensor(float)", [1]),
        ("state", "tensor(float)", [1, states]),
    ]
    outputs = [(one.name, one.shape) for one in session.get_outputs()]
    assert outputs == [("prediction", [1]), ("next_state", [1, states]), ("neurons", [1, neurons])]


def test_the_file_says_what_policy_it_is_and_nothing_of_the_machine_it_came_from(tmp_path: Path) -> None:
    policy, extra = build_policy("hybrid", target="curvature"), {"epoch": 3, "bicycle": {"wheelbase_m": 2.9}}
    export_policy(policy, tmp_path / "runs" / "policy.onnx", extra)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["policy.onnx"]
    exported = ExportedPolicy(tmp_path / "runs" / "policy.onnx")
    assert exported.description == policy.description() | {"extra": extra}
    assert (exported.transform, exported.target) == (policy.config.transform, "curvature")
    assert exported.initial_state().shape == (1, policy.cell.state_size)
    content = (tmp_path / "runs" / "policy.onnx").read_bytes()
    assert b".py" not in content
    assert str(Path(export.__file__).parents[1]).encode() not in content


def test_the_same_policy_gives_the_same_bytes_and_stays_as_it_was(tmp_path: Path) -> None:
    policy = build_policy("ltc").train()
    weights = {name: value.clone() for name, value in policy.state_dict().items()}
    for name in ("one.onnx", "two.onnx"):
        export_policy(policy, tmp_path / name)
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()
    assert policy.training
    assert all(torch.equal(value, weights[name]) for name, value in policy.state_dict().items())


def test_the_runtime_takes_camera_images_of_any_size_and_needs_no_torch(tmp_path: Path) -> None:
    policy = build_policy("ltc")
    export_policy(policy, tmp_path / "policy.onnx")
    camera = np.random.default_rng(1).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    np.save(tmp_path / "camera.npy", camera)
    program = f"""
import sys, numpy as np
from policy.runtime import ExportedPolicy
policy = ExportedPolicy({str(tmp_path / "policy.onnx")!r})
print(policy.step(np.load({str(tmp_path / "camera.npy")!r}), 0.07, policy.initial_state()).prediction)
sys.exit("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    with torch.no_grad():
        expected = policy(torch.from_numpy(policy.transform.to_model(camera))[None, None], torch.tensor([[0.07]]))[0]
    assert float(done.stdout) == pytest.approx(float(expected), abs=1e-5)


def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "policy.onnx"
    export_policy(build_policy("gru"), path)
    before = path.read_bytes()
    monkeypatch.setattr(torch.onnx.ONNXProgram, "save", lambda self, file, **_: Path(file).write_bytes(b"half") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_policy(build_policy("lstm"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_are_no_exported_policy_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"policy\.onnx is not a file: give a file that scripts/export\.py wrote"):
        ExportedPolicy(tmp_path / "policy.onnx")
    (tmp_path / "policy.onnx").write_text("# no model")
    with pytest.raises(ValueError, match="cannot be read as an ONNX model"):
        ExportedPolicy(tmp_path / "policy.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(torch.nn.Linear(2, 1).eval(), (torch.zeros(1, 2),), tmp_path / "policy.onnx", input_names=["x"], verbose=False)
    with pytest.raises(ValueError, match="an ONNX model with inputs x, not a driving policy: give a file that"):
        ExportedPolicy(tmp_path / "policy.onnx")
    with pytest.raises(ValueError, match=r"ends in \.onnx, got 'policy\.pt'"):
        export_policy(build_policy("gru"), tmp_path / "policy.pt")


def test_a_model_of_another_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = build_policy("gru")
    other = policy.description() | {"format": "liquidlane policy 9"}
    monkeypatch.setattr(policy, "description", lambda: other)
    export_policy(policy, tmp_path / "policy.onnx")
    assert json.loads(opened(tmp_path / "policy.onnx").get_modelmeta().custom_metadata_map[METADATA])["format"] == "liquidlane policy 9"
    with pytest.raises(ValueError, match="does not have the format 'liquidlane policy 1'"):
        ExportedPolicy(tmp_path / "policy.onnx")


@pytest.mark.parametrize(("package", "act"), [("onnxscript", export_policy), ("onnxruntime", lambda policy, path: ExportedPolicy(path))])
def test_a_missing_package_names_the_extra_to_install(package: str, act: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=rf"{package}, which is not installed: pip install 'liquidlane\[export\]'"):
        act(build_policy("gru"), tmp_path / "policy.onnx")  # type: ignore[operator]
