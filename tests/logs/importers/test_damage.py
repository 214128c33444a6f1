"""Damage in a source is named with its line and place, and gaps are bridged only where they are short: nothing is invented in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from driving.logs import keys
from driving.logs.features import LogError
from driving.logs.importers import import_log
from driving.logs.reader import Log
from tests.logs.importers.sources import comma2k19, sullychen, tub, tub_record, udacity, udacity_name

WHEEL = "processed_log/CAN/steering_angle"
AT_MS = range(0, 1400, 70)


def change_signal(segment: Path, change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]], name: str = WHEEL) -> None:
    """Rewrite the times and values of a signal."""
    arrays = []
    for part in ("t", "value"):
        with (segment / name / part).open("rb") as file:
            arrays.append(np.load(file))
    for part, array in zip(("t", "value"), change(*arrays), strict=True):
        with (segment / name / part).open("wb") as file:
            np.save(file, array)


def without(start_s: float, stop_s: float) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    def change(t: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        kept = (t - 5000.0 < start_s) | (t - 5000.0 > stop_s)
        return t[kept], value[kept]

    return change


def put(position: int, number: float) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    def change(t: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value[position] = number
        return t, value

    return change


def import_segment(segment: Path, out: Path) -> tuple[Log, str]:
    report = import_log("comma2k19", segment, out, labels_only=True)
    return Log(out), "\n".join(report.notes)


@pytest.mark.parametrize(("spike", "told"), [(4500.0, "far outside -540 to 540"), (250.0, "a spike, more than 45 off"), (np.nan, "not finite")])
def test_a_spike_of_the_bus_is_left_out_and_told(tmp_path: Path, spike: float, told: str) -> None:
    segment = comma2k19(tmp_path, frames=80, video=False)
    change_signal(segment, put(150, spike))
    log, notes = import_segment(segment, tmp_path / "log")
    steer = log.signals(0, keys.ACTION)["steer"]
    np.testing.assert_allclose(steer[:77], -0.1 * np.arange(77) / 20.0, atol=1e-5)
    assert f"left out 1 of 321 samples of {WHEEL}: {told}" in notes
    assert "5001.8" in notes


def test_three_seconds_without_the_bus_give_no_labels_and_end_the_episode(tmp_path: Path) -> None:
    segment = comma2k19(tmp_path, frames=160, video=False)
    change_signal(segment, without(2.0, 5.0))
    log, notes = import_segment(segment, tmp_path / "log")
    assert [episode.length for episode in log.episodes] == [40, 57]
    assert "skipped 63 of 160 frames: no CAN or IMU data at the frame's time; first: segment 3, frame 40 at 5002.000 s, " + WHEEL in notes
    assert "pauses longer than 0.5 s: 1" in notes


def test_a_short_gap_is_bridged_and_told(tmp_path: Path) -> None:
    segment = comma2k19(tmp_path, frames=80, video=False)
    change_signal(segment, without(2.02, 2.18))
    log, notes = import_segment(segment, tmp_path / "log")
    assert len(log.episodes) == 1
    assert f"bridged 3 of 80 frames: {WHEEL} is interpolated across a gap of 0.05 to 0.2 s; first: 5002.050 s" in notes
    np.testing.assert_allclose(log.signals(0, keys.ACTION)["steer"][:77], -0.1 * np.arange(77) / 20.0, atol=1e-5)


def test_a_bus_whose_times_go_back_for_long_is_refused(tmp_path: Path) -> None:
    segment = comma2k19(tmp_path, frames=80, video=False)
    change_signal(segment, lambda t, value: (np.concatenate([t[:100], t[:100], t[100:]]), np.concatenate([value[:100], value[:100], value[100:]])))
    with pytest.raises(LogError, match=r"steering_angle has 321 usable samples of 421: .*the time does not grow"):
        import_segment(segment, tmp_path / "log")


def test_angles_beyond_the_full_lock_are_refused_with_the_range(tmp_path: Path) -> None:
    segment = comma2k19(tmp_path, frames=80, video=False)
    with pytest.raises(
        LogError, match=r"steering_angle goes from 0 to 2\d\d\.?\d*, and \d+ of 321 samples of .* are outside -100 to 100: .*full_lock_deg"
    ):
        import_log("comma2k19", segment, tmp_path / "log", labels_only=True, full_lock_deg=100.0)


def rewrite(source: Path, change: Callable[[list[str]], list[str]]) -> Path:
    """Rewrite the cells of every line of a Udacity table with `change`; it may return one cell, a whole line."""
    table = source / "driving_log.csv"
    table.write_text("\n".join(",".join(change(line.split(","))) for line in table.read_text().splitlines()) + "\n")
    return source


def comma(number: str) -> str:
    return number.replace(".", ",")


@pytest.mark.parametrize(
    "change",
    [
        lambda cells: [";".join([*cells[:3], *map(comma, cells[3:])])],
        lambda cells: [*cells[:3], *(f'"{comma(cell)}"' for cell in cells[3:])],
        lambda cells: [*cells[:6], f"{cells[6]}\r"],
    ],
    ids=["semicolons", "quotes", "CRLF"],
)
def test_decimal_commas_that_can_be_told_apart_are_read(tmp_path: Path, change: Callable[[list[str]], list[str]]) -> None:
    source = rewrite(udacity(tmp_path / "sim", AT_MS), change)
    report = import_log("udacity", source, tmp_path / "log")
    np.testing.assert_allclose(Log(tmp_path / "log").columns(0)[keys.ACTION], [[0.01 * t, 0.5, 0.0] for t in range(20)], atol=1e-6)
    assert report.frames == 20
    assert all("decimal comma: read as" in note for note in report.notes)


def test_decimal_commas_between_commas_are_refused_with_the_line_and_the_remedy(tmp_path: Path) -> None:
    source = rewrite(udacity(tmp_path / "sim", AT_MS), lambda cells: [*cells[:3], *map(comma, cells[3:])])
    with pytest.raises(LogError, match=r"driving_log.csv line 1 has 10 cells, expected 7: decimal commas \(0,0000\) .*; record again .*semicolons"):
        import_log("udacity", source, tmp_path / "log")


def test_a_header_in_another_order_is_read_by_name_and_a_missing_column_is_named(tmp_path: Path) -> None:
    source = rewrite(udacity(tmp_path / "sim", AT_MS, header=True), lambda cells: [*cells[:3], cells[6], *cells[3:6]])
    import_log("udacity", source, tmp_path / "log")
    log = Log(tmp_path / "log")
    np.testing.assert_allclose(log.columns(0)[keys.STATE][:, 0], [(20.0 + t) * 0.44704 for t in range(20)], rtol=1e-6)
    np.testing.assert_allclose(log.signals(0, keys.ACTION)["steer"], 0.01 * np.arange(20), atol=1e-6)
    rewrite(source, lambda cells: [cell.replace("steering", "angle") for cell in cells])
    with pytest.raises(LogError, match=r"driving_log.csv line 1, the header, lacks steering and has center, left, right, speed, angle"):
        import_log("udacity", source, tmp_path / "again")


def test_pictures_are_found_where_the_case_of_folder_and_file_differs(tmp_path: Path) -> None:
    source = udacity(tmp_path / "sim", AT_MS)
    (source / "IMG").rename(source / "img")
    name = source / "img" / udacity_name("center", 70)
    name.rename(name.with_suffix(".JPG"))
    report = import_log("udacity", source, tmp_path / "log")
    assert report.frames == 20
    assert report.notes == (f"the pictures are in {source / 'img'}, not in IMG/: read from there",)


def test_pictures_that_are_nowhere_are_named_with_the_line_and_the_paths_tried(tmp_path: Path) -> None:
    source = udacity(tmp_path / "sim", AT_MS)
    (source / "IMG").rename(source / "pictures")
    tried = f"tried {source / 'IMG' / udacity_name('center', 0)} and {source / udacity_name('center', 0)}: copy the pictures there"
    with pytest.raises(LogError) as caught:
        import_log("udacity", source, tmp_path / "log")
    assert "skipped 20 of 20 frames: image missing; first: driving_log.csv line 1 names C:\\Users\\me" in str(caught.value)
    assert tried in str(caught.value)


def test_a_tub_without_a_key_is_refused_with_the_line_and_the_keys_it_has(tmp_path: Path) -> None:
    records = [{("pilot/angle" if key == "user/angle" else key): value for key, value in tub_record(t).items()} for t in range(5)]
    with pytest.raises(
        LogError, match=r"skipped 5 of 5 frames: broken record in a catalog; first: catalog_0.catalog line 1: it lacks user/angle and has"
    ):
        import_log("donkeycar", tub(tmp_path / "tub", records), tmp_path / "log")


def test_equal_times_are_left_out_and_a_clock_that_goes_back_ends_the_episode(tmp_path: Path) -> None:
    records = [tub_record(t, _timestamp_ms=1_600_000_000_000 + 50 * t - (0 if t < 150 else 3000)) for t in range(300)]
    records[41]["_timestamp_ms"] = records[40]["_timestamp_ms"]
    report = import_log("donkeycar", tub(tmp_path / "tub", records, catalog_size=1000), tmp_path / "log")
    assert [episode.length for episode in Log(tmp_path / "log").episodes] == [149, 150]
    assert report.notes[0] == "times that the clock goes back: 1, at most by 2.95 s; an episode ends at each"
    assert report.notes[1].startswith("skipped 1 of 300 frames: the same time as the frame before")


def test_an_import_that_fails_leaves_an_empty_folder_empty(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(LogError, match="no two frames follow each other"):
        import_log("donkeycar", tub(tmp_path / "tub", [tub_record(0)]), tmp_path / "log", rate_hz=20.0)
    assert not [path for path in (tmp_path / "log").rglob("*") if path.suffix]


@pytest.mark.parametrize("dated", [False, True])
def test_sullychen_reads_decimal_commas_and_names_a_broken_line(tmp_path: Path, dated: bool) -> None:
    (tmp_path / "set").mkdir()
    source = sullychen(tmp_path / "set", 12, dated)
    lines = (source / "data.txt").read_text().splitlines()
    lines = [" ".join([name, rest.replace(".", ",", 1)]) for name, rest in (line.split(" ", 1) for line in lines)]
    lines[4] = "4.jpg half"
    (source / "data.txt").write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8")
    report = import_log("sullychen", source, tmp_path / "log", full_lock_deg=90.0)
    assert "skipped 1 of 12 frames: broken line in the table; first: data.txt line 5: the angle is 'half', expected a finite number" in report.notes
    steer = np.concatenate([Log(tmp_path / "log").signals(number, keys.ACTION)["steer"] for number in Log(tmp_path / "log").numbers])
    np.testing.assert_allclose(steer, (np.delete(np.arange(12), 4) - 3.5) / 90.0, atol=1e-6)
