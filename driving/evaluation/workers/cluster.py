"""Drives on the machines of a Ray cluster: the same work as on this machine, one drive at a time per server.

Each seat is a Ray actor on some machine, with a CPU and a server of its own: a stand-in that it starts there, or a CARLA server that the user
names. What a drive needs travels with it, and its trace and movie travel back: the machines share no folder. They need LiquidLane installed.
A machine that dies takes its seat with it. The drive is made again in another seat.
"""

from __future__ import annotations

import signal
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from driving.evaluation.drive_task import DriverReference
from driving.evaluation.workers.drive_process import Drive, DriveJob
from driving.evaluation.workers.ray_environment import LOCAL
from driving.evaluation.workers.seats import LocalSeat
from driving.evaluation.workers.servers import CONNECT_S, Address, Server
from driving.quantities import UserError
from driving.simulator.errors import NoServerError
from policy.whole_file import write_bytes

LOOPBACK = "127.0.0.1"
START_S = 120.0  # how long a machine may take to give a seat
OBJECTS_BYTES = 256 << 20  # Ray's memory for what travels; the traces and movies of a few drives

try:
    import ray
    from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError
except ImportError as error:
    raise UserError("a cluster needs Ray, which is not installed: pip install 'liquidlane[cluster]'") from error


class Cluster:
    """A connection to a Ray cluster. A context manager."""

    def __init__(self, address: str, seats: int) -> None:
        """Connect to `address`, or start a cluster of one machine with `seats` CPUs where that is "local".

        Raises UserError where no cluster responds there.
        """
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}
        own = {"num_cpus": seats, "include_dashboard": False, "object_store_memory": OBJECTS_BYTES, "_node_ip_address": LOOPBACK}
        if address != LOCAL:
            _check_address(address)
        handler = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(**(own if address == LOCAL else {"address": address}), **quiet)
        except (ConnectionError, RuntimeError, ValueError, RayError) as error:
            raise _no_cluster(address, " ".join(str(error).split())[:200]) from error
        finally:
            signal.signal(signal.SIGTERM, handler)  # Ray's own would end this process without its clean-up

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ray.shutdown()


def _check_address(text: str) -> None:
    """Raise UserError where nobody accepts a connection. Ray itself would try for minutes."""
    address = Address.parse(text)
    try:
        socket.create_connection((address.host, address.port), CONNECT_S).close()
    except OSError as error:
        raise _no_cluster(text, str(error.strerror or error).lower()) from error


def _no_cluster(address: str, reason: str) -> UserError:
    """Make the error for an address without a cluster."""
    return UserError(f"no Ray cluster responds at {address} ({reason}): give the address that `ray start --head` says, or {LOCAL}")


class ClusterSeat:
    """A seat on some machine of the cluster. It moves to another machine when its own dies, if one has a CPU to spare."""

    def __init__(self, server: Server, driver: DriverReference) -> None:
        """Name a seat; the first drive takes it. `server` is not used yet: its copy on the seat's machine is."""
        self._server, self._driver, self._files = server, driver, driver.read_files()
        self._actor: Any = None

    def attempt(self, job: DriveJob) -> Drive:
        """Make a drive and keep its trace and movie in the job's folder.

        Raises what the drive raised. Raises NoServerError where no machine gives a seat within START_S.
        """
        try:
            if self._actor is None:
                actor: Any = ray.remote(_RemoteSeat)
                self._actor = actor.options(num_cpus=1, scheduling_strategy="SPREAD").remote(self._server, self._driver, self._files)
                ray.get(self._actor.ready.remote(), timeout=START_S)
            drive, files = ray.get(self._actor.attempt.remote(job))
        except RayTaskError as error:
            raise error.cause from error
        except GetTimeoutError as error:
            self.kill()
            raise NoServerError(f"no machine of the cluster had a free CPU within {START_S:.0f} s: add machines, or give fewer --workers") from error
        except RayActorError as error:
            self._actor = None
            raise NoServerError(f"the machine that made this drive has left the cluster ({' '.join(str(error).split())[:200]})") from error
        _write_files(job.folder, files)
        return drive

    def note_failure(self) -> str:
        """Take in that a drive has failed, and return what is known about the server's end."""
        try:
            return str(ray.get(self._actor.note_failure.remote())) if self._actor is not None else ""
        except RayError:
            self._actor = None
            return "its machine has left the cluster"

    def kill(self) -> None:
        """End the current drive and give the seat back. Ray ends the actor's process, and with it its drive and its own server."""
        if self._actor is not None:
            ray.kill(self._actor)
        self._actor = None

    def close(self) -> None:
        """Give the seat back."""
        self.kill()


class _RemoteSeat:
    """A seat, on the machine that has it."""

    def __init__(self, server: Server, driver: DriverReference, files: Mapping[str, bytes]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="liquidlane-")
        self._driver = driver.write_files(files, Path(self._folder.name))
        self._seat = LocalSeat(server)

    def ready(self) -> None:
        """Return as soon as the actor runs."""

    def attempt(self, job: DriveJob) -> tuple[Drive, dict[str, bytes]]:
        """Make a drive, and return its figures and its files."""
        with tempfile.TemporaryDirectory(dir=self._folder.name) as folder:
            drive = self._seat.attempt(replace(job, driver=self._driver, folder=Path(folder)))
            return drive, {path.name: path.read_bytes() for path in Path(folder).iterdir()}

    def note_failure(self) -> str:
        """Take in that the last drive has failed."""
        return self._seat.note_failure()


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a drive's files; each appears complete or not at all."""
    for name, data in files.items():
        write_bytes(folder / name, data)
