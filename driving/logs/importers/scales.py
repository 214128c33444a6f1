"""From a source's units to ours. A value outside its range is never made one inside it without a word.

A value that passes the end of its range a little is clipped, one far outside makes its frame useless, and both are counted. More than a small
share outside means another unit: then the import is refused with the range seen and the options that state the unit.
Shapes: T frames (or samples), N signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from driving.logs.features import LogError
from driving.logs.importers.tally import Deed, Tally

TOLERATED_SHARE = 0.01  # of the values that may lie outside; one value always may
SLACK = 0.05  # the part of the range by which a value may pass its end and be clipped
ROUNDING = 1e-5  # the part of the range that is rounding, not worth a word


@dataclass(frozen=True)
class Scale:
    """How one signal becomes ours: (value - zero) / full, expected from `least` to `most`.

    Args:
        source: the signal's name in the source.
        zero: the source's value that is our 0.
        full: the distance from `zero` that is our 1; negative where the source's sign is the other one.
        least: the least value in our unit.
        most: the greatest value in our unit.
        remedy: what states another unit, for the message.
    """

    source: str
    zero: float = 0.0
    full: float = 1.0
    least: float = -1.0
    most: float = 1.0
    remedy: str = ""

    @property
    def ends(self) -> str:
        """The range in the source's unit, in words."""
        low, high = sorted((self.zero + self.least * self.full, self.zero + self.most * self.full))
        return f"{low:g} to {high:g}"


def bring_to_our_units(scales: Sequence[Scale], values_TN: np.ndarray, places: Sequence[str], tally: Tally, unit: str = "frames") -> np.ndarray:
    """Return the values (T, N) in our units; a row of which one value is far outside its range is NaN and counted.

    Args:
        scales: the scale of each signal.
        values_TN: finite values in the source's units.
        places: where each row is in the source, for messages.
        tally: counts what is clipped and what is useless.
        unit: what a row is: "frames", or samples of a signal.

    Raises LogError where more than a small share of a signal is outside its range.
    """
    ours_TN = np.empty(values_TN.shape)
    for column, scale in enumerate(scales):
        value, span = values_TN[:, column], scale.most - scale.least
        ours = (value - scale.zero) / scale.full
        beyond = np.maximum(scale.least - ours, ours - scale.most)
        _refuse_other_unit(scale, value, beyond > ROUNDING * span, unit)
        far = beyond > SLACK * span
        near = (beyond > ROUNDING * span) & ~far
        known = ~np.isnan(ours_TN[:, :column]).any(axis=1)
        subject = f"{scale.source} is " if unit == "frames" else ""
        for verb, rows, how in (("clipped", near, "a little outside"), ("skipped" if unit == "frames" else "left out", far, "far outside")):
            if rows.any():
                first = int(np.argmax(rows))
                deed = Deed(verb, unit, f"{subject}{how} {scale.ends}")
                tally.add(deed, f"{places[first]}: {value[first]:g}", int((rows & known).sum()))
        ours_TN[:, column] = np.where(far, np.nan, np.clip(ours, scale.least, scale.most))
    return np.where(np.isnan(ours_TN).any(axis=1, keepdims=True), np.nan, ours_TN)


def _refuse_other_unit(scale: Scale, value: np.ndarray, outside: np.ndarray, unit: str) -> None:
    if outside.sum() > max(1.0, TOLERATED_SHARE * len(outside)):
        raise LogError(
            f"{scale.source} goes from {value.min():g} to {value.max():g}, and {outside.sum():,} of {len(value):,} {unit} are outside {scale.ends}: "
            f"{scale.remedy}"
        )
