"""Recording writes what was asked for, with labels, and the same seed records the same again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from driving.logs import keys
from driving.logs.doctor import examine
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.rollout.record import record
from driving.rollout.record_config import RecordConfig
from driving.simulator.errors import SimulatorError
from driving.simulator.process import StandinProcess
from driving.simulator.session import Session, SessionConfig
from tests.rollout.world import CAMERA, TRACK


def config(**values: object) -> RecordConfig:
    plain: dict[str, object] = {"families": {"track": 2}, "minutes": 0.4, "episode_s": 6.0, "camera": CAMERA, "track": TRACK}
    return RecordConfig(**(plain | values))  # type: ignore[arg-type]


def test_a_recording_is_a_valid_log_with_recoveries(session: Session, tmp_path: Path) -> None:
    frames = record([session], config(), tmp_path / "log")
    log = Log(tmp_path / "log")
    assert examine(tmp_path / "log") == []
    assert log.frame_count == frames == pytest.approx(240, abs=8)
    assert len(log.episodes) == 4
    columns = [log.columns(i) for i in range(4)]
    lateral = np.concatenate([c[keys.LANE][:, 0] for c in columns])
    assert np.abs(lateral).max() > 0.3
    assert np.abs(np.concatenate([c[keys.DISTURBANCE] for c in columns])).max() > 0.005
    assert all(abs(log.timestamps(i)[-1] - 6.0) < 0.25 for i in range(4))
    assert {episode.tasks for episode in log.episodes} == {("keep the lane: track",)}
    first, last = (next(iter(log.frames(i, keys.IMAGE, 0, 1))) for i in (0, 3))
    assert first.shape == (CAMERA.height_px, CAMERA.width_px, 3)
    assert np.abs(first.astype(int) - last.astype(int)).mean() > 3.0, "two episodes look alike"


def test_the_same_seed_records_the_same_labels(session: Session, tmp_path: Path) -> None:
    for name in ("one", "two"):
        record([session], config(families={"track": 1}, minutes=0.1), tmp_path / name)
    one, two = (Log(tmp_path / name).columns(0) for name in ("one", "two"))
    for key in (keys.ACTION, keys.LANE, keys.STATE, keys.DISTURBANCE):
        np.testing.assert_array_equal(one[key], two[key])


def test_recording_again_continues_the_log(session: Session, tmp_path: Path) -> None:
    for _ in range(2):
        record([session], config(families={"track": 1}, minutes=0.1), tmp_path / "log")
    assert len(Log(tmp_path / "log").episodes) == 2


def test_two_servers_side_by_side_record_what_one_records(session: Session, tmp_path: Path) -> None:
    record([session], config(), tmp_path / "one")
    with StandinProcess() as server, Session(SessionConfig(server.host, server.port, timeout_s=20.0)) as other:
        frames = record([session, other], config(), tmp_path / "two")
        record([session, other], config(), tmp_path / "again")
    assert examine(tmp_path / "two") == []
    assert Log(tmp_path / "two").frame_count == frames
    one, two, again = (read_labels(tmp_path / name) for name in ("one", "two", "again"))
    assert one != two, "the roads' episodes should alternate"
    assert sorted(one) == sorted(two)
    assert two == again


def read_labels(log: Path) -> list[bytes]:
    opened = Log(log)
    return [opened.columns(index)[keys.ACTION].tobytes() for index in range(len(opened.episodes))]


def test_when_one_server_dies_recording_ends_and_keeps_what_was_finished(session: Session, tmp_path: Path) -> None:
    with StandinProcess() as server, Session(SessionConfig(server.host, server.port, timeout_s=3.0)) as other:

        def count(_: int) -> None:
            info = tmp_path / "log" / "meta" / "info.json"
            if server.is_alive and info.is_file() and json.loads(info.read_text())["total_episodes"] >= 2:
                server.close()

        with pytest.raises(SimulatorError, match=str(server.port)):
            record([session, other], config(minutes=0.8), tmp_path / "log", count)
    assert 2 <= len(Log(tmp_path / "log").episodes) < 8
    assert examine(tmp_path / "log") == []


def test_an_episode_whose_place_is_taken_begins_elsewhere(session: Session, tmp_path: Path) -> None:
    """Beside rows of parked cars, a car that is put several metres aside stands in one of them."""
    frames = record([session], config(families={"parked": 1}, minutes=0.6, episode_s=5.0, start_lateral_m=6.0, departure_m=20.0), tmp_path / "log")
    log = Log(tmp_path / "log")
    starts = np.array([log.columns(i)[keys.LANE][0, 0] for i in range(len(log.episodes))])
    assert len(starts) == 7
    assert frames == log.frame_count
    assert np.abs(starts).max() > 1.5, "no place was shifted"
    assert (np.abs(starts) < 0.1).any(), "no place was taken"


@pytest.mark.parametrize("values", [{"minutes": 0.0}, {"episode_s": 1.0}, {"families": {}}, {"seed": -1}])
def test_values_that_record_nothing_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(UserError, match=next(iter(values))):
        config(**values)
