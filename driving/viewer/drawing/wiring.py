"""The wiring as a picture: sensory features, then inter, command and motor neurons in columns, lit by their activity.

Places are computed once (`lay_out`) and shared by the movie, the picture and the page. A synapse's colour is its polarity, its thickness
the weight, its brightness the weight times the source's activity. The many sensory synapses are summed to one line per neuron: its thickness
is the total weight, its colour the sign of the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from driving.viewer.drawing.theme import (
    BACKGROUND,
    EXCITES,
    INHIBITS,
    LINE,
    MUTED,
    PANEL,
    SHIFT,
    STRONG,
    TEXT,
    WELL,
    Rect,
    TextStyle,
    draw_chip,
    draw_disc,
    draw_panel,
    measure_text,
    mix,
    role_colour,
    to_fixed_point,
    write_text,
)
from driving.viewer.playback import Neurons
from policy.whole_file import write_bytes

PER_COLUMN = 16  # neurons
MOST_LINKS = 300  # only the strongest synapses of a dense network are drawn
CURVE_STEPS = 14
ROLE_X = {"inter": 0.36, "command": 0.66, "hidden": 0.52, "motor": 0.90}
SENSORY_X = 0.045
QUIET, LOUD = 0.16, 0.95  # shares of a synapse's colour without and with full activity
MIN_ACROSS_PX = 20.0  # neurons that are closer than this across share a column
BRIGHT = 0.55  # a neuron that is lit more than this has a halo
SENSES = -1  # the source of the sensory lines
STILL_PX = (800, 1280)  # height, width of wiring.png


@dataclass(frozen=True)
class Link:
    """A line of the drawing."""

    source: int  # a neuron's index, or SENSES
    target: int  # a neuron's index
    share: float  # of the greatest weight, 0 to 1
    excites: bool

    @property
    def is_sensory(self) -> bool:
        """Whether the line comes from the sensory features."""
        return self.source == SENSES


def lay_out(neurons: Neurons) -> np.ndarray:
    """Return each neuron's place (H, 2) in the unit square, y downwards; a role with many neurons takes several columns."""
    places = np.zeros((len(neurons.names), 2))
    for role, members in neurons.by_role().items():
        columns = -(-len(members) // PER_COLUMN)
        rows = -(-len(members) // columns)
        for order, index in enumerate(members):
            column, row = divmod(order, rows)
            spread = 0.055 * (column - (columns - 1) / 2)
            places[index] = ROLE_X.get(role, ROLE_X["hidden"]) + spread, (row + 0.5) / rows
    return places


def make_links(neurons: Neurons) -> list[Link]:
    """Return the lines to draw: the sensory ones, then the synapses between neurons, faint ones first."""
    index = {name: i for i, name in enumerate(neurons.names)}
    total, net = np.zeros(len(neurons.names)), np.zeros(len(neurons.names))  # each neuron's sensory weights
    inner = []
    for synapse in neurons.synapses:
        if synapse.source in index:
            inner.append((index[synapse.source], index[synapse.target], synapse.weight))
        else:
            total[index[synapse.target]] += abs(synapse.weight)
            net[index[synapse.target]] += synapse.weight
    top = max((abs(weight) for *_, weight in inner), default=1.0) or 1.0
    top_sensory = total.max(initial=0.0) or 1.0
    sensory = [Link(SENSES, i, float(total[i] / top_sensory), bool(net[i] >= 0)) for i in range(len(neurons.names)) if total[i] > 0]
    between = (Link(source, target, abs(weight) / top, weight >= 0) for source, target, weight in inner)
    return sensory + sorted(between, key=lambda link: link.share)[-MOST_LINKS:]


def make_curve(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return points (CURVE_STEPS, 2) of a cubic Bezier curve between two places.

    Between neurons of one column the curve bows out to the right. From a neuron to itself it is a loop.
    """
    t = np.linspace(0.0, 1.0, CURVE_STEPS)[:, None]
    across = float(end[0] - start[0])
    if np.allclose(start, end):
        turn = np.linspace(-0.75 * np.pi, 0.75 * np.pi, CURVE_STEPS)
        return start + 9.0 * np.stack([1.2 + np.cos(turn), np.sin(turn)], axis=1)
    is_across = abs(across) > MIN_ACROSS_PX
    bow = across * 0.5 if is_across else 24.0 + 0.22 * abs(float(end[1] - start[1]))
    first, second = start + np.array([bow, 0.0]), end - np.array([bow if is_across else -bow, 0.0])
    return (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t**2 * second + t**3 * end


class WiringView:
    """A drawing of the wiring in a rectangle: `draw_still` once into a background, `draw` over it for every frame."""

    def __init__(self, neurons: Neurons, rect: Rect, scale: float = 1.0) -> None:
        self._neurons, self._rect, self._scale = neurons, rect, scale
        inner = rect.inset(round(14 * scale), round(32 * scale), round(14 * scale), round(26 * scale))
        self._places = lay_out(neurons) * [inner.width, inner.height] + [inner.x, inner.y]
        crowded = max((len(members) for members in neurons.by_role().values()), default=1) > PER_COLUMN
        self._radius = (5.0 if crowded else 8.0) * scale
        self._named = not crowded
        self._senses = np.array([inner.x + SENSORY_X * inner.width, inner.y + inner.height / 2])
        self._inner = inner
        self._links = make_links(neurons)
        self._curves = [to_fixed_point(self._place_curve(link)) for link in self._links]
        self._colours = [role_colour(role) for role in neurons.roles]

    def _place_curve(self, link: Link) -> np.ndarray:
        end = self._places[link.target]
        if not link.is_sensory:
            return make_curve(self._places[link.source], end)
        widest = max(measure_text(name, round(11 * self._scale)) for name in self._neurons.names)
        label = widest * 0.72 + 2.2 * self._radius if self._named else 0.0
        share = (end[1] - self._inner.y) / self._inner.height
        start = np.array([self._senses[0] + 8 * self._scale, self._senses[1] + (share - 0.5) * 0.55 * self._inner.height])
        return make_curve(start, end - [label + 4 * self._scale, 0.0])

    def draw_still(self, image: np.ndarray) -> None:
        """Draw everything that never changes: the card, the senses, the sensory lines, the legend."""
        neurons, scale = self._neurons, self._scale
        draw_panel(image, self._rect)
        left, right = self._rect.x + 12 * scale, self._rect.x + self._rect.width - 12 * scale
        self._write(image, "Wiring", left, self._rect.y + 18 * scale, TextStyle(13, TEXT, STRONG))
        counts = f"{len(neurons.names)} neurons  ·  {len(neurons.synapses)} synapses"
        self._write(image, counts, right, self._rect.y + 18 * scale, TextStyle(11, MUTED, align="right"))
        height = round(0.58 * self._inner.height)
        x, y = self._senses
        pill = Rect(round(x - 8 * scale), round(y - height / 2), round(16 * scale), height)
        cv2.rectangle(image, (pill.x, pill.y), (pill.x + pill.width, pill.y + pill.height), LINE, -1)
        for row in np.linspace(pill.y + 6 * scale, pill.y + pill.height - 6 * scale, min(len(neurons.sensory_names), 16)):
            draw_disc(image, x, float(row), 3.0 * scale, MUTED)
        self._write(image, f"{len(neurons.sensory_names)}", x, pill.y - 20 * scale, TextStyle(12, TEXT, STRONG, "centre"))
        self._write(image, "features", x + 4 * scale, pill.y - 7 * scale, TextStyle(10, MUTED, align="centre"))
        self._draw_links(image, [i for i, link in enumerate(self._links) if link.is_sensory], None)
        self._draw_legend(image)

    def _write(self, image: np.ndarray, words: str, x: float, y: float, style: TextStyle) -> None:
        write_text(image, words, x, y, style._replace(size=round(style.size * self._scale)))

    def _draw_legend(self, image: np.ndarray) -> None:
        scale = self._scale
        x, y = self._rect.x + 14 * scale, self._rect.y + self._rect.height - 9 * scale
        for role, members in self._neurons.by_role().items():
            draw_disc(image, x + 4 * scale, y - 4 * scale, 4 * scale, role_colour(role))
            words = f"{role} {len(members)}"
            self._write(image, words, x + 12 * scale, y, TextStyle(11, MUTED))
            x += 12 * scale + measure_text(words, round(11 * scale)) + 14 * scale
        for words, colour in (("excites", EXCITES), ("inhibits", INHIBITS)):
            cv2.line(image, (round(x), round(y - 4 * scale)), (round(x + 14 * scale), round(y - 4 * scale)), colour, round(2 * scale), cv2.LINE_AA)
            self._write(image, words, x + 18 * scale, y, TextStyle(11, MUTED))
            x += 18 * scale + measure_text(words, round(11 * scale)) + 14 * scale
        right = self._rect.x + self._rect.width - 12 * scale
        self._write(image, "filled: high within its own range", right, y, TextStyle(11, MUTED, align="right"))

    def _draw_links(self, image: np.ndarray, chosen: Sequence[int], lit_H: np.ndarray | None) -> None:
        """Draw the chosen lines. Without activity they have one brightness."""
        for i in chosen:
            link = self._links[i]
            flow = 0.25 * link.share if lit_H is None or link.is_sensory else float(lit_H[link.source]) * (0.35 + 0.65 * link.share)
            colour = mix(PANEL, EXCITES if link.excites else INHIBITS, QUIET + (LOUD - QUIET) * flow)
            thickness = max(1, round((0.6 + 2.4 * link.share) * self._scale))
            cv2.polylines(image, [self._curves[i]], False, colour, thickness, cv2.LINE_AA, SHIFT)

    def draw(self, image: np.ndarray, lit_H: np.ndarray) -> None:
        """Draw the neurons and the synapses between them. `lit_H` (H,) in 0 to 1 is the activity; faint lines lie below bright ones."""
        inner = [i for i, link in enumerate(self._links) if not link.is_sensory]
        self._draw_links(image, sorted(inner, key=lambda i: float(lit_H[self._links[i].source]) * self._links[i].share), lit_H)
        for i, (x, y) in enumerate(self._places):
            self._draw_neuron(image, i, float(x), float(y), float(lit_H[i]))

    def _draw_neuron(self, image: np.ndarray, i: int, x: float, y: float, lit: float) -> None:
        colour, radius = self._colours[i], self._radius
        role = self._neurons.roles[i]
        if role in ("motor", "command"):
            radius *= 1.25
        if lit > BRIGHT:
            draw_disc(image, x, y, radius + 4.0 * self._scale, mix(PANEL, colour, 0.30 * (lit - BRIGHT) / (1.0 - BRIGHT) + 0.05))
        draw_disc(image, x, y, radius, mix(WELL, colour, 0.06 + 0.94 * lit))
        draw_disc(image, x, y, radius, mix(PANEL, colour, 0.55 + 0.45 * lit), max(1, round(1.4 * self._scale)))
        if not self._named:
            return
        style = TextStyle(11, mix(MUTED, TEXT, lit), align="right")
        if role in ("inter", "hidden"):
            self._write(image, self._neurons.names[i], x - radius - 5 * self._scale, y + 4 * self._scale, style)
        else:
            draw_chip(image, self._neurons.names[i], x, y - radius - 5 * self._scale, style._replace(size=round(11 * self._scale)), PANEL)


def write_wiring_picture(path: Path, neurons: Neurons) -> None:
    """Write a still picture of the wiring at twice the movie's size, with every neuron half lit."""
    height, width = STILL_PX
    image = np.full((height, width, 3), BACKGROUND, np.uint8)
    view = WiringView(neurons, Rect(0, 0, width, height).inset(16, 16, 16, 16), scale=2.0)
    view.draw_still(image)
    view.draw(image, np.full(len(neurons.names), 0.5, np.float32))
    write_bytes(path, cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes())
