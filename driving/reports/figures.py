"""The report's charts as SVG, drawn with matplotlib: curves, histograms, tracks.

Colours become CSS variables of the page with fixed fallbacks, so that an embedded chart follows the page's dark and light theme
and a chart in a file of its own still has colours. The same values always give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from itertools import cycle, pairwise
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

WIDTH_PX, HEIGHT_PX, DPI = 300, 175, 72
INKS = ("#0b7fa4", "#b65f00", "#7a46c8")
MUTED, LINE, BAD = "#5d6875", "#dfe3e8", "#cf2f2b"
CSS_VARIABLES = {INKS[0]: "--one", INKS[1]: "--two", INKS[2]: "--three", MUTED: "--muted", LINE: "--line", BAD: "--bad"}
LATERAL_TOP_M = 0.5
GOOD_TO_BAD = ("#2aa894", "#e6ac28", "#d73a34")
PATH_BINS = 12
HISTOGRAM_BINS = 41
MOST_POINTS_MARKED = 40
LEGEND_COLUMNS = 2
PARTS_NAMED = 3
BARS_APART = 0.012  # of the values' range
TOP_MARGIN = 0.06  # of the values' range
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so that text is measured alike everywhere; the page shows its own font
    "text.color": MUTED,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": LINE,
    "axes.prop_cycle": cycler(color=INKS),
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.xmargin": 0.02,
    "grid.color": LINE,
    "xtick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.color": LINE,
    "ytick.labelcolor": MUTED,
    "ytick.left": False,
    "legend.frameon": False,
    "legend.borderpad": 0,
    "lines.markersize": 5,
    "svg.fonttype": "none",
    "svg.hashsalt": "liquidlane",
}
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}

Line = tuple[np.ndarray, np.ndarray]
"""The (x, y) values of one line."""


class RateLine(NamedTuple):
    """Rates with their intervals, all (K,)."""

    x: np.ndarray
    rate: np.ndarray
    low: np.ndarray
    high: np.ndarray


def draw_curves(lines: Mapping[str, Line], x_name: str) -> str:
    """Draw named lines in one chart with a legend; few points are marked. The y axis includes zero."""

    def draw(axes: Axes) -> None:
        _plot_lines(axes, lines, x_name)
        values = np.concatenate([y for _, y in lines.values()])
        low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
        axes.set_ylim(low, high + TOP_MARGIN * ((high - low) or 1.0))

    return _render(draw)


def draw_rates(lines: Mapping[str, RateLine], x_name: str) -> str:
    """Draw named lines of rates with their intervals as bars, each line a little beside the one before, so that bars do not cover one another."""
    apart = BARS_APART * (float(np.ptp(np.concatenate([line.x for line in lines.values()]))) or 1.0)

    def draw(axes: Axes) -> None:
        beside = {name: line.x + apart * number for number, (name, line) in enumerate(lines.items())}
        _plot_lines(axes, {name: (beside[name], line.rate) for name, line in lines.items()}, x_name)
        for ink, (name, line) in zip(cycle(INKS), lines.items(), strict=False):
            axes.vlines(beside[name], line.low, line.high, color=ink, linewidth=1.2, gid="interval")
        top = max(float(np.nanmax(np.concatenate([line.rate, line.high[np.isfinite(line.high)]]))) for line in lines.values())
        axes.set_ylim(0.0, (1.0 + TOP_MARGIN) * (top or 1.0))

    return _render(draw)


def draw_rates_of_parts(whole: RateLine, parts: Mapping[str, Line], x_name: str) -> str:
    """Draw the rates of a whole with their intervals as a thick line, and its parts as thin ones; names stand at the highest of these."""

    def draw(axes: Axes) -> None:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for x, rate in parts.values():
            axes.plot(x, rate, color=MUTED, linewidth=0.7, alpha=0.7, gid="part", clip_on=False)
        axes.plot(whole.x, whole.rate, "o-", color=INKS[0], linewidth=3, gid="curve", clip_on=False)
        axes.vlines(whole.x, whole.low, whole.high, color=INKS[0], linewidth=1.2, gid="interval")
        highest = sorted((name for name, (_, rate) in parts.items() if rate[-1] > 0), key=lambda name: -float(parts[name][1][-1]))
        for name in highest[:PARTS_NAMED]:
            x, rate = parts[name]
            axes.annotate(name, (x[-1], rate[-1]), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
        values = np.concatenate([whole.rate, whole.high, *(rate for _, rate in parts.values())])
        axes.set_ylim(0.0, (1.0 + TOP_MARGIN) * (float(values[np.isfinite(values)].max(initial=0.0)) or 1.0))
        axes.set_xlabel(x_name, loc="right")

    return _render(draw)


def draw_cost_curves(lines: Mapping[str, Line], x_name: str) -> str:
    """Draw named lines of positive values on two logarithmic axes: powers of two along x, powers of ten along y."""

    def draw(axes: Axes) -> None:
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=10)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_locator(NullLocator())
        _plot_lines(axes, lines, x_name)

    return _render(draw)


def draw_histogram(values: np.ndarray, x_name: str) -> str:
    """Draw how often each value occurs. NaN is not counted. Counts are on a logarithmic scale, because rare values matter here."""
    values = values[np.isfinite(values)]
    top = float(np.abs(values).max(initial=0.0)) or 1.0
    counts, edges = np.histogram(values, bins=HISTOGRAM_BINS, range=(-top, top))

    def draw(axes: Axes) -> None:
        axes.set_yscale("symlog", linthresh=1.0)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
        axes.yaxis.set_minor_locator(NullLocator())
        for bar in axes.bar(edges[:-1], counts, width=0.9 * np.diff(edges), align="edge"):
            bar.set_gid("bar")
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel(x_name, loc="right")

    return _render(draw)


def draw_track_map(path_xy: np.ndarray, lateral_m: np.ndarray, departed: np.ndarray, centre_xy: np.ndarray | None) -> str:
    """Draw the driven path from above.

    Args:
        path_xy: (T, 2) m, the car's positions; y grows downwards in the chart.
        lateral_m: (T,) the distances from the centre line. They colour the path, from 0 to LATERAL_TOP_M.
        departed: (T,) bool, the ticks after which the car was put back; crosses mark them and the path is cut there.
        centre_xy: (N, 2) m, the route's centre line, or None where it is not known.
    """
    departed = departed.astype(bool)
    known = path_xy if centre_xy is None else np.concatenate([path_xy, centre_xy])
    x_span, y_span = np.ptp(known, axis=0)
    if y_span > x_span:  # a track that runs north to south lies on its side to use the width
        path_xy, centre_xy = _turn(path_xy), None if centre_xy is None else _turn(centre_xy)
    bins = np.minimum(np.abs(lateral_m) / LATERAL_TOP_M * PATH_BINS, PATH_BINS - 1).astype(int)
    pieces = [(start, stop) for start, stop in _split_path(bins, departed) if stop > start]

    def draw(axes: Axes) -> None:
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_axis_off()
        if centre_xy is not None:
            axes.plot(centre_xy[:, 0], centre_xy[:, 1], color=LINE, linewidth=6, gid="centre")
        colours = LinearSegmentedColormap.from_list("good to bad", GOOD_TO_BAD, PATH_BINS)
        path = LineCollection([path_xy[start : stop + 1] for start, stop in pieces], linewidths=2.6, capstyle="round", gid="path")
        path.set(cmap=colours, norm=Normalize(0.0, LATERAL_TOP_M), array=(bins[[start for start, _ in pieces]] + 0.5) / PATH_BINS * LATERAL_TOP_M)
        axes.add_collection(path)
        if departed.any():
            axes.plot(*path_xy[departed].T, "x", color=BAD, markersize=10, markeredgewidth=2.2, gid="departures")
        axes.plot(*path_xy[0], "o", color=MUTED, markersize=9, markerfacecolor="none", markeredgewidth=2)
        axes.autoscale_view()
        axes.invert_yaxis()
        place = axes.inset_axes((0.64, -0.04, 0.22, 0.03))
        scale = axes.figure.colorbar(path, cax=place, orientation="horizontal", ticks=[])
        scale.outline.set_visible(False)  # type: ignore[operator]
        place.text(-0.06, 0.5, "off centre 0", transform=place.transAxes, ha="right", va="center")
        place.text(1.06, 0.5, f"{LATERAL_TOP_M:g} m", transform=place.transAxes, ha="left", va="center")

    return _render(draw)


def _plot_lines(axes: Axes, lines: Mapping[str, Line], x_name: str) -> None:
    for name, (x, y) in lines.items():
        axes.plot(x, y, "o-" if len(x) <= MOST_POINTS_MARKED else "-", linewidth=2, label=name, gid="curve", clip_on=False)
    axes.set_xlabel(x_name, loc="right")
    axes.figure.legend(loc="outside upper left", ncols=LEGEND_COLUMNS, handlelength=1.2)  # type: ignore[call-arg]


def _turn(xy: np.ndarray) -> np.ndarray:
    """Return points (N, 2) turned by a quarter."""
    return np.stack([xy[:, 1], -xy[:, 0]], axis=1)


def _split_path(bins: np.ndarray, departed: np.ndarray) -> list[tuple[int, int]]:
    """Return the (first, last) ticks of the path's pieces of one colour; a piece ends where the car was put back."""
    cuts = [0, *(np.flatnonzero(bins[1:] != bins[:-1]) + 1).tolist(), len(bins) - 1]
    jumps = set(np.flatnonzero(departed).tolist())
    pieces = []
    for start, stop in pairwise(cuts):
        while (jump := next((j for j in range(start, stop) if j in jumps), None)) is not None:
            pieces.append((start, jump))
            start = jump + 1
        pieces.append((start, stop))
    return pieces


def _render(draw: Callable[[Axes], None]) -> str:
    """Return the chart that `draw` makes as an `<svg>` element. A group's class is the `gid` of what it shows."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI, layout="constrained")
        draw(figure.subplots())
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata=NO_METADATA)
    text = file.getvalue()
    svg = text[text.index("<svg") :].replace('<g id="', '<g class="')  # several charts share a page, where an id must be unique
    for colour, variable in CSS_VARIABLES.items():
        svg = svg.replace(colour, f"var({variable},{colour})")
    return svg
