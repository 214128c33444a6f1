"""The drive as a Rerun recording (.rrd): camera, saliency, every neuron by role, controls, lane errors, track and path, in simulation time.

Series are sent as whole columns. Pictures are sent as JPEG one by one, so that memory does not grow with the drive.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import rerun as rr
import rerun.blueprint as rrb

from driving.viewer.drawing.theme import EXCITES, INHIBITS, LABEL, MUTED, TEXT, role_colour
from driving.viewer.drawing.wiring import lay_out
from driving.viewer.playback import Neurons, Playback, SteerNames
from driving.viewer.saliency import ComputeSaliency, add_saliency
from policy.whole_file import replace_whole

TIMELINE = "sim_time"
JPEG_QUALITY = 80
WIRING_SHARE = 4  # of the height, times that of a strip: below it the neurons' names cover each other
CHUNK_BYTES = 1 << 16
ENTITIES = {"speed_mps": "car/speed_mps", "lateral_m": "lane/lateral_m", "heading_error_rad": "lane/heading_error_rad"}


def write_recording(path: Path, playback: Playback, compute: ComputeSaliency) -> None:
    """Write the whole drive to `path`. The file appears under its name only when it is complete."""
    recording = rr.RecordingStream("liquidlane", recording_id=playback.title.replace(" ", "-"))
    with replace_whole(path) as partial, partial.open("wb") as file, _open_pipe(file) as pipe:
        try:
            has_tau = playback.tau_s_TH is not None
            recording.save(pipe, default_blueprint=make_blueprint(playback.neurons, has_tau, playback.has_pose))
            send_still(recording, playback.neurons, has_tau, playback.steer_names)
            _send_weights(recording, playback.neurons)
            _send_track(recording, playback)
            _send_series(recording, playback)
            _send_pictures(recording, playback, compute)
            recording.flush()
        finally:
            recording.disconnect()


@contextmanager
def _open_pipe(file: BinaryIO) -> Iterator[Path]:
    """Give a path; what is written there goes into the file. Errors of the file are raised, while rerun only logs those of a file of its own."""
    source, target = os.pipe()
    with ThreadPoolExecutor(1, "rerun") as thread:
        copied = thread.submit(_copy, source, file)
        try:
            yield Path(f"/dev/fd/{target}")
        finally:
            os.close(target)
    copied.result()


def _copy(source: int, file: BinaryIO) -> None:
    """Copy all of a pipe into the file. After an error the rest is read too, so that the writer does not wait for ever."""
    with open(source, "rb") as pipe:
        try:
            shutil.copyfileobj(pipe, file)
        finally:
            while pipe.read(CHUNK_BYTES):
                pass


def make_blueprint(neurons: Neurons, has_tau: bool, has_pose: bool, around_m: float | None = None) -> rrb.Blueprint:
    """Return the layout in which Rerun opens a drive: pictures on the left, neurons in the middle, wiring and car on the right.

    The track is shown as far around the origin as `around_m` says; None for the whole track, as it is when the view opens.
    """
    strips = [rrb.TimeSeriesView(origin=f"/neurons/{role}", name=f"{role} neurons") for role in neurons.by_role()]
    pictures = [rrb.Spatial2DView(origin="/camera", name="camera"), rrb.Spatial2DView(origin="/saliency", name="saliency")]
    if has_pose:
        bounds = None if around_m is None else rrb.VisualBounds2D(x_range=[-around_m, around_m], y_range=[-around_m, around_m])
        pictures.append(rrb.Spatial2DView(origin="/world", name="track from above", visual_bounds=bounds))
    car = [rrb.TimeSeriesView(origin="/control", name="steering"), rrb.TimeSeriesView(origin="/lane", name="lane errors")]
    car.append(rrb.TimeSeriesView(origin="/car", name="speed"))
    if has_tau:
        strips.append(rrb.TimeSeriesView(origin="/tau_s", name="system time constants"))
    wiring = rrb.Spatial2DView(origin="/wiring", name="wiring")
    columns = [rrb.Vertical(*pictures), rrb.Vertical(*strips), rrb.Vertical(wiring, *car, row_shares=[WIRING_SHARE] + [1] * len(car))]
    return rrb.Blueprint(
        rrb.Horizontal(*columns, column_shares=[3, 4, 3]),
        rrb.TimePanel(timeline=TIMELINE, state="collapsed"),
        rrb.BlueprintPanel(state="collapsed"),
        rrb.SelectionPanel(state="collapsed"),
    )


def send_still(recording: rr.RecordingStream, neurons: Neurons, has_tau: bool, steer_names: SteerNames) -> None:
    """Send what does not change: the neurons' places, and the names and colours of the lines. What changes is left out: it would stay hidden."""
    places, colours = place_neurons(neurons), [role_colour(role) for role in neurons.roles]
    recording.log("wiring/neurons", rr.Points2D(places, colors=colours, labels=list(neurons.names), show_labels=True), static=True)
    for name, role in zip(neurons.names, neurons.roles, strict=True):
        line = rr.SeriesLines(colors=[role_colour(role)], names=[name], widths=[1.5])
        recording.log(name_entity(name, role), line, static=True)
        if has_tau:
            recording.log(name_entity(name), line, static=True)
    recording.log("control/steer", rr.SeriesLines(colors=[role_colour("motor")], names=[steer_names.steer], widths=[2.0]), static=True)
    recording.log("control/label", rr.SeriesLines(colors=[LABEL], names=[steer_names.label], widths=[1.0]), static=True)


