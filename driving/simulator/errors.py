"""What can go wrong with a simulator. Such errors are worth another try; a `UserError` is not."""

from __future__ import annotations

from driving.quantities import LiquidLaneError


class SimulatorError(LiquidLaneError):
    """The server died, hung, refused, or a sensor was late: what was asked, what came, what to try."""
