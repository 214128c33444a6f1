"""The Rerun recording, read back with Rerun's own reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rerun.chunk import RrdReader

from driving.viewer.playback import Playback
from driving.viewer.recording import TIMELINE, name_entity, write_recording
from tests.viewer.playbacks import edges_as_saliency, make_playback


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Playback]:
    playback, path = make_playback(30), tmp_path_factory.mktemp("rrd") / "drive.rrd"
    write_recording(path, playback, edges_as_saliency)
    return path, playback


def read_column(path: Path, entity: str, name: str) -> tuple[np.ndarray, list]:
    """Return the (times in s, values) of a component that changes, from all chunks of the entity."""
    times, values = [], []
    for chunk in RrdReader(path).stream():
        if str(chunk.entity_path) == f"/{entity}" and TIMELINE in chunk.timeline_names:
            batch = chunk.to_record_batch()
            if name in batch.schema.names:
                times += [moment.total_seconds() for moment in batch.column(TIMELINE).to_pylist()]
                values += batch.column(name).to_pylist()
    order = np.argsort(times, kind="stable")
    return np.array(times)[order], [values[i] for i in order]


def find_hidden(path: Path) -> set[tuple[str, str]]:
    """Return what changes over the drive and is hidden, by entity and component: in Rerun, a value without a time hides those with one."""
    found: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for chunk in RrdReader(path).stream():
        names = {name for name in chunk.to_record_batch().schema.names if ":" in name and "rerun.controls" not in name}
        found[TIMELINE in chunk.timeline_names] |= {(str(chunk.entity_path), name) for name in names}
    assert found[True]
    return found[True] & found[False]


def test_sizes_of_the_wirings_neurons_change_and_nothing_that_changes_is_hidden(written: tuple[Path, Playback]) -> None:
    path, playback = written
    radii = np.array(read_column(path, "wiring/neurons", "Points2D:radii")[1])
    assert radii == pytest.approx(3.0 + 7.0 * playback.lit_TH, abs=1e-4)
    assert find_hidden(path) == set()


def test_every_neuron_is_recorded_by_role_with_its_states(written: tuple[Path, Playback]) -> None:
    path, playback = written
    for i, (name, role) in enumerate(zip(playback.neurons.names, playback.neurons.roles, strict=True)):
        times, values = read_column(path, name_entity(name, role), "Scalars:scalars")
        assert times == pytest.approx(playback.columns["time_s"])
        assert np.array(values)[:, 0] == pytest.approx(playback.state_TH[:, i])


def test_controls_and_lane_errors_are_recorded(written: tuple[Path, Playback]) -> None:
    path, playback = written
    series = {"control/steer": "steer", "control/label": "label_steer", "lane/lateral_m": "lateral_m", "car/speed_mps": "speed_mps"}
    for entity, name in series.items():
        assert np.array(read_column(path, entity, "Scalars:scalars")[1])[:, 0] == pytest.approx(playback.columns[name])


def test_camera_and_saliency_have_one_picture_per_tick(written: tuple[Path, Playback]) -> None:
    path, playback = written
    for entity in ("camera", "saliency"):
        times, values = read_column(path, entity, "EncodedImage:blob")
        assert times == pytest.approx(playback.columns["time_s"])
        assert all(bytes(np.array(value, dtype=np.uint8).reshape(-1)[:3]) == b"\xff\xd8\xff" for value in values)


def test_the_recording_holds_its_own_blueprint(written: tuple[Path, Playback]) -> None:
    reader = RrdReader(written[0])
    assert len(reader.recordings()) == 1
    assert len(reader.blueprints()) == 1
    shown = {str(chunk.entity_path) for chunk in reader.stream(store=reader.blueprints()[0])}
    assert any(place.startswith("/view/") for place in shown)


def test_a_recording_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def fails(images: np.ndarray) -> list:
        raise RuntimeError("no saliency")

    with pytest.raises(RuntimeError, match="no saliency"):
        write_recording(tmp_path / "drive.rrd", make_playback(4), fails)
    assert not (tmp_path / "drive.rrd").exists()
