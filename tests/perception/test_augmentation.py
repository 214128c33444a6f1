"""Augmentation: one light and one shadow a window, all of it from the generator, nothing else touched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from perception.augmentation import Augmentation, AugmentationConfig, light_table, saturation_matrix

NOTHING: dict[str, Any] = {"light_share": 0.0, "colour_share": 0.0, "noise_share": 0.0, "shadow_share": 0.0}
SHARES = list(NOTHING)


def windows(batch: int = 6, time: int = 4) -> torch.Tensor:
    return torch.randint(0, 256, (batch, time, 48, 144, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))


def only(share: str) -> Augmentation:
    return Augmentation(AugmentationConfig(**{**NOTHING, share: 1.0}))


def test_the_same_generator_gives_the_same_images_and_another_gives_others() -> None:
    first, again, other = (Augmentation(AugmentationConfig())(windows(), torch.Generator().manual_seed(seed)) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_originals_stay_as_they_are() -> None:
    originals = windows()
    kept = originals.clone()
    changed = Augmentation(AugmentationConfig())(originals, torch.Generator().manual_seed(0))
    assert torch.equal(originals, kept)
    assert changed.dtype == torch.uint8
    assert changed.shape == originals.shape


def test_without_shares_nothing_changes() -> None:
    assert torch.equal(Augmentation(AugmentationConfig(**NOTHING))(windows(), torch.Generator().manual_seed(0)), windows())


@pytest.mark.parametrize("share", SHARES)
def test_each_change_changes_something(share: str) -> None:
    assert not torch.equal(only(share)(windows(), torch.Generator().manual_seed(2)), windows())


@pytest.mark.parametrize("share", ["light_share", "colour_share", "shadow_share"])
def test_a_windows_images_get_one_and_the_same_change(share: str) -> None:
    still = windows(time=1).expand(-1, 4, -1, -1, -1)
    changed = only(share)(still, torch.Generator().manual_seed(4))
    assert (changed == changed[:, :1]).all()
    assert not torch.equal(changed[0], only(share)(still[:1].expand(6, -1, -1, -1, -1), torch.Generator().manual_seed(4))[1])


def test_noise_differs_from_image_to_image_and_is_as_strong_as_drawn() -> None:
    grey = torch.full((40, 3, 48, 144, 3), 128, dtype=torch.uint8)
    changed = Augmentation(AugmentationConfig(**{**NOTHING, "noise_share": 1.0, "noise": 0.08}))(grey, torch.Generator().manual_seed(1))
    deviation = changed.float().flatten(1).std(1)
    assert not torch.equal(changed[0, 0], changed[0, 1])
    assert deviation.max() < 1.05 * 0.08 * 255 + 1
    assert deviation.mean().item() == pytest.approx(0.04 * 255, rel=0.35)
    assert abs(changed.float().mean().item() - 128) < 1.0


def test_a_shadow_darkens_or_brightens_a_band_and_leaves_the_rest() -> None:
    grey = torch.full((64, 1, 48, 144, 3), 128, dtype=torch.uint8)
    changed = only("shadow_share")(grey, torch.Generator().manual_seed(8))[:, 0, ..., 0]
    assert (changed == 128).flatten(1).any(1).float().mean() > 0.9
    assert ((changed < 128).flatten(1).any(1)).any()
    assert ((changed > 128).flatten(1).any(1)).any()
    for image in changed:
        assert len(image.unique()) <= 2


def test_light_keeps_the_order_of_greys_and_identity_is_identity() -> None:
    assert (light_table(0.0, 1.0, 1.0) == np.arange(256)).all()
    assert (np.diff(light_table(0.1, 1.3, 0.7).astype(int)) >= 0).all()


def test_saturation_leaves_greys_alone_and_zero_makes_grey() -> None:
    grey = np.array([90.0, 90.0, 90.0])
    assert saturation_matrix(1.7) @ grey == pytest.approx(grey)
    red = saturation_matrix(0.0) @ np.array([200.0, 10.0, 30.0])
    assert red == pytest.approx([red[0]] * 3)
