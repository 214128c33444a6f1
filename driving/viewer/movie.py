"""The movie of a drive: camera, saliency, wiring with lit neurons, states, track and dashboard, all at the same tick.

The still parts are drawn once. A frame is a copy of them with the moving parts drawn over. Memory does not grow with the drive's length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from driving.quantities import UserError
from driving.video import VIEWING, VideoWriter
from driving.viewer.drawing.charts import StripCharts
from driving.viewer.drawing.instruments import Instruments, has_departed_lately
from driving.viewer.drawing.theme import (
    BACKGROUND,
    BOLD,
    LINE,
    MEDIUM,
    MUTED,
    STRONG,
    TEXT,
    WARNING,
    WELL,
    Rect,
    TextStyle,
    draw_chip,
    draw_panel,
    fill_rounded,
    write_text,
)
from driving.viewer.drawing.track import TrackView
from driving.viewer.drawing.wiring import WiringView
from driving.viewer.playback import Playback
from driving.viewer.saliency import ComputeSaliency, Saliency, add_saliency
from policy.command import Command

WIDTH_PX, HEIGHT_PX = 1280, 720
CAMERA = Rect(16, 48, 640, 360)
SALIENCY = Rect(16, 416, 316, 206)
TRACK = Rect(340, 416, 316, 206)
DASH = Rect(16, 630, 640, 76)
WIRING = Rect(664, 48, 600, 360)
STATES = Rect(664, 416, 600, 290)


class MovieFrame:
    """A frame of the movie, which is drawn again for each tick. Ticks must come in order."""

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
        write_text(still, "LiquidLane", 16, 31, TextStyle(19, TEXT, BOLD))
        write_text(still, playback.title, 136, 31, TextStyle(16, TEXT, MEDIUM))
        write_text(still, playback.facts, WIRING.x, 31, TextStyle(14, MUTED))
        CAMERA.view(still)[:] = WELL
        self._wiring.draw_still(still)
        draw_panel(still, SALIENCY, "What steers it", "VisualBackProp")
        for part in self._parts:
            part.draw_still(still)
        if not playback.has_pose:
            draw_panel(still, TRACK, "Track from above")
            middle_x, middle_y = TRACK.x + TRACK.width / 2, TRACK.y + TRACK.height / 2
            write_text(still, "the log has no positions", middle_x, middle_y + 8, TextStyle(13, MUTED, align="centre"))

    def draw(self, tick: int, camera: np.ndarray, saliency: Saliency) -> np.ndarray:
        """Return the frame (720, 1280, 3) uint8 RGB at a tick. The next call changes the same array."""
        image = self._image
        np.copyto(image, self._still)
        self._draw_camera(image, tick, camera, saliency)
        self._draw_saliency(image, saliency)
        self._wiring.draw(image, self._playback.lit_TH[tick])
        for part in self._parts:
            part.draw(image, tick)
        self._draw_clock(image, tick)
        return image

    def _draw_camera(self, image: np.ndarray, tick: int, camera: np.ndarray, saliency: Saliency) -> None:
        place = fit(camera.shape[1], camera.shape[0], CAMERA)
        cv2.resize(camera, (place.width, place.height), dst=place.view(image), interpolation=cv2.INTER_LINEAR)
        top, bottom = (round(place.y + share * place.height) for share in saliency.band)
        for y in (top, bottom):
            if place.y < y < place.y + place.height - 1:
                cv2.line(image, (place.x, y), (place.x + 18, y), TEXT, 1)
                cv2.line(image, (place.x + place.width - 19, y), (place.x + place.width - 1, y), TEXT, 1)
        if bottom - top < place.height:
            draw_chip(image, "the network sees between these marks", place.x + 128, top + 4, TextStyle(11), LINE)
        command = Command(int(self._playback.columns["command"][tick])) if "command" in self._playback.columns else Command.FOLLOW
        if command != Command.FOLLOW:
            draw_chip(image, f"route: {command.name.lower()}", place.x + place.width // 2, place.y + place.height - 30, TextStyle(14, TEXT), LINE)
        if has_departed_lately(self._playback, tick):
            cv2.rectangle(image, (CAMERA.x + 1, CAMERA.y + 1), (CAMERA.x + CAMERA.width - 2, CAMERA.y + CAMERA.height - 2), WARNING, 3)
            fill_rounded(image, Rect(CAMERA.x + 12, CAMERA.y + 12, 168, 28), WARNING, 6)
            write_text(image, "LANE DEPARTURE", CAMERA.x + 96, CAMERA.y + 31, TextStyle(14, BACKGROUND, BOLD, "centre"))

    @staticmethod
    def _draw_saliency(image: np.ndarray, saliency: Saliency) -> None:
        area = SALIENCY.inset(8, 28, 8, 8)
        place = fit(saliency.picture.shape[1], saliency.picture.shape[0], area)
        cv2.resize(saliency.picture, (place.width, place.height), dst=place.view(image), interpolation=cv2.INTER_LINEAR)

    def _draw_clock(self, image: np.ndarray, tick: int) -> None:
        time = self._playback.columns["time_s"]
        write_text(image, f"{float(time[tick]):.1f} s", WIDTH_PX - 16, 31, TextStyle(16, TEXT, STRONG, "right"))
        write_text(image, f"tick {tick}", WIDTH_PX - 84, 31, TextStyle(12, MUTED, align="right"))
        done = round((WIDTH_PX - 32) * float(time[tick]) / float(time[-1]))
        cv2.rectangle(image, (16, HEIGHT_PX - 7), (WIDTH_PX - 17, HEIGHT_PX - 5), LINE, -1)
        cv2.rectangle(image, (16, HEIGHT_PX - 7), (16 + done, HEIGHT_PX - 5), TEXT, -1)


def fit(width: int, height: int, area: Rect) -> Rect:
    """Return the largest rectangle with a picture's aspect ratio in the middle of an area."""
    scale = min(area.width / width, area.height / height)
    fitted_width, fitted_height = round(width * scale), round(height * scale)
    return Rect(area.x + (area.width - fitted_width) // 2, area.y + (area.height - fitted_height) // 2, fitted_width, fitted_height)


def draw_frames(playback: Playback, compute: ComputeSaliency) -> Iterator[np.ndarray]:
    """Yield the movie's frames in order; each is valid until the next one is drawn.

    Raises UserError when the camera movie does not have one frame per tick.
    """
    movie_frame = MovieFrame(playback)
    drawn = 0
    for tick, (camera, saliency) in enumerate(add_saliency(playback.open_frames(), compute)):
        if tick >= playback.ticks:
            raise UserError(f"the camera movie of '{playback.title}' has more frames than the trace's {playback.ticks} ticks: evaluate again")
        drawn += 1
        yield movie_frame.draw(tick, camera, saliency)
    if drawn != playback.ticks:
        raise UserError(f"the camera movie of '{playback.title}' has {drawn} frames, but the trace has {playback.ticks} ticks: evaluate again")


def write_movie(path: Path, playback: Playback, compute: ComputeSaliency, *, threads: int = 1) -> None:
    """Write the movie, each frame at its tick's own time. Raises UserError when the camera movie does not have one frame per tick."""
    time = playback.columns["time_s"]
    fps, encoding = 1.0 / float(np.median(np.diff(time))), replace(VIEWING, threads=threads)
    with VideoWriter(path, HEIGHT_PX, WIDTH_PX, fps, encoding) as movie:
        for tick, image in enumerate(draw_frames(playback, compute)):
            movie.write(image.copy(), float(time[tick]))
