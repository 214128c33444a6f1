"""The front-end for one image at a time: `convolutions.cpp` through ctypes, without the overhead of PyTorch's calls.

It serves front-ends that are a `ConvolutionalHead`, with batch normalisation folded into the convolutions. The images are those that
`CameraTransform.to_model` returns; whitening is part of it. Shapes: Y rows, X columns, I features.
"""

from __future__ import annotations

import ctypes
from ctypes import c_float, c_int64, c_void_p
from typing import NamedTuple, TypeGuard
from weakref import finalize

import numpy as np
import torch

from perception.frontends import ConvolutionalHead
from perception.transform import LEAST_STD
from policy.kernels.cpu.native import LIBRARY, load_library, widest_lanes

BLOCK, MOST_LAYERS = 16, 8  # as in convolutions.cpp


class _Layer(ctypes.Structure):
    """`Layer` of convolutions.cpp, field by field."""

    _fields_ = [*((name, c_int64) for name in ("inputs", "outputs", "kernel", "stride")), ("weights", c_void_p), ("bias", c_void_p)]


class _Head(ctypes.Structure):
    """`Head` of convolutions.cpp, field by field."""

    _fields_ = [
        *((name, c_int64) for name in ("rows", "columns", "layers", "units")),
        *(("least_std", c_float), ("layer", _Layer * MOST_LAYERS), ("unit_weights", c_void_p), ("unit_bias", c_void_p)),
    ]


def _load() -> ctypes.CDLL | str:
    """Return the library, or the reason why there is none."""
    library = load_library(LIBRARY.with_stem("libconvolutions"), "head_bytes", ctypes.sizeof(_Head))
    if not isinstance(library, str):
        library.head_new.argtypes, library.head_new.restype = [ctypes.POINTER(_Head), c_int64], c_void_p
        library.head_run.argtypes, library.head_run.restype = [c_void_p, c_void_p, c_void_p], None
        library.head_delete.argtypes, library.head_delete.restype = [c_void_p], None
    return library


_loaded = _load()


class _Packed(NamedTuple):
    """The weights of one convolution in the library's order: channels of a block last, filled up with zeros."""

    weights: np.ndarray
    bias: np.ndarray


class NativeHead:
    """A folded `ConvolutionalHead` for images of one size. The weights are copied when it is made."""

    def __init__(self, head: ConvolutionalHead, height_px: int, width_px: int) -> None:
        """Make it; see `can_serve` for what it takes."""
        assert not isinstance(_loaded, str)
        convolutions = [part for part in head.modules() if isinstance(part, torch.nn.Conv2d)]
        packed = [_pack(convolution) for convolution in convolutions]
        units = np.ascontiguousarray(head.units.weight.detach().numpy().transpose(1, 0, 2))
        bias = np.ascontiguousarray(head.units.bias.detach().numpy())
        given = _Head(rows=height_px, columns=width_px, layers=len(packed), units=units.shape[0], least_std=LEAST_STD)
        given.unit_weights, given.unit_bias = units.ctypes.data, bias.ctypes.data
        for layer, convolution, one in zip(given.layer, convolutions, packed, strict=False):
            layer.inputs, layer.outputs = convolution.in_channels, convolution.out_channels
            layer.kernel, layer.stride = convolution.kernel_size[0], convolution.stride[0]
            layer.weights, layer.bias = one.weights.ctypes.data, one.bias.ctypes.data
        self._features, self._shape = np.zeros(bias.size, np.float32), (height_px, width_px, 3)
        self._run, self._runner = _loaded.head_run, c_void_p(_loaded.head_new(given, widest_lanes()))
        self._to = self._features.ctypes.data
        finalize(self, _loaded.head_delete, self._runner)

    def __call__(self, image_YX3: np.ndarray) -> np.ndarray:
        """Return the features (I,) of an image (Y, X, 3) uint8 RGB of the model's size. The next call reuses the array.

        Raises ValueError for another type or shape.
        """
        if image_YX3.shape != self._shape or image_YX3.dtype != np.uint8:
            raise ValueError(f"a model image is {image_YX3.dtype} {image_YX3.shape}, expected uint8 {self._shape}: pass it through to_model first")
        image = np.ascontiguousarray(image_YX3)
        self._run(self._runner, image.ctypes.data, self._to)
        return self._features


def can_serve(frontend: torch.nn.Module) -> TypeGuard[ConvolutionalHead]:
    """Return whether `NativeHead` can run a front-end: a `ConvolutionalHead` in float32 on the CPU, whose batch normalisation has been folded."""
    if isinstance(_loaded, str) or not isinstance(frontend, ConvolutionalHead) or len(frontend.blocks) > MOST_LAYERS:
        return False
    parts_fit = all([type(part) for part in block.children()] == [torch.nn.Conv2d, torch.nn.ReLU] for block in frontend.blocks)
    return parts_fit and all(one.is_cpu and one.dtype is torch.float32 for one in frontend.parameters())


def _pack(convolution: torch.nn.Conv2d) -> _Packed:
    """Return weights as (blocks, kernel, kernel, inputs, BLOCK) and bias as (blocks, BLOCK)."""
    outputs = convolution.out_channels
    blocks = -(-outputs // BLOCK)
    rows, columns = convolution.kernel_size
    weights = np.zeros((blocks * BLOCK, rows, columns, convolution.in_channels), np.float32)
    weights[:outputs] = convolution.weight.detach().numpy().transpose(0, 2, 3, 1)
    bias = np.zeros(blocks * BLOCK, np.float32)
    if convolution.bias is not None:
        bias[:outputs] = convolution.bias.detach().numpy()
    return _Packed(np.ascontiguousarray(weights.reshape(blocks, BLOCK, rows, columns, -1).transpose(0, 2, 3, 4, 1)), bias)
