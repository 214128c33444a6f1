"""Each drive in a process of its own, because CARLA's library may abort or hang the process that uses it.

The processes are forked from one clean process that has imported everything before, so that a drive does not wait for imports. What a process
prints on stderr, such as the library's last words, goes to a file, and its last line into the error.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO, Any

import torch

from driving.evaluation.drive_task import DriverReference, drive_task
from driving.evaluation.failures.find import find_failures
from driving.evaluation.identity import digest_trace
from driving.evaluation.measures.latency import measure_latency
from driving.evaluation.measures.summary import measure
from driving.evaluation.tasks import DriveTask
from driving.evaluation.workers.exceptions import pack
from driving.evaluation.workers.servers import Address
from driving.rollout.listeners import CAMERA_MOVIE, CameraMovie
from driving.rollout.live_feed import LiveFeed
from driving.rollout.trace import Trace
from driving.simulator.errors import SimulatorError
from driving.simulator.session import Session, SessionConfig

CONTEXT = multiprocessing.get_context("forkserver")
PRELOADED = [__name__]
ORPHANED = 1  # exit status of a process whose outcome nobody waits for any more


@dataclass(frozen=True)
class DriveJob:
    """A task with the driver that drives it and the folder that gets its trace and, unless that is not wanted, the camera's movie."""

    task: DriveTask
    driver: DriverReference
    folder: Path
    key: str  # says of a saved trace which task and which driver it is of
    timeout_s: float = 60.0  # how long a call to the server may take
    feed: Path | None = None  # a file through which another process can watch the drive
    has_movie: bool = True


@dataclass(frozen=True)
class Drive:
    """The figures of a drive that is done."""

    row: dict[str, Any]
    wall_clock: dict[str, Any]  # what another run of the same drive does not repeat


class DriveProcess:
    """Makes one drive after the other, each in a process of its own. `kill` ends the current one, from another thread."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._is_killed = False

    def drive(self, job: DriveJob, address: Address) -> Drive:
        """Make a drive and save its files.

        Raises what the drive raised. Raises SimulatorError also where the process ended without a word.
        """
        began = time.monotonic()
        receiver, sender = CONTEXT.Pipe(duplex=False)
        with tempfile.NamedTemporaryFile("r", errors="replace") as stderr, receiver:
            self._process = CONTEXT.Process(target=_run, args=(job, address, sender, stderr.name), daemon=True)
            with sender:
                self._process.start()
            if self._is_killed:
                self._process.kill()
            try:
                outcome = receiver.recv()
            except EOFError:
                self._process.join()
                raise SimulatorError(_describe_end(self._process.exitcode, stderr)) from None
        if isinstance(outcome, BaseException):
            raise outcome
        return Drive(outcome.row, outcome.wall_clock | {"drive_s": time.monotonic() - began})

    def kill(self) -> None:
        """End the current drive at once, and every later one as soon as it has started."""
        self._is_killed = True
        if self._process is not None and self._process.pid is not None:
            self._process.kill()


def start_fork_server() -> None:
    """Start the process from which drives are forked, unless it runs.

    SIGINT and SIGTERM stay blocked in it and in the drives: they end with this process, which a terminal's Ctrl-C reaches too.
    """
    forkserver.set_forkserver_preload(PRELOADED)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _describe_end(status: int | None, stderr: IO[str]) -> str:
    """Return in words how a drive's process ended that had not said so itself."""
    lines = [line.strip() for line in stderr.read().splitlines() if line.strip()]
    how = signal.Signals(-status).name if status is not None and status < 0 else f"exit status {status}"
    return f"the drive's process ended ({how}), last line on stderr: {lines[-1] if lines else 'none'}"


def _run(job: DriveJob, address: Address, sender: Connection, stderr: str) -> None:
    """Make a drive in this process, and send its `Drive` or its exception."""
    os.dup2(os.open(stderr, os.O_WRONLY | os.O_APPEND), 2)
    threading.Thread(target=_end_with_reader, args=(sender.fileno(),), name="owner", daemon=True).start()
    try:
        sender.send(_drive(job, address))
    except Exception as error:
        sender.send(pack(error))


def _end_with_reader(pipe_fd: int) -> None:
    """End this process as soon as nobody reads from the pipe any more: its owner has ended or has no use for it."""
    poller = select.poll()
    poller.register(pipe_fd, 0)
    poller.poll()
    os._exit(ORPHANED)


def _drive(job: DriveJob, address: Address) -> Drive:
    """Drive, save what is to be kept, and return the figures."""
    task = job.task
    torch.set_num_threads(job.driver.threads)
    driver = job.driver.load()
    with Session(SessionConfig(address.host, address.port, job.timeout_s, task.rules.dt_s)) as session:

        def drive_and_film() -> Trace:
            with ExitStack() as held:
                (job.folder / CAMERA_MOVIE).unlink(missing_ok=True)  # of an earlier drive of this name
                movies = [held.enter_context(CameraMovie(job.folder / CAMERA_MOVIE, task.step_s))] if job.has_movie else []
                feeds = [] if job.feed is None else [LiveFeed(job.feed, task.name)]
                return drive_task(session, task, driver, [*movies, *feeds])

        trace = session.watch.call(drive_and_film)
    trace.meta["evaluation_key"] = job.key
    trace.save(job.folder)
    row = task.describe() | {"end_reason": trace.meta["end_reason"]} | measure(trace).as_dict()
    row |= {"failures": [failure.as_dict() for failure in find_failures(trace)], "trace_digest": digest_trace(trace)}
    return Drive(row, measure_latency(trace.columns).as_dict())
