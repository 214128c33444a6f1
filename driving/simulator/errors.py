"""The errors of a simulator. A SimulatorError is worth another attempt; a NoServerError and a `UserError` are not."""

from __future__ import annotations

from driving.quantities import LiquidLaneError


class SimulatorError(LiquidLaneError):
    """The server died, hung or refused a call, or a sensor was late. The message says what was asked, what came, and what to try."""


class NoServerError(SimulatorError):
    """No server accepts a connection. The message says where, why not, and what to do."""


class PlaceTakenError(SimulatorError):
    """A car would touch something where it is to be spawned. Another place may be free."""
