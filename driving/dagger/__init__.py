"""DAgger (Ross et al. 2011): rounds in which the policy drives, the expert labels what it sees, and the policy learns from all logs so far."""
