"""Statistics agree with NumPy's on the rows, and merged statistics of parts are those of the whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from driving.logs import statistics
from tests.logs.drives import picture

ROWS = arrays(np.float64, st.tuples(st.integers(2, 30), st.just(2)), elements=st.floats(-1e3, 1e3))


@given(ROWS, st.data())
def test_merged_parts_have_the_moments_of_the_whole(rows: np.ndarray, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(rows) - 1))
    merged = statistics.merge(statistics.of_column(rows[:cut]), statistics.of_column(rows[cut:]))
    whole = statistics.of_column(rows)
    for name in ("min", "max", "mean", "std", "count"):
        np.testing.assert_allclose(merged[name], whole[name], atol=1e-4)
    assert (merged["q50"] >= merged["min"] - 1e-9).all()
    assert (merged["q50"] <= merged["max"] + 1e-9).all()


def test_pixel_statistics_are_those_of_the_pixels() -> None:
    images = [picture(t) for t in range(7)]
    pixels = statistics.PixelStatistics(every=1, stride=1)
    for image in images:
        pixels.add(image)
    found, values = pixels.result(), np.stack(images).reshape(-1, 3) / 255.0
    assert found["mean"].shape == (3, 1, 1)
    np.testing.assert_allclose(found["mean"].ravel(), values.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found["std"].ravel(), values.std(axis=0), atol=1e-9)
    np.testing.assert_allclose(found["min"].ravel(), values.min(axis=0))
    np.testing.assert_allclose(found["max"].ravel(), values.max(axis=0))
    np.testing.assert_allclose(found["q90"].ravel(), np.quantile(values, 0.9, axis=0), atol=1.0 / 255.0)
    assert found["count"].tolist() == [7]
