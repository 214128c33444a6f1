"""Gymnasium environments as contenders of the benchmark: what a user without a GPU could take instead of a CARLA server.

CarRacing-v3 gives 96x96 pixels, highway-env gives a table of cars or grey pixels. The extra `peers` installs them. They run in this process,
without a connection in between.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

HIGHWAY_PIXELS = {
    "observation": {
        "type": "GrayscaleObservation",
        "observation_shape": (128, 64),
        "stack_size": 4,
        "weights": [0.2989, 0.5870, 0.1140],
        "scaling": 1.75,
    }
}


class Peer:
    """One environment. It takes steps with random actions and is reset when it ends."""

    piece = 1  # steps between two looks at the clock

    def __init__(self, name: str, environment: Any) -> None:
        self.name, self._environment = name, environment
        environment.action_space.seed(0)
        environment.reset(seed=0)

    @contextlib.contextmanager
    def turn(self) -> Iterator[Callable[[], None]]:
        """Give the function that makes one step, while the block lasts."""
        yield self._step

    def _step(self) -> None:
        """Take one step with a random action."""
        _, _, ended, cut, _ = self._environment.step(self._environment.action_space.sample())
        if ended or cut:
            self._environment.reset()

    def server_cpu_s(self) -> None:
        """Return None: there is no server."""

    def close(self) -> None:
        """Close the environment."""
        self._environment.close()


def find_peers() -> tuple[list[Peer], list[str]]:
    """Return the peers that are installed, and one line for each that is not."""
    peers, missing = [], []
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if find_spec("gymnasium") and find_spec("Box2D"):
            import gymnasium

            peers.append(Peer("CarRacing-v3, 96x96 pixels", gymnasium.make("CarRacing-v3")))
        else:
            missing.append("CarRacing-v3: pip install 'liquidlane[peers]'")
        if find_spec("gymnasium") and find_spec("highway_env"):
            import gymnasium
            import highway_env

            gymnasium.register_envs(highway_env)
            peers.append(Peer("highway-v0, a table of cars", gymnasium.make("highway-v0")))
            peers.append(Peer("highway-v0, 128x64 grey pixels", gymnasium.make("highway-v0", config=HIGHWAY_PIXELS, render_mode="rgb_array")))
        else:
            missing.append("highway-env: pip install 'liquidlane[peers]'")
    return peers, missing
