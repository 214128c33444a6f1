"""Threads that record side by side add their episodes to the log in turns, so that its order does not depend on how quick each of them is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class StoppedError(Exception):
    """Another thread has failed, or the user has interrupted: this one ends too."""


class Turns:
    """Round and round among `count` workers; who has finished is left out, and when one fails all stop."""

    def __init__(self, count: int) -> None:
        self._order = deque(range(count))
        self._changed = Condition()
        self._stopped = False

    @contextmanager
    def part(self, worker: int) -> Iterator[None]:
        """All that a worker does: on leaving it takes no more turns, or, on an error, nobody does."""
        try:
            yield
        except BaseException:
            self.stop()
            raise
        with self._changed:
            self._order.remove(worker)
            self._changed.notify_all()

    @contextmanager
    def of(self, worker: int) -> Iterator[None]:
        """Waits for the worker's turn, and passes it on at the end. Raises StoppedError where all are to stop."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._order[0] == worker)
            self.check()
        yield
        with self._changed:
            self._order.rotate(-1)
            self._changed.notify_all()

    def check(self) -> None:
        """Raises StoppedError where all are to stop."""
        if self._stopped:
            raise StoppedError("stopped, because another recording thread has failed")

    def stop(self) -> None:
        """Makes all workers stop."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
