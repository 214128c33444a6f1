"""One look for all pictures: colours, panels, text, lines. Drawing changes (Y, X, 3) uint8 RGB arrays in place; places are in pixels.

OpenCV draws instead of a chart library, because the movie draws every panel again for each tick.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

import cv2
import numpy as np

Colour = tuple[int, int, int]  # RGB
Align = Literal["left", "centre", "right"]

BACKGROUND: Colour = (11, 14, 19)
PANEL: Colour = (20, 25, 32)
WELL: Colour = (14, 18, 24)
LINE: Colour = (45, 53, 64)
TEXT: Colour = (232, 238, 245)
MUTED: Colour = (142, 152, 166)
WARNING: Colour = (255, 92, 87)
LABEL: Colour = (236, 240, 245)
ROLE_COLOURS: dict[str, Colour] = {
    "sensory": (142, 152, 166),
    "inter": (77, 196, 232),
    "command": (186, 146, 255),
    "motor": (255, 186, 73),
    "hidden": (77, 196, 232),
}
EXCITES: Colour = (139, 212, 108)
INHIBITS: Colour = (255, 99, 141)
GOOD_TO_BAD: tuple[Colour, ...] = ((74, 201, 178), (247, 209, 84), (255, 92, 87))
LATERAL_TOP_M = 0.5  # the distance from the centre that has the last colour of GOOD_TO_BAD

SHIFT = 4  # OpenCV's fixed-point coordinates have 4 fractional bits here
REGULAR, MEDIUM, STRONG, BOLD = 400, 500, 600, 700  # weights of the font

_SANS = cv2.FontFace("sans")
_CANVAS_PX = (4096, 256)  # larger than any text


class Rect(NamedTuple):
    """A rectangle of the picture in pixels."""

    x: int
    y: int
    width: int
    height: int

    def view(self, image: np.ndarray) -> np.ndarray:
        """Return the part of the picture that the rectangle covers, without copying it."""
        return image[self.y : self.y + self.height, self.x : self.x + self.width]

    def inset(self, left: int, top: int, right: int, bottom: int) -> Rect:
        """Return a smaller rectangle inside, with these margins."""
        return Rect(self.x + left, self.y + top, self.width - left - right, self.height - top - bottom)


class TextStyle(NamedTuple):
    """The look of a text."""

    size: int  # px
    colour: Colour = TEXT
    weight: int = REGULAR
    align: Align = "left"  # which point of the text x gives


def role_colour(role: str) -> Colour:
    """Return the colour of a role; an unknown role looks like a hidden neuron."""
    return ROLE_COLOURS.get(role, ROLE_COLOURS["hidden"])


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Mix `share` (0 to 1) of the second colour into the first."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def pick_colour(scale: tuple[Colour, ...], share: float) -> Colour:
    """Return the colour at `share` (0 to 1) of a colour scale."""
    place = min(max(share, 0.0), 1.0) * (len(scale) - 1)
    index = min(int(place), len(scale) - 2)
    return mix(scale[index], scale[index + 1], place - index)


@lru_cache(maxsize=4096)
def measure_text(words: str, size: int, weight: int = REGULAR) -> int:
    """Return the width of a text (px)."""
    return int(cv2.getTextSize(_CANVAS_PX, words, (0, 0), _SANS, size, weight)[2])


def write_text(image: np.ndarray, words: str, x: float, y: float, style: TextStyle) -> None:
    """Write a text with its baseline at y."""
    if style.align != "left":
        width = measure_text(words, style.size, style.weight)
        x -= width / 2 if style.align == "centre" else width
    cv2.putText(image, words, (round(x), round(y)), style.colour, _SANS, style.size, style.weight)


def draw_chip(image: np.ndarray, words: str, x: float, y: float, style: TextStyle, ground: Colour) -> None:
    """Write a text centred at x on a ground that covers the lines below it. The style's alignment is not used."""
    half = measure_text(words, style.size) / 2 + 2
    cv2.rectangle(image, (round(x - half), round(y - style.size * 0.85)), (round(x + half), round(y + style.size * 0.3)), ground, -1)
    write_text(image, words, x, y, style._replace(align="centre"))


def draw_panel(image: np.ndarray, rect: Rect, title: str = "", note: str = "") -> None:
    """Draw a card with a title at its top left and a note at its top right."""
    fill_rounded(image, rect, PANEL, 8)
    if title:
        write_text(image, title, rect.x + 12, rect.y + 18, TextStyle(13, TEXT, STRONG))
    if note:
        write_text(image, note, rect.x + rect.width - 12, rect.y + 18, TextStyle(11, MUTED, align="right"))


def fill_rounded(image: np.ndarray, rect: Rect, colour: Colour, radius: int) -> None:
    """Fill a rectangle with round corners."""
    x, y, width, height = rect
    cv2.rectangle(image, (x + radius, y), (x + width - radius - 1, y + height - 1), colour, -1)
    cv2.rectangle(image, (x, y + radius), (x + width - 1, y + height - radius - 1), colour, -1)
    for corner_x in (x + radius, x + width - radius - 1):
        for corner_y in (y + radius, y + height - radius - 1):
            cv2.circle(image, (corner_x, corner_y), radius, colour, -1, cv2.LINE_AA)


def to_fixed_point(points: np.ndarray) -> np.ndarray:
    """Return points (N, 2) in px as OpenCV's fixed-point numbers with SHIFT fractional bits."""
    return np.round(np.asarray(points, dtype=np.float64) * 2.0**SHIFT).astype(np.int32)


def draw_curve(image: np.ndarray, points: np.ndarray, colour: Colour, thickness: int = 1) -> None:
    """Draw a smooth line through points (N, 2) in px."""
    cv2.polylines(image, [to_fixed_point(points)], False, colour, thickness, cv2.LINE_AA, SHIFT)


def draw_disc(image: np.ndarray, x: float, y: float, radius: float, colour: Colour, thickness: int = -1) -> None:
    """Draw a circle, filled unless a thickness is given."""
    scale = 2**SHIFT
    cv2.circle(image, (round(x * scale), round(y * scale)), round(radius * scale), colour, thickness, cv2.LINE_AA, SHIFT)
