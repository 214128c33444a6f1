"""Looks of other cameras: each change changes a window's images alike, all of it from the generator, and without shares nothing is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from perception.augmentation import Augmentation, AugmentationConfig
from perception.camera_looks import CameraLooksConfig, change_looks
from perception.errors import ConfigError

SHARES = list(CameraLooksConfig().shares)


def window() -> np.ndarray:
    """Return four equal images (4, 48, 144, 3) with edges and tones of every kind."""
    image = np.random.default_rng(3).integers(0, 256, (12, 36, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    return np.repeat(image[None], 4, axis=0)


@pytest.mark.parametrize("share", SHARES)
def test_each_change_alters_all_images_of_a_window_alike_and_the_same_draws_repeat_it(share: str) -> None:
    changed, again, plain = window(), window(), window()
    for pixels in (changed, again):
        wanted: dict[str, Any] = {share: 1.0}
        change_looks(pixels, CameraLooksConfig(**wanted), np.random.default_rng(5))
    assert not np.array_equal(changed, plain)
    assert np.array_equal(changed, again)
    assert all(np.array_equal(image, changed[0]) for image in changed)


def test_without_shares_the_augmentation_is_the_same_as_before_they_existed() -> None:
    windows = torch.from_numpy(np.stack([window()] * 3))
    generator = torch.Generator().manual_seed(7)
    Augmentation(AugmentationConfig())(windows, generator)
    following = torch.rand(1, generator=generator)
    expected = torch.Generator().manual_seed(7)
    torch.rand(3, 16, generator=expected)
    assert torch.equal(following, torch.rand(1, generator=expected))


def test_a_bonnet_covers_the_lower_edge_and_leaves_the_road_ahead() -> None:
    changed = window()
    change_looks(changed, CameraLooksConfig(bonnet_share=1.0), np.random.default_rng(1))
    rows = (changed != window()).any(axis=(0, 2, 3))
    assert rows[-1]
    assert not rows[: 48 - 10].any()


def test_a_share_beyond_1_is_refused_with_its_name() -> None:
    with pytest.raises(ConfigError, match=r"augmentation.looks.soft_share is 1.5"):
        CameraLooksConfig(soft_share=1.5)
