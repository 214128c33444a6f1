"""What stands around, sorted so that only what is near a vehicle is tried for contact: thousands of trees and poles cost nothing."""

from __future__ import annotations

import numpy as np
from numba import njit

from driving.world.physics import collisions as c
from driving.world.physics import dynamics as d

REACH_M = 20.0  # longer than any vehicle's box plus what it moves in a tick


class Statics:
    """Static boxes (S, collisions.BOX_WIDTH), sorted by x."""

    def __init__(self, boxes: np.ndarray) -> None:
        self.replace(boxes)

    def replace(self, boxes: np.ndarray) -> None:
        """Puts these boxes (S, BOX_WIDTH) in the place of all."""
        self.boxes = np.ascontiguousarray(boxes[np.argsort(boxes[:, c.B_X], kind="stable")], np.float64)
        self._xs = np.ascontiguousarray(self.boxes[:, c.B_X])
        sizes = np.hypot(boxes[:, c.B_LENGTH], boxes[:, c.B_WIDTH])
        # the few very long ones (walls, barriers) must not widen the window of all others
        self._widest = float(np.quantile(sizes, 0.98)) if len(sizes) else 0.0
        self._long = np.flatnonzero(np.hypot(self.boxes[:, c.B_LENGTH], self.boxes[:, c.B_WIDTH]) > self._widest)

    def near(self, state: np.ndarray) -> np.ndarray:
        """Those boxes (K, BOX_WIDTH) that a vehicle may touch, in the order of the sorting."""
        if not len(self.boxes):
            return self.boxes
        found = _near(state, self.boxes, self._xs, self._long, REACH_M + self._widest)
        return self.boxes[found]


@njit(cache=True)
def _near(state, boxes, xs, long, reach):  # type: ignore[no-untyped-def]
    """Indices, each once and in order."""
    marked = np.zeros(boxes.shape[0], np.bool_)
    for i in range(state.shape[0]):
        x, y = state[i, d.X], state[i, d.Y]
        for k in range(np.searchsorted(xs, x - reach), boxes.shape[0]):
            if xs[k] > x + reach:
                break
            if abs(boxes[k, c.B_Y] - y) < reach:
                marked[k] = True
        for k in long:
            size = boxes[k, c.B_LENGTH] + boxes[k, c.B_WIDTH] + REACH_M
            if abs(xs[k] - x) < size and abs(boxes[k, c.B_Y] - y) < size:
                marked[k] = True
    return np.flatnonzero(marked)
