"""A running drive in Rerun's viewer: camera, saliency, wiring with its currents, strips and track, tick by tick.

It reads the feed that the drive writes, in a process of its own with the lowest priority that mostly rests, so that neither a slow nor a closed
viewer holds up the drive. What it cannot show in time it leaves out. Rerun's server keeps at most SERVER_MEMORY and drops the oldest.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path

import numpy as np
import rerun as rr
import rerun_cli

from driving.rollout.live_feed import FeedReader, LiveTick
from driving.viewer.drawing.theme import EXCITES, INHIBITS, TEXT, role_colour
from driving.viewer.playback import Neurons, SteerNames
from driving.viewer.recording import (
    JPEG_QUALITY,
    TIMELINE,
    encode_jpeg,
    make_blueprint,
    name_entity,
    place_synapses,
    send_still,
    to_durations,
    to_radii,
)
from driving.viewer.saliency import SaliencyComputer
from policy.activity import Activity, ActivityReader
from policy.network import DrivingPolicy

PR_SET_PDEATHSIG = 1  # of prctl(2)
LOWEST_PRIORITY = 19  # of nice(2)
LOOK_S = 0.03  # between two looks at the feed
RESTS = 12.0  # seconds of rest per second of work: with low priority alone, the view took a third of a drive's speed; with this, a twentieth
SERVER_MEMORY = "200MB"
MOST_PLACES = 2000  # of the driven path
AROUND_M = 120.0  # how far around the car the track is shown
SERIES = {"steer": "control/steer", "label_steer": "control/label", "lateral_m": "lane/lateral_m", "speed_mps": "car/speed_mps"}


class LiveView:
    """Sends ticks to a Rerun recording.

    The currents and time constants are those of the cell run again. After ticks that were left out it agrees with the drive again as soon as its
    state does, which takes a few time constants; the states are always the driven ones.
    """

    def __init__(self, recording: rr.RecordingStream, policy: DrivingPolicy) -> None:
        self._recording, self._policy, self._compute = recording, policy, SaliencyComputer(policy)
        cell = policy.cell
        self._neurons = Neurons.from_parts(cell.neuron_names, cell.neuron_roles, cell.edges())
        self._ends = place_synapses(self._neurons)
        self._path: deque[tuple[float, float]] = deque(maxlen=MOST_PLACES)
        self._drive, self._offset_s, self._last_s, self._full = "", 0.0, 0.0, 1e-6
        self._low_H, self._high_H = np.full(len(self._neurons.names), np.inf), np.full(len(self._neurons.names), -np.inf)  # of the states so far

    def show(self, ticks: Sequence[LiveTick]) -> None:
        """Send the ticks of one drive: all series, and the newest one's pictures."""
        is_first = not self._drive
        if ticks[0].drive != self._drive:
            self._begin(ticks[0])
        activity = self._reader.read(np.stack([tick.features_I for tick in ticks]), np.array([tick.values["dt_s"] for tick in ticks]))
        if is_first:
            has_tau = activity.tau_s_TH is not None
            send_still(self._recording, self._neurons, has_tau, SteerNames())
            self._recording.send_blueprint(make_blueprint(self._neurons, has_tau, True, AROUND_M))
        states_TH = np.stack([tick.neuron_H for tick in ticks])
        self._send_series(ticks, states_TH, activity)
        self._recording.set_time(TIMELINE, duration=to_durations(np.array([self._last_s]))[0])
        self._send_sizes(states_TH)
        self._send_currents(activity.current_TE[-1])
        self._send_pictures(ticks[-1])

    def _begin(self, tick: LiveTick) -> None:
        """Begin the next drive after the last one on the timeline, with the cell in its first state."""
        self._drive, self._offset_s = tick.drive, self._last_s + 1.0 - tick.values["time_s"]
        self._reader = ActivityReader(self._policy.cell)
        self._path.clear()

    def _send_series(self, ticks: Sequence[LiveTick], states_TH: np.ndarray, activity: Activity) -> None:
        seconds = np.array([tick.values["time_s"] for tick in ticks]) + self._offset_s
        named = {entity: np.array([tick.values[name] for tick in ticks]) for name, entity in SERIES.items()}
        for i, (name, role) in enumerate(zip(self._neurons.names, self._neurons.roles, strict=True)):
            named[name_entity(name, role)] = states_TH[:, i]
            if activity.tau_s_TH is not None:
                named[name_entity(name)] = activity.tau_s_TH[:, i]
        times = [rr.TimeColumn(TIMELINE, duration=to_durations(seconds))]
        for entity, values in named.items():
            self._recording.send_columns(entity, indexes=times, columns=rr.Scalars.columns(scalars=values.astype(np.float64)))
        self._last_s = float(seconds[-1])
        self._path.extend((tick.values["x_m"], tick.values["y_m"]) for tick in ticks)

    def _send_pictures(self, tick: LiveTick) -> None:
        (saliency,) = self._compute(tick.image[None])
        for entity, image in (("camera", tick.image), ("saliency", saliency.picture)):
            self._recording.log(entity, rr.EncodedImage(contents=encode_jpeg(image, JPEG_QUALITY), media_type="image/jpeg"))
        around_car = np.array(self._path) - self._path[-1]
        self._recording.log("world/path", rr.LineStrips2D([around_car], colors=[role_colour("inter")], radii=0.5))
        self._recording.log("world/car", rr.Points2D([(0.0, 0.0)], colors=[TEXT], radii=2.0))

    def _send_sizes(self, states_TH: np.ndarray) -> None:
        """Send the neurons' sizes: as large as the newest state is high among all that were shown."""
        self._low_H, self._high_H = np.minimum(self._low_H, states_TH.min(axis=0)), np.maximum(self._high_H, states_TH.max(axis=0))
        lit_H = (states_TH[-1] - self._low_H) / np.maximum(self._high_H - self._low_H, 1e-6)
        self._recording.log("wiring/neurons", rr.Points2D.from_fields(radii=to_radii(lit_H)))

    def _send_currents(self, current_E: np.ndarray) -> None:
        """Send the synapses between neurons: as thick as what flows along them, coloured by its sign."""
        if self._ends:
            flow = current_E[list(self._ends)]
            self._full = max(self._full, float(np.abs(flow).max()))
            colours = [EXCITES if one >= 0 else INHIBITS for one in flow]
            radii = 0.2 + 1.8 * np.abs(flow) / self._full
            self._recording.log("wiring/synapses", rr.LineStrips2D(list(self._ends.values()), colors=colours, radii=radii))


