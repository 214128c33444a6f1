"""Disturbances of time: another frame rate, uneven frames, frames that the driver misses. Drivers are told the true time since their last frame."""

from __future__ import annotations

from driving.rollout.disturbance import Disturbance


class FrameRate(Disturbance):
    """Another rate of images and controls than that of the suite. The suite's own rate changes nothing."""

    kind, unit, lowest, highest = "frame_rate", "Hz", 5.0, 60.0

    def change_dt_s(self, dt_s: float) -> float:
        """Return the time between two images."""
        return 1.0 / self.severity


class Jitter(Disturbance):
    """Uneven frames: the time from one frame to the next differs from the suite's by up to this share of it, in steps of a tenth.

    The server ticks ten times as often, and renders as often: drives take longer.
    """

    kind, unit, highest = "jitter", "share of the time between frames", 0.9
    ticks_per_step = 10

    def change_dt_s(self, dt_s: float) -> float:
        """Return a tenth of the time between two frames."""
        return dt_s / self.ticks_per_step

    def count_ticks(self) -> int:
        """Draw the time to the next frame."""
        widest = round(self.severity * self.ticks_per_step)
        return int(self.random.integers(self.ticks_per_step - widest, self.ticks_per_step + widest + 1))


class LostTicks(Disturbance):
    """Frames that the driver misses: meanwhile its last control acts."""

    kind, unit, highest = "lost_ticks", "share of the frames", 0.9

    def count_ticks(self) -> int:
        """Draw how many frames pass until the driver gets one."""
        return int(self.random.geometric(1.0 - self.severity))
