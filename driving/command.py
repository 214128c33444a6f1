"""How all commands start and end.

A user's mistake, and what the operating system refuses, end in one line and exit status 2; `driving.interrupts` handles signals. Any other exception
is a bug: it keeps its traceback.
"""

from __future__ import annotations

import os
import select
import sys
import traceback
from collections.abc import Callable
from io import TextIOWrapper
from typing import NoReturn

from driving import interrupts

MISTAKE = 2  # exit statuses
BUG = 70  # EX_SOFTWARE of sysexits.h
READER_GONE = 141  # as a shell reports a process that SIGPIPE ended


def start(main: Callable[[], int | None]) -> NoReturn:
    """Call `main` as this process's command and end the process. `main` imports what it needs, because imports take seconds."""
    interrupts.handle_signals()
    if interrupts.OWNER in os.environ:
        interrupts.end_with(int(os.environ[interrupts.OWNER]))
    status = BUG
    try:
        status = run(main)
    finally:
        if interrupts.was_interrupted():
            interrupts.end()
        interrupts.finish(status)
    sys.exit(status)


def run(main: Callable[[], int | None]) -> int:
    """Find a place for compiled code, remove what is older than its source, call `main`, and return the process's exit status.

    The status is what `main` returns, or 0 where it returns None.
    """
    from jsonargparse import ArgumentError

    from driving.quantities import LiquidLaneError
    from driving.refusals import explain_refusal
    from driving.world.compiled import forget_stale_code, provide_cache
    from perception.errors import ConfigError

    _prepare_streams()
    try:
        provide_cache()
        forget_stale_code()
        status = main() or 0
        sys.stdout.flush()
        return status
    except (LiquidLaneError, ConfigError, ArgumentError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return MISTAKE
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _has_no_reader():
            _drop_output()
            return READER_GONE
        refusal = explain_refusal(error) if isinstance(error, OSError) else None
        if refusal is not None:
            _drop_output()
            print(f"error: {refusal}", file=sys.stderr)
            return MISTAKE
        traceback.print_exc()
        print(f"{type(error).__name__} is a bug in LiquidLane: please report it with the lines above in the project's issue tracker", file=sys.stderr)
        return BUG


def _prepare_streams() -> None:
    """Make sure that printing does not end the command: neither where the caller has closed a stream, nor by a character that the locale lacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (open until the process ends)
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _has_no_reader() -> bool:
    """Return whether stdout is a pipe whose reader has closed it, as `| head` does."""
    poller = select.poll()
    poller.register(sys.stdout.fileno(), 0)
    return bool(poller.poll(0))


def _drop_output() -> None:
    """Drop what stdout still holds where it cannot be written. Else Python would complain about it once more at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
