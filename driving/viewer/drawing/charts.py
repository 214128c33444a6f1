"""Rolling strip charts: every neuron's state over the last seconds, and the steering beside its label."""

from __future__ import annotations

import numpy as np

from driving.viewer.drawing.theme import (
    LABEL,
    LINE,
    MUTED,
    STRONG,
    TEXT,
    WELL,
    Rect,
    TextStyle,
    draw_curve,
    draw_disc,
    draw_panel,
    mix,
    role_colour,
    write_text,
)
from driving.viewer.playback import Playback

WINDOW_S = 8.0
GAP_PX = 8  # between the two columns
TOP_PX = 28  # a card's title
STEER_ROWS = 5  # the height of the steering chart, in rows
MIN_NAMED_ROW_PX = 11.0  # names are shown in rows of at least this height
NAME_WIDTH_PX, VALUE_WIDTH_PX, MARGIN_PX = 92, 52, 10
RANGE_MARGIN = 0.08  # of a neuron's range, above and below it
STEER_TOPS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class StripCharts:
    """Two columns of rows, one row per neuron, each scaled to the neuron's own range; the steering is below the second column."""

    def __init__(self, playback: Playback, rect: Rect) -> None:
        self._playback = playback
        self._time = playback.columns["time_s"]
        width = (rect.width - GAP_PX) // 2
        self._cards = (Rect(rect.x, rect.y, width, rect.height), Rect(rect.x + width + GAP_PX, rect.y, width, rect.height))
        order = [index for members in playback.neurons.by_role().values() for index in members]
        rows = max(-(-(len(order) + STEER_ROWS) // 2), 1)
        self._row_px = (rect.height - TOP_PX - 8) / rows
        self._rows = [(index, self._place_well(position, rows)) for position, index in enumerate(order)]
        right = self._cards[1]
        top = round(right.y + TOP_PX + (len(order) - rows) * self._row_px) + 10
        self._steer = Rect(right.x + 10, top + 12, right.width - 20, right.y + right.height - top - 20)
        low, high = playback.range_H2.T
        margin = np.maximum(high - low, 1e-6) * RANGE_MARGIN
        self._low, self._high = low - margin, high + margin
        self._steer_top = find_steer_top(playback)

    def _place_well(self, position: int, rows: int) -> Rect:
        card = self._cards[position // rows]
        top = card.y + TOP_PX + (position % rows) * self._row_px
        left = NAME_WIDTH_PX if self._row_px >= MIN_NAMED_ROW_PX else MARGIN_PX
        return Rect(card.x + left, round(top), card.width - left - VALUE_WIDTH_PX, max(round(self._row_px) - 3, 2))

    def draw_still(self, image: np.ndarray) -> None:
        """Draw the cards, the names and the wells in which the lines run."""
        draw_panel(image, self._cards[0], "Neuron states", f"last {WINDOW_S:.0f} s, each in its own range")
        draw_panel(image, self._cards[1])
        neurons = self._playback.neurons
        for index, well in self._rows:
            well.view(image)[:] = WELL
            if self._row_px >= MIN_NAMED_ROW_PX:
                colour = role_colour(neurons.roles[index])
                draw_disc(image, well.x - 80, well.y + well.height / 2, 3.5, colour)
                write_text(image, neurons.names[index], well.x - 71, well.y + well.height / 2 + 4, TextStyle(11, mix(MUTED, colour, 0.5)))
        names, steer = self._playback.steer_names, self._steer
        steer.view(image)[:] = WELL
        write_text(image, names.steer, steer.x, steer.y - 5, TextStyle(12, role_colour("motor"), STRONG))
        if "label_steer" in self._playback.columns:
            write_text(image, names.label, steer.x + 130, steer.y - 5, TextStyle(12, LABEL))
        write_text(image, f"±{self._steer_top:g}", steer.x + steer.width, steer.y - 5, TextStyle(11, MUTED, align="right"))
        image[steer.y + steer.height // 2, steer.x : steer.x + steer.width] = LINE

    def draw(self, image: np.ndarray, tick: int) -> None:
        """Draw the lines up to a tick."""
        now = float(self._time[tick])
        start = int(np.searchsorted(self._time, now - WINDOW_S))
        across = 1.0 - (now - self._time[start : tick + 1]) / WINDOW_S
        states = (self._playback.state_TH[start : tick + 1] - self._low) / (self._high - self._low)
        heights = 1.0 - np.clip(states, 0.0, 1.0)
        for index, well in self._rows:
            colour = role_colour(self._playback.neurons.roles[index])
            points = np.stack([well.x + across * (well.width - 1), well.y + 1 + heights[:, index] * (well.height - 3)], axis=1)
            draw_curve(image, points, colour)
            draw_disc(image, points[-1, 0], points[-1, 1], 2.5, colour)
            if self._row_px >= MIN_NAMED_ROW_PX:
                value = f"{self._playback.state_TH[tick, index]:+.2f}".replace("-", "−")
                write_text(image, value, well.x + well.width + 42, well.y + well.height / 2 + 4, TextStyle(11, TEXT, align="right"))
        self._draw_steer(image, start, tick, across)

    def _draw_steer(self, image: np.ndarray, start: int, tick: int, across: np.ndarray) -> None:
        well = self._steer
        for name, colour, thickness in (("steer", role_colour("motor"), 2), ("label_steer", LABEL, 1)):
            if name not in self._playback.columns:
                continue
            share = np.clip(self._playback.columns[name][start : tick + 1] / self._steer_top, -1.0, 1.0)
            known = np.isfinite(share)
            points = np.stack([well.x + across * (well.width - 1), well.y + well.height / 2 - share * (well.height / 2 - 2)], axis=1)
            if known.any():
                draw_curve(image, points[known], colour, thickness)


def find_steer_top(playback: Playback) -> float:
    """Return the top of the steering's scale: the least of a few round values that holds the whole drive."""
    names = [name for name in ("steer", "label_steer") if name in playback.columns]
    highest = max(float(np.nanmax(np.abs(playback.columns[name]), initial=0.0)) for name in names)
    return next((top for top in STEER_TOPS if highest <= top), float(np.ceil(highest)))
