"""The drive as a Rerun recording (.rrd): camera, saliency, every neuron by role, controls, lane errors, track and path, on simulation time.

Series are sent as whole columns, pictures as JPEG one by one, so that memory does not grow with the drive.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import rerun as rr
import rerun.blueprint as rrb

from driving.viewer.drawing.theme import EXCITES, INHIBITS, LABEL, MUTED, TEXT, role_colour
from driving.viewer.drawing.wiring import lay_out
from driving.viewer.playback import Playback
from driving.viewer.saliency import Attention, attended_frames

TIMELINE = "sim_time"
JPEG_QUALITY = 80
SERIES = {"speed_mps": "car/speed_mps", "lateral_m": "lane/lateral_m", "heading_error_rad": "lane/heading_error_rad"}


def write_recording(path: Path, playback: Playback, attend: Callable[[np.ndarray], list[Attention]]) -> None:
    """Writes the whole drive to `path`; the file appears under its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.rrd")
    recording = rr.RecordingStream("liquidlane", recording_id=playback.title.replace(" ", "-"))
    try:
        recording.save(partial, default_blueprint=blueprint(playback))
        _send_still(recording, playback)
        _send_series(recording, playback)
        _send_pictures(recording, playback, attend)
        recording.flush()
    finally:
        recording.disconnect()
    partial.replace(path)


def blueprint(playback: Playback) -> rrb.Blueprint:
    """How the recording opens: pictures and track on the left, the neurons by role and the wiring in the middle, the car on the right."""
    neurons = [rrb.TimeSeriesView(origin=f"/neurons/{role}", name=f"{role} neurons") for role in playback.neurons.by_role()]
    pictures = [rrb.Spatial2DView(origin="/camera", name="camera"), rrb.Spatial2DView(origin="/saliency", name="saliency")]
    if playback.has_pose:
        pictures.append(rrb.Spatial2DView(origin="/world", name="track from above"))
    car = [rrb.TimeSeriesView(origin="/control", name="steering"), rrb.TimeSeriesView(origin="/lane", name="lane errors")]
    car.append(rrb.TimeSeriesView(origin="/car", name="speed"))
    if playback.tau_s_TH is not None:
        neurons.append(rrb.TimeSeriesView(origin="/tau_s", name="system time constants"))
    columns = [rrb.Vertical(*pictures), rrb.Vertical(*neurons), rrb.Vertical(rrb.Spatial2DView(origin="/wiring", name="wiring"), *car)]
    return rrb.Blueprint(
        rrb.Horizontal(*columns, column_shares=[3, 4, 3]),
        rrb.TimePanel(timeline=TIMELINE, state="collapsed"),
        rrb.BlueprintPanel(state="collapsed"),
        rrb.SelectionPanel(state="collapsed"),
    )


def _send_still(recording: rr.RecordingStream, playback: Playback) -> None:
    neurons = playback.neurons
    places = lay_out(neurons) * [400.0, 300.0]
    index = {name: i for i, name in enumerate(neurons.names)}
    inner = [synapse for synapse in neurons.synapses if synapse.source in index]
    if inner:
        strips = [[places[index[synapse.source]], places[index[synapse.target]]] for synapse in inner]
        colours = [EXCITES if synapse.weight >= 0 else INHIBITS for synapse in inner]
        recording.log("wiring/synapses", rr.LineStrips2D(strips, colors=colours, radii=0.6), static=True)
    colours = [role_colour(role) for role in neurons.roles]
    recording.log("wiring/neurons", rr.Points2D(places, colors=colours, radii=7.0, labels=list(neurons.names), show_labels=True), static=True)
    for name, role in zip(neurons.names, neurons.roles, strict=True):
        line = rr.SeriesLines(colors=[role_colour(role)], names=[name], widths=[1.5])
        recording.log(neuron_place(name, role), line, static=True)
        if playback.tau_s_TH is not None:
            recording.log(neuron_place(name), line, static=True)
    first, second = playback.steer_names
    recording.log("control/steer", rr.SeriesLines(colors=[role_colour("motor")], names=[first], widths=[2.0]), static=True)
    recording.log("control/label", rr.SeriesLines(colors=[LABEL], names=[second], widths=[1.0]), static=True)
    if playback.centre_xy is not None:
        recording.log("world/route", rr.LineStrips2D([playback.centre_xy], colors=[MUTED], radii=0.8), static=True)
    if playback.has_pose:
        recording.log("world/path", rr.LineStrips2D([path_xy(playback)], colors=[role_colour("inter")], radii=0.5), static=True)


def neuron_place(name: str, role: str = "") -> str:
    """The entity path of a neuron's state, or, without a role, of its time constant."""
    return f"{f'neurons/{role}' if role else 'tau_s'}/{name.replace(' ', '_')}"


def path_xy(playback: Playback) -> np.ndarray:
    """(T, 2) where the car was."""
    return np.stack([playback.columns["x_m"], playback.columns["y_m"]], axis=1).astype(float)


def _send_series(recording: rr.RecordingStream, playback: Playback) -> None:
    columns = playback.columns
    named = {place: columns[name] for name, place in SERIES.items() if name in columns}
    named["control/steer"] = columns["steer"]
    if "label_steer" in columns:
        named["control/label"] = columns["label_steer"]
    for i, (name, role) in enumerate(zip(playback.neurons.names, playback.neurons.roles, strict=True)):
        named[neuron_place(name, role)] = playback.state_TH[:, i]
        if playback.tau_s_TH is not None:
            named[neuron_place(name)] = playback.tau_s_TH[:, i]
    for place, values in named.items():
        recording.send_columns(place, indexes=[_times(playback)], columns=rr.Scalars.columns(scalars=np.asarray(values, dtype=np.float64)))
    if playback.has_pose:
        recording.send_columns(
            "world/car", indexes=[_times(playback)], columns=rr.Points2D.columns(positions=path_xy(playback), colors=[TEXT] * playback.ticks)
        )
    _send_lit(recording, playback)


def _send_lit(recording: rr.RecordingStream, playback: Playback) -> None:
    """The wiring's neurons as big as they are active."""
    radii = (3.0 + 7.0 * playback.lit_TH).astype(np.float32)
    columns = rr.Points2D.columns(radii=radii.reshape(-1)).partition([len(playback.neurons.names)] * playback.ticks)
    recording.send_columns("wiring/neurons", indexes=[_times(playback)], columns=columns)


def _times(playback: Playback) -> rr.TimeColumn:
    return rr.TimeColumn(TIMELINE, duration=moments(playback))


def moments(playback: Playback) -> np.ndarray:
    """(T,) the ticks' times, rounded to microseconds so that series and pictures meet exactly."""
    return np.round(playback.columns["time_s"].astype(float) * 1e6).astype("timedelta64[us]").astype("timedelta64[ns]")


def _send_pictures(recording: rr.RecordingStream, playback: Playback, attend: Callable[[np.ndarray], list[Attention]]) -> None:
    for time, (camera, attention) in zip(moments(playback), attended_frames(playback.open_frames(), attend), strict=True):
        recording.set_time(TIMELINE, duration=time)
        recording.log("camera", rr.EncodedImage(contents=jpeg(camera, JPEG_QUALITY), media_type="image/jpeg"))
        recording.log("saliency", rr.EncodedImage(contents=jpeg(attention.picture, JPEG_QUALITY), media_type="image/jpeg"))


def jpeg(image: np.ndarray, quality: int) -> bytes:
    """An RGB image as JPEG."""
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
