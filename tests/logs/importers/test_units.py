"""A number in another unit is refused with the range seen and the option that states it; what is clipped or left out is counted and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driving.logs import keys
from driving.logs.doctor import examine
from driving.logs.features import LogError
from driving.logs.importers import import_log
from driving.logs.metadata import read_import_notes
from driving.logs.reader import Log
from driving.logs.writer import LogWriter
from tests.logs.drives import FEATURES, FPS, values
from tests.logs.importers.sources import sullychen, tub, tub_record, udacity
from tests.logs.lerobot_sets import SetOptions, steer, write_set

PWM = {"steer_zero": 375.0, "steer_full": 85.0, "steer_positive": "left", "throttle_zero": 370.0, "throttle_full": 130.0}


def steers(root: Path) -> np.ndarray:
    log = Log(root)
    return np.concatenate([log.signals(number, keys.ACTION)["steer"] for number in log.numbers])


def change_steering(table: Path, change: dict[int, float], scale: float = 1.0) -> None:
    """Multiply the steering of a Udacity table by `scale`, and write other values into some lines."""
    rows = [line.split(",") for line in table.read_text().splitlines()]
    for number, row in enumerate(rows):
        row[3] = f"{change.get(number, float(row[3]) * scale):.4f}"
    table.write_text("\n".join(map(",".join, rows)) + "\n")


def test_a_tub_of_pwm_pulses_is_refused_and_then_imported_exactly(tmp_path: Path) -> None:
    wanted = np.sin(np.arange(20) / 3.0)
    pulses = [{"user/angle": 375.0 - 85.0 * angle, "user/throttle": 370.0 + 130.0 * 0.5} for angle in wanted]
    source = tub(tmp_path / "tub", [tub_record(t, **pulse) for t, pulse in enumerate(pulses)])
    with pytest.raises(LogError, match=r"user/angle goes from 290\.\d+ to 459\.\d+, and 20 of 20 frames are outside -1 to 1: .*--steer_zero 375"):
        import_log("donkeycar", source, tmp_path / "log")
    steer_only = {name: value for name, value in PWM.items() if name.startswith("steer")}
    with pytest.raises(LogError, match=r"user/throttle goes from 435 to 435, and 20 of 20 frames .*--throttle_zero 370"):
        import_log("donkeycar", source, tmp_path / "log", **steer_only)
    assert not (tmp_path / "log").exists()
    import_log("donkeycar", source, tmp_path / "log", **PWM)
    np.testing.assert_allclose(Log(tmp_path / "log").columns(0)[keys.ACTION], [[angle, 0.5, 0.0] for angle in wanted], atol=1e-6)


def test_udacity_in_degrees_is_refused_and_then_imported_exactly(tmp_path: Path) -> None:
    source = udacity(tmp_path / "sim", range(0, 1400, 70))
    change_steering(source / "driving_log.csv", {}, scale=25.0)
    with pytest.raises(LogError, match=r"steering goes from 0 to 4.75, and 15 of 20 frames are outside -1 to 1: .*--steer_full 25 for degrees"):
        import_log("udacity", source, tmp_path / "log")
    import_log("udacity", source, tmp_path / "log", steer_full=25.0)
    np.testing.assert_allclose(steers(tmp_path / "log"), 0.01 * np.arange(20), atol=1e-6)


@pytest.mark.parametrize("version", ["v2.1", "v3.0"])
def test_a_lerobot_set_in_degrees_is_refused_and_then_imported_exactly(tmp_path: Path, version: str) -> None:
    root = write_set(tmp_path / "set", SetOptions(version, {1: 12, 4: 12}))
    for path in (root / "data").rglob("*.parquet"):
        table = pq.read_table(path)
        degrees = [[450.0 * one, 100.0 * gas, brake] for one, gas, brake in table["action"].to_pylist()]
        pq.write_table(table.set_column(0, "action", pa.array(degrees, pa.list_(pa.float32(), 3))), path)
    given: dict[str, Any] = {"steer": "action:steer", "throttle": "action:throttle", "steer_positive": "left"}
    with pytest.raises(LogError, match=r"action:steer goes from -180 to 4\.\d+, and 2\d of 24 frames are outside -1 to 1: .*steer_full"):
        import_log("lerobot", root, tmp_path / "log", **given)
    with pytest.raises(LogError, match=r"action:throttle goes from 50 to 50, and 24 of 24 frames are outside 0 to 1: .*--throttle_full 100"):
        import_log("lerobot", root, tmp_path / "log", steer_full=450.0, **given)
    import_log("lerobot", root, tmp_path / "log", steer_full=450.0, throttle_full=100.0, **given)
    np.testing.assert_allclose(Log(tmp_path / "log").columns(1)[keys.ACTION], [[-steer(4, t), 0.5] for t in range(12)], atol=1e-5)


def test_elements_without_names_are_given_by_position(tmp_path: Path) -> None:
    root = write_set(tmp_path / "set", SetOptions("v2.1", {0: 9}))
    info = root / "meta/info.json"
    info.write_text(info.read_text().replace('"steer",', '"a", "b", "steer",'))
    with pytest.raises(LogError, match="give one of action:0, action:1, action:2"):
        import_log("lerobot", root, tmp_path / "log", steer="steer", steer_positive="right")
    import_log("lerobot", root, tmp_path / "log", steer="action:0", steer_positive="right")
    np.testing.assert_allclose(steers(tmp_path / "log"), [steer(0, t) for t in range(9)], atol=1e-6)


def test_degrees_beyond_the_wheels_lock_are_refused(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    with pytest.raises(LogError, match=r"the wheel's angle goes from -3.5 to 7.5, and 3 of 12 frames are outside -5 to 5: give .*full_lock_deg"):
        import_log("sullychen", sullychen(tmp_path / "set", 12, True), tmp_path / "log", full_lock_deg=5.0)


def test_a_few_values_outside_are_clipped_or_left_out_and_told_again_by_the_doctor(tmp_path: Path) -> None:
    source = udacity(tmp_path / "sim", range(0, 150 * 70, 70))
    change_steering(source / "driving_log.csv", {40: 1.03, 90: -25.0}, scale=0.5)
    with pytest.raises(LogError, match="2 of 150 frames are outside"):
        import_log("udacity", source, tmp_path / "log")
    change_steering(source / "driving_log.csv", {90: 0.0})
    report = import_log("udacity", source, tmp_path / "clipped")
    assert report.notes == ("clipped 1 of 150 frames: steering is a little outside -1 to 1; first: driving_log.csv line 41: 1.03",)
    assert steers(tmp_path / "clipped")[40] == 1.0
    change_steering(source / "driving_log.csv", {40: -25.0})
    report = import_log("udacity", source, tmp_path / "log")
    assert report.notes == ("skipped 1 of 150 frames: steering is far outside -1 to 1; first: driving_log.csv line 41: -25",)
    assert report.frames == 149
    assert steers(tmp_path / "log").min() == 0.0
    assert read_import_notes(tmp_path / "log") == list(report.notes)
    assert examine(tmp_path / "log") == []


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [("steer_full", 0.0, "steer_full is 0, expected a size above 0"), ("steer_positive", "up", "steer_positive is 'up', .*give one of right, left")],
)
def test_an_impossible_unit_is_refused(tmp_path: Path, option: str, value: object, message: str) -> None:
    source = udacity(tmp_path / "sim", range(0, 700, 70))
    with pytest.raises(LogError, match=message):
        import_log("udacity", source, tmp_path / "log", **{option: value})


def test_a_speed_in_another_unit_is_refused(tmp_path: Path) -> None:
    source = udacity(tmp_path / "sim", range(0, 700, 70))
    table = source / "driving_log.csv"
    table.write_text("\n".join(line.removesuffix(".0") + "000" for line in table.read_text().splitlines()) + "\n")
    with pytest.raises(LogError, match=r"speed goes from .*: state the unit with speed_unit, one of m/s, km/h, mph"):
        import_log("udacity", source, tmp_path / "log")


@pytest.mark.parametrize(
    ("saturated", "message"), [(1.0, "steer is 1 in all 40 frames"), (0.6, "steer is at full lock (1 or -1) in 60% of 40 frames")]
)
def test_the_doctor_names_a_steer_that_is_constant_or_saturated(tmp_path: Path, saturated: float, message: str) -> None:
    with LogWriter(tmp_path / "log", FEATURES, FPS) as writer, writer.episode() as episode:
        for t in range(40):
            label = 1.0 if t < 40 * saturated else 0.01 * t
            episode.add(t / FPS, {**values(t), keys.ACTION: np.array([label, 0.3, 0.0], np.float32)})
    (problem,) = examine(tmp_path / "log")
    assert message in problem
    assert "import it again" in problem
