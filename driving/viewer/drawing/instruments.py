"""The dashboard: steering wheel and bar, speed, position in the lane, departures."""

from __future__ import annotations

import math

import cv2
import numpy as np

from driving.viewer.drawing.charts import find_steer_top
from driving.viewer.drawing.theme import (
    GOOD_TO_BAD,
    LABEL,
    LATERAL_TOP_M,
    LINE,
    MUTED,
    PANEL,
    SHIFT,
    STRONG,
    TEXT,
    WARNING,
    WELL,
    Rect,
    TextStyle,
    draw_curve,
    draw_disc,
    draw_panel,
    mix,
    pick_colour,
    role_colour,
    to_fixed_point,
    write_text,
)
from driving.viewer.playback import Playback

WHEEL_TURN_RAD = math.radians(130.0)  # the angle of the drawn wheel at the end of the steering scale
DEPARTURE_SHOWN_S = 2.0
USUAL_LANE_M = 3.5  # for a drive whose lane width is not known
CAR_WIDTH_M = 1.9
CAR_HALF_LENGTH_PX = 11
CAPTION = TextStyle(12, MUTED)
VALUE = TextStyle(12, TEXT, STRONG, "right")
FIGURE = TextStyle(26, TEXT, STRONG, "right")


class Instruments:
    """A strip of instruments in a rectangle. Only what the drive's columns hold is shown."""

    def __init__(self, playback: Playback, rect: Rect) -> None:
        self._playback, self._rect = playback, rect
        self._steer_top = find_steer_top(playback)
        self._wheel = (rect.x + 44, rect.y + rect.height / 2)
        self._bar = Rect(rect.x + 92, rect.y + 44, 168, 10)
        self._lane = Rect(rect.x + 376, rect.y + 34, 168, 34)
        self._motor = role_colour("motor")

    def draw_still(self, image: np.ndarray) -> None:
        """Draw the card, the scales and the captions."""
        columns, rect = self._playback.columns, self._rect
        draw_panel(image, rect)
        write_text(image, self._playback.steer_names.steer, self._bar.x, rect.y + 20, CAPTION)
        self._bar.view(image)[:] = WELL
        for share, words in ((0.0, f"−{self._steer_top:g}"), (0.5, "0"), (1.0, f"+{self._steer_top:g}")):
            x = self._bar.x + share * self._bar.width
            write_text(image, words, x, self._bar.y + 28, TextStyle(11, MUTED, align="centre"))
        if "speed_mps" in columns:
            write_text(image, "speed", rect.x + 288, rect.y + 20, CAPTION)
            write_text(image, "m/s", rect.x + 336, rect.y + 58, CAPTION)
        if "lateral_m" in columns:
            write_text(image, "place in the lane", self._lane.x, rect.y + 20, CAPTION)
        if "departed" in columns:
            write_text(image, "departures", rect.x + rect.width - 14, rect.y + 20, CAPTION._replace(align="right"))

    def draw(self, image: np.ndarray, tick: int) -> None:
        """Draw what the instruments show at a tick."""
        columns, rect = self._playback.columns, self._rect
        steer = float(columns["steer"][tick])
        self._draw_wheel(image, steer)
        self._draw_bar(image, tick, steer)
        if "speed_mps" in columns:
            write_text(image, f"{float(columns['speed_mps'][tick]):.1f}", rect.x + 330, rect.y + 58, FIGURE)
        if "lateral_m" in columns:
            self._draw_lane(image, tick)
        if "departed" in columns:
            count = int(self._playback.departures_so_far[tick])
            colour = WARNING if has_departed_lately(self._playback, tick) else (TEXT if count else GOOD_TO_BAD[0])
            write_text(image, str(count), rect.x + rect.width - 14, rect.y + 58, FIGURE._replace(colour=colour))

    def _draw_wheel(self, image: np.ndarray, steer: float) -> None:
        x, y = self._wheel
        draw_disc(image, x, y, 26, mix(LINE, TEXT, 0.55), 4)
        turn = np.clip(steer / self._steer_top, -1.0, 1.0) * WHEEL_TURN_RAD
        for spoke in (0.0, math.pi, math.pi / 2):
            tip = (x + 24 * math.cos(turn + spoke), y + 24 * math.sin(turn + spoke))
            draw_curve(image, np.array([(x, y), tip]), mix(LINE, TEXT, 0.55), 3)
        top = turn - math.pi / 2
        draw_disc(image, x + 26 * math.cos(top), y + 26 * math.sin(top), 4, self._motor)
        draw_disc(image, x, y, 6, mix(LINE, TEXT, 0.3))

    def _draw_bar(self, image: np.ndarray, tick: int, steer: float) -> None:
        bar = self._bar
        middle = bar.x + bar.width / 2
        end = middle + float(np.clip(steer / self._steer_top, -1.0, 1.0)) * bar.width / 2
        cv2.rectangle(image, (round(min(middle, end)), bar.y), (round(max(middle, end)), bar.y + bar.height - 1), self._motor, -1)
        cv2.line(image, (round(middle), bar.y - 3), (round(middle), bar.y + bar.height + 2), MUTED, 1)
        label = self._playback.columns.get("label_steer")
        if label is not None and np.isfinite(label[tick]):
            x = round(middle + float(np.clip(label[tick] / self._steer_top, -1.0, 1.0)) * bar.width / 2)
            cv2.rectangle(image, (x - 1, bar.y - 4), (x + 1, bar.y + bar.height + 3), LABEL, -1)
        write_text(image, f"{steer:+.3f}".replace("-", "−"), bar.x + bar.width, bar.y - 24, VALUE)

    def _draw_lane(self, image: np.ndarray, tick: int) -> None:
        columns, lane = self._playback.columns, self._lane
        width_m = float(columns["lane_width_m"][tick]) if "lane_width_m" in columns else USUAL_LANE_M
        lateral = float(columns["lateral_m"][tick])
        pixels = lane.width / (1.5 * width_m)
        middle = lane.x + lane.width / 2
        lane.view(image)[:] = WELL
        for side in (-0.5, 0.5):
            x = round(middle + side * width_m * pixels)
            cv2.line(image, (x, lane.y), (x, lane.y + lane.height - 1), mix(MUTED, TEXT, 0.4), 2)
        cv2.line(image, (round(middle), lane.y), (round(middle), lane.y + lane.height - 1), LINE, 1)
        colour = pick_colour(GOOD_TO_BAD, abs(lateral) / LATERAL_TOP_M)
        place = float(np.clip(middle + lateral * pixels, lane.x + 8, lane.x + lane.width - 8))
        half = CAR_WIDTH_M * pixels / 2
        heading = float(columns["heading_error_rad"][tick]) if "heading_error_rad" in columns else 0.0
        body = np.array([(-half, -CAR_HALF_LENGTH_PX), (half, -CAR_HALF_LENGTH_PX), (half, CAR_HALF_LENGTH_PX), (-half, CAR_HALF_LENGTH_PX)])
        turn = np.array([[math.cos(heading), -math.sin(heading)], [math.sin(heading), math.cos(heading)]])
        car = body @ turn.T + [place, lane.y + lane.height / 2]
        inside = np.clip(car, [lane.x, lane.y], [lane.x + lane.width - 1, lane.y + lane.height - 1])
        cv2.fillPoly(image, [to_fixed_point(inside)], mix(PANEL, colour, 0.85), cv2.LINE_AA, SHIFT)
        write_text(image, f"{lateral:+.2f} m".replace("-", "−"), lane.x + lane.width, lane.y - 14, VALUE._replace(colour=colour))


def has_departed_lately(playback: Playback, tick: int) -> bool:
    """Return whether a lane departure began within the last DEPARTURE_SHOWN_S."""
    since = int(np.searchsorted(playback.columns["time_s"], playback.columns["time_s"][tick] - DEPARTURE_SHOWN_S))
    before = int(playback.departures_so_far[since - 1]) if since > 0 else 0
    return int(playback.departures_so_far[tick]) > before
