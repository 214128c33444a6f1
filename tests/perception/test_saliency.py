"""VisualBackProp finds what excites the front-end, and stays in its range."""

from __future__ import annotations

import pytest
import torch

from perception.frontends import FRONTENDS
from perception.saliency import visual_backprop


@pytest.mark.parametrize(("name", "size"), [("small", (48, 144)), ("paper", (78, 200)), ("small", (45, 81))])
def test_saliency_has_the_images_size_and_lies_in_zero_to_one(name: str, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    heat = visual_backprop(FRONTENDS[name](*size).eval(), torch.randn(3, 3, *size))
    assert heat.shape == (3, *size)
    assert heat.min() == 0.0
    torch.testing.assert_close(heat.amax((1, 2)), torch.ones(3))


def test_it_is_hottest_where_the_picture_has_something() -> None:
    torch.manual_seed(0)
    frontend = FRONTENDS["paper"](78, 200).eval()
    images = torch.zeros(1, 3, 78, 200)
    images[..., 30:46, 120:136] = 3.0 * torch.randn(1, 3, 16, 16)
    heat = visual_backprop(frontend, images)[0]
    row, column = divmod(int(heat.argmax()), 200)
    assert 25 <= row <= 50
    assert 115 <= column <= 140


def test_an_empty_picture_has_no_saliency_rather_than_nan() -> None:
    heat = visual_backprop(FRONTENDS["paper"](78, 200).eval(), torch.zeros(1, 3, 78, 200))
    assert torch.equal(heat, torch.zeros(1, 78, 200))


def test_a_front_end_without_maps_is_refused() -> None:
    with pytest.raises(ValueError, match="ConvolutionalHead"):
        visual_backprop(torch.nn.Flatten(), torch.zeros(1, 3, 8, 8))
