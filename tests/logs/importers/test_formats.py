"""Udacity, SullyChen, comma2k19 and other LeRobot sets are imported with our units and signs and their true times."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from driving.logs import keys
from driving.logs.doctor import examine
from driving.logs.features import LogError
from driving.logs.importers import FORMATS, import_log
from driving.logs.reader import Log
from tests.logs.drives import picture
from tests.logs.importers.sources import comma2k19, sullychen, tub, tub_record, udacity, udacity_name
from tests.shared_data import REPOSITORY, shared

AT_MS = [0, 70, 139, 215, 280, 350, 5000, 5071, 5140]


@pytest.mark.parametrize("header", [False, True])
def test_udacity_comes_with_true_times_gaps_and_metres_per_second(tmp_path: Path, header: bool) -> None:
    report = import_log("udacity", udacity(tmp_path / "sim", AT_MS, header), tmp_path / "log")
    log = Log(tmp_path / "log")
    assert [episode.length for episode in log.episodes] == [6, 3]
    assert report.notes == ("pauses longer than 0.5 s: 1, the longest 4.65 s; an episode ends at each",)
    np.testing.assert_allclose(log.timestamps(0), np.array(AT_MS[:6]) / 1000.0, atol=1e-5)
    np.testing.assert_allclose(log.columns(0)[keys.ACTION], [[0.01 * t, 0.5, 0.0] for t in range(6)], atol=1e-6)
    np.testing.assert_allclose(log.columns(1)[keys.STATE][:, 0], [(20.0 + t) * 0.44704 for t in (6, 7, 8)], rtol=1e-6)
    assert np.abs(list(log.frames(1, keys.IMAGE))[2].astype(int) - picture(8)).mean() < 6.0
    assert examine(tmp_path / "log", decode_all=True) == []


def test_udacity_counts_broken_lines_and_images(tmp_path: Path) -> None:
    source = udacity(tmp_path / "sim", AT_MS[:6])
    with (source / "driving_log.csv").open("a") as file:
        file.write("center.jpg,left.jpg\n" + ",".join(["x.jpg"] * 3 + ["0", "0", "nan", "1"]) + "\n")
    (source / "IMG" / udacity_name("center", 139)).unlink()
    report = import_log("udacity", source / "driving_log.csv", tmp_path / "log")
    assert report.frames == 5
    missing = udacity_name("center", 139)
    assert sorted(report.notes) == [
        f"skipped 1 of 8 frames: image missing; first: driving_log.csv line 3 names C:\\Users\\me\\Desktop\\IMG\\{missing}, "
        f"tried {source / 'IMG' / missing} and {source / missing}: copy the pictures there",
        "skipped 2 of 8 frames: broken line in the table; first: driving_log.csv line 7: it has 2 cells, expected 7",
    ]


def test_udacity_without_times_in_its_names_is_counted_at_a_given_rate(tmp_path: Path) -> None:
    source = udacity(tmp_path / "sim", AT_MS[:6])
    table = (source / "driving_log.csv").read_text()
    for t, at in enumerate(AT_MS[:6]):
        (source / "IMG" / udacity_name("center", at)).rename(source / "IMG" / f"{t}.jpg")
        table = table.replace(udacity_name("center", at), f"{t}.jpg")
    (source / "driving_log.csv").write_text(table)
    report = import_log("udacity", source, tmp_path / "log")
    assert "6 of 6 frames have no time" in report.notes[0]
    np.testing.assert_allclose(np.diff(Log(tmp_path / "log").timestamps(0)), 1.0 / 15.0)


@pytest.mark.parametrize("dated", [False, True])
def test_sullychen_degrees_of_the_wheel_become_steer(tmp_path: Path, dated: bool) -> None:
    (tmp_path / "set").mkdir()
    report = import_log("sullychen", sullychen(tmp_path / "set", 12, dated), tmp_path / "log", full_lock_deg=90.0)
    log = Log(tmp_path / "log")
    np.testing.assert_allclose(log.columns(0)[keys.ACTION][:, 0], (np.arange(12) - 3.5) / 90.0, atol=1e-6)
    np.testing.assert_allclose(log.timestamps(0), np.arange(12) * (0.033 if dated else 1.0 / 30.0), atol=1e-5)
    assert next(log.frames(0, keys.IMAGE)).shape == (32, 57, 3)
    assert any("12 of 12 frames have no time" in note for note in report.notes) != dated
    assert examine(tmp_path / "log") == []


def test_comma2k19_turns_the_wheels_sign_and_interpolates_at_the_frames(tmp_path: Path) -> None:
    comma2k19(tmp_path / "chunk", number=10)
    comma2k19(tmp_path / "chunk", number=9)
    report = import_log("comma2k19", tmp_path / "chunk", tmp_path / "log", full_lock_deg=540.0)
    log = Log(tmp_path / "log")
    assert [episode.length for episode in log.episodes] == [28, 28]
    assert any("skipped 4 of 60 frames: no CAN or IMU data at the frame's time; first: segment 9, frame 28" in note for note in report.notes)
    seconds = np.arange(28) / 20.0
    np.testing.assert_allclose(log.timestamps(0), seconds, atol=1e-9)
    columns = log.columns(0)
    np.testing.assert_allclose(columns[keys.ACTION][:27, 0], -0.1 * seconds[:27], atol=1e-5)
    np.testing.assert_allclose(columns[keys.STATE][:27], np.stack([20.0 + seconds, -0.1 * seconds], axis=1)[:27], atol=1e-5)
    assert np.abs(list(log.frames(1, keys.IMAGE))[20].astype(int) - picture(20)).mean() < 12.0


def test_a_comma2k19_segment_without_video_is_refused_by_name_or_gives_labels(tmp_path: Path) -> None:
    segment = comma2k19(tmp_path, video=False)
    with pytest.raises(LogError, match=r"1 of 1 segments lack video.hevc, first .*/3: fetch it, or import with labels_only"):
        import_log("comma2k19", segment, tmp_path / "log")
    import_log("comma2k19", segment, tmp_path / "log", labels_only=True)
    assert Log(tmp_path / "log").image_keys == []


def test_a_comma2k19_array_that_is_cut_short_is_named(tmp_path: Path) -> None:
    segment = comma2k19(tmp_path, video=False)
    path = segment / "processed_log/CAN/speed/value"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(LogError, match=r"CAN/speed/value is not a .npy array"):
        import_log("comma2k19", segment, tmp_path / "log", labels_only=True)


def test_the_real_comma2k19_segment_steers_the_way_it_turns(tmp_path: Path) -> None:
    report = import_log("comma2k19", shared("logs/comma2k19_segment"), tmp_path / "log", labels_only=True)
    assert (report.episodes, report.frames) == (1, 1200)
    columns = Log(tmp_path / "log").columns(0)
    speed, yaw_rate = columns[keys.STATE].T
    assert 10.0 < speed.mean() < 30.0
    assert np.corrcoef(columns[keys.ACTION][:, 0] * speed, yaw_rate)[0, 1] > 0.6


def test_another_lerobot_set_is_brought_to_our_names_once_its_units_are_given(tmp_path: Path) -> None:
    source = shared("logs/lerobot_ref_v30")
    steer = {"steer": "action.continuous:steering_angle_normalized"}
    with pytest.raises(LogError, match="steer_positive is '', and the source does not state it: give one of right, left"):
        import_log("lerobot", source, tmp_path / "log", **steer)
    with pytest.raises(LogError, match=r"give one of observation.state.vehicle:speed, .*action.discrete:turn_signal"):
        import_log("lerobot", source, tmp_path / "log", steer="steering", steer_positive="left")
    speed = {"speed": "observation.state.vehicle:speed", "speed_unit": "km/h"}
    with pytest.raises(
        LogError, match=r"steering_angle_normalized goes from -1.93817 to 3.06604, and 18 of 63 frames are outside -1 to 1: .*steer_full"
    ):
        import_log("lerobot", source, tmp_path / "log", steer_positive="left", **steer, **speed)
    import_log("lerobot", source, tmp_path / "log", steer_positive="left", steer_full=4.0, **steer, **speed)
    ours, theirs = Log(tmp_path / "log"), Log(source)
    assert [episode.length for episode in ours.episodes] == [20, 21, 22]
    expected = -theirs.columns(2)["action.continuous"][:, 2] / 4.0
    np.testing.assert_allclose(ours.columns(2)[keys.ACTION][:, 0], expected, atol=1e-6)
    np.testing.assert_allclose(ours.columns(2)[keys.STATE][:, 0] * 3.6, theirs.columns(2)["observation.state.vehicle"][:, 0], rtol=1e-5)


def test_unknown_formats_and_options_are_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="did you mean 'donkeycar': choose one of donkeycar, comma2k19"):
        import_log("donkycar", tmp_path, tmp_path / "log")
    with pytest.raises(LogError, match=r"no option 'speed': it takes .*rate_hz"):
        import_log("donkeycar", tmp_path, tmp_path / "log", speed=3)
    with pytest.raises(LogError, match="does not exist"):
        import_log("donkeycar", tmp_path / "nothing", tmp_path / "log")
    with pytest.raises(LogError, match="rate_hz is -5"):
        import_log("donkeycar", tub(tmp_path / "tub", [tub_record(t) for t in range(3)]), tmp_path / "log", rate_hz=-5.0)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_refuses_an_empty_folder_in_one_line(tmp_path: Path, format: str) -> None:
    with pytest.raises(LogError) as caught:
        import_log(format, tmp_path, tmp_path / "log")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "log").exists()


def test_the_command_imports_and_reports(tmp_path: Path) -> None:
    source = tub(tmp_path / "tub", [tub_record(t) for t in range(12)], deleted=[3])
    words = [sys.executable, "scripts/import_logs.py", "donkeycar", str(source), str(tmp_path / "log")]
    done = subprocess.run([*words, "--rate_hz", "20"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1:] == [
        "note: skipped 1 of 12 frames: deleted by the user",
        f"{tmp_path / 'log'}: 11 frames in 1 episodes, 0.6 s of driving",
    ]
    again = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert again.stderr.startswith("error: folder")
    assert "holds a log already" in again.stderr
