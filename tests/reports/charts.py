"""Reading charts back: the groups of an SVG chart by what they show, and their points."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np

SVG = "{http://www.w3.org/2000/svg}"


def groups(drawing: str, name: str) -> list[ElementTree.Element]:
    """Return the groups of a chart that show `name`."""
    return [group for group in ElementTree.fromstring(drawing).iter(f"{SVG}g") if group.attrib.get("class") == name]


def texts(drawing: str) -> list[str]:
    """Return all texts of a chart."""
    return [text.text or "" for text in ElementTree.fromstring(drawing).iter(f"{SVG}text")]


def points_of(element: ElementTree.Element) -> np.ndarray:
    """Return the points (N, 2) of a path or of a group's first path outside its definitions."""
    path = element if element.tag == f"{SVG}path" else next(child for child in element if child.tag == f"{SVG}path")
    return np.array([[float(x), float(y)] for x, y in re.findall(r"[ML] (\S+) (\S+)", path.attrib["d"])])
