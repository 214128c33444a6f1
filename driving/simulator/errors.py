"""The error of a simulator. It is worth another attempt, a `UserError` is not."""

from __future__ import annotations

from driving.quantities import LiquidLaneError


class SimulatorError(LiquidLaneError):
    """The server died, hung or refused a call, or a sensor was late. The message says what was asked, what came, and what to try."""
