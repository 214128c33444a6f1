"""The rounds of a run: which step comes next, and with what. A run that was stopped goes on at the step where it stopped.

Each round records on new roads, trains on the logs of all rounds so far from the weights of the round before, and is judged on one suite, whose
failures by family decide what the next round records. OUT/round_K has the round's log/, run/ and evaluation/, and OUT/checkpoint the policy of the
round that drives best.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driving.dagger.config import DaggerConfig, read_suite
from driving.dagger.hard_families import count_roads, read_families, score
from driving.dagger.history import FinishedStep, History
from driving.dagger.process import call_apart
from driving.dagger.steps import evaluate_round, record_round, train_round
from driving.interrupts import keep
from driving.simulator.errors import SimulatorError
from policy.whole_file import write_bytes

CHECKPOINT = "checkpoint"
ATTEMPTS = 3  # of a step whose server or process fails
Say = Callable[[str], None]


@dataclass(frozen=True)
class Origin:
    """What a run begins with besides its configuration."""

    start: Path | None = None  # a policy that takes the place of round 0's
    logs: Sequence[Path] = ()  # to learn from in every round; with them round 0 records nothing


class Rounds:
    """A run of DAgger in the folder `out`, with `servers` stand-ins side by side. `say` takes one line about each step."""

    def __init__(self, config: DaggerConfig, origin: Origin, out: Path, servers: int, say: Say) -> None:
        """Read what is finished. Raises UserError where `out` holds a run with other options, and for a wrong suite."""
        self._config, self._origin, self._out, self._servers, self._say = config, origin, out, servers, say
        self._suite = read_suite(config)
        named = {"start": origin.start and origin.start.absolute(), "log": [log.absolute() for log in origin.logs]}
        self._history = History(out, {**config.describe(), **named})

    def run(self) -> int:
        """Make all steps that are not finished, put the best policy into OUT/checkpoint, and return its round.

        Raises what a step raises; finished steps are kept.
        """
        self._history.begin()
        for number in range(self._config.rounds + 1):
            if self._records(number):
                self._record(number)
            if number or self._origin.start is None:
                self._train(number)
            words = f"round {number}: evaluate on suite '{self._suite.name}'"
            self._make(
                number, "evaluate", words, evaluate_round, self._policy(number), self._suite, self._folder(number, "evaluation"), self._servers
            )
        best = min(range(self._config.rounds + 1), key=lambda number: score(self._folder(number, "evaluation")))
        self._keep_policy(self._policy(best))
        return best

    def _keep_policy(self, policy: Path) -> None:
        """Copy a policy to OUT/checkpoint."""
        from driving.drivers.learned import checkpoint_folder  # only now, because this imports torch

        folder = checkpoint_folder(policy)
        for name in ("policy.safetensors", "policy.json"):
            write_bytes(self._out / CHECKPOINT / name, (folder / name).read_bytes())

    def _records(self, number: int) -> bool:
        return number > 0 or (self._origin.start is None and not self._origin.logs)

    def _record(self, number: int) -> None:
        families = self._config.record.families
        if number and not self._history.has(number, "record"):
            families = count_roads(families, read_families(self._folder(number - 1, "evaluation")))
        config, share = self._config.recording_of(number, families), self._config.share_in(number)
        who = f"the expert steers {share:.0%}" if number else "the disturbed expert drives"
        most = ", ".join(f"{family} {count}" for family, count in sorted(families.items(), key=lambda one: -one[1])[:3])
        words = f"round {number}: record {config.minutes:g} minutes, {who}, on {sum(families.values())} roads (most of {most})"
        policy = self._policy(number - 1) if number else None
        self._make(number, "record", words, record_round, config, self._folder(number, "log"), self._servers, policy, share)

    def _train(self, number: int) -> None:
        logs = [*self._origin.logs, *(self._folder(one, "log") for one in range(number + 1) if self._records(one))]
        config = self._config.training if number else self._config.first_training
        start = self._policy(number - 1) if number else None
        words = f"round {number}: train on {len(logs)} logs" + ("" if start is None else f" from {start}")
        self._make(number, "train", words, train_round, config, logs, start, self._folder(number, "run"))

    def _make(self, number: int, step: str, words: str, work: Callable[..., str], *arguments: Any) -> None:
        """Make a step unless it is finished, in several attempts where its server or its process fails."""
        if self._history.has(number, step):
            return
        keep(f"finished steps are kept in {self._out}; the same command goes on with round {number}: {step}")
        self._say(words)
        began = time.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                result = call_apart(work, *arguments)
                break
            except SimulatorError as error:
                if attempt == ATTEMPTS:
                    raise
                self._say(f"round {number}: {step}: {error}; trying again ({attempt + 1} of {ATTEMPTS})")
        seconds = time.monotonic() - began
        self._history.add(FinishedStep(number, step, words, result, seconds))
        self._say(f"round {number}: {step} took {seconds:.0f} s: {result}")

    def _folder(self, number: int, name: str) -> Path:
        return self._out / f"round_{number}" / name

    def _policy(self, number: int) -> Path:
        """Return the policy of a round."""
        start = self._origin.start
        return start if number == 0 and start is not None else self._folder(number, "run")
