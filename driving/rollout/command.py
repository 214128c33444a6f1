"""The recording command: its options are those of `RecordConfig`. It starts its own servers unless one is named, and shows a progress bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from driving.folder_lock import lock_folder
from driving.interrupts import keep
from driving.parser import make_parser
from driving.quantities import UserError
from driving.rollout.record import record
from driving.rollout.record_config import RecordConfig
from driving.simulator.process import server_at
from driving.simulator.session import Session, SessionConfig


def record_command(about: str, args: list[str] | None = None) -> None:
    """Parse the command line and record. Raises UserError for a wrong command line."""
    keep("no episode was finished, and the log is as it was; run the same command again")
    parser = make_parser(about)
    parser.add_argument("--config", action="config", help="YAML file with these options")
    parser.add_argument("--out", type=Path, required=True, help="folder of the log")
    parser.add_argument("--host", type=str | None, default=None, help="a CARLA server to record on")
    parser.add_argument("--port", type=int | None, default=None, help="its port")
    parser.add_argument("--servers", type=int, default=1, help="how many stand-in servers record side by side; two are fastest on two cores")
    parser.add_argument("--timeout_s", type=float, default=60.0, help="how long a call to the server may take")
    parser.add_argument("--dt_s", type=float, default=0.1, help="simulated time between two frames (s)")
    parser.add_class_arguments(RecordConfig)
    values = parser.parse_args(args)
    options = parser.instantiate(values)
    names = RecordConfig.__dataclass_fields__
    config = RecordConfig(**{name: getattr(options, name) for name in names})
    total = round(config.minutes * 60.0 / options.dt_s)
    if options.servers < 1 or (options.servers > 1 and (options.host or options.port) is not None):
        raise UserError(f"servers is {options.servers}: give 1 or more, and exactly 1 together with --host or --port")
    with lock_folder(options.out):
        pass  # another writer, or a folder that cannot be written, is refused here and not after the servers' start
    with open_sessions(options.servers, config.seed, options.host, options.port, options.timeout_s, options.dt_s) as sessions:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("frames"), TimeRemainingColumn())
        with Progress(*columns) as bar:
            task = bar.add_task("recording", total=total)
            frames = record(sessions, config, options.out, lambda count: bar.advance(task, count))
    print(f"{options.out}: {frames} frames added")


@contextmanager
def open_sessions(
    count: int, seed: int, host: str | None = None, port: int | None = None, timeout_s: float = 60.0, dt_s: float = 0.1
) -> Iterator[list[Session]]:
    """Give sessions to record with: one on the server that is named, or `count` on stand-ins of our own, whose scenery the seed decides."""
    with ExitStack() as opened:
        sessions = []
        for _ in range(count):
            address = opened.enter_context(server_at(host, port, ("--seed", str(seed), "--randomise")))
            sessions.append(opened.enter_context(Session(SessionConfig(*address, timeout_s, dt_s))))
        yield sessions
