"""The track from above: the route, the driven path coloured by its distance from the centre, and the car."""

from __future__ import annotations

import cv2
import numpy as np

from driving.viewer.drawing.theme import (
    GOOD_TO_BAD,
    LATERAL_TOP_M,
    LINE,
    MUTED,
    SHIFT,
    TEXT,
    Rect,
    TextStyle,
    draw_curve,
    draw_panel,
    mix,
    pick_colour,
    to_fixed_point,
    write_text,
)
from driving.viewer.playback import Playback

SCALE_LENGTHS_M = (500, 200, 100, 50, 20, 10, 5)
MIN_SCALE_LENGTH_M = 2
MAX_SCALE_PX = 80
RAMP_PX = 48


class TrackView:
    """A drawing of the track in a rectangle. The path grows on a layer of its own, so that a frame costs one copy and the car."""

    def __init__(self, playback: Playback, rect: Rect) -> None:
        self._playback, self._rect = playback, rect
        inner = rect.inset(16, 30, 16, 30)
        path = playback.path_xy
        known = path if playback.centre_xy is None else np.concatenate([path, playback.centre_xy])
        low, high = known.min(axis=0), known.max(axis=0)
        x_span, y_span = high - low
        self._is_turned = bool(y_span > x_span)  # a track that runs north to south lies on its side to use the width
        across, down = (y_span, x_span) if self._is_turned else (x_span, y_span)
        self._pixels_per_m = float(min(inner.width / max(across, 1.0), inner.height / max(down, 1.0)))
        self._middle = (low + high) / 2
        self._centre = np.array([inner.x + inner.width / 2, inner.y + inner.height / 2])
        self._path = self._place(path)
        self._drawn = 0
        self._layer = np.empty((0, 0, 3), np.uint8)

    def _place(self, points: np.ndarray) -> np.ndarray:
        """Return the pixels (N, 2) of points (N, 2) in m."""
        offset = (points - self._middle) * self._pixels_per_m
        if self._is_turned:
            offset = np.stack([offset[:, 1], -offset[:, 0]], axis=1)
        return offset + self._centre

    def draw_still(self, image: np.ndarray) -> None:
        """Draw the card, the route and the scale."""
        route = self._playback.centre_xy
        length = 0.0 if route is None else float(np.linalg.norm(np.diff(route, axis=0), axis=1).sum())
        draw_panel(image, self._rect, "Track from above", f"route {length:.0f} m" if length else "path")
        if route is not None:
            draw_curve(image, self._place(route), LINE, 5)
        self._draw_scale(image)
        self._layer = self._rect.view(image).copy()

    def _draw_scale(self, image: np.ndarray) -> None:
        left, base = self._rect.x + 12, self._rect.y + self._rect.height - 9
        length_m = next((length for length in SCALE_LENGTHS_M if length * self._pixels_per_m <= MAX_SCALE_PX), MIN_SCALE_LENGTH_M)
        right = left + round(length_m * self._pixels_per_m)
        cv2.line(image, (left, base - 4), (right, base - 4), MUTED, 2)
        write_text(image, f"{length_m} m", right + 6, base, TextStyle(11, MUTED))
        if "lateral_m" in self._playback.columns:
            end = self._rect.x + self._rect.width - 12
            write_text(image, f"{LATERAL_TOP_M:g} m", end, base, TextStyle(11, MUTED, align="right"))
            for i in range(RAMP_PX):
                image[base - 7 : base - 2, end - 88 + i] = pick_colour(GOOD_TO_BAD, i / (RAMP_PX - 1))
            write_text(image, "off centre  0", end - 94, base, TextStyle(11, MUTED, align="right"))

    def draw(self, image: np.ndarray, tick: int) -> None:
        """Draw the path up to a tick, and the car there. Ticks must come in order, after `draw_still`."""
        self._grow(tick)
        self._rect.view(image)[:] = self._layer
        yaw = float(self._playback.columns["yaw_rad"][tick]) if "yaw_rad" in self._playback.columns else 0.0
        if self._is_turned:
            yaw -= np.pi / 2
        ahead, side = np.array([np.cos(yaw), np.sin(yaw)]), np.array([-np.sin(yaw), np.cos(yaw)])
        here = self._path[tick]
        car = np.stack([here + 9 * ahead, here - 6 * ahead + 5.5 * side, here - 3 * ahead, here - 6 * ahead - 5.5 * side])
        cv2.fillPoly(image, [to_fixed_point(car)], TEXT, cv2.LINE_AA, SHIFT)

    def _grow(self, tick: int) -> None:
        """Add the path up to a tick to the layer."""
        lateral = self._playback.columns.get("lateral_m")
        departed = self._playback.columns.get("departed")
        corner = np.array([self._rect.x, self._rect.y])
        for t in range(self._drawn, tick):
            if departed is not None and bool(departed[t]):
                self._mark_departure(self._path[t] - corner)
                continue
            colour = mix(LINE, TEXT, 0.6) if lateral is None else pick_colour(GOOD_TO_BAD, abs(float(lateral[t])) / LATERAL_TOP_M)
            draw_curve(self._layer, self._path[t : t + 2] - corner, colour, 2)
        self._drawn = max(self._drawn, tick)

    def _mark_departure(self, place: np.ndarray) -> None:
        x, y = place.tolist()
        cv2.drawMarker(self._layer, (round(x), round(y)), GOOD_TO_BAD[-1], cv2.MARKER_TILTED_CROSS, 11, 2, cv2.LINE_AA)
