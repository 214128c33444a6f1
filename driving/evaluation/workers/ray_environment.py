"""What Ray reads from the environment when it is imported."""

from __future__ import annotations

import os

LOCAL = "local"  # the address of a cluster that begins and ends with the evaluation, on this machine


def prepare_environment(address: str) -> None:
    """Prepare the import of Ray for a cluster.

    It reports nothing to its makers, its workers have the priority of other processes, and a cluster of this machine alone listens on the loopback
    only.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")  # otherwise 15: beside anything else on the machine, a drive would stand still
    if address == LOCAL:
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # Ray's name for it, because on these systems it is the default
