"""Drive a suite closed loop with one driver and keep the results: figures, traces, camera movies and one summary.

A run that was interrupted continues: a drive that has a result of the same task and the same driver is not made again. The table has the suite's
order, whatever the number of workers and whichever drive ends first.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from driving.evaluation.drive_task import DriverReference
from driving.evaluation.estimates import choose_headline
from driving.evaluation.results import Results
from driving.evaluation.settings import write_settings
from driving.evaluation.suite import SuiteConfig, digest_suite
from driving.evaluation.summary import SUMMARY, Plan, summarise
from driving.evaluation.tasks import DriveTask, count_tasks, make_tasks
from driving.evaluation.workers.drive_process import DriveJob
from driving.evaluation.workers.pool import Outcome, WorkerPool
from driving.evaluation.workers.ray_environment import prepare_environment
from driving.evaluation.workers.seats import LocalSeat, Seat
from driving.evaluation.workers.servers import Address, NamedServer, OwnServer, Server
from driving.quantities import UserError
from policy.whole_file import write_text

Row = dict[str, Any]
Stop = Callable[[Sequence[Row]], str | None]

SUMMARY_SHARE = 0.02  # of the time, at most, is spent on summaries of the drives so far


@dataclass(frozen=True)
class RunConfig:
    """How a suite is driven. Nothing here changes a figure.

    Args:
        workers: how many drives are made side by side, each on a stand-in server of its own.
        servers: CARLA servers to drive on instead, with one drive at a time on each.
        timeout_s: how long a call to a server may take (s).
        attempts: how often a drive is tried whose server fails.
        only: the names of the drives to make; () for all.
        standin: further arguments of our own servers' command line.
        ray: the address of a Ray cluster on whose machines to drive, "local" for one of this machine alone; None to do without Ray.
        feed: the file through which another process can watch the drives; None for none. Drives that are made side by side cannot share it.
        movies: whether each drive keeps its camera's movie. Without movies a suite takes a fifth less time, and failures have no clips until they
            are driven again.
    """

    workers: int = 1
    servers: Sequence[Address] = ()
    timeout_s: float = 60.0
    attempts: int = 3
    only: Sequence[str] = ()
    standin: tuple[str, ...] = ()
    ray: str | None = None
    feed: Path | None = None
    movies: bool = True

    def __post_init__(self) -> None:
        """Raises UserError for values with which nothing can be driven."""
        for name in ("workers", "attempts", "timeout_s"):
            if getattr(self, name) <= 0:
                raise UserError(f"{name} is {getattr(self, name)}: give more than 0")
        if self.feed is not None and (self.workers > 1 or len(self.servers) > 1 or self.ray is not None):
            raise UserError("--live shows one drive at a time: use one worker on this machine, without --ray")


class ProgressListener:
    """What an evaluation tells while it runs. The methods do nothing; a caller that shows something overrides them."""

    def say(self, line: str) -> None:
        """Take one line about a drive or a failed attempt."""

    def advance(self, total: int, summary: dict[str, Any]) -> None:
        """Take the summary of all drives so far, as often as it is written; there are to be `total` of them."""


def evaluate(
    driver: DriverReference,
    suite: SuiteConfig,
    out: Path,
    run: RunConfig | None = None,
    progress: ProgressListener | None = None,
    stop: Stop | None = None,
) -> dict[str, Any]:
    """Drive every route of a suite and return the summary. It is also written to `out`/summary.json as it grows, and at the end however that comes.

    Args:
        driver: who drives.
        suite: what to drive.
        out: the folder for the results.
        run: on which servers, and how many at a time; None for one stand-in of our own.
        progress: is told what happens.
        stop: is asked after each drive that counts in the headline (`choose_headline`), in their order and with the rows of these drives up to it,
            whether that is enough; returns the reason or None. With it, the drives are made in an order that the suite's seed decides: those at
            the suite's beginning need not be like the others.

    A drive that fails in all attempts stands under "not_driven". Raises NoServerError where no server is left; finished drives are kept.
    """
    run, progress = run or RunConfig(), progress or ProgressListener()
    tasks = list(make_tasks(suite, run.only)) if run.only else make_tasks(suite)
    evaluation = _Evaluation(driver, suite, tasks, Results(out), run, stop)
    try:
        with ExitStack() as opened:
            pool = _open_pool(driver, suite, run, progress, opened)
            for outcome in pool.drive(evaluation.list_jobs()):
                evaluation.add(outcome)
                progress.say(describe_outcome(outcome))
                if evaluation.is_summary_due():
                    progress.advance(evaluation.plan.drives, evaluation.write_summary())
                if evaluation.has_enough():
                    break
    finally:
        summary = evaluation.write_summary()
    progress.advance(evaluation.plan.drives, summary)
    return summary


def evaluate_all(
    drivers: Mapping[str, DriverReference], suite: SuiteConfig, out: Path, run: RunConfig, progress: ProgressListener
) -> dict[str, dict[str, Any]]:
    """Drive a suite with several drivers on the same servers, which start once, and return the summaries by the drivers' names.

    All drivers drive one route before the next one, because a server keeps the world of a route and builds another one in seconds. Each driver's
    results are in the folder of its name in `out`, as `evaluate` writes them. Raises as `evaluate` does, and UserError for Ray.
    """
    if run.ray is not None:
        raise UserError("several drivers cannot share the seats of a Ray cluster: give --workers or --servers instead of --ray")
    tasks = list(make_tasks(suite, run.only))
    evaluations = {name: _Evaluation(driver, suite, tasks, Results(out / name), run, None) for name, driver in drivers.items()}
    place = {task.name: number for number, task in enumerate(tasks)}
    by_driver = [(name, job) for name, evaluation in evaluations.items() for job in evaluation.list_jobs()]
    jobs = {job.folder: (name, job) for name, job in sorted(by_driver, key=lambda one: place[one[1].task.name])}
    try:
        with ExitStack() as opened:
            if jobs:
                pool = _open_pool(next(iter(drivers.values())), suite, run, progress, opened)
                for number, outcome in enumerate(pool.drive([job for _, job in jobs.values()]), start=1):
                    name, _ = jobs[outcome.job.folder]
                    evaluations[name].add(outcome)
                    progress.say(f"{number} of {len(jobs)}, {name}, {describe_outcome(outcome)}")
    finally:
        summaries = {name: evaluation.write_summary() for name, evaluation in evaluations.items()}
    return summaries


def _open_pool(driver: DriverReference, suite: SuiteConfig, run: RunConfig, progress: ProgressListener, opened: ExitStack) -> WorkerPool:
    """Return a pool of workers that lives until `opened` ends."""
    servers: list[Server] = [NamedServer(address) for address in run.servers]
    servers = servers or [OwnServer(("--seed", str(suite.seed), *run.standin)) for _ in range(run.workers)]
    seats = [LocalSeat(server) for server in servers] if run.ray is None else _find_seats(run.ray, servers, driver, opened)
    return opened.enter_context(WorkerPool(seats, run.attempts, progress.say))


def _find_seats(address: str, servers: Sequence[Server], driver: DriverReference, opened: ExitStack) -> Sequence[Seat]:
    """Connect to a Ray cluster until `opened` ends, and return a seat on it for each server."""
    prepare_environment(address)
    from driving.evaluation.workers.cluster import Cluster, ClusterSeat  # only now, and Ray may not be installed

    opened.enter_context(Cluster(address, len(servers)))
    return [ClusterSeat(server, driver) for server in servers]


def describe_outcome(outcome: Outcome) -> str:
    """Return one line about a drive."""
    task, drive = outcome.job.task, outcome.drive
    if drive is None:
        return f"{task.name}: not driven, because all {len(outcome.failed_attempts)} attempts failed"
    row = drive.row
    how = f"{row['departures']} departures, {row['mean_abs_lateral_m']:.3f} m off centre, {row['end_reason']}"
    return f"{task.name} ({task.weather}): {row['km']:.2f} km, {how}"


class _Evaluation:
    """One evaluation of the `tasks` of a suite: what became of its drives so far, by their number in the suite."""

    def __init__(
        self, driver: DriverReference, suite: SuiteConfig, tasks: Iterable[DriveTask], results: Results, run: RunConfig, stop: Stop | None
    ) -> None:
        self._driver, self._results, self._run, self._stop = driver, results, run, stop
        self._tasks = iter(tasks)
        self.plan = Plan(suite, digest_suite(suite), driver.load().name, driver.digest(), len(run.only) or count_tasks(suite))
        self._headline: set[str] = set()  # with `stop`: the names of the drives that it is asked about
        if stop is not None:
            drawn = list(self._tasks)
            self._tasks = iter([drawn[place] for place in np.random.default_rng(suite.seed).permutation(len(drawn))])
            self._headline = {row["name"] for row in choose_headline([task.describe() for task in drawn])}
            self.plan = replace(self.plan, drives=len(drawn))
        self._numbers: dict[str, int] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._counted: list[Outcome] = []  # those from the suite's beginning on, without a gap, until there is enough
        self._enough: str | None = None
        self._write_after_s = 0.0  # on the clock of time.monotonic
        write_settings(results.folder, driver, suite)

    def list_jobs(self) -> Iterator[DriveJob]:
        """Yield the jobs that have no result from an earlier run, until there is enough."""
        for number, task in enumerate(self._tasks):
            self._numbers[task.name] = number
            folder, key = self._results.folder_of(task.name), f"{task.digest()} {self.plan.policy_digest}"
            job = DriveJob(task, self._driver, folder, key, self._run.timeout_s, self._run.feed, self._run.movies)
            found = self._results.find(job)
            if found is not None:
                self._take(found)
            elif self.has_enough():
                return
            else:
                yield job
        self.plan = replace(self.plan, drives=len(self._numbers))  # fewer than planned where a map has too few routes

    def add(self, outcome: Outcome) -> None:
        """Take in what became of a job, and keep it."""
        self._results.add(outcome)
        self._take(outcome)

    def _take(self, outcome: Outcome) -> None:
        """Count an outcome as soon as all before it in the suite are there. So the table does not depend on which drive ends first."""
        self._outcomes[self._numbers[outcome.job.task.name]] = outcome
        while self._enough is None and (following := self._outcomes.get(len(self._counted))) is not None:
            self._counted.append(following)
            if self._stop is not None and following.job.task.name in self._headline:
                rows = [one.drive.row for one in self._counted if one.drive is not None]
                self._enough = self._stop([row for row in rows if row["name"] in self._headline])

    def has_enough(self) -> bool:
        """Return whether the drives so far are enough."""
        return self._enough is not None

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of the drives so far, in the suite's order; where there is enough, of those that count."""
        return self._counted if self.has_enough() else [self._outcomes[number] for number in sorted(self._outcomes)]

    def is_summary_due(self) -> bool:
        """Return whether the summary may be written again, so that this takes SUMMARY_SHARE of the time however many drives it has."""
        return time.monotonic() >= self._write_after_s

    def write_summary(self) -> dict[str, Any]:
        """Write the summary of the drives so far, and return it."""
        began_s = time.monotonic()
        summary = summarise(self.plan, self.outcomes, self._enough)
        write_text(self._results.folder / SUMMARY, json.dumps(summary, indent=1))
        ended_s = time.monotonic()
        self._write_after_s = ended_s + (ended_s - began_s) / SUMMARY_SHARE
        return summary
