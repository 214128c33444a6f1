"""One transform from camera to model: the crop, the size, the whitening, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from perception.transform import CameraTransform, CameraTransformConfig


def camera_image(height: int = 180, width: int = 320, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_the_sky_is_cropped_and_the_rest_scaled_to_the_model() -> None:
    image = np.zeros((100, 300, 3), dtype=np.uint8)
    image[:35] = 255
    image[35:] = (10, 20, 30)
    small = CameraTransform(CameraTransformConfig(48, 144, crop_top=0.35)).to_model(image)
    assert small.shape == (48, 144, 3)
    assert (small == (10, 20, 30)).all()


def test_an_image_that_already_fits_is_copied_unchanged() -> None:
    transform = CameraTransform(CameraTransformConfig(48, 144, crop_top=0.0))
    image = camera_image(48, 144)
    small = transform.to_model(image)
    assert (small == image).all()
    assert not np.shares_memory(small, image)


def test_each_image_is_whitened_by_itself() -> None:
    transform = CameraTransform(CameraTransformConfig())
    bytes_NYXC = torch.from_numpy(np.stack([transform.to_model(camera_image(seed=seed)) // (seed + 1) for seed in range(3)]))
    whitened = transform.normalise(bytes_NYXC)
    assert whitened.shape == (3, 3, 48, 144)
    for image, source in zip(whitened, bytes_NYXC, strict=True):
        assert image.mean().item() == pytest.approx(0.0, abs=1e-4)
        assert image.std(correction=0).item() == pytest.approx(1.0, abs=1e-4)
        expected = (source.double() - source.double().mean()) / source.double().std(correction=0)
        torch.testing.assert_close(image.permute(1, 2, 0).double(), expected, atol=1e-4, rtol=1e-4)


def test_darker_light_alone_changes_nothing() -> None:
    transform = CameraTransform(CameraTransformConfig())
    bright = torch.from_numpy(transform.to_model(camera_image()) // 2 * 2)[None]
    torch.testing.assert_close(transform.normalise(bright), transform.normalise(bright // 2), atol=1e-4, rtol=1e-4)


def test_a_blank_image_becomes_zeros() -> None:
    transform = CameraTransform(CameraTransformConfig())
    assert transform.normalise(torch.full((1, 48, 144, 3), 117, dtype=torch.uint8)).abs().max() < 1e-3


@pytest.mark.parametrize("image", [np.zeros((90, 160), np.uint8), np.zeros((90, 160, 4), np.uint8), np.zeros((90, 160, 3), np.float32)])
def test_what_is_no_rgb_byte_image_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        CameraTransform(CameraTransformConfig()).to_model(image)


def test_images_of_another_size_than_the_models_are_refused_with_both_sizes() -> None:
    with pytest.raises(ValueError, match=r"\(66, 200, 3\), expected \(48, 144, 3\)"):
        CameraTransform(CameraTransformConfig()).normalise(torch.zeros(1, 66, 200, 3, dtype=torch.uint8))


def test_crops_that_leave_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="leave no image"):
        CameraTransformConfig(crop_top=0.6, crop_bottom=0.4)
    with pytest.raises(ValueError, match="more rows"):
        CameraTransform(CameraTransformConfig(crop_top=0.9)).to_model(camera_image(height=4))
