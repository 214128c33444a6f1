"""Where in the image a front-end looks: VisualBackProp (Bojarski et al. 2016), as the NCP paper shows its attention.

From the last feature map down, the mean over channels times the mean of the layer above, spread back to this layer's size over the pixels that
each of its values came from. It needs one forward pass and no gradient.
Shapes: N images, C channels, Y rows, X columns.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from perception.errors import ConfigError
from perception.frontends import Convolution, ConvolutionalHead


@torch.no_grad()
def visual_backprop(frontend: torch.nn.Module, images_NCYX: Tensor) -> Tensor:
    """The saliency (N, Y, X) in [0, 1] of whitened images (N, 3, Y, X), each scaled to its own range; a flat one is all zeros.

    Raises ConfigError for a front-end without feature maps.
    """
    if not isinstance(frontend, ConvolutionalHead):
        raise ConfigError(f"saliency needs a convolutional front-end, got {type(frontend).__name__}: choose one made of ConvolutionalHead")
    means = [images_NCYX[:, :1]] + [one.float().mean(1, keepdim=True) for one in frontend.maps(images_NCYX)]
    heat = means[-1]
    for index in range(len(frontend.layers) - 1, -1, -1):
        heat = spread(heat, frontend.layers[index], means[index].shape[2:])
        if index > 0:
            heat = heat * means[index]
        heat = heat / heat.amax((1, 2, 3), keepdim=True).clamp_min(torch.finfo(heat.dtype).tiny)
    heat = heat[:, 0] - heat.amin((1, 2, 3)).view(-1, 1, 1)
    return heat / heat.amax((1, 2), keepdim=True).clamp_min(1e-6)


def spread(heat_N1YX: Tensor, layer: Convolution, size: torch.Size) -> Tensor:
    """A layer's output (N, 1, Y, X) spread over the inputs (`size` rows and columns) that its kernel read."""
    pad = layer.kernel // 2
    rest = [want - ((have - 1) * layer.stride + layer.kernel - 2 * pad) for want, have in zip(size, heat_N1YX.shape[2:], strict=True)]
    ones = heat_N1YX.new_ones(1, 1, layer.kernel, layer.kernel)
    return functional.conv_transpose2d(heat_N1YX, ones, stride=layer.stride, padding=pad, output_padding=tuple(rest))
