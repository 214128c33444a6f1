"""How a process ends before its work is done: by Ctrl-C (SIGINT), by SIGTERM, or because its owner has ended.

A command ends within two seconds of a signal, with exit status 130 or 143 and one line that says what is kept and how to go on. The signal
raises `Interrupt` in the main thread, so that all clean-up runs. But a library may hold the main thread in a call of minutes, or swallow the
exception. Then a second thread ends the process after GRACE_S.

This module imports the standard library only: signals must be handled before the other imports begin, which take seconds.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time
from types import FrameType
from typing import ClassVar, NoReturn

GRACE_S = 1.2  # for the clean-up
LOOK_S = 0.1  # between two looks at the owner
OWNER = "LIQUIDLANE_OWNER"  # environment variable: the id of the process that has started this one and needs it
ORPHANED = 1  # exit status of a process whose owner has ended
SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
SHOW_CURSOR = "\r\n\x1b[?25h"  # progress bars hide the terminal's cursor


class Interrupt(BaseException):
    """A signal asks the process to end. It is not a KeyboardInterrupt, because libraries catch that one and end the process themselves."""


class _Ending:
    """How this process is to end."""

    kept = "nothing was written: run the same command again"
    signal: int | None = None  # the first signal that came, until its exception is lost
    is_asked = False  # a signal has come
    left: ClassVar[list[threading.Thread]] = []  # threads that may never end
    is_finished = False  # the command has returned, and the interpreter is shutting down
    stderr_fd = -1  # none, where the caller has closed it
    is_lost = threading.Event()  # the exception came while an object was freed or in a hook around a fork, where Python drops exceptions
    printing = threading.Lock()  # held by the thread that ends the process


def keep(what: str) -> None:
    """Say what is kept, and how to go on, if a signal ends the process from now on."""
    _Ending.kept = what


def handle_signals() -> None:
    """Handle SIGINT and SIGTERM until the process ends, also where it has inherited that they are ignored."""
    with contextlib.suppress(OSError):
        _Ending.stderr_fd = os.dup(2)  # a library's complaints may be held back by redirecting the original
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    threading.Thread(target=_end_after_grace, args=(reader,), name="interrupts", daemon=True).start()
    sys.unraisablehook = _take_back
    os.register_at_fork(after_in_child=_leave_signals_to_the_parent)


def leave_thread(thread: threading.Thread) -> None:
    """Say that the process is to end without this thread, which waits inside a library and would crash the interpreter's own end."""
    _Ending.left.append(thread)


def was_interrupted() -> bool:
    """Return whether a signal has asked the process to end."""
    return _Ending.signal is not None


def finish(status: int) -> None:
    """End the process where a thread was left. Else a later signal ends it without an exception, which nobody would catch any more."""
    _Ending.is_finished = True
    if any(thread.is_alive() for thread in _Ending.left):
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def end() -> NoReturn:
    """End the process after its clean-up, as the signal asked."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    _end(_Ending.signal or signal.SIGTERM)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise Interrupt in the main thread, for the first signal only: a second one must not disturb the clean-up."""
    if _Ending.signal is None:
        _Ending.signal, _Ending.is_asked = number, True
        if _Ending.is_finished:
            end()
        raise Interrupt


def _take_back(dropped: sys.UnraisableHookArgs) -> None:
    """Let a dropped Interrupt be raised again, and report another dropped exception as Python does, unless an Interrupt may have caused it.

    A library's hook around a fork drops both: the Interrupt, and then what fails because half of the hook's work was left undone.
    """
    if dropped.exc_type is Interrupt:
        _Ending.is_lost.set()
    elif not _Ending.is_asked:
        sys.__unraisablehook__(dropped)


def _end_after_grace(wakeups: socket.socket) -> None:
    """Wait for a signal, and end the process where it still runs GRACE_S later. A lost exception is raised again."""
    number = 0
    while number not in SIGNALS:
        number = wakeups.recv(1)[0]
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline:
        if _Ending.is_lost.wait(LOOK_S):
            _Ending.is_lost.clear()
            _Ending.signal = None
        if _Ending.signal is None:  # also where the signal came just before the main thread began to wait for something else
            signal.pthread_kill(threading.main_thread().ident or 0, number)
    _end(number, SHOW_CURSOR if os.isatty(_Ending.stderr_fd) else "")


def _end(number: int, before: str = "") -> NoReturn:
    """Print the line and end the process. The end does not wait for a reader of stderr."""
    with _Ending.printing:
        line = f"{before}{SIGNALS[signal.Signals(number)]}: {_Ending.kept}\n"
        with contextlib.suppress(OSError, ValueError):
            if select.select([], [_Ending.stderr_fd], [], 0.0)[1]:
                os.write(_Ending.stderr_fd, line.encode())
        os._exit(128 + number)


def _leave_signals_to_the_parent() -> None:
    """In a forked worker: Ctrl-C reaches the parent too, which then ends its workers."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def end_with(owner: int) -> None:
    """Return at once; from now on this process ends as soon as its parent, the process `owner`, has ended, in whatever way.

    The kernel's own signal for this (PR_SET_PDEATHSIG) comes too early: when the thread that started this process ends. A pipe to the owner
    ends too late: workers that the owner has forked hold it open.
    """
    threading.Thread(target=_end_with, args=(owner,), name="owner", daemon=True).start()


def _end_with(owner: int) -> NoReturn:
    while os.getppid() == owner:
        time.sleep(LOOK_S)
    os._exit(ORPHANED)
