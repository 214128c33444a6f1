"""What routes that could not be driven leave open: the figure if all of them went as badly, and as well, as is possible."""

from __future__ import annotations

import numpy as np

from driving.evaluation.statistics.interval import Interval


def bound_ratio(numerator_R: np.ndarray, denominator_R: np.ndarray, missing_R: np.ndarray, extremes: tuple[float, float]) -> Interval:
    """Return the bounds of sum(numerator) / sum(denominator) over all routes, driven or not.

    `missing_R` are the denominators that the routes not driven would have had. `extremes` are the least and the greatest ratio that a single
    route can have, such as (0, 1) for completion.
    """
    top, bottom, missing = float(np.sum(numerator_R)), float(np.sum(denominator_R)), float(np.sum(missing_R))
    if bottom + missing <= 0:
        return Interval(*extremes, "nothing was driven")
    low, high = ((top + extreme * missing) / (bottom + missing) for extreme in extremes)
    count = len(missing_R)
    return Interval(low, high, f"all worst to all best for {count} drive{'' if count == 1 else 's'} not driven")
