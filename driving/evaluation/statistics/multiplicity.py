"""Several questions asked of the same drives."""

from __future__ import annotations

from collections.abc import Mapping

from scipy import stats


def adjust_p_values(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return the p-values by name after the step-up procedure of Benjamini and Hochberg (1995).

    Of the findings with an adjusted p-value below 5 %, at most 5 % are false on average.
    """
    if not p_values:
        return {}
    adjusted = stats.false_discovery_control(list(p_values.values()), method="bh")
    return {name: float(value) for name, value in zip(p_values, adjusted, strict=True)}
