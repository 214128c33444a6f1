"""The front-ends: their sizes are the paper's, their features come from the places that they should."""

from __future__ import annotations

import pytest
import torch

from perception.frontends import FRONTENDS, ChannelUnits

SIZES = {"small": (48, 144), "deep": (48, 144), "paper": (78, 200)}


def images(name: str, count: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, 3, *SIZES[name], generator=generator)


def test_the_papers_head_has_the_papers_number_of_parameters() -> None:
    assert sum(p.numel() for p in FRONTENDS["paper"](78, 200).parameters()) == 79_420


@pytest.mark.parametrize(("name", "row", "column", "width_px"), [("small", 3, 9, 33), ("deep", 1, 4, 97)])
def test_the_last_maps_see_as_much_of_the_width_as_the_head_is_meant_to(name: str, row: int, column: int, width_px: int) -> None:
    frontend = FRONTENDS[name](48, 144).eval()
    images_NCYX = torch.randn(1, 3, 48, 144, requires_grad=True)
    frontend.maps(images_NCYX)[-1][:, :, row, column].sum().backward()
    assert images_NCYX.grad is not None
    seen = images_NCYX.grad.abs().amax((0, 1, 2)).nonzero()
    assert seen.max() - seen.min() + 1 == width_px


def test_the_papers_last_map_is_ten_by_twenty_five() -> None:
    assert FRONTENDS["paper"](78, 200).maps(images("paper"))[-1].shape == (4, 8, 10, 25)


@pytest.mark.parametrize("name", FRONTENDS)
def test_every_front_end_gives_32_features(name: str) -> None:
    assert FRONTENDS[name](*SIZES[name])(images(name)).shape == (4, 32)


@pytest.mark.parametrize("name", FRONTENDS)
@pytest.mark.parametrize("size", [(66, 200), (45, 81), (64, 64)])
def test_every_front_end_takes_other_image_sizes(name: str, size: tuple[int, int]) -> None:
    assert FRONTENDS[name](*size)(torch.randn(2, 3, *size)).shape == (2, 32)


@pytest.mark.parametrize("name", FRONTENDS)
def test_an_images_features_do_not_depend_on_its_neighbours_in_the_batch_when_driving(name: str) -> None:
    frontend = FRONTENDS[name](*SIZES[name]).eval()
    batch = images(name)
    torch.testing.assert_close(frontend(batch)[2:3], frontend(batch[2:3]), atol=1e-5, rtol=1e-5)


def test_a_units_feature_sees_its_own_channel_only() -> None:
    units = ChannelUnits(channels=3, pixels=20, units=2, variance=1.0)
    map_NCYX = torch.randn(5, 3, 4, 5)
    changed = map_NCYX.clone()
    changed[:, 1] += 1.0
    difference = (units(changed) - units(map_NCYX)).abs().amax(0)
    assert (difference > 1e-3).tolist() == [False, False, True, True, False, False]
