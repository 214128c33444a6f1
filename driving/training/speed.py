"""What makes training fast on the machine at hand: memory that is kept, and arithmetic that the processor is made for."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache

import torch

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
KEPT_BYTES = 2**30
PADDING_BYTES = 2**26


def keep_freed_memory() -> bool:
    """Tells the C library to keep freed memory for the next step; returns whether it obeys.

    glibc maps each large block anew and gives it back when freed, so every step on the CPU pays for clearing the same pages again: a step of
    the small front-end took 165 ms with that and 98 ms without, on two cores. Only glibc knows these settings.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, KEPT_BYTES), (M_TOP_PAD, PADDING_BYTES))
    return mallopt is not None and all(mallopt(name, value) for name, value in settings)


@lru_cache
def bfloat16_is_fast(device: torch.device) -> bool:
    """Whether convolutions in bfloat16 are faster there than in float32: GPUs since 2020, processors with instructions for it."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    if device.type != "cpu" or not sys.platform.startswith("linux"):
        return False
    with open("/proc/cpuinfo") as file:
        flags = next((line.split() for line in file if line.startswith("flags")), [])
    return "avx512_bf16" in flags or "amx_bf16" in flags
