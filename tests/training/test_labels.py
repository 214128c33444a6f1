"""Labels are the log's own steer, or the curvature that it means. Impossible clocks are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from driving.bicycle import Bicycle
from driving.logs import keys
from driving.logs.features import LogError, driving_features, vector
from driving.logs.reader import Log
from driving.logs.writer import LogWriter
from driving.training.labels import read_labels, read_steer_labels, read_time_steps
from tests.training.logs import CAMERA, line_image, steers, write_log


def test_the_label_is_the_actions_steer_wherever_it_stands(tmp_path: Path) -> None:
    features = {**driving_features(CAMERA), keys.ACTION: vector(["throttle", "steer"])}
    with LogWriter(tmp_path / "log", features, 10.0) as writer, writer.episode() as episode:
        for frame in range(5):
            values = {key: np.zeros(feature.shape, np.float32) for key, feature in features.items() if not feature.is_video}
            image = line_image(0.0, np.random.default_rng(0))
            episode.add(frame / 10, {**values, keys.IMAGE: image, keys.ACTION: np.array([0.9, frame / 10], np.float32)})
    np.testing.assert_allclose(read_steer_labels(Log(tmp_path / "log"), 0), np.arange(5) / 10, atol=1e-6)


def test_a_curvature_label_is_the_path_that_the_car_makes_of_the_steer_at_its_speed(log: Path) -> None:
    bicycle = Bicycle(wheelbase_m=2.5, max_steer_deg=40.0, steering_curve=((0.0, 1.0), (57.6, 0.5)))
    curvature = read_labels(Log(log), 0, "curvature", bicycle)
    speed_share = 0.75  # the log's 8 m/s are 28.8 km/h, half-way to 57.6
    np.testing.assert_allclose(np.arctan(curvature * 2.5), steers(60, 0) * np.deg2rad(40.0) * speed_share, atol=1e-6)


def test_the_first_frames_time_step_is_the_median(log: Path) -> None:
    np.testing.assert_allclose(read_time_steps(Log(log), 0), 0.1, atol=1e-9)


def test_a_clock_that_stands_still_is_refused_with_the_frame(tmp_path: Path) -> None:
    class BrokenClock(Log):
        """A log in which a time comes twice, as an importer of a bad source may write."""

        def timestamps(self, index: int) -> np.ndarray:
            times = super().timestamps(index).copy()
            times[7] = times[6]
            return times

    with pytest.raises(LogError, match="at frame 7, expected it to rise"):
        read_time_steps(BrokenClock(write_log(tmp_path / "log", [20])), 0)


def test_a_steer_in_another_unit_is_refused(tmp_path: Path) -> None:
    with LogWriter(tmp_path / "log", {keys.ACTION: vector(("steer",))}, 10.0) as writer, writer.episode() as episode:
        for t, degrees in enumerate((0.5, -24.0, 3.0)):
            episode.add(t / 10.0, {keys.ACTION: np.array([degrees], np.float32)})
    with pytest.raises(LogError, match=r"steer of episode 0 of log .* reaches -24 \(2 frames outside\), expected -1 to 1: import the log"):
        read_labels(Log(tmp_path / "log"), 0, "steer", Bicycle())
