"""Turns: threads work in a fixed order, however fast each of them is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from driving.rollout.turns import StoppedError, Turns


def run_together(*workers: Callable[[], None]) -> None:
    threads = [threading.Thread(target=worker, daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
        assert not thread.is_alive()


def test_the_order_does_not_depend_on_speed_and_the_rest_goes_on_when_one_has_finished() -> None:
    turns, order = Turns(3), list[str]()

    def work(worker: int, rounds: int, pause_s: float) -> None:
        with turns.take_part(worker):
            for number in range(rounds):
                time.sleep(pause_s)
                with turns.wait_for(worker):
                    order.append(f"{worker}.{number}")

    run_together(lambda: work(0, 2, 0.02), lambda: work(1, 3, 0.0), lambda: work(2, 1, 0.01))
    assert order == ["0.0", "1.0", "2.0", "0.1", "1.1", "1.2"]


def test_when_one_fails_those_that_wait_stop() -> None:
    turns, stopped = Turns(2), list[int]()

    def fail() -> None:
        with pytest.raises(ZeroDivisionError), turns.take_part(0):
            raise ZeroDivisionError

    def wait() -> None:
        try:
            with turns.take_part(1), turns.wait_for(1):
                raise AssertionError("it was never this one's turn")
        except StoppedError:
            stopped.append(1)

    run_together(wait, fail)
    assert stopped == [1]
    with pytest.raises(StoppedError):
        turns.check()
