"""Convolutional front-ends: a whitened image in, 32 features out, by the idea of the neural circuit policies' head.

Convolutions keep the picture's layout (SAME padding); each channel of the last map has linear units of its own over all its pixels,
so that a feature is one kind of thing at certain places. `maps` gives the feature maps that saliency is read from.
Shapes: N images, C channels, Y rows, X columns, P pixels of the last map, U units a channel, I = C * U features.

A new front-end is one function of the image size that gives such a module, entered in FRONTENDS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

FEATURES = 32


class Convolution(NamedTuple):
    """One layer: how many channels it gives, its square kernel, its stride."""

    channels: int
    kernel: int
    stride: int


class ChannelUnits(nn.Module):
    """`units` linear units over the pixels of each channel: (N, C, Y, X) to (N, C * U)."""

    def __init__(self, channels: int, pixels: int, units: int, variance: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, units, pixels) * math.sqrt(variance / pixels))
        self.bias = nn.Parameter(torch.zeros(channels, units))

    def forward(self, map_NCYX: Tensor) -> Tensor:
        pixels_CNP = map_NCYX.flatten(2).transpose(0, 1)
        units_CNU = torch.bmm(pixels_CNP, self.weight.to(pixels_CNP.dtype).transpose(1, 2)) + self.bias.unsqueeze(1)
        return units_CNU.transpose(0, 1).flatten(1)


class ConvolutionalHead(nn.Module):
    """Strided convolutions with ReLU, with batch normalisation or without, and `ChannelUnits` that make 32 features of them."""

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
        # The variance makes features start with a spread near one: half of a normalised map's power is lost in its ReLU.
        self.units = ChannelUnits(channels, rows * columns, FEATURES // channels, 2.0 if batch_norm else 1.0)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def maps(self, images_NCYX: Tensor) -> list[Tensor]:
        """The feature map after each convolution, first to last, each (N, C, Y, X) and not negative."""
        maps = [images_NCYX]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return maps[1:]

    def forward(self, images_NCYX: Tensor) -> Tensor:
        """Features (N, 32) of whitened images (N, 3, Y, X)."""
        return self.units(self.maps(images_NCYX)[-1])


def small(height_px: int, width_px: int) -> nn.Module:
    """A head for training on two CPU cores; made for 48x144, where it has 17,520 parameters."""
    return ConvolutionalHead(height_px, width_px, [Convolution(16, 5, 2), Convolution(24, 3, 2), Convolution(32, 3, 2), Convolution(8, 3, 1)], True)


def paper(height_px: int, width_px: int) -> nn.Module:
    """The head of the NCP paper (Lechner et al. 2020); made for 78x200, where it has the paper's 79,420 parameters."""
    layers = [Convolution(24, 5, 2), Convolution(36, 5, 2), Convolution(48, 3, 2), Convolution(64, 3, 1), Convolution(8, 3, 1)]
    return ConvolutionalHead(height_px, width_px, layers, False)


FRONTENDS: dict[str, Callable[[int, int], nn.Module]] = {"small": small, "paper": paper}
"""Front-ends by name: functions of the image's height and width in pixels that give a module (N, 3, Y, X) -> (N, 32)."""
