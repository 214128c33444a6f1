"""Donkeycar tubs become logs with the label and image of every usable record, and with true times where the clock is possible."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from driving.logs import keys
from driving.logs.doctor import examine
from driving.logs.features import LogError
from driving.logs.importers import import_log
from driving.logs.pictures import decode_picture
from driving.logs.reader import Log
from tests.logs.drives import picture
from tests.logs.importers.sources import tub, tub_record
from tests.shared_data import shared


def test_the_real_tub_keeps_every_label_and_says_that_its_clock_is_impossible(tmp_path: Path) -> None:
    source = shared("logs/donkeycar_tub")
    report = import_log("donkeycar", source, tmp_path / "log")
    assert (report.episodes, report.frames) == (1, 1000)
    assert len(report.notes) == 1
    assert "clock is impossible" in report.notes[0]
    assert "counted at 20 Hz" in report.notes[0]
    log = Log(tmp_path / "log")
    assert examine(tmp_path / "log", decode_all=True) == []
    records = [json.loads(line) for line in (source / "catalog_0.catalog").read_text().splitlines()]
    action = log.columns(0)[keys.ACTION]
    np.testing.assert_array_equal(action[:, 0], np.array([record["user/angle"] for record in records], np.float32))
    np.testing.assert_array_equal(action[:, 1] - action[:, 2], np.array([record["user/throttle"] for record in records], np.float32))
    np.testing.assert_allclose(log.timestamps(0), np.arange(1000) / 20.0, atol=1e-12)
    for t, frame in enumerate(log.frames(0, keys.IMAGE)):
        if t % 97 == 0:
            expected = decode_picture((source / "images" / records[t]["cam/image_array"]).read_bytes())
            assert np.abs(frame.astype(int) - expected).mean() < 6.0


def test_a_given_rate_replaces_the_clock(tmp_path: Path) -> None:
    report = import_log("donkeycar", tub(tmp_path / "tub", [tub_record(t) for t in range(20)]), tmp_path / "log", rate_hz=10.0)
    log = Log(tmp_path / "log")
    assert log.fps == 10.0
    np.testing.assert_allclose(log.timestamps(0), np.arange(20) / 10.0, atol=1e-12)
    assert "as asked" in report.notes[0]


def test_a_possible_clock_gives_true_times(tmp_path: Path) -> None:
    report = import_log("donkeycar", tub(tmp_path / "tub", [tub_record(t) for t in range(20)]), tmp_path / "log")
    log = Log(tmp_path / "log")
    assert report.notes == ()
    assert 19.0 < log.fps < 21.0
    np.testing.assert_allclose(log.timestamps(0), [(50 * t + t % 3) / 1000.0 for t in range(20)], atol=1e-6)


def test_a_negative_throttle_brakes(tmp_path: Path) -> None:
    records = [tub_record(t, **{"user/throttle": throttle, "user/angle": -0.25}) for t, throttle in enumerate((0.5, -0.3, 0.0))]
    import_log("donkeycar", tub(tmp_path / "tub", records), tmp_path / "log")
    np.testing.assert_allclose(Log(tmp_path / "log").columns(0)[keys.ACTION], [[-0.25, 0.5, 0.0], [-0.25, 0.0, 0.3], [-0.25, 0.0, 0.0]], atol=1e-7)


def test_unusable_records_are_left_out_and_counted(tmp_path: Path) -> None:
    records: list[dict[str, object] | str] = [tub_record(t) for t in range(40)]
    records[5] = tub_record(5, **{"user/angle": None})
    records[6] = tub_record(6, **{"user/angle": float("nan")})
    records[20] = tub_record(20, **{"user/mode": "local"})
    records[39] = '{"_index": 39, "_timest'
    source = tub(tmp_path / "tub", records, deleted=[10, 11])
    (source / "images/30_cam_image_array_.jpg").unlink()
    (source / "images/31_cam_image_array_.jpg").write_bytes(b"\xff\xd8 no jpeg")
    report = import_log("donkeycar", source, tmp_path / "log")
    missing, broken = (source / "images" / f"{t}_cam_image_array_.jpg" for t in (30, 31))
    assert sorted(report.notes) == [
        "skipped 1 of 40 frames: driven by a pilot, not by the user",
        f"skipped 1 of 40 frames: image broken; first: catalog_2.catalog line 2: {broken}, it is cut short after 10 bytes",
        f"skipped 1 of 40 frames: image missing; first: catalog_2.catalog line 1 names {missing.name}, tried {missing}: copy the pictures there",
        "skipped 2 of 40 frames: deleted by the user",
        "skipped 3 of 40 frames: broken record in a catalog; first: catalog_0.catalog line 6: it lacks user/angle "
        "and has _index, _session_id, _timestamp_ms, cam/image_array, user/mode, user/throttle",
    ]
    assert report.frames == 32
    frames = list(Log(tmp_path / "log").frames(0, keys.IMAGE))
    assert np.abs(frames[5].astype(int) - picture(7)).mean() < 6.0


def test_sessions_and_gaps_split_episodes(tmp_path: Path) -> None:
    records = [tub_record(t, _session_id="a" if t < 12 else "b") for t in range(20)]
    records += [tub_record(t, _session_id="b", _timestamp_ms=1_600_000_060_000 + 50 * t) for t in range(20, 26)]
    records += [tub_record(26, _session_id="c")]
    report = import_log("donkeycar", tub(tmp_path / "tub", records), tmp_path / "log")
    assert [episode.length for episode in Log(tmp_path / "log").episodes] == [12, 8, 6]
    assert report.notes[0] == "pauses longer than 0.5 s: 1, the longest 60.05 s; an episode ends at each"
    assert report.notes[1].startswith("skipped 1 of 27 frames: alone between two gaps")


def test_narrower_images_keep_their_proportions(tmp_path: Path) -> None:
    import_log("donkeycar", tub(tmp_path / "tub", [tub_record(t) for t in range(4)]), tmp_path / "log", width_px=32)
    assert next(Log(tmp_path / "log").frames(0, keys.IMAGE)).shape == (24, 32, 3)


def test_a_tub_without_a_usable_record_makes_no_log(tmp_path: Path) -> None:
    source = tub(tmp_path / "tub", [tub_record(t) for t in range(3)], deleted=[0, 1, 2])
    with pytest.raises(LogError, match=r"nothing to import into .*: skipped 3 of 3 frames: deleted by the user"):
        import_log("donkeycar", source, tmp_path / "log")
    assert not (tmp_path / "log").exists()


def test_a_folder_that_is_not_a_tub_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"manifest.json is missing; give the folder"):
        import_log("donkeycar", tmp_path, tmp_path / "log")
    tub(tmp_path / "cars" / "data", [tub_record(0)])
    with pytest.raises(LogError, match=r"did you mean .*cars/data"):
        import_log("donkeycar", tmp_path / "cars", tmp_path / "log")
    (tmp_path / "old").mkdir()
    (tmp_path / "old/record_1.json").write_text("{}")
    with pytest.raises(LogError, match="version 1"):
        import_log("donkeycar", tmp_path / "old", tmp_path / "log")
    (tmp_path / "cars/data/manifest.json").write_text("[]\n[]\n")
    with pytest.raises(LogError, match="has 2 lines, expected 5"):
        import_log("donkeycar", tmp_path / "cars/data", tmp_path / "log")


@pytest.mark.parametrize("prefix", ["user/", ""])
def test_tubs_that_call_the_angle_steering_are_read(tmp_path: Path, prefix: str) -> None:
    names = {"user/angle": f"{prefix}steering", "user/throttle": f"{prefix}throttle"}
    records = [{names.get(key, key): value for key, value in tub_record(t).items()} for t in range(9)]
    import_log("donkeycar", tub(tmp_path / "tub", records), tmp_path / "log")
    expected = [tub_record(t)["user/angle"] for t in range(9)]
    np.testing.assert_allclose(Log(tmp_path / "log").columns(0)[keys.ACTION][:, 0], expected, atol=1e-6)
