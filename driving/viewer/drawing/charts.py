"""Rolling strip charts: every neuron's state over the last seconds, and the steering against its label."""

from __future__ import annotations

import numpy as np

from driving.viewer.drawing.theme import LABEL, LINE, MUTED, TEXT, WELL, Rect, curve, disc, mix, panel, role_colour, text
from driving.viewer.playback import Playback

WINDOW_S = 8.0
TOP = 28
STEER_ROWS = 5
LEAST_NAMED_ROW = 11.0


class StripCharts:
    """The states in two columns of rows, one row a neuron, each scaled to its own range; the steering below the second column."""

    def __init__(self, playback: Playback, rect: Rect, gap: int = 8) -> None:
        self._playback = playback
        self._time = playback.columns["time_s"]
        width = (rect.width - gap) // 2
        self._cards = (Rect(rect.x, rect.y, width, rect.height), Rect(rect.x + width + gap, rect.y, width, rect.height))
        order = [i for members in playback.neurons.by_role().values() for i in members]
        rows = max(-(-(len(order) + STEER_ROWS) // 2), 1)
        self._row = (rect.height - TOP - 8) / rows
        self._rows = [(index, self._well(order_at, rows)) for order_at, index in enumerate(order)]
        right = self._cards[1]
        top = round(right.y + TOP + (len(order) - rows) * self._row) + 10
        self._steer = Rect(right.x + 10, top + 12, right.width - 20, right.y + right.height - top - 20)
        low, high = playback.range_H2.T
        margin = np.maximum(high - low, 1e-6) * 0.08
        self._low, self._high = low - margin, high + margin
        self._top_steer = steer_scale(playback)

    def _well(self, at: int, rows: int) -> Rect:
        card = self._cards[at // rows]
        top = card.y + TOP + (at % rows) * self._row
        label = 92 if self._row >= LEAST_NAMED_ROW else 10
        return Rect(card.x + label, round(top), card.width - label - 52, max(round(self._row) - 3, 2))

    def draw_still(self, image: np.ndarray) -> None:
        """Cards, names and the wells that the lines run in."""
        panel(image, self._cards[0], "Neuron states", f"last {WINDOW_S:.0f} s, each in its own range")
        panel(image, self._cards[1])
        neurons = self._playback.neurons
        for index, well in self._rows:
            well.view(image)[:] = WELL
            if self._row >= LEAST_NAMED_ROW:
                colour = role_colour(neurons.roles[index])
                disc(image, well.x - 80, well.y + well.height / 2, 3.5, colour)
                text(image, neurons.names[index], well.x - 71, well.y + well.height / 2 + 4, 11, mix(MUTED, colour, 0.5))
        first, second = self._playback.steer_names
        steer = self._steer
        steer.view(image)[:] = WELL
        text(image, first, steer.x, steer.y - 5, 12, role_colour("motor"), 600)
        if "label_steer" in self._playback.columns:
            text(image, second, steer.x + 130, steer.y - 5, 12, LABEL)
        text(image, f"±{self._top_steer:g}", steer.x + steer.width, steer.y - 5, 11, MUTED, 400, "right")
        image[steer.y + steer.height // 2, steer.x : steer.x + steer.width] = LINE

    def draw(self, image: np.ndarray, tick: int) -> None:
        """The lines up to a tick."""
        now = float(self._time[tick])
        start = int(np.searchsorted(self._time, now - WINDOW_S))
        share = 1.0 - (now - self._time[start : tick + 1]) / WINDOW_S
        states = (self._playback.state_TH[start : tick + 1] - self._low) / (self._high - self._low)
        heights = 1.0 - np.clip(states, 0.0, 1.0)
        for index, well in self._rows:
            colour = role_colour(self._playback.neurons.roles[index])
            points = np.stack([well.x + share * (well.width - 1), well.y + 1 + heights[:, index] * (well.height - 3)], axis=1)
            curve(image, points, colour)
            disc(image, points[-1, 0], points[-1, 1], 2.5, colour)
            if self._row >= LEAST_NAMED_ROW:
                value = f"{self._playback.state_TH[tick, index]:+.2f}".replace("-", "−")
                text(image, value, well.x + well.width + 42, well.y + well.height / 2 + 4, 11, TEXT, 400, "right")
        self._draw_steer(image, start, tick, share)

    def _draw_steer(self, image: np.ndarray, start: int, tick: int, share: np.ndarray) -> None:
        well = self._steer
        for name, colour, thickness in (("steer", role_colour("motor"), 2), ("label_steer", LABEL, 1)):
            if name not in self._playback.columns:
                continue
            part = np.clip(self._playback.columns[name][start : tick + 1] / self._top_steer, -1.0, 1.0)
            known = np.isfinite(part)
            points = np.stack([well.x + share * (well.width - 1), well.y + well.height / 2 - part * (well.height / 2 - 2)], axis=1)
            if known.any():
                curve(image, points[known], colour, thickness)


def steer_scale(playback: Playback) -> float:
    """The top of the steering's scale: the least of a few round values that holds the whole drive."""
    names = [name for name in ("steer", "label_steer") if name in playback.columns]
    highest = max(float(np.nanmax(np.abs(playback.columns[name]), initial=0.0)) for name in names)
    return next((top for top in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if highest <= top), float(np.ceil(highest)))
