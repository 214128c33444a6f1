"""The track from above: the route, the driven path coloured by how far off the centre it ran, and the car."""

from __future__ import annotations

import cv2
import numpy as np

from driving.viewer.drawing.theme import GOOD_TO_BAD, LINE, MUTED, TEXT, Rect, fixed, mix, panel, ramp, text
from driving.viewer.playback import Playback

LATERAL_TOP_M = 0.5


class TrackView:
    """Draws into a rectangle; the path grows on a layer of its own, so that a frame costs one copy and the car."""

    def __init__(self, playback: Playback, rect: Rect) -> None:
        self._playback, self._rect = playback, rect
        inner = rect.inset(16, 30, 16, 30)
        path = np.stack([playback.columns["x_m"], playback.columns["y_m"]], axis=1).astype(float)
        known = path if playback.centre_xy is None else np.concatenate([path, playback.centre_xy])
        low, high = known.min(axis=0), known.max(axis=0)
        self._turned = bool((high - low)[1] > (high - low)[0])  # a track that runs north to south lies on its side to use the width
        spans = (high - low)[::-1] if self._turned else high - low
        self.pixels_per_m = float(min(inner.width / max(spans[0], 1.0), inner.height / max(spans[1], 1.0)))
        self._middle = (low + high) / 2
        self._centre = np.array([inner.x + inner.width / 2, inner.y + inner.height / 2])
        self._path = self._place(path)
        self._drawn = 0
        self._layer = np.empty((0, 0, 3), np.uint8)

    def _place(self, points: np.ndarray) -> np.ndarray:
        offset = (points - self._middle) * self.pixels_per_m
        if self._turned:
            offset = np.stack([offset[:, 1], -offset[:, 0]], axis=1)
        return offset + self._centre

    def draw_still(self, image: np.ndarray) -> None:
        """The card, the route and the scale."""
        route = self._playback.centre_xy
        length = 0.0 if route is None else float(np.linalg.norm(np.diff(route, axis=0), axis=1).sum())
        panel(image, self._rect, "Track from above", f"route {length:.0f} m" if length else "path")
        if route is not None:
            cv2.polylines(image, [fixed(self._place(route))], False, LINE, 5, cv2.LINE_AA, 4)
        self._draw_scale(image)
        self._layer = self._rect.view(image).copy()

    def _draw_scale(self, image: np.ndarray) -> None:
        left, base = self._rect.x + 12, self._rect.y + self._rect.height - 9
        round_m = next((m for m in (500, 200, 100, 50, 20, 10, 5) if m * self.pixels_per_m <= 80), 2)
        right = left + round(round_m * self.pixels_per_m)
        cv2.line(image, (left, base - 4), (right, base - 4), MUTED, 2)
        text(image, f"{round_m} m", right + 6, base, 11, MUTED)
        if "lateral_m" in self._playback.columns:
            end = self._rect.x + self._rect.width - 12
            text(image, f"{LATERAL_TOP_M:g} m", end, base, 11, MUTED, 400, "right")
            for i in range(48):
                image[base - 7 : base - 2, end - 88 + i] = ramp(GOOD_TO_BAD, i / 47)
            text(image, "off centre  0", end - 94, base, 11, MUTED, 400, "right")

    def draw(self, image: np.ndarray, tick: int) -> None:
        """The path up to a tick, and the car there; ticks must come in order, after draw_still."""
        self._grow(tick)
        self._rect.view(image)[:] = self._layer
        x, y = self._path[tick]
        yaw = float(self._playback.columns["yaw_rad"][tick]) if "yaw_rad" in self._playback.columns else 0.0
        if self._turned:
            yaw -= np.pi / 2
        ahead, side = np.array([np.cos(yaw), np.sin(yaw)]), np.array([-np.sin(yaw), np.cos(yaw)])
        here = np.array([x, y])
        car = np.stack([here + 9 * ahead, here - 6 * ahead + 5.5 * side, here - 3 * ahead, here - 6 * ahead - 5.5 * side])
        cv2.fillPoly(image, [fixed(car)], TEXT, cv2.LINE_AA, 4)

    def _grow(self, tick: int) -> None:
        lateral = self._playback.columns.get("lateral_m")
        departed = self._playback.columns.get("departed")
        corner = np.array([self._rect.x, self._rect.y])
        for t in range(self._drawn, tick):
            if departed is not None and bool(departed[t]):
                self._mark_departure(self._path[t] - corner)
                continue
            colour = mix(LINE, TEXT, 0.6) if lateral is None else ramp(GOOD_TO_BAD, abs(float(lateral[t])) / LATERAL_TOP_M)
            cv2.polylines(self._layer, [fixed(self._path[t : t + 2] - corner)], False, colour, 2, cv2.LINE_AA, 4)
        self._drawn = max(self._drawn, tick)

    def _mark_departure(self, place: np.ndarray) -> None:
        x, y = round(float(place[0])), round(float(place[1]))
        cv2.drawMarker(self._layer, (x, y), GOOD_TO_BAD[-1], cv2.MARKER_TILTED_CROSS, 11, 2, cv2.LINE_AA)
