"""A report's drawings are well-formed and say what they should."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from driving.reports.figures import curves, histogram, track_map

SVG = "{http://www.w3.org/2000/svg}"


def parts(drawing: str, kind: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(drawing).iter(f"{SVG}{kind}"))


def test_curves_have_a_line_each_with_its_name() -> None:
    x = np.arange(5.0)
    drawing = curves({"train": (x, 1 / (1 + x)), "val & more": (x, 2 / (1 + x))}, "epoch")
    assert len(parts(drawing, "polyline")) == 2
    words = [text.text for text in parts(drawing, "text")]
    assert {"train", "val & more", "epoch"} <= set(words)


def test_a_single_epoch_makes_a_drawing_too() -> None:
    drawing = curves({"train": (np.array([0.0]), np.array([0.3]))}, "epoch")
    assert "nan" not in drawing
    assert len(parts(drawing, "polyline")) == 1


@pytest.mark.parametrize("values", [np.zeros(10), np.random.default_rng(0).normal(size=1000), np.array([0.2])], ids=["still", "usual", "one"])
def test_a_histogram_counts_everything_it_is_given(values: np.ndarray) -> None:
    drawing = histogram(values, "steer")
    assert "nan" not in drawing
    top = float(np.abs(values).max()) or 1.0
    expected = np.count_nonzero(np.histogram(values, 41, (-top, top))[0])
    assert sum(float(bar.attrib["height"]) > 0 for bar in parts(drawing, "rect")) == expected


def wiggle(count: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.linspace(0, 100, count)
    return np.stack([x, 10 * np.sin(x / 20)], axis=1), 0.6 * np.sin(x / 9)


@pytest.mark.parametrize("departures", [[], [0], [30], [30, 31], [59]])
def test_a_path_is_cut_where_the_car_was_put_back(departures: list[int]) -> None:
    path, lateral = wiggle(60)
    departed = np.zeros(60, dtype=bool)
    departed[departures] = True
    drawing = track_map(path, lateral, departed, None)
    assert len(parts(drawing, "path")) == len(departures)
    drawn = sum(len(line.attrib["points"].split()) - 1 for line in parts(drawing, "polyline"))
    assert drawn == 59 - sum(departure < 59 for departure in departures)


def test_the_path_far_off_the_centre_has_another_colour() -> None:
    path, _ = wiggle(20)
    calm, wild = (track_map(path, np.full(20, lateral), np.zeros(20, dtype=bool), path) for lateral in (0.02, 0.48))
    inks = [parts(drawing, "polyline")[-1].attrib["stroke"] for drawing in (calm, wild)]
    assert inks[0] != inks[1]
