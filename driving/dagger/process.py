"""Each step in a process of its own: a training and simulators would share the threads of torch, and CARLA's library may abort its process."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from driving.evaluation.workers.exceptions import pack
from driving.interrupts import end_with
from driving.simulator.errors import SimulatorError

CONTEXT = multiprocessing.get_context("spawn")
SIGNALS = {signal.SIGINT, signal.SIGTERM}


def call_apart(work: Callable[..., str], *arguments: Any) -> str:
    """Call `work` in a process of its own and return its result. Signals reach this process alone, which then ends the other.

    Raises what `work` raised, and SimulatorError where its process ended without a word.
    """
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_call, args=(os.getpid(), sender, pickle.dumps((work, arguments))))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    sender.close()
    try:
        outcome = receiver.recv()
    except EOFError:
        process.join()
        status = process.exitcode or 0
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        raise SimulatorError(f"the step's process ended without a word ({how}): run the same command again") from None
    finally:
        process.kill()
        process.join()
        receiver.close()
    if isinstance(outcome, BaseException):
        raise outcome
    return str(outcome)


def _call(owner: int, sender: Connection, pickled: bytes) -> None:
    """Call the pickled work in this process, and send its result or its exception. Unpickling imports what the work needs, which takes seconds."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # for the servers that this process starts
    end_with(owner)
    sys.argv = sys.argv[:1]  # the training's command line would read the rest
    try:
        work, arguments = pickle.loads(pickled)
        sender.send(work(*arguments))
    except Exception as error:
        sender.send(pack(error))
