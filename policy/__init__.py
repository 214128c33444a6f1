"""Features to steering: wirings, liquid cells and their baselines behind one protocol, kernels, the network, export.

Knows PyTorch and its own kernels; `policy.runtime` runs an exported network without PyTorch.
"""
