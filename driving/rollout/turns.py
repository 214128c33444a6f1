"""A fixed order for threads that record side by side: they add their episodes to the log in turns, however fast each of them is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class StoppedError(Exception):
    """The reason why a thread ends although it did not fail itself: another one has failed, or the user has interrupted."""


class Turns:
    """Turns that go round and round among `count` workers. A worker that has finished is skipped; when one fails, all stop."""

    def __init__(self, count: int) -> None:
        self._order = deque(range(count))
        self._changed = Condition()
        self._stopped = False

    @contextmanager
    def take_part(self, worker: int) -> Iterator[None]:
        """Enclose all that a worker does. When the block ends, the worker takes no more turns; when it raises, all workers stop."""
        try:
            yield
        except BaseException:
            self.stop()
            raise
        with self._changed:
            self._order.remove(worker)
            self._changed.notify_all()

    @contextmanager
    def wait_for(self, worker: int) -> Iterator[None]:
        """Wait for the worker's turn, and pass it on when the block ends. Raises StoppedError when all are to stop."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._order[0] == worker)
            self.check()
        yield
        with self._changed:
            self._order.rotate(-1)
            self._changed.notify_all()

    def check(self) -> None:
        """Raise StoppedError when all are to stop."""
        if self._stopped:
            raise StoppedError("stopped, because another recording thread has failed")

    def stop(self) -> None:
        """Make all workers stop."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
