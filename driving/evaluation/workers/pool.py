"""Workers that drive side by side. Each has a seat with one server, on this machine or in a cluster, and makes one drive at a time.

What the server or the connection does to a drive (it ends, hangs, loses a frame, refuses a map) is not a failure of driving: the drive is made
again from its start, up to `attempts` times, and each failed attempt is recorded. A worker whose server accepts no connections any more hands its
drive to the others and ends.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

from driving.evaluation.workers.drive_process import Drive, DriveJob
from driving.evaluation.workers.orders import Order, Orders
from driving.evaluation.workers.seats import Seat
from driving.evaluation.workers.servers import wait_s
from driving.simulator.errors import NoServerError, SimulatorError

AHEAD = 3  # orders per worker: the one that it drives, and enough to choose from
JOIN_S = 1.0  # for workers that are asked to end; what they hold ends with this process in any case


@dataclass(frozen=True)
class Outcome:
    """What became of one job."""

    job: DriveJob
    drive: Drive | None  # None where every attempt failed
    failed_attempts: list[str]  # what went wrong, in order


class WorkerPool:
    """A pool with one worker per server. A context manager: its end kills the drives that still run and ends our own servers."""

    def __init__(self, seats: Sequence[Seat], attempts: int, report: Callable[[str], None]) -> None:
        """Start the workers. `report` takes one line per failed attempt, in the thread that takes the outcomes."""
        self.attempts = attempts
        self._report = report
        self.orders = Orders()
        self.news: queue.SimpleQueue[Outcome | str | BaseException] = queue.SimpleQueue()
        self.is_closing = threading.Event()
        self._workers = [_Worker(self, seat) for seat in seats]

    def drive(self, jobs: Iterable[DriveJob]) -> Iterator[Outcome]:
        """Drive all jobs and yield what became of each, in the order in which they end.

        Jobs are taken from the iterator only as they are needed. Raises what a drive raised, except for failures of the server, and NoServerError
        where no worker is left.
        """
        waiting, running = iter(jobs), 0
        while True:
            while running < AHEAD * len(self._workers) and (job := next(waiting, None)) is not None:
                self.orders.put(Order(job))
                running += 1
            if running == 0:
                return
            news = self.news.get()
            if isinstance(news, BaseException):
                raise news
            if isinstance(news, Outcome):
                running -= 1
                yield news
            else:
                self._report(news)

    def give_up(self, order: Order, error: NoServerError) -> None:
        """Take an order back from a worker that ends, for the others."""
        alive = sum(worker.is_working for worker in self._workers)
        if alive:
            self.news.put(f"{error}; {alive} of {len(self._workers)} servers are left")
            self.orders.put(order)
        else:
            self.news.put(error)

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.is_closing.set()
        self.orders.close()
        for worker in self._workers:
            worker.seat.kill()
        for worker in self._workers:
            worker.thread.join(JOIN_S)


class _Worker:
    """One worker with its seat, in a thread of its own."""

    def __init__(self, pool: WorkerPool, seat: Seat) -> None:
        self._pool, self.seat = pool, seat
        self.is_working = True
        self.thread = threading.Thread(target=self._work, name="evaluation worker", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        """Take orders until there is none."""
        try:
            while (order := self._pool.orders.take(self)) is not None and not self._pool.is_closing.is_set():
                try:
                    self._fill(order)
                except NoServerError as error:
                    self.is_working = False
                    self._pool.give_up(order, error)
                    return
        except BaseException as error:
            self._pool.news.put(error)
        finally:
            self.seat.close()

    def _fill(self, order: Order) -> None:
        """Make a drive in as many attempts as are left to it. Raises NoServerError where the user's server is gone."""
        failed, attempts = order.failed_attempts, self._pool.attempts
        failures = 0
        while not self._pool.is_closing.wait(wait_s(failures)):
            try:
                drive = self.seat.attempt(order.job)
            except NoServerError:
                raise
            except SimulatorError as error:
                if self._pool.is_closing.is_set():
                    return
                how = self.seat.note_failure()
                failures += 1
                failed.append(f"{error}" + (f" (the server: {how})" if how else ""))
                if len(failed) == attempts:
                    self._pool.news.put(Outcome(order.job, None, failed))
                    return
                self._pool.news.put(f"{order.job.task.name}: {failed[-1]}; trying again ({len(failed) + 1} of {attempts})")
            else:
                self._pool.news.put(Outcome(order.job, drive, failed))
                return
