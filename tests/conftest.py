"""No test module leaves anything behind: a client that is not used any more is freed before the next module starts servers.

The client's streams reconnect by themselves to a port whose server has ended; when another test's server has got that port by then, the
old client takes its snapshots for its own and has crashed the whole process.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from driving.world.compiled import forget_stale_code

forget_stale_code()  # tests call compiled functions without a command around them


@pytest.fixture(scope="module", autouse=True)
def no_old_clients() -> Iterator[None]:
    """Frees old clients after each module."""
    yield
    gc.collect()