def follow(feed: Path, policy: DrivingPolicy, say: Callable[[str], None]) -> None:
    """Show the drives that are written to a feed until this process is ended."""
    _give_way()
    with _serve() as (address, page):
        recording = rr.RecordingStream("liquidlane_live")
        recording.connect_grpc(address)
        say(f"live: open {page} in a browser, or run: rerun {address}")
        reader, view = FeedReader(feed), LiveView(recording, policy)
        while True:
            began_s = time.process_time()
            for _, ticks in groupby(reader.read(), key=lambda tick: tick.drive):
                view.show(list(ticks))
            time.sleep(max(LOOK_S, RESTS * (time.process_time() - began_s)))


def _give_way() -> None:
    """Give this process and its children the lowest priority.

    Linux shares the processor among sessions first, and by niceness only within one (autogroup, see sched(7)). So a session of our own gets the
    lowest priority too.
    """
    os.nice(LOWEST_PRIORITY)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # a kernel without autogroups
            Path("/proc/self/autogroup").write_text(str(LOWEST_PRIORITY))


@contextmanager
def _serve() -> Iterator[tuple[str, str]]:
    """Run Rerun's server and its web viewer on free ports of this machine alone; give their addresses."""
    port, web_port = _free_port(), _free_port()
    words = ["--serve-web", "--bind", "127.0.0.1", "--port", str(port), "--web-viewer-port", str(web_port), "--server-memory-limit", SERVER_MEMORY]
    binary = Path(rerun_cli.__file__).with_name("rerun")
    server = subprocess.Popen([binary, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_end_with_parent)
    address = f"rerun+http://127.0.0.1:{port}/proxy"
    try:
        yield address, f"http://127.0.0.1:{web_port}/?url={address}"
    finally:
        server.terminate()
        server.wait()


def _end_with_parent() -> None:
    """Ask Linux to end this process with its parent, however that one ends: Rerun's server would go on for ever."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
