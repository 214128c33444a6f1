"""Kernels of the LTC: the truth in plain torch (`reference`), a fused CPU kernel, a Triton kernel, and the dispatch among them."""
