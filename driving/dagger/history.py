"""OUT/dagger.json: with which options a run was begun, and which of its steps are finished. A step is finished or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from driving.quantities import UserError
from policy.whole_file import write_text

HISTORY = "dagger.json"
MAY_DIFFER = ("rounds",)  # a finished run may get further rounds


@dataclass(frozen=True)
class FinishedStep:
    """A finished step of a round."""

    round: int
    step: str  # record, train or evaluate
    what: str  # what was done
    result: str  # in words
    seconds: float


class History:
    """The finished steps of a run, on the disk."""

    def __init__(self, out: Path, settings: Mapping[str, Any]) -> None:
        """Read what is there. Raises UserError where the run was begun with other settings."""
        self._path, self._settings = out / HISTORY, json.loads(json.dumps(settings, default=str))
        self.steps: list[FinishedStep] = []
        if self._path.exists():
            there, self.steps = read_history(out)
            self._refuse_others(_flatten(there), _flatten(self._settings))

    def _refuse_others(self, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
        for name in sorted({*there, *here} - set(MAY_DIFFER)):
            if there.get(name) != here.get(name):
                raise UserError(
                    f"{self._path.parent} holds a run with other options: {name} was {there.get(name)!r} and is now {here.get(name)!r}. "
                    "Give the options from before, or another --out"
                )

    def has(self, number: int, step: str) -> bool:
        """Return whether a step is finished."""
        return any((one.round, one.step) == (number, step) for one in self.steps)

    def begin(self) -> None:
        """Write the settings, before the first step begins."""
        write_text(self._path, json.dumps({"settings": self._settings, "steps": [asdict(one) for one in self.steps]}, indent=1))

    def add(self, step: FinishedStep) -> None:
        """Add a finished step, and wait until it is on the disk."""
        self.steps.append(step)
        self.begin()


def read_history(out: Path) -> tuple[dict[str, Any], list[FinishedStep]]:
    """Return the settings and the finished steps of a run. Raises UserError where they cannot be read."""
    try:
        content = json.loads((out / HISTORY).read_text(encoding="utf-8"))
        return dict(content["settings"]), [FinishedStep(**one) for one in content["steps"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{out / HISTORY} cannot be read ({error}): give a folder that scripts/dagger.py wrote") from error


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values by their dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat
