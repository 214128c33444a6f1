"""Convolutional front-ends turn a whitened image into 32 features, after the head of neural circuit policies (Lechner et al. 2020).

The convolutions keep the layout of the picture (SAME padding). Each channel of the last map has its own linear units over all its pixels. So a
feature means one kind of object at certain places. `maps` returns the feature maps from which saliency is computed.
Shapes: N images, C channels, Y rows, X columns, P pixels of the last map, U units per channel, I = C * U features.

To add a front-end, write a function of the image size that returns such a module, and enter it in FRONTENDS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

FEATURES = 32


class Convolution(NamedTuple):
    """One layer: the number of its output channels, the size of its square kernel, its stride."""

    channels: int
    kernel: int
    stride: int


class ChannelUnits(nn.Module):
    """Linear units over the pixels of each channel: (N, C, Y, X) to (N, C * U)."""

    def __init__(self, channels: int, pixels: int, units: int, variance: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, units, pixels) * math.sqrt(variance / pixels))
        self.bias = nn.Parameter(torch.zeros(channels, units))

    def forward(self, map_NCYX: Tensor) -> Tensor:
        pixels_CNP = map_NCYX.flatten(2).transpose(0, 1)
        units_CNU = torch.bmm(pixels_CNP, self.weight.to(pixels_CNP.dtype).transpose(1, 2)) + self.bias.unsqueeze(1)
        return units_CNU.transpose(0, 1).flatten(1)


class ConvolutionalHead(nn.Module):
    """Strided convolutions with ReLU and optional batch normalisation, followed by `ChannelUnits` that return 32 features."""

    def __init__(self, height_px: int, width_px: int, layers: Sequence[Convolution], batch_norm: bool) -> None:
        super().__init__()
        blocks, channels, rows, columns = [], 3, height_px, width_px
        for layer in layers:
            convolution = nn.Conv2d(channels, layer.channels, layer.kernel, layer.stride, layer.kernel // 2, bias=not batch_norm)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            if convolution.bias is not None:
                nn.init.zeros_(convolution.bias)
            normalisation = [nn.BatchNorm2d(layer.channels)] if batch_norm else []
            blocks.append(nn.Sequential(convolution, *normalisation, nn.ReLU()))
            channels, rows, columns = layer.channels, -(-rows // layer.stride), -(-columns // layer.stride)
        self.layers = tuple(layers)
        self.blocks = nn.ModuleList(blocks)
        # With this variance, features have a standard deviation near 1 at the start. A ReLU removes half of the power of a normalised map.
        self.units = ChannelUnits(channels, rows * columns, FEATURES // channels, 2.0 if batch_norm else 1.0)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def maps(self, images_NCYX: Tensor) -> list[Tensor]:
        """Return the feature map after each convolution, from first to last. Each is (N, C, Y, X) and not negative."""
        maps = [images_NCYX]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return maps[1:]

    def forward(self, images_NCYX: Tensor) -> Tensor:
        """Return the features (N, 32) of whitened images (N, 3, Y, X)."""
        return self.units(self.maps(images_NCYX)[-1])


def small(height_px: int, width_px: int) -> nn.Module:
    """Make a head for training on two CPU cores. It is meant for images of 48x144, where it has 17,520 parameters."""
    return ConvolutionalHead(height_px, width_px, [Convolution(16, 5, 2), Convolution(24, 3, 2), Convolution(32, 3, 2), Convolution(8, 3, 1)], True)


def deep(height_px: int, width_px: int) -> nn.Module:
    """Make a head whose last maps see two thirds of the picture's width and all of its height, in little more time than `small` takes.

    Its further layers work on maps of few pixels. It is meant for images of 48x144, where it has 61,248 parameters.
    """
    layers = [(16, 5, 2), (24, 3, 2), (32, 3, 2), (48, 3, 2), (48, 3, 1), (32, 3, 1)]
    return ConvolutionalHead(height_px, width_px, [Convolution(*layer) for layer in layers], True)


def paper(height_px: int, width_px: int) -> nn.Module:
    """Make the head of the NCP paper (Lechner et al. 2020). It is meant for images of 78x200, where it has the paper's 79,420 parameters."""
    layers = [Convolution(24, 5, 2), Convolution(36, 5, 2), Convolution(48, 3, 2), Convolution(64, 3, 1), Convolution(8, 3, 1)]
    return ConvolutionalHead(height_px, width_px, layers, False)


def fold_batch_norms(frontend: nn.Module) -> None:
    """Make each batch normalisation part of the convolution before it, as it acts in evaluation. The front-end cannot be trained any more."""
    for block in [module for module in frontend.modules() if isinstance(module, nn.Sequential)]:
        for place in range(len(block) - 1, 0, -1):
            before, one = block[place - 1], block[place]
            if isinstance(before, nn.Conv2d) and isinstance(one, nn.BatchNorm2d):
                block[place - 1] = fuse_conv_bn_eval(before, one)
                del block[place]


FRONTENDS: dict[str, Callable[[int, int], nn.Module]] = {"small": small, "deep": deep, "paper": paper}
"""Front-ends by name: functions of the image's height and width in pixels that return a module (N, 3, Y, X) -> (N, 32)."""
