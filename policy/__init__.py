"""Features to steering: wirings, liquid cells and their baselines behind one protocol, kernels, the network, export.

It depends on PyTorch and its own kernels only. `policy.runtime` runs an exported network without PyTorch.
"""
