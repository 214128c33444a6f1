"""The failures of an evaluation, grouped by cause, and which of them are shown as clips: a few per cause, from different places."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from driving.evaluation.failures.failure import Failure
from driving.reports.drives import Evaluation
from driving.rollout.disturbance import Disturbance

PLACE_M = 25.0  # failures on one lane within such a length of road are at one place
MOST_PER_CAUSE, MOST_CLIPS = 6, 24


@dataclass(frozen=True)
class DriveFailure:
    """A failure and the drive in which it happened."""

    failure: Failure
    drive: Mapping[str, Any]  # the drive's row of the summary
    folder: Path  # with the drive's trace and camera movie

    @property
    def name(self) -> str:
        """The drive's name."""
        return str(self.drive["name"])

    @property
    def clip_name(self) -> str:
        """The clip's name without its ending."""
        return f"{self.name}_{self.failure.tick}"

    @property
    def place(self) -> tuple[str, int, int, int]:
        """Where it happened: failures of several drives at one place have equal values."""
        return str(self.drive["map"]), self.failure.road, self.failure.lane, int(self.failure.road_s_m // PLACE_M)


@dataclass(frozen=True)
class CauseGroup:
    """All failures of one cause."""

    cause: str
    failures: Sequence[DriveFailure]
    shown: Sequence[DriveFailure]  # those with a clip, in the order of the most frequent places

    def count_at(self, place: tuple[str, int, int, int]) -> int:
        """Return how many of the failures were at a place."""
        return sum(one.place == place for one in self.failures)


def list_failures(evaluation: Evaluation) -> list[DriveFailure]:
    """Return an evaluation's failures in the order of its drives."""
    return [
        DriveFailure(Failure.from_row(failure), drive, evaluation.folder / "routes" / str(drive["name"]))
        for drive in evaluation.routes
        for failure in drive["failures"]
    ]


def group_by_cause(failures: Sequence[DriveFailure]) -> list[CauseGroup]:
    """Return the failures by cause, the most frequent cause first, with at most MOST_CLIPS shown in all, shared evenly between the causes.

    Of each cause, each place is shown once: two clips of one bend teach little.
    """
    by_cause: dict[str, list[DriveFailure]] = defaultdict(list)
    for one in failures:
        by_cause[one.failure.cause].append(one)
    order = sorted(by_cause, key=lambda cause: (-len(by_cause[cause]), cause))
    wanted = {cause: _rank_places(by_cause[cause])[:MOST_PER_CAUSE] for cause in order}
    turns = [(turn, number) for number, cause in enumerate(order) for turn in range(len(wanted[cause]))]
    kept: dict[str, int] = defaultdict(int)
    for _, number in sorted(turns)[:MOST_CLIPS]:
        kept[order[number]] += 1
    return [CauseGroup(cause, by_cause[cause], wanted[cause][: kept[cause]]) for cause in order]


def _rank_places(failures: Sequence[DriveFailure]) -> list[DriveFailure]:
    """Return one failure per place: those of the most frequent places first, but one of each drive before a second one of any drive."""
    by_place: dict[tuple[str, int, int, int], list[DriveFailure]] = defaultdict(list)
    for one in failures:
        by_place[one.place].append(one)
    frequent = sorted(by_place.values(), key=lambda at_place: -len(at_place))
    typical = [min(at_place, key=_rate_example) for at_place in frequent]
    seen: Counter[str] = Counter()
    rounds = []
    for one in typical:
        rounds.append(seen[one.name])
        seen[one.name] += 1
    return [one for _, one in sorted(zip(rounds, typical, strict=True), key=itemgetter(0))]


def _rate_example(one: DriveFailure) -> tuple[bool, bool]:
    """Return how poorly a failure stands for its place: less if the drive was undisturbed, and if the car was not put back just before."""
    return one.drive["disturbance"] != Disturbance.kind, one.failure.since_put_back_s is not None
