"""Drive a suite closed loop, route by route, and keep the results: traces, camera movies, figures and one summary.

A route's result and the summary are on the disk as soon as the route ends. A run that was interrupted continues: a route that has a result of the
same suite and the same driver is not driven again.

When the server dies, hangs or loses a frame, the runner opens a new session (and starts a new server, if the server is its own). Then it drives
the route again from its start, so that the figures of a route come from one drive.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from driving.drivers.driver import Driver
from driving.evaluation.drive_task import drive_task
from driving.evaluation.failures.find import find_failures
from driving.evaluation.measures.latency import Latency, combine_latencies, measure_latency
from driving.evaluation.measures.summary import Measures, combine, measure
from driving.evaluation.suite import SuiteConfig
from driving.evaluation.tasks import DriveTask, make_tasks
from driving.rollout.listeners import CAMERA_MOVIE, CameraMovie
from driving.rollout.trace import META, Trace
from driving.simulator.errors import NoServerError, SimulatorError
from driving.simulator.process import server_at
from driving.simulator.session import Session, SessionConfig
from policy.whole_file import write_text

ATTEMPTS = 3
SUMMARY = "summary.json"
ROUTES = "routes"


@dataclass(frozen=True)
class Endpoint:
    """The server to drive on: the one named, or a stand-in of our own where neither host nor port is given."""

    host: str | None = None
    port: int | None = None
    timeout_s: float = 60.0  # how long a call to the server may take
    standin: tuple[str, ...] = ()  # command-line arguments of our own stand-in


Report = Callable[[str], None]


def evaluate(
    make_driver: Callable[[], Driver],
    suite: SuiteConfig,
    out: Path | None = None,
    endpoint: Endpoint | None = None,
    identity: str = "",
    report: Report = lambda line: None,
) -> dict[str, Any]:
    """Drive every route of a suite and return the summary, which is also written to `out`/summary.json.

    Args:
        make_driver: makes the driver, once.
        suite: what to drive.
        out: the folder for the results; None to keep none.
        endpoint: the server; None for a stand-in of our own.
        identity: a digest of the driver's content, such as its weights. Finished routes of the same identity are kept.
        report: takes one line per route, and one per failed attempt.

    Raises SimulatorError when a route failed ATTEMPTS times, and NoServerError at once where no server listens; finished routes are kept.
    """
    results: list[_Result] = []
    driver = make_driver()
    evaluation = _Evaluation(suite, driver, out, endpoint or Endpoint(), f"{driver.name} {identity}", report)
    with contextlib.closing(evaluation):
        for task in make_tasks(suite):
            results.append(evaluation.drive(task))
            if out is not None:
                write_text(out / SUMMARY, json.dumps(_summarise(suite, driver, results), indent=1))
    return _summarise(suite, driver, results)


@dataclass(frozen=True)
class _Result:
    """One finished route."""

    row: dict[str, Any]  # its figures, as the summary has them
    measures: Measures
    latency: Latency


class _Evaluation:
    """One evaluation: its server, its session, and where its results go. `key` names the driver in the results."""

    def __init__(self, suite: SuiteConfig, driver: Driver, out: Path | None, endpoint: Endpoint, key: str, report: Report) -> None:
        self.suite, self.driver, self.out, self.endpoint, self.key, self.report = suite, driver, out, endpoint, key, report
        self._open = contextlib.ExitStack()
        self._session: Session | None = None

    def close(self) -> None:
        """End the session, and the server if it is our own."""
        self._open.close()
        self._session = None

    def open_session(self) -> Session:
        """Return the session. The first call opens it."""
        if self._session is None:
            end = self.endpoint
            host, port = self._open.enter_context(server_at(end.host, end.port, end.standin))
            self._session = self._open.enter_context(Session(SessionConfig(host, port, end.timeout_s, self.suite.dt_s)))
        return self._session

    def drive(self, task: DriveTask) -> _Result:
        """Return the result of a task, which is driven unless it is finished."""
        folder = None if self.out is None else self.out / ROUTES / task.name
        key = f"{task.digest()} {self.key}"
        trace = self._load_finished(folder, key) or self._retry(task, folder, key)
        measures = measure(trace)
        row = task.describe() | {"end_reason": trace.meta["end_reason"]} | measures.as_dict()
        row |= {"failures": [failure.as_dict() for failure in find_failures(trace)]}
        how = f"{row['departures']} departures, {row['mean_abs_lateral_m']:.3f} m off centre, {row['end_reason']}"
        self.report(f"{task.name} ({task.weather}): {row['km']:.2f} km, {how}")
        return _Result(row, measures, measure_latency(trace.columns))

    def _load_finished(self, folder: Path | None, key: str) -> Trace | None:
        """Return the trace of a route that this suite and this driver have finished before, None where there is none."""
        if folder is None or not (folder / META).is_file():
            return None
        trace = Trace.load(folder)
        return trace if trace.meta.get("evaluation_key") == key else None

    def _retry(self, task: DriveTask, folder: Path | None, key: str) -> Trace:
        """Drive a route in up to ATTEMPTS attempts. Raises SimulatorError when all of them failed."""
        for attempt in range(ATTEMPTS):
            try:
                session = self.open_session()
                return session.watch.call(partial(self._drive_once, session, task, folder, key))
            except NoServerError:
                raise
            except SimulatorError as error:
                self.close()
                if attempt + 1 == ATTEMPTS:
                    raise SimulatorError(f"route {task.name} failed {ATTEMPTS} times; the last time: {error}") from error
                self.report(f"{task.name}: {error}; trying again ({attempt + 2} of {ATTEMPTS})")
        raise AssertionError

    def _drive_once(self, session: Session, task: DriveTask, folder: Path | None, key: str) -> Trace:
        """Drive a route once and save its trace and movie."""
        with contextlib.ExitStack() as opened:
            movie = [] if folder is None else [opened.enter_context(CameraMovie(folder / CAMERA_MOVIE, self.suite.dt_s))]
            trace = drive_task(session, task, self.driver, movie)
        trace.meta["evaluation_key"] = key
        if folder is not None:
            trace.save(folder)
        return trace


def _summarise(suite: SuiteConfig, driver: Driver, results: list[_Result]) -> dict[str, Any]:
    """Return the summary of the routes so far."""
    return {
        "suite": suite.name,
        "seed": suite.seed,
        "driver": driver.name,
        "departure_rule": f"more than {suite.departure_m:g} m from the centre line; put back on it two seconds of driving further on",
        "overall": combine([result.measures for result in results]).as_dict(),
        "wall_clock": combine_latencies([result.latency for result in results]).as_dict()
        | {"routes": {result.row["name"]: result.latency.as_dict() for result in results}},
        "routes": [result.row for result in results],
    }
