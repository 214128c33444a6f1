"""Options that several importers share: what a source does not state of its clock, its steering and its pedals."""

from __future__ import annotations

from dataclasses import dataclass

from driving.logs.features import LogError
from driving.logs.importers.scales import Scale

SIGNS = {"right": 1.0, "left": -1.0}
SPEED_UNITS = {"m/s": 1.0, "km/h": 1.0 / 3.6, "mph": 0.44704}  # in m/s
SLOWEST_MPS, FASTEST_MPS = -30.0, 120.0


@dataclass(frozen=True)
class RateOption:
    """The clock.

    Args:
        rate_hz: the frame rate (Hz) to count time by instead of the source's clock.
    """

    rate_hz: float | None = None


@dataclass(frozen=True)
class SteerOptions:
    """The unit of steering: degrees, radians, PWM or a share of full lock. steer = (value - steer_zero) / steer_full, right positive.

    Args:
        steer_positive: the side to which greater values turn: right or left.
        steer_zero: the source's value straight ahead, for PWM the middle pulse.
        steer_full: the distance of the value at full lock from steer_zero, for degrees the angle at full lock.
    """

    steer_positive: str = "right"
    steer_zero: float = 0.0
    steer_full: float = 1.0

    def steer_scale(self, source: str) -> Scale:
        """Return the scale of the signal `source`. Raises LogError for an impossible option."""
        sign = choose("steer_positive", self.steer_positive, SIGNS)
        _check_full("steer_full", self.steer_full)
        remedy = (
            "state the unit with steer_full, as in --steer_full 25 for degrees, or --steer_zero 375 --steer_full 85 --steer_positive left for PWM "
            "from 460 at full left to 290 at full right"
        )
        return Scale(source, self.steer_zero, sign * self.steer_full, remedy=remedy)


@dataclass(frozen=True)
class PedalOptions:
    """The unit of the pedals.

    Args:
        throttle_full: the source's value at full throttle, 100 for percent.
        brake_full: the source's value at full brake.
    """

    throttle_full: float = 1.0
    brake_full: float = 1.0

    def throttle_scale(self, source: str) -> Scale:
        """Return the scale of the throttle's signal. Raises LogError for an impossible option."""
        return _pedal_scale(source, "throttle_full", self.throttle_full)

    def brake_scale(self, source: str) -> Scale:
        """Return the scale of the brake's signal. Raises LogError for an impossible option."""
        return _pedal_scale(source, "brake_full", self.brake_full)


def speed_scale(source: str, unit: str) -> Scale:
    """Return the scale of a speed to m/s. Raises LogError for an unknown unit."""
    mps = choose("speed_unit", unit, SPEED_UNITS)
    return Scale(source, 0.0, 1.0 / mps, SLOWEST_MPS, FASTEST_MPS, f"state the unit with speed_unit, one of {', '.join(SPEED_UNITS)}")


def full_lock_scale(source: str, full_lock_deg: float, sign: float) -> Scale:
    """Return the scale of a steering wheel's angle in degrees; `sign` is -1 where left is positive. Raises LogError for an impossible lock."""
    _check_full("full_lock_deg", full_lock_deg)
    remedy = "give the wheel's angle at full lock as full_lock_deg; values beyond any wheel's are damaged, or not in degrees"
    return Scale(source, 0.0, sign * full_lock_deg, remedy=remedy)


def choose(option: str, chosen: str, among: dict[str, float]) -> float:
    """Return what the chosen word stands for. Raises LogError for an unknown one."""
    if chosen not in among:
        raise LogError(f"{option} is {chosen!r}, and the source does not state it: give one of {', '.join(among)}")
    return among[chosen]


def _pedal_scale(source: str, option: str, full: float) -> Scale:
    _check_full(option, full)
    return Scale(source, 0.0, full, 0.0, 1.0, f"state the unit with {option}, as in --{option} 100 for percent")


def _check_full(option: str, full: float) -> None:
    if not 0.0 < full < float("inf"):
        raise LogError(f"{option} is {full:g}, expected a size above 0; a side or a sign has an option of its own")
