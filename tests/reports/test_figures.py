"""A report's drawings are well-formed and show what they were given."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from driving.reports.figures import RateLine, draw_cost_curves, draw_curves, draw_histogram, draw_rates, draw_track_map
from tests.reports.charts import groups, points_of, texts


def test_curves_have_a_line_each_with_its_name() -> None:
    x = np.arange(5.0)
    drawing = draw_curves({"train": (x, 1 / (1 + x)), "val & more": (x, 2 / (1 + x))}, "epoch")
    assert len(groups(drawing, "curve")) == 2
    assert {"train", "val & more", "epoch"} <= set(texts(drawing))


def test_a_single_epoch_makes_a_chart_too() -> None:
    drawing = draw_curves({"train": (np.array([0.0]), np.array([0.3]))}, "epoch")
    assert "nan" not in drawing
    assert len(groups(drawing, "curve")) == 1


def test_a_measure_that_is_always_zero_makes_a_chart_too() -> None:
    drawing = draw_curves({"departures": (np.arange(3.0), np.zeros(3))}, "epoch")
    assert len(points_of(groups(drawing, "curve")[0])) == 3


def test_costs_and_errors_are_labelled_with_powers_of_two_and_ten() -> None:
    drawing = draw_cost_curves({"solver": (np.array([1.0, 2.0, 4.0]), np.array([10.0, 0.5, 0.01]))}, "evaluations")
    assert {"1", "2", "4", "0.01", "0.1", "10"} <= set(texts(drawing))


@pytest.mark.parametrize("values", [np.zeros(10), np.random.default_rng(0).normal(size=1000), np.array([0.2])], ids=["still", "usual", "one"])
def test_a_histogram_counts_everything_it_is_given(values: np.ndarray) -> None:
    drawing = draw_histogram(values, "steer")
    assert "nan" not in drawing
    top = float(np.abs(values).max()) or 1.0
    expected = np.count_nonzero(np.histogram(values, 41, (-top, top))[0])
    assert sum(np.ptp(points_of(bar)[:, 1]) > 0 for bar in groups(drawing, "bar")) == expected


def wiggle(count: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.linspace(0, 100, count)
    return np.stack([x, 10 * np.sin(x / 20)], axis=1), 0.6 * np.sin(x / 9)


@pytest.mark.parametrize("departures", [[], [0], [30], [30, 31], [59]])
def test_a_path_is_cut_where_the_car_was_put_back(departures: list[int]) -> None:
    path, lateral = wiggle(60)
    departed = np.zeros(60, dtype=bool)
    departed[departures] = True
    drawing = draw_track_map(path, lateral, departed, None)
    assert sum(len(group.findall(".//{*}use")) for group in groups(drawing, "departures")) == len(departures)
    drawn = sum(len(points_of(piece)) - 1 for piece in groups(drawing, "path")[0])
    assert drawn == 59 - sum(departure < 59 for departure in departures)


def test_the_path_far_off_the_centre_has_another_colour() -> None:
    path, _ = wiggle(20)
    calm, wild = (draw_track_map(path, np.full(20, lateral), np.zeros(20, dtype=bool), path) for lateral in (0.02, 0.48))
    inks = [groups(drawing, "path")[0][0].attrib["style"] for drawing in (calm, wild)]
    assert inks[0] != inks[1]


def test_the_same_values_make_the_same_bytes() -> None:
    path, lateral = wiggle(20)
    first, second = (draw_track_map(path, lateral, np.zeros(20, dtype=bool), path) for _ in range(2))
    assert first == second


def test_charts_take_the_pages_colours_and_have_no_ids_of_their_own_parts() -> None:
    drawing = draw_curves({"train": (np.arange(3.0), np.arange(3.0))}, "epoch")
    assert "stroke: var(--one,#0b7fa4)" in drawing
    assert "fill: var(--muted,#5d6875)" in drawing
    assert not any("id" in group.attrib for group in ElementTree.fromstring(drawing).iter("{http://www.w3.org/2000/svg}g"))


def test_rates_have_a_bar_per_interval_and_an_endless_one_does_not_spoil_the_scale() -> None:
    x = np.array([0.0, 0.1, 0.2])
    lines = {name: RateLine(x, np.array([0.0, 1.0, 2.0]), np.zeros(3), np.array([1.5, np.inf, 5.0])) for name in ("ltc", "lstm")}
    drawing = draw_rates(lines, "variance")
    assert "nan" not in drawing
    assert len(groups(drawing, "curve")) == len(groups(drawing, "interval")) == 2
    assert {"ltc", "lstm", "variance", "4"} <= set(texts(drawing))
