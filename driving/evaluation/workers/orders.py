"""The drives that wait. A server keeps its last roads' worlds and builds another one in seconds, so workers stay on their roads."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from driving.evaluation.workers.drive_process import DriveJob


@dataclass
class Order:
    """A job on its way, and what has gone wrong with it so far."""

    job: DriveJob
    failed_attempts: list[str] = field(default_factory=list)

    @property
    def road(self) -> str:
        """The name of the job's road."""
        return self.job.task.road.name


class Orders:
    """The orders that wait. Any thread may call the methods."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Order] = []
        self._roads: dict[object, str] = {}  # where each worker drove last
        self._is_closed = False

    def put(self, order: Order) -> None:
        """Add an order."""
        with self._changed:
            self._waiting.append(order)
            self._changed.notify()

    def take(self, worker: object) -> Order | None:
        """Wait for an order and return it; None after `close`.

        It is the first one on the road on which the worker was last, else the first one on a road where no other worker was last, else the first.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or bool(self._waiting))
            if self._is_closed:
                return None
            own = self._roads.pop(worker, None)
            taken = set(self._roads.values())
            chosen = min(self._waiting, key=lambda order: (order.road != own, order.road in taken))
            self._waiting.remove(chosen)
            self._roads[worker] = chosen.road
            return chosen

    def close(self) -> None:
        """Give None to every worker that waits or comes later."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