def _send_weights(recording: rr.RecordingStream, neurons: Neurons) -> None:
    """Send the synapses between neurons, coloured by the sign of their weights."""
    if strips := place_synapses(neurons):
        colours = [EXCITES if neurons.synapses[index].weight >= 0 else INHIBITS for index in strips]
        recording.log("wiring/synapses", rr.LineStrips2D(list(strips.values()), colors=colours, radii=0.6), static=True)


def place_neurons(neurons: Neurons) -> np.ndarray:
    """Return the place of each neuron in the picture of the wiring (H, 2)."""
    places: np.ndarray = lay_out(neurons) * [400.0, 300.0]
    return places


def place_synapses(neurons: Neurons) -> dict[int, list[np.ndarray]]:
    """Return the ends of each synapse between neurons, by its number among all synapses."""
    places, index = place_neurons(neurons), {name: i for i, name in enumerate(neurons.names)}
    inner = {number: one for number, one in enumerate(neurons.synapses) if one.source in index}
    return {number: [places[index[one.source]], places[index[one.target]]] for number, one in inner.items()}


def _send_track(recording: rr.RecordingStream, playback: Playback) -> None:
    if playback.centre_xy is not None:
        recording.log("world/route", rr.LineStrips2D([playback.centre_xy], colors=[MUTED], radii=0.8), static=True)
    if playback.has_pose:
        recording.log("world/path", rr.LineStrips2D([playback.path_xy], colors=[role_colour("inter")], radii=0.5), static=True)


def name_entity(name: str, role: str = "") -> str:
    """Return the entity path of a neuron's state or, without a role, of its time constant."""
    return f"{f'neurons/{role}' if role else 'tau_s'}/{name.replace(' ', '_')}"


def _send_series(recording: rr.RecordingStream, playback: Playback) -> None:
    columns = playback.columns
    named = {entity: columns[name] for name, entity in ENTITIES.items() if name in columns}
    named["control/steer"] = columns["steer"]
    if "label_steer" in columns:
        named["control/label"] = columns["label_steer"]
    for i, (name, role) in enumerate(zip(playback.neurons.names, playback.neurons.roles, strict=True)):
        named[name_entity(name, role)] = playback.state_TH[:, i]
        if playback.tau_s_TH is not None:
            named[name_entity(name)] = playback.tau_s_TH[:, i]
    times = [_make_time_column(playback)]
    for entity, values in named.items():
        recording.send_columns(entity, indexes=times, columns=rr.Scalars.columns(scalars=np.asarray(values, dtype=np.float64)))
    if playback.has_pose:
        places = rr.Points2D.columns(positions=playback.path_xy, colors=[TEXT] * playback.ticks)
        recording.send_columns("world/car", indexes=times, columns=places)
    _send_lit(recording, playback)


def _send_lit(recording: rr.RecordingStream, playback: Playback) -> None:
    """Send the sizes of the wiring's neurons."""
    radii = to_radii(playback.lit_TH)
    columns = rr.Points2D.columns(radii=radii.reshape(-1)).partition([len(playback.neurons.names)] * playback.ticks)
    recording.send_columns("wiring/neurons", indexes=[_make_time_column(playback)], columns=columns)


def to_radii(lit: np.ndarray) -> np.ndarray:
    """Return the sizes of neurons in the wiring: the more active (0 to 1), the larger."""
    return (3.0 + 7.0 * lit).astype(np.float32)


def _make_time_column(playback: Playback) -> rr.TimeColumn:
    return rr.TimeColumn(TIMELINE, duration=to_durations(playback.columns["time_s"]))


def to_durations(time_s: np.ndarray) -> np.ndarray:
    """Return times (T,) rounded to microseconds, so that series and pictures have exactly the same times."""
    return np.round(time_s.astype(float) * 1e6).astype("timedelta64[us]").astype("timedelta64[ns]")


def _send_pictures(recording: rr.RecordingStream, playback: Playback, compute: ComputeSaliency) -> None:
    for time, (camera, saliency) in zip(to_durations(playback.columns["time_s"]), add_saliency(playback.open_frames(), compute), strict=True):
        recording.set_time(TIMELINE, duration=time)
        recording.log("camera", rr.EncodedImage(contents=encode_jpeg(camera, JPEG_QUALITY), media_type="image/jpeg"))
        recording.log("saliency", rr.EncodedImage(contents=encode_jpeg(saliency.picture, JPEG_QUALITY), media_type="image/jpeg"))


def encode_jpeg(image: np.ndarray, quality: int) -> bytes:
    """Return an RGB image as JPEG."""
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
