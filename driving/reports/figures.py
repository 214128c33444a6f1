"""Drawings of a report as SVG: curves, histograms, tracks. Colours are CSS variables of the page, with fallbacks for a lone file."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np

WIDTH, HEIGHT = 420, 230
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 26, 30
INKS = ("var(--one,#0b7fa4)", "var(--two,#b65f00)", "var(--three,#7a46c8)")
MUTED, LINE = "var(--muted,#5d6875)", "var(--line,#dfe3e8)"
LATERAL_TOP_M = 0.5
GOOD_TO_BAD = ((42, 168, 148), (230, 172, 40), (215, 58, 52))
PATH_BINS = 12


Words = Callable[[float], str]


def _plain(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def curves(
    lines: Mapping[str, tuple[np.ndarray, np.ndarray]],
    x_name: str,
    x_words: Words = _plain,
    y_words: Words = _plain,
    y_ticks: list[float] | None = None,
) -> str:
    """Named lines (x, y) in one drawing, with axes and a legend. `x_words` and `y_words` write the axes' figures; `y_ticks` span the y axis."""
    xs = np.concatenate([x for x, _ in lines.values()])
    ys = np.concatenate([y for _, y in lines.values()])
    low, high = (min(0.0, float(ys.min())), float(ys.max())) if y_ticks is None else (y_ticks[0], y_ticks[-1])
    axes = _Axes(float(xs.min()), float(xs.max()), low, high)
    parts = [axes.frame(x_name, y_words, y_ticks, x_words)]
    offset = LEFT
    for ink, (name, (x, y)) in zip(INKS * 4, lines.items(), strict=False):
        points = " ".join(f"{axes.x(a):.1f},{axes.y(b):.1f}" for a, b in zip(x, y, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{ink}" stroke-width="2" stroke-linejoin="round"/>')
        if len(x) <= 40:
            parts.extend(f'<circle cx="{axes.x(a):.1f}" cy="{axes.y(b):.1f}" r="2.6" fill="{ink}"/>' for a, b in zip(x, y, strict=True))
        parts.append(f'<circle cx="{offset + 5}" cy="12" r="4" fill="{ink}"/>{_text(name, offset + 13, 16)}')
        offset += 24 + 6 * len(name)
    return _svg("".join(parts))


def cost_curves(lines: Mapping[str, tuple[np.ndarray, np.ndarray]], x_name: str) -> str:
    """Named lines (x, y) of positive values, both axes logarithmic: powers of two along x, of ten along y."""
    logs = {name: (np.log2(x), np.log10(y)) for name, (x, y) in lines.items()}
    low, high = (function(np.concatenate([y for _, y in logs.values()])) for function in (np.min, np.max))
    decades = [float(power) for power in range(math.floor(low), math.ceil(high) + 1)]
    return curves(logs, x_name, lambda x: f"{2**x:g}", lambda y: f"{10**y:g}", decades)


def histogram(values: np.ndarray, x_name: str, bins: int = 41) -> str:
    """How often each value occurs; counts on a logarithmic scale, because rare values matter here."""
    top = float(np.abs(values).max(initial=0.0)) or 1.0
    counts, edges = np.histogram(values, bins=bins, range=(-top, top))
    heights = np.log10(counts + 1.0)
    axes = _Axes(-top, top, 0.0, float(heights.max()))
    bars = [
        f'<rect x="{axes.x(left):.1f}" y="{axes.y(h):.1f}" width="{max(axes.x(right) - axes.x(left) - 1, 0.5):.1f}" '
        f'height="{max(HEIGHT - BOTTOM - axes.y(h), 0):.1f}" fill="{INKS[0]}"/>'
        for left, right, h in zip(edges[:-1], edges[1:], heights, strict=True)
    ]
    decades = [0.0] + [float(np.log10(10.0**k + 1.0)) for k in range(int(heights.max()) + 1)]
    return _svg(axes.frame(x_name, lambda y: f"{10**y - 1:,.0f}", [y for y in decades if y <= heights.max()]) + "".join(bars))


def track_map(path_xy: np.ndarray, lateral_m: np.ndarray, departed: np.ndarray, centre_xy: np.ndarray | None) -> str:
    """The driven path from above, coloured by distance from the centre line (0 to 0.5 m); crosses mark departures."""
    known = path_xy if centre_xy is None else np.concatenate([path_xy, centre_xy])
    place = _fit(known)
    parts = []
    if centre_xy is not None:
        parts.append(f'<polyline points="{_points(place(centre_xy))}" fill="none" stroke="{LINE}" stroke-width="7" stroke-linejoin="round"/>')
    spots, bins = place(path_xy), np.minimum(np.abs(lateral_m) / LATERAL_TOP_M * PATH_BINS, PATH_BINS - 1).astype(int)
    for start, stop in _runs(bins, departed.astype(bool)):
        part = spots[start : stop + 1]
        if len(part) > 1:
            colour = _ramp((bins[start] + 0.5) / PATH_BINS)
            parts.append(f'<polyline points="{_points(part)}" fill="none" stroke="{colour}" stroke-width="2.6" stroke-linecap="round"/>')
    for x, y in spots[departed.astype(bool)]:
        parts.append(f'<path d="M{x - 5:.1f},{y - 5:.1f}l10,10m0,-10l-10,10" stroke="var(--bad,#cf2f2b)" stroke-width="2.2"/>')
    start = spots[0]
    parts.append(f'<circle cx="{start[0]:.1f}" cy="{start[1]:.1f}" r="4.5" fill="none" stroke="{MUTED}" stroke-width="2"/>')
    parts.append(_map_legend())
    return _svg("".join(parts))


class _Axes:
    """Linear axes of one drawing."""

    def __init__(self, x_low: float, x_high: float, y_low: float, y_high: float) -> None:
        self.x_low, self.x_high = x_low, x_high if x_high > x_low else x_low + 1.0
        self.y_low, self.y_high = y_low, y_high if y_high > y_low else y_low + 1.0

    def x(self, value: float) -> float:
        return LEFT + (float(value) - self.x_low) / (self.x_high - self.x_low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (float(value) - self.y_low) / (self.y_high - self.y_low) * (HEIGHT - TOP - BOTTOM)

    def frame(self, x_name: str, y_words: Words, y_ticks: list[float] | None = None, x_words: Words = _plain) -> str:
        """Grid lines, their figures and the name of the x axis."""
        parts = []
        for y in y_ticks if y_ticks is not None else _ticks(self.y_low, self.y_high):
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(y):.1f}" y2="{self.y(y):.1f}" stroke="{LINE}"/>')
            parts.append(_text(y_words(y), LEFT - 6, self.y(y) + 4, "end"))
        parts.extend(_text(x_words(x), self.x(x), HEIGHT - BOTTOM + 15, "middle") for x in _ticks(self.x_low, self.x_high))
        parts.append(_text(x_name, WIDTH - RIGHT, HEIGHT - 2, "end"))
        return "".join(parts)


def _ticks(low: float, high: float) -> list[float]:
    step = 10.0 ** math.floor(math.log10((high - low) / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 5)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _fit(points: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    low, high = points.min(axis=0), points.max(axis=0)
    turned = bool((high - low)[1] > (high - low)[0])
    spans = np.maximum((high - low)[::-1] if turned else high - low, 1.0)
    scale = min((WIDTH - 32) / spans[0], (HEIGHT - 60) / spans[1])

    def place(xy: np.ndarray) -> np.ndarray:
        offset = (xy - (low + high) / 2) * scale
        if turned:
            offset = np.stack([offset[:, 1], -offset[:, 0]], axis=1)
        return offset + np.array([WIDTH / 2, (HEIGHT - 28) / 2])

    return place


def _runs(bins: np.ndarray, departed: np.ndarray) -> list[tuple[int, int]]:
    """(start, stop) spots of pieces of one colour; a piece ends where the car was put back."""
    cuts = [0, *(np.flatnonzero(bins[1:] != bins[:-1]) + 1).tolist(), len(bins) - 1]
    jumps = set(np.flatnonzero(departed).tolist())
    pieces = []
    for start, stop in pairwise(cuts):
        while (jump := next((j for j in range(start, stop) if j in jumps), None)) is not None:
            pieces.append((start, jump))
            start = jump + 1
        pieces.append((start, stop))
    return pieces


def _ramp(share: float) -> str:
    place = min(max(share, 0.0), 1.0) * (len(GOOD_TO_BAD) - 1)
    i = min(int(place), len(GOOD_TO_BAD) - 2)
    return "rgb(" + ",".join(str(round(a + (b - a) * (place - i))) for a, b in zip(GOOD_TO_BAD[i], GOOD_TO_BAD[i + 1], strict=True)) + ")"


def _map_legend() -> str:
    y = HEIGHT - 12
    boxes = "".join(f'<rect x="{WIDTH - 140 + 8 * k}" y="{y}" width="8" height="5" fill="{_ramp((k + 0.5) / PATH_BINS)}"/>' for k in range(PATH_BINS))
    return boxes + _text("off centre 0", WIDTH - 146, y + 7, "end") + _text(f"{LATERAL_TOP_M:g} m", WIDTH - 40, y + 7)


def _points(spots: np.ndarray) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)


def _text(words: str, x: float, y: float, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{MUTED}" font-size="11" font-family="system-ui,sans-serif">{html.escape(words)}</text>'


def _svg(content: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{content}</svg>'
