"""What a DAgger run consists of: its rounds, what they record, how they train, and on which roads they are judged. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from driving.evaluation.suite import SuiteConfig
from driving.parser import make_parser
from driving.quantities import UserError
from driving.rollout.record import FIRST_TRACK, SEEDS_APART
from driving.rollout.record_config import RecordConfig

LAST_SEED = 7  # of recordings: the roads of later ones belong to suites


@dataclass
class DaggerConfig:
    """What to do.

    Args:
        rounds: how many rounds follow round 0. In round 0 the expert drives; in each later one the policy of the round before.
        minutes: how long each round after round 0 drives (simulated minutes); `record.minutes` is that of round 0.
        expert_share: the share of the driving that the expert takes over in round 1.
        expert_share_factor: by what that share is multiplied from round to round.
        departure_m: the distance from the centre line beyond which the policy's car is put back on it (m), after round 0.
        record: what is recorded. Its `families` say how many roads a round has; after round 0, hard families get more of them. Its `seed` is that
            of round 0, and each round adds 1.
        first_training: the configuration of round 0's training, as for scripts/train.py.
        training: the configuration of the later trainings, which begin with the weights of the round before.
        suite: the suite on which each round's policy is judged.
    """

    rounds: int = 2
    minutes: float = 15.0
    expert_share: float = 0.5
    expert_share_factor: float = 0.5
    departure_m: float = 2.0
    record: RecordConfig = field(default_factory=RecordConfig)
    first_training: Path = Path("configs/train/varied.yaml")
    training: Path = Path("configs/train/continued.yaml")
    suite: Path = Path("configs/suite/rounds.yaml")

    def __post_init__(self) -> None:
        """Check the values. Raises UserError for those with which no round could be made."""
        if self.rounds < 0 or self.minutes <= 0 or not 0.0 <= self.expert_share <= 1.0 or not 0.0 <= self.expert_share_factor <= 1.0:
            raise UserError(
                f"rounds is {self.rounds}, minutes {self.minutes}, expert_share {self.expert_share} and expert_share_factor "
                f"{self.expert_share_factor}: give 0 or more rounds, more than 0 minutes, and shares from 0 to 1"
            )
        if self.record.seed + self.rounds > LAST_SEED:
            raise UserError(
                f"record.seed is {self.record.seed} and rounds {self.rounds}: give a seed of at most {LAST_SEED} less the rounds, because each round "
                "needs roads of its own, and those of later seeds belong to suites"
            )
        for name in ("first_training", "training", "suite"):
            if not Path(getattr(self, name)).is_file():
                raise UserError(f"{name} is {getattr(self, name)}, which is not a file: give a YAML file")

    def share_in(self, number: int) -> float:
        """Return the share of the driving that the expert takes over in a round."""
        return 1.0 if number == 0 else self.expert_share * self.expert_share_factor ** (number - 1)

    def recording_of(self, number: int, families: Mapping[str, int]) -> RecordConfig:
        """Return what a round records, with these numbers of roads per family."""
        if number == 0:
            return self.record
        seed = self.record.seed + number
        return replace(self.record, families=dict(families), seed=seed, minutes=self.minutes, departure_m=self.departure_m)

    def describe(self) -> dict[str, Any]:
        """Return all values as plain ones, with the content of the files."""
        values = asdict(self)
        for name in ("first_training", "training", "suite"):
            values[name] = yaml.safe_load(Path(values[name]).read_text(encoding="utf-8"))
        return values


def read_suite(config: DaggerConfig) -> SuiteConfig:
    """Read the suite. Raises UserError for a wrong one, and for one with a road that the recordings of this run could have."""
    parser = make_parser("")
    parser.add_argument("--suite", action="config")
    parser.add_class_arguments(SuiteConfig, skip={"camera"})
    options = parser.instantiate(parser.parse_args(["--suite", str(config.suite)]))
    suite = SuiteConfig(**{name: getattr(options, name) for name in SuiteConfig.__dataclass_fields__ if name != "camera"})
    first, last = (FIRST_TRACK + SEEDS_APART * seed for seed in (config.record.seed, config.record.seed + config.rounds + 1))
    shared = [f"{family}_{seed}" for family, seeds in suite.families.items() for seed in seeds if first <= seed < last]
    if shared:
        raise UserError(f"suite {config.suite} has {shared[0]}, a road that this run may record: give roads with seeds below 100 or above 8000")
    return suite
