"""The wiring as a picture: sensory features, then inter, command and motor neurons in columns, lit by what they do.

Places are computed once (`lay_out`, in 0..1 of a rectangle) and shared by the movie, the picture and the page. A synapse's colour is its
polarity, its thickness the weight, its brightness the weight times the source's activity. The many sensory synapses are summed
to one line per neuron: thickness by total weight, colour by the sign of the sum.
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
    TEXT,
    WELL,
    Colour,
    Rect,
    chip,
    disc,
    fixed,
    mix,
    panel,
    role_colour,
    text,
    text_width,
)
from driving.viewer.playback import Neurons

PER_COLUMN = 16
MOST_LINKS = 300  # of a dense network, only the strongest are drawn
CURVE_STEPS = 14
ROLE_X = {"inter": 0.36, "command": 0.66, "hidden": 0.52, "motor": 0.90}
SENSORY_X = 0.045
QUIET, LOUD = 0.16, 0.95


@dataclass(frozen=True)
class Link:
    """A drawn line: source index (-1: the senses), target index, share of the greatest weight (0 to 1), polarity."""

    source: int
    target: int
    share: float
    excites: bool


def lay_out(neurons: Neurons) -> np.ndarray:
    """(H, 2) each neuron's place in the unit square, y downwards; a role with many neurons takes several columns."""
    places = np.zeros((len(neurons.names), 2))
    for role, members in neurons.by_role().items():
        columns = -(-len(members) // PER_COLUMN)
        rows = -(-len(members) // columns)
        for order, index in enumerate(members):
            column, row = divmod(order, rows)
            spread = 0.055 * (column - (columns - 1) / 2)
            places[index] = ROLE_X.get(role, ROLE_X["hidden"]) + spread, (row + 0.5) / rows
    return places


def links(neurons: Neurons) -> list[Link]:
    """The lines to draw, faint ones first."""
    index = {name: i for i, name in enumerate(neurons.names)}
    sensory = np.zeros((2, len(neurons.names)))
    inner = []
    for synapse in neurons.synapses:
        if synapse.source in index:
            inner.append((index[synapse.source], index[synapse.target], synapse.weight))
        else:
            sensory[:, index[synapse.target]] += abs(synapse.weight), synapse.weight
    top = max((abs(weight) for *_, weight in inner), default=1.0) or 1.0
    top_sensory = sensory[0].max(initial=0.0) or 1.0
    drawn = [Link(-1, i, float(total / top_sensory), bool(net >= 0)) for i, (total, net) in enumerate(sensory.T) if total > 0]
    strongest = sorted((Link(s, t, abs(w) / top, w >= 0) for s, t, w in inner), key=lambda link: link.share)[-MOST_LINKS:]
    return drawn + strongest


def link_curve(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(K, 2) a smooth line from one place to another; between neurons of one column it bows out to the right, to itself it loops."""
    t = np.linspace(0.0, 1.0, CURVE_STEPS)[:, None]
    across = float(end[0] - start[0])
    if np.allclose(start, end):
        turn = np.linspace(-0.75 * np.pi, 0.75 * np.pi, CURVE_STEPS)
        return start + 9.0 * np.stack([1.2 + np.cos(turn), np.sin(turn)], axis=1)
    bow = across * 0.5 if abs(across) > 20.0 else 24.0 + 0.22 * abs(float(end[1] - start[1]))
    first, second = start + np.array([bow, 0.0]), end - np.array([bow if abs(across) > 20.0 else -bow, 0.0])
    return (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t**2 * second + t**3 * end


class WiringView:
    """Draws the wiring into a rectangle: `draw_still` once into a background, `draw` every frame over it."""

    def __init__(self, neurons: Neurons, rect: Rect, scale: float = 1.0) -> None:
        self._neurons, self._rect, self._scale = neurons, rect, scale
        inner = rect.inset(round(14 * scale), round(32 * scale), round(14 * scale), round(26 * scale))
        self._places = lay_out(neurons) * [inner.width, inner.height] + [inner.x, inner.y]
        crowded = max((len(members) for members in neurons.by_role().values()), default=1) > PER_COLUMN
        self._radius = (5.0 if crowded else 8.0) * scale
        self._named = not crowded
        self._senses = np.array([inner.x + SENSORY_X * inner.width, inner.y + inner.height / 2])
        self._inner = inner
        self._links = links(neurons)
        self._curves = [fixed(self._curve(link)) for link in self._links]
        self._colours = [role_colour(role) for role in neurons.roles]

    def _curve(self, link: Link) -> np.ndarray:
        end = self._places[link.target]
        if link.source >= 0:
            return link_curve(self._places[link.source], end)
        widest = max(text_width(name, round(11 * self._scale)) for name in self._neurons.names)
        label = widest * 0.72 + 2.2 * self._radius if self._named else 0.0
        share = (end[1] - self._inner.y) / self._inner.height
        start = np.array([self._senses[0] + 8 * self._scale, self._senses[1] + (share - 0.5) * 0.55 * self._inner.height])
        return link_curve(start, end - [label + 4 * self._scale, 0.0])

    def draw_still(self, image: np.ndarray) -> None:
        """Everything that never changes: the card, the senses, the sensory lines, the legend."""
        neurons, scale = self._neurons, self._scale
        panel(image, self._rect)
        left, right = self._rect.x + 12 * scale, self._rect.x + self._rect.width - 12 * scale
        self._words(image, "Wiring", left, self._rect.y + 18 * scale, 13, TEXT, "left", 600)
        self._words(image, f"{len(neurons.names)} neurons  ·  {len(neurons.synapses)} synapses", right, self._rect.y + 18 * scale, 11, MUTED, "right")
        height = round(0.58 * self._inner.height)
        x, y = self._senses
        pill = Rect(round(x - 8 * scale), round(y - height / 2), round(16 * scale), height)
        cv2.rectangle(image, (pill.x, pill.y), (pill.x + pill.width, pill.y + pill.height), LINE, -1)
        for row in np.linspace(pill.y + 6 * scale, pill.y + pill.height - 6 * scale, min(len(neurons.sensory_names), 16)):
            disc(image, x, float(row), 3.0 * scale, MUTED)
        self._words(image, f"{len(neurons.sensory_names)}", x, pill.y - 20 * scale, 12, TEXT, "centre", 600)
        self._words(image, "features", x + 4 * scale, pill.y - 7 * scale, 10, MUTED, "centre")
        self.draw_links(image, [i for i, link in enumerate(self._links) if link.source < 0], None)
        self._draw_legend(image)

    def _words(self, image: np.ndarray, words: str, x: float, y: float, size: int, colour: Colour, align: str = "left", weight: int = 400) -> None:
        text(image, words, x, y, round(size * self._scale), colour, weight, align)

    def _draw_legend(self, image: np.ndarray) -> None:
        scale = self._scale
        x, y = self._rect.x + 14 * scale, self._rect.y + self._rect.height - 9 * scale
        for role, members in self._neurons.by_role().items():
            disc(image, x + 4 * scale, y - 4 * scale, 4 * scale, role_colour(role))
            words = f"{role} {len(members)}"
            self._words(image, words, x + 12 * scale, y, 11, MUTED)
            x += 12 * scale + text_width(words, round(11 * scale)) + 14 * scale
        for words, colour in (("excites", EXCITES), ("inhibits", INHIBITS)):
            cv2.line(image, (round(x), round(y - 4 * scale)), (round(x + 14 * scale), round(y - 4 * scale)), colour, round(2 * scale), cv2.LINE_AA)
            self._words(image, words, x + 18 * scale, y, 11, MUTED)
            x += 18 * scale + text_width(words, round(11 * scale)) + 14 * scale
        right = self._rect.x + self._rect.width - 12 * scale
        self._words(image, "filled: high within its own range", right, y, 11, MUTED, "right")

    def draw_links(self, image: np.ndarray, chosen: Sequence[int], lit_H: np.ndarray | None) -> None:
        """Draws the chosen lines; without activity, at an even brightness."""
        for i in chosen:
            link = self._links[i]
            flow = 0.25 * link.share if lit_H is None or link.source < 0 else float(lit_H[link.source]) * (0.35 + 0.65 * link.share)
            colour = mix(PANEL, EXCITES if link.excites else INHIBITS, QUIET + (LOUD - QUIET) * flow)
            thickness = max(1, round((0.6 + 2.4 * link.share) * self._scale))
            cv2.polylines(image, [self._curves[i]], False, colour, thickness, cv2.LINE_AA, 4)

    def draw(self, image: np.ndarray, lit_H: np.ndarray) -> None:
        """The synapses between neurons and the neurons, as active as `lit_H` (0 to 1) says; faint lines lie below bright ones."""
        inner = [i for i, link in enumerate(self._links) if link.source >= 0]
        self.draw_links(image, sorted(inner, key=lambda i: float(lit_H[self._links[i].source]) * self._links[i].share), lit_H)
        for i, (x, y) in enumerate(self._places):
            self._draw_neuron(image, i, float(x), float(y), float(lit_H[i]))

    def _draw_neuron(self, image: np.ndarray, i: int, x: float, y: float, lit: float) -> None:
        colour, radius = self._colours[i], self._radius
        role = self._neurons.roles[i]
        if role in ("motor", "command"):
            radius *= 1.25
        if lit > 0.55:
            disc(image, x, y, radius + 4.0 * self._scale, mix(PANEL, colour, 0.30 * (lit - 0.55) / 0.45 + 0.05))
        disc(image, x, y, radius, mix(WELL, colour, 0.06 + 0.94 * lit))
        disc(image, x, y, radius, mix(PANEL, colour, 0.55 + 0.45 * lit), max(1, round(1.4 * self._scale)))
        if not self._named:
            return
        words = mix(MUTED, TEXT, lit)
        if role in ("inter", "hidden"):
            self._words(image, self._neurons.names[i], x - radius - 5 * self._scale, y + 4 * self._scale, 11, words, "right")
        else:
            chip(image, self._neurons.names[i], x, y - radius - 5 * self._scale, round(11 * self._scale), words, PANEL)


def write_wiring_picture(path: Path, neurons: Neurons) -> None:
    """A still of the wiring at twice the movie's size, every synapse at its weight, every neuron half lit."""
    image = np.full((800, 1280, 3), BACKGROUND, np.uint8)
    view = WiringView(neurons, Rect(16, 16, 1248, 768), scale=2.0)
    view.draw_still(image)
    view.draw(image, np.full(len(neurons.names), 0.5, np.float32))
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
