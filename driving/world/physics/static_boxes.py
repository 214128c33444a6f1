"""Static boxes, sorted so that only those near a vehicle are tested for contact: thousands of trees and poles cost nothing."""

from __future__ import annotations

import numpy as np
from numba import njit

from driving.world.physics.collisions import B_LENGTH, B_WIDTH, B_X, B_Y
from driving.world.physics.dynamics import X, Y

REACH_M = 20.0  # longer than any vehicle's box plus its way in a tick
LONG_SHARE = 0.98  # boxes longer than this share of all others are treated one by one


class Statics:
    """Static boxes (S, collisions.BOX_WIDTH), sorted by x."""

    def __init__(self, boxes: np.ndarray) -> None:
        self.replace(boxes)

    def replace(self, boxes: np.ndarray) -> None:
        """Replace all boxes by these (S, BOX_WIDTH)."""
        self.boxes = np.ascontiguousarray(boxes[np.argsort(boxes[:, B_X], kind="stable")], np.float64)
        self._xs = np.ascontiguousarray(self.boxes[:, B_X])
        sizes = np.hypot(boxes[:, B_LENGTH], boxes[:, B_WIDTH])
        # the few very long boxes (walls, barriers) must not widen the window of all others
        self._widest = float(np.quantile(sizes, LONG_SHARE)) if len(sizes) else 0.0
        self._long = np.flatnonzero(np.hypot(self.boxes[:, B_LENGTH], self.boxes[:, B_WIDTH]) > self._widest)

    def near(self, state: np.ndarray) -> np.ndarray:
        """Return the boxes (K, BOX_WIDTH) that a vehicle may touch, sorted by x. state: (N, dynamics.STATE_WIDTH)."""
        if not len(self.boxes):
            return self.boxes
        found = _find_near(state, self.boxes, self._xs, self._long, REACH_M + self._widest)
        return self.boxes[found]


@njit(cache=True)
def _find_near(state, boxes, xs, long, reach):  # type: ignore[no-untyped-def]
    """Return the indices (K,) of the boxes near any vehicle, in rising order.

    xs (S,): the boxes' x, in rising order. long: the indices of the long boxes. reach: how far a box that is not long may be (m).
    """
    marked = np.zeros(boxes.shape[0], np.bool_)
    for i in range(state.shape[0]):
        x, y = state[i, X], state[i, Y]
        for k in range(np.searchsorted(xs, x - reach), boxes.shape[0]):
            if xs[k] > x + reach:
                break
            if abs(boxes[k, B_Y] - y) < reach:
                marked[k] = True
        for k in long:
            size = boxes[k, B_LENGTH] + boxes[k, B_WIDTH] + REACH_M
            if abs(xs[k] - x) < size and abs(boxes[k, B_Y] - y) < size:
                marked[k] = True
    return np.flatnonzero(marked)
