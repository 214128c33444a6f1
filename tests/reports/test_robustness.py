"""The robustness part of a report, from rows written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from driving.reports.document import Gallery, Table
from driving.reports.drives import Evaluation
from driving.reports.robustness import list_points, make_robustness_section
from tests.reports.charts import groups, texts


def make_row(disturbance: str, severity: float, departures: int, start_m: float = 0.0, km: float = 1.0) -> dict[str, Any]:
    route = {"road": 0, "lane": -1, "start_m": start_m, "length_m": 1000.0}
    return {"map": "track_1", "route": route, "disturbance": disturbance, "severity": severity, "departures": departures, "km": km}


ROWS = [
    make_row("none", 0.0, 0),
    make_row("none", 0.0, 0, 500.0),
    make_row("camera_yaw_drift", 10.0, 4),
    make_row("camera_yaw_drift", 10.0, 3, 500.0, 0.5),
    make_row("camera_yaw_drift", -5.0, 1),
    make_row("frame_rate", 5.0, 2),
    make_row("frame_rate", 20.0, 0),
]


def test_a_point_sums_the_drives_of_one_severity_and_undisturbed_drives_are_the_severity_zero() -> None:
    points = list_points(ROWS, "camera_yaw_drift")
    assert [(p.severity, p.drives, p.km, p.departures) for p in points] == [(-5.0, 1, 1.0, 1), (0.0, 2, 2.0, 0), (10.0, 2, 1.5, 7)]
    assert points[2].per_km == pytest.approx(7 / 1.5)
    assert points[1].rate.high == pytest.approx(2.996 / 2.0, abs=0.001)
    assert "one-sided" in points[1].rate.basis
    assert points[2].rate.low < points[2].per_km < points[2].rate.high


def test_a_kind_without_a_severity_of_zero_has_no_undisturbed_point() -> None:
    assert [p.severity for p in list_points(ROWS, "frame_rate")] == [5.0, 20.0]


def test_the_section_draws_a_chart_per_kind_with_a_line_per_driver_and_says_drives_and_km_of_each_point() -> None:
    section = make_robustness_section([Evaluation(Path(), {"routes": ROWS}, name) for name in ("ltc", "lstm")])
    assert section is not None
    gallery = next(block for block in section.blocks if isinstance(block, Gallery))
    assert [picture.name for picture in gallery.pictures] == ["robustness_camera_yaw_drift", "robustness_frame_rate"]
    for picture in gallery.pictures:
        assert len(groups(picture.svg, "curve")) == len(groups(picture.svg, "interval")) == 2
        assert {"ltc", "lstm"} <= set(texts(picture.svg))
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert list(tables[0].rows[2]) == ["ltc", "10", "2", "1.50", "7", "4.67", tables[0].rows[2][6], "exact Poisson over 1.5 km"]
    assert "degrees" in tables[0].header[1]


def test_an_evaluation_without_disturbed_drives_has_no_such_section() -> None:
    assert make_robustness_section([Evaluation(Path(), {"routes": ROWS[:2]}, "ltc")]) is None
