"""Kernels of the LTC: the reference in plain torch, a fused CPU kernel, a Triton kernel, and the dispatch among them."""
