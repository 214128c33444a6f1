"""The movie of a drive: camera, saliency, wiring with lit neurons, states, track and dashboard, in step; memory does not grow with length.

The still parts are drawn once; a frame is a copy of them with the moving parts drawn over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from driving.quantities import UserError
from driving.video import VIEWING, VideoWriter
from driving.viewer.drawing.charts import StripCharts
from driving.viewer.drawing.instruments import Instruments, departed_lately
from driving.viewer.drawing.theme import BACKGROUND, LINE, MUTED, TEXT, WARNING, WELL, Rect, chip, panel, rounded, text
from driving.viewer.drawing.track import TrackView
from driving.viewer.drawing.wiring import WiringView
from driving.viewer.playback import Playback
from driving.viewer.saliency import Attention, attended_frames

WIDTH_PX, HEIGHT_PX = 1280, 720
CAMERA = Rect(16, 48, 640, 360)
LOOK = Rect(16, 416, 316, 206)
TRACK = Rect(340, 416, 316, 206)
DASH = Rect(16, 630, 640, 76)
WIRING = Rect(664, 48, 600, 360)
STATES = Rect(664, 416, 600, 290)


class MovieFrame:
    """Composes one frame of the movie after another; ticks must come in order."""

    def __init__(self, playback: Playback) -> None:
        self._playback = playback
        self._wiring = WiringView(playback.neurons, WIRING)
        self._parts: list[StripCharts | Instruments | TrackView] = [StripCharts(playback, STATES), Instruments(playback, DASH)]
        if playback.has_pose:
            self._parts.append(TrackView(playback, TRACK))
        self._still = np.full((HEIGHT_PX, WIDTH_PX, 3), BACKGROUND, np.uint8)
        self._image = np.empty_like(self._still)
        self._draw_still()

    def _draw_still(self) -> None:
        still, playback = self._still, self._playback
        text(still, "LiquidLane", 16, 31, 19, TEXT, 700)
        text(still, playback.title, 136, 31, 16, TEXT, 500)
        text(still, playback.facts, WIRING.x, 31, 14, MUTED)
        CAMERA.view(still)[:] = WELL
        self._wiring.draw_still(still)
        panel(still, LOOK, "What steers it", "VisualBackProp")
        for part in self._parts:
            part.draw_still(still)
        if not playback.has_pose:
            panel(still, TRACK, "Track from above")
            text(still, "the log has no positions", TRACK.x + TRACK.width / 2, TRACK.y + TRACK.height / 2 + 8, 13, MUTED, 400, "centre")

    def draw(self, tick: int, camera: np.ndarray, attention: Attention) -> np.ndarray:
        """The frame (720, 1280, 3) uint8 RGB at a tick; the array is used again for the next one."""
        image = self._image
        np.copyto(image, self._still)
        self._draw_camera(image, tick, camera, attention)
        self._draw_look(image, attention)
        self._wiring.draw(image, self._playback.lit_TH[tick])
        for part in self._parts:
            part.draw(image, tick)
        self._draw_clock(image, tick)
        return image

    def _draw_camera(self, image: np.ndarray, tick: int, camera: np.ndarray, attention: Attention) -> None:
        place = fit(camera.shape[1], camera.shape[0], CAMERA)
        cv2.resize(camera, (place.width, place.height), dst=place.view(image), interpolation=cv2.INTER_LINEAR)
        top, bottom = (round(place.y + share * place.height) for share in attention.rows)
        for y in (top, bottom):
            if place.y < y < place.y + place.height - 1:
                cv2.line(image, (place.x, y), (place.x + 18, y), TEXT, 1)
                cv2.line(image, (place.x + place.width - 19, y), (place.x + place.width - 1, y), TEXT, 1)
        if bottom - top < place.height:
            chip(image, "the network sees between these marks", place.x + 128, top + 4, 11, TEXT, LINE)
        if departed_lately(self._playback, tick):
            cv2.rectangle(image, (CAMERA.x + 1, CAMERA.y + 1), (CAMERA.x + CAMERA.width - 2, CAMERA.y + CAMERA.height - 2), WARNING, 3)
            rounded(image, Rect(CAMERA.x + 12, CAMERA.y + 12, 168, 28), WARNING, 6)
            text(image, "LANE DEPARTURE", CAMERA.x + 96, CAMERA.y + 31, 14, BACKGROUND, 700, "centre")

    @staticmethod
    def _draw_look(image: np.ndarray, attention: Attention) -> None:
        area = LOOK.inset(8, 28, 8, 8)
        place = fit(attention.picture.shape[1], attention.picture.shape[0], area)
        cv2.resize(attention.picture, (place.width, place.height), dst=place.view(image), interpolation=cv2.INTER_LINEAR)

    def _draw_clock(self, image: np.ndarray, tick: int) -> None:
        time = self._playback.columns["time_s"]
        text(image, f"{float(time[tick]):.1f} s", WIDTH_PX - 16, 31, 16, TEXT, 600, "right")
        text(image, f"tick {tick}", WIDTH_PX - 84, 31, 12, MUTED, 400, "right")
        done = round((WIDTH_PX - 32) * float(time[tick]) / float(time[-1]))
        cv2.rectangle(image, (16, HEIGHT_PX - 7), (WIDTH_PX - 17, HEIGHT_PX - 5), LINE, -1)
        cv2.rectangle(image, (16, HEIGHT_PX - 7), (16 + done, HEIGHT_PX - 5), TEXT, -1)


def fit(width: int, height: int, area: Rect) -> Rect:
    """The largest place for a picture of this shape in the middle of an area."""
    scale = min(area.width / width, area.height / height)
    w, h = round(width * scale), round(height * scale)
    return Rect(area.x + (area.width - w) // 2, area.y + (area.height - h) // 2, w, h)


def movie_frames(playback: Playback, attend: Callable[[np.ndarray], list[Attention]]) -> Iterator[np.ndarray]:
    """The movie's frames one after another, each valid until the next is asked for."""
    composer = MovieFrame(playback)
    drawn = 0
    for tick, (camera, attention) in enumerate(attended_frames(playback.open_frames(), attend)):
        if tick >= playback.ticks:
            raise UserError(f"the camera movie of '{playback.title}' has more frames than the trace's {playback.ticks} ticks: evaluate again")
        drawn += 1
        yield composer.draw(tick, camera, attention)
    if drawn != playback.ticks:
        raise UserError(f"the camera movie of '{playback.title}' has {drawn} frames, the trace {playback.ticks} ticks: evaluate again")


def write_movie(path: Path, playback: Playback, attend: Callable[[np.ndarray], list[Attention]], *, threads: int = 1) -> None:
    """Writes the movie at the drive's own times."""
    time = playback.columns["time_s"]
    fps, encoding = 1.0 / float(np.median(np.diff(time))), replace(VIEWING, threads=threads)
    with VideoWriter(path, HEIGHT_PX, WIDTH_PX, fps, encoding) as movie:
        for tick, image in enumerate(movie_frames(playback, attend)):
            movie.write(image.copy(), float(time[tick]))
