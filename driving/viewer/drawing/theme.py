"""One look for all pictures: colours (RGB), panels, text. Drawing is in place on (Y, X, 3) uint8 RGB arrays."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

Colour = tuple[int, int, int]

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

_SANS = cv2.FontFace("sans")


class Rect(NamedTuple):
    """A place on the picture in pixels."""

    x: int
    y: int
    width: int
    height: int

    def view(self, image: np.ndarray) -> np.ndarray:
        """The part of the picture that the rectangle covers, not copied."""
        return image[self.y : self.y + self.height, self.x : self.x + self.width]

    def inset(self, left: int, top: int, right: int, bottom: int) -> Rect:
        """A smaller rectangle inside."""
        return Rect(self.x + left, self.y + top, self.width - left - right, self.height - top - bottom)


def role_colour(role: str) -> Colour:
    """The colour of a role; a role without one looks like a hidden neuron."""
    return ROLE_COLOURS.get(role, ROLE_COLOURS["hidden"])


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` (0 to 1) of the second colour in the first."""
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def ramp(colours: tuple[Colour, ...], share: float) -> Colour:
    """A colour from a scale of colours at `share` in 0 to 1."""
    place = min(max(share, 0.0), 1.0) * (len(colours) - 1)
    index = min(int(place), len(colours) - 2)
    return mix(colours[index], colours[index + 1], place - index)


@lru_cache(maxsize=4096)
def text_width(words: str, size: int, weight: int = 400) -> int:
    """How wide the words will be (px)."""
    return int(cv2.getTextSize((4096, 256), words, (0, 0), _SANS, size, weight)[2])


def text(image: np.ndarray, words: str, x: float, y: float, size: int, colour: Colour = TEXT, weight: int = 400, align: str = "left") -> None:
    """Writes words with their baseline at y; x is their left end, middle ("centre") or right end."""
    if align != "left":
        width = text_width(words, size, weight)
        x -= width / 2 if align == "centre" else width
    cv2.putText(image, words, (round(x), round(y)), colour, _SANS, size, weight)


def chip(image: np.ndarray, words: str, x: float, y: float, size: int, colour: Colour, ground: Colour) -> None:
    """Words around x on a ground that covers the lines below them."""
    half = text_width(words, size) / 2 + 2
    cv2.rectangle(image, (round(x - half), round(y - size * 0.85)), (round(x + half), round(y + size * 0.3)), ground, -1)
    text(image, words, x, y, size, colour, 400, "centre")


def panel(image: np.ndarray, rect: Rect, title: str = "", note: str = "") -> None:
    """A card with a title at its top left and a note at its top right."""
    rounded(image, rect, PANEL, 8)
    if title:
        text(image, title, rect.x + 12, rect.y + 18, 13, TEXT, 600)
    if note:
        text(image, note, rect.x + rect.width - 12, rect.y + 18, 11, MUTED, 400, "right")


def rounded(image: np.ndarray, rect: Rect, colour: Colour, radius: int) -> None:
    """A filled rectangle with round corners."""
    x, y, w, h = rect
    cv2.rectangle(image, (x + radius, y), (x + w - radius - 1, y + h - 1), colour, -1)
    cv2.rectangle(image, (x, y + radius), (x + w - 1, y + h - radius - 1), colour, -1)
    for cx in (x + radius, x + w - radius - 1):
        for cy in (y + radius, y + h - radius - 1):
            cv2.circle(image, (cx, cy), radius, colour, -1, cv2.LINE_AA)


def fixed(points: np.ndarray) -> np.ndarray:
    """Points (N, 2) in sixteenths of a pixel, for OpenCV's `shift=4`."""
    return np.round(np.asarray(points, dtype=np.float64) * 16.0).astype(np.int32)


def curve(image: np.ndarray, points: np.ndarray, colour: Colour, thickness: int = 1) -> None:
    """A smooth line through points (N, 2) in pixels."""
    cv2.polylines(image, [fixed(points)], False, colour, thickness, cv2.LINE_AA, 4)


def disc(image: np.ndarray, x: float, y: float, radius: float, colour: Colour, thickness: int = -1) -> None:
    """A circle, filled unless a thickness is given."""
    cv2.circle(image, (round(x * 16), round(y * 16)), round(radius * 16), colour, thickness, cv2.LINE_AA, 4)
