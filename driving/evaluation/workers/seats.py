"""A seat makes one drive at a time, on a server of its own. This one is on this machine; `cluster` has those on other machines."""

from __future__ import annotations

from typing import Protocol

from driving.evaluation.workers.drive_process import Drive, DriveJob, DriveProcess, start_fork_server
from driving.evaluation.workers.servers import Server
from driving.simulator.errors import NoServerError, SimulatorError


class Seat(Protocol):
    """Where a worker of the pool makes its drives."""

    def attempt(self, job: DriveJob) -> Drive:
        """Make a drive, and keep its trace and movie in the job's folder.

        Raises NoServerError where no further drive can be made here, SimulatorError where the server or the drive's process has failed.
        """
        ...

    def note_failure(self) -> str:
        """Take in that a drive has failed, and return what is known about the server's end, "" for nothing."""
        ...

    def kill(self) -> None:
        """End the current drive, from another thread, and every later one as soon as it has started."""
        ...

    def close(self) -> None:
        """Release the server. One of our own ends."""
        ...


class LocalSeat:
    """A seat on this machine: each drive runs in a process of its own."""

    def __init__(self, server: Server) -> None:
        """Make a seat on a server, which is used from the first drive on."""
        start_fork_server()
        self._server, self._process = server, DriveProcess()

    def attempt(self, job: DriveJob) -> Drive:
        """Make a drive. Raises as `Seat` says."""
        address = self._server.prepare()
        try:
            return self._process.drive(job, address)
        except NoServerError as error:  # it has ended since: whether it comes back is found out at the next attempt
            raise SimulatorError(str(error)) from error

    def note_failure(self) -> str:
        """Let the server of our own be replaced before the next drive, and return how it had ended."""
        return self._server.note_failure()

    def kill(self) -> None:
        """End the current drive."""
        self._process.kill()

    def close(self) -> None:
        """Release the server."""
        self._server.close()
