"""What may disturb a drive, as hooks that the loop and those who prepare a drive call. The kinds are in `driving/evaluation/disturbances`.

A disturbance serves one drive: it may draw at random and remember. What it draws depends on its seed and on simulation time, never on the driver,
so that all policies meet the same disturbance.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from driving.quantities import Control
from driving.world.weather import Weather

if TYPE_CHECKING:  # training reads suites, and so the kinds, without the simulator's client
    from driving.simulator.ego import EgoVehicle


class Disturbance:
    """Nothing that disturbs: all hooks leave things as they are. A kind overrides the hooks that it needs.

    Args:
        severity: how strong it is, in the kind's unit.
        seed: decides what it draws at random.
    """

    kind: ClassVar[str] = "none"
    unit: ClassVar[str] = ""  # of the severity, as a report shows it
    lowest: ClassVar[float] = 0.0  # the range of the severity
    highest: ClassVar[float] = 0.0
    ticks_per_step: ClassVar[int] = 1  # mean number of the server's ticks from one action of the driver to the next

    def __init__(self, severity: float = 0.0, seed: int = 0) -> None:
        self.severity = severity
        self.random = np.random.default_rng((seed, zlib.crc32(self.kind.encode())))

    def change_opendrive(self, text: str) -> str:
        """Return the OpenDRIVE text of the road to drive on. Routes are searched on this road."""
        return text

    def change_weather(self, weather: Weather) -> Weather:
        """Return the weather to drive in."""
        return weather

    def change_dt_s(self, dt_s: float) -> float:
        """Return the time between two ticks of the server (s)."""
        return dt_s

    def start(self, ego: EgoVehicle) -> None:
        """Change the car before the drive begins."""

    def before_tick(self, ego: EgoVehicle, time_s: float) -> None:
        """Act on the car before a tick of the server, `time_s` after the drive's beginning."""

    def count_ticks(self) -> int:
        """Return how many ticks of the server pass before the driver sees the next image."""
        return 1

    def change_image(self, image: np.ndarray, time_s: float) -> np.ndarray:
        """Return the image (Y, X, 3) uint8 RGB that the driver gets. The given image must not be written to."""
        return image

    def change_control(self, control: Control, time_s: float) -> Control:
        """Return the control that acts on the car, for the one that the driver has chosen."""
        return control
